"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class OutreachConfig(AppConfig):
    """Consent, templates and nurture tracks."""

    name = "accord_app.outreach"
    label = "outreach"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear what happens to handoffs and consent, let the worker take steps, stand on the pages of others."""
        from accord_app.outbox import abouts
        from accord_app.outreach import erasers, handlers, panels

        panels.put_everywhere()
        handlers.register()
        erasers.register()
        abouts.register("nurture_task", panels.tasks)
