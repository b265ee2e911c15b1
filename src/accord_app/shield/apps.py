"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ShieldConfig(AppConfig):
    """Who must not be written to, asked before every send."""

    name = "accord_app.shield"
    label = "shield"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the navigation and on pages of people; let erasures find reasons; tell the worker."""
        from accord_app.shield import erasers, handlers, panels

        panels.put_everywhere()
        erasers.register()
        handlers.register()
