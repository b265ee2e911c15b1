"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class HandoffsConfig(AppConfig):
    """The queue, its clocks and its answers."""

    name = "accord_app.handoffs"
    label = "handoffs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the navigation, in the search and on pages of people and accounts."""
        from accord_app.handoffs import abouts as names
        from accord_app.handoffs import erasers, handlers, panels
        from accord_app.outbox import abouts

        panels.put_everywhere()
        handlers.register()
        erasers.register()
        abouts.register("handoff", names.handoffs)
