"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class TodayConfig(AppConfig):
    """What waits for me."""

    name = "accord_app.today"
    label = "today"
    default_auto_field = "django.db.models.BigAutoField"
