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
        from accord_app.handoffs import deciding, departures, erasers, handlers, panels
        from accord_app.members import notices
        from accord_app.outbox import abouts
        from accord_app.records import availability, merging

        panels.put_everywhere()
        handlers.register()
        merging.decided_by(deciding.desk, deciding.look_if_agreed)
        erasers.register()
        notices.availability.subscribe(availability.keep)  # the fact is recorded before it is read
        notices.availability.subscribe(departures.hear)
        abouts.register("handoff", names.handoffs)
