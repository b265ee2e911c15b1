"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Rows to be done: due time, lease, retry, dead letter; one claim for clocks, jobs, messages and carrying."""

    name = "accord_app.work"
    label = "work"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put the page into the navigation and tell `/health` whether anybody works."""
        from accord_app.members.roles import Right
        from accord_app.shell import health, navigation
        from accord_app.shell.navigation import Entry
        from accord_app.work import calendar_feeds, panels, tidying

        tidying.register()
        calendar_feeds.register()
        health.register("worker", panels.worker_health)
        navigation.register(
            Entry(
                "Set up",
                "work",
                "Work",
                "activity",
                "work:overview",
                right=Right.SEE_WORK,
                count=panels.dead_letters,
                order=70,
            )
        )
