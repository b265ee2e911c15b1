"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The simulated company as a workspace to look at."""

    name = "accord_app.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let people do something, in the demo alone."""
        from django.conf import settings

        from accord_app.demo import colleagues, traffic

        if settings.DEMO:
            traffic.register()
            colleagues.register()
