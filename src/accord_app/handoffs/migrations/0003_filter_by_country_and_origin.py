"""What the queue is filtered by stands with the handoff, so that an index leads to it."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def _say_whence(apps: Any, schema_editor: Any) -> None:
    handoffs, people = (
        schema_editor.quote_name(apps.get_model(*name)._meta.db_table)
        for name in (("handoffs", "Handoff"), ("records", "Person"))
    )
    for column in ("country", "origin"):
        told = f"SELECT p.{column} FROM {people} p WHERE p.person_id = {handoffs}.person_id"
        schema_editor.execute(f"UPDATE {handoffs} SET {column} = coalesce(({told}), '')")


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0002_closed_by_status"),
        ("records", "0002_erasures"),
    ]

    operations = [
        migrations.AddField(
            model_name="handoff",
            name="country",
            field=models.CharField(blank=True, default="", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="handoff",
            name="origin",
            field=models.CharField(blank=True, default="", max_length=100),
            preserve_default=False,
        ),
        migrations.RunPython(_say_whence, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["country", "closed_at", "handoff_id"], name="closed_by_country"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["origin", "closed_at", "handoff_id"], name="closed_by_origin"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["band", "closed_at", "handoff_id"], name="closed_by_band"),
        ),
    ]
