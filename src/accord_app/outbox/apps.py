"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Every message leaves from here."""

    name = "accord_app.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Carry the mail of rooms below, and let the worker send."""
        from accord_app.members import notices
        from accord_app.members.roles import Right
        from accord_app.outbox import delivering, letters, panels
        from accord_app.outbox.actions import send
        from accord_app.shell import health, navigation
        from accord_app.shell.navigation import Entry
        from accord_app.work import handlers

        health.register("mail", panels.mail_health)
        navigation.register(
            Entry(
                "Set up",
                "messages",
                "Messages",
                "send",
                "outbox:all",
                right=Right.SEE_WORK,
                count=panels.unsent,
                order=80,
            )
        )
        navigation.register(Entry("You", "my-messages", "My messages", "mail", "outbox:own", order=30))
        notices.mail.subscribe(send)
        handlers.register_rows(
            "mail",
            delivering.waiting,
            delivering.deliver,
            at_once=delivering.AT_ONCE,
            lease_seconds=delivering.LEASE_SECONDS,
            long=True,
            ends_rows=False,
            give_up_after=delivering.GIVE_UP_AFTER,
        )
        handlers.register_rows(
            "letters",
            letters.waiting,
            letters.post,
            title="Send mail to people outside",
            at_once=letters.AT_ONCE,
            lease_seconds=letters.LEASE_SECONDS,
            long=True,
            ends_rows=False,
            give_up_after=letters.GIVE_UP_AFTER,
        )
