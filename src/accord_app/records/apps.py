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
        from accord_app.members.roles import Right
        from accord_app.records import availability, erasers, erasing, finding, handlers
        from accord_app.shell import navigation, search
        from accord_app.shell.navigation import Entry

        notices.availability.subscribe(availability.keep)
        handlers.register()
        erasing.register(erasers.MESSAGES)
        erasing.register(erasers.WAITING_WORK)
        erasing.register(erasers.PROPOSED_PAIRS)
        search.register("People", finding.people)
        search.register("Accounts", finding.accounts)
        navigation.register(
            Entry("Run", "duplicates", "Duplicates", "users", "records:duplicates", right=Right.MERGE_RECORDS, order=70)
        )
        see, erase = Right.SEE_RECORDS, Right.ERASE_PEOPLE
        navigation.register(Entry("Run", "people", "People", "users", "records:people", right=see, order=40))
        navigation.register(Entry("Run", "accounts", "Accounts", "building", "records:accounts", right=see, order=50))
        navigation.register(Entry("Run", "deals", "Deals", "briefcase", "records:deals", right=see, order=60))
        navigation.register(
            Entry("Set up", "erase", "Erase a person", "eraser", "records:find_to_erase", right=erase, order=90)
        )
