"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Rows to be done: due time, lease, retry, dead letter; one claim for clocks, jobs, messages and carrying."""

    name = "accord_app.work"
    label = "work"
    default_auto_field = "django.db.models.BigAutoField"
