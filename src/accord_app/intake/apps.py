"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """How facts come in: imports, events, data health."""

    name = "accord_app.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Join the registries."""
        from accord_app.intake import handlers

        handlers.register()
