"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class TodayConfig(AppConfig):
    """What waits for me."""

    name = "accord_app.today"
    label = "today"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the navigation."""
        from accord_app.today import panels

        panels.put_everywhere()
