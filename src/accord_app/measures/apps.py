"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    """Promises and figures, measured by the worker and kept with their age."""

    name = "accord_app.measures"
    label = "measures"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Join the registries."""
        from accord_app.measures import handlers

        handlers.register()
