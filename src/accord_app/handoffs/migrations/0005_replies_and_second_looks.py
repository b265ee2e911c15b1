"""Replies and second looks: their clocks stand with the handoff, so that an index leads to what waits."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def ask_for_earlier_clocks(apps: Any, schema_editor: Any) -> None:
    """Rejections from before get the clocks of their version from the worker, which reads the ledger."""
    if apps.get_model("handoffs", "Handoff").objects.filter(status="rejected").exists():
        now = timezone.now()
        job = {"kind": "reply clocks of before", "key": "once", "due_at": now, "created_at": now, "payload": {}}
        apps.get_model("work", "Job").objects.create(**job)


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0004_pass_over_rows_by_index"),
        ("records", "0004_pass_over_rows_by_index"),
        ("work", "0001_first"),
    ]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="look_due",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="looked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="replied_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="reply_due",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="verdict",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("replied_at", None), ("reply_due__isnull", False)),
                fields=["reply_due", "handoff_id", "owner", "country", "origin", "band"],
                name="awaits_reply",
            ),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("look_due__isnull", False), ("looked_at", None)),
                fields=["look_due", "handoff_id", "owner", "country", "origin", "band"],
                name="awaits_second_look",
            ),
        ),
        migrations.RunPython(ask_for_earlier_clocks, migrations.RunPython.noop),
    ]
