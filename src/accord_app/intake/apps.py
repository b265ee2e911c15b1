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
        from accord_app.intake import erasers, handlers, reads
        from accord_app.members.roles import Right
        from accord_app.records import erasing
        from accord_app.shell import navigation, steps
        from accord_app.shell.navigation import Entry
        from accord_app.shell.steps import Step

        handlers.register()
        for eraser in (erasers.EVENTS, erasers.FILES, erasers.NOTES):
            erasing.register(eraser)
        bring, see, send = Right.IMPORT_FACTS, Right.SEE_HEALTH, Right.SEND_EVENTS
        count = reads.aside_count
        navigation.register(Entry("Set up", "imports", "Imports", "file-import", "intake:imports", bring, order=40))
        navigation.register(Entry("Set up", "health", "Data health", "stethoscope", "intake:health", see, order=45))
        navigation.register(Entry("Set up", "events", "Events", "bolt", "intake:events", send, count, order=50))
        sentence = "Contacts, touches and deals from your exports show how both teams have worked so far."
        steps.register(Step(40, "Import your history", sentence, "intake:imports", reads.is_history_imported, bring))
