"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """People, accounts and deals: how they stand, what happened, where each fact came from."""

    name = "accord_app.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tells the worker and the registries what this room brings, and hears who is away, left or came back."""
        from accord_app.members import notices
        from accord_app.records import availability, erasers, erasing, handlers

        notices.availability.subscribe(availability.keep)
        handlers.register()
        erasing.register(erasers.MESSAGES)
        erasing.register(erasers.WAITING_WORK)
