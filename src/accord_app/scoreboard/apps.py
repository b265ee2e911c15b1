"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ScoreboardConfig(AppConfig):
    """How both sides stand."""

    name = "accord_app.scoreboard"
    label = "scoreboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the navigation."""
        from accord_app.scoreboard import panels

        panels.put_everywhere()
