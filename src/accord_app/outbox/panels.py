"""What this room shows on the pages of others."""

from __future__ import annotations

from accord_app.members.models import User
from accord_app.outbox import carrier, reads
from accord_app.shell.health import Health
from accord_app.shell.navigation import Count


def mail_health() -> Health:
    """Whether mail can leave."""
    if not carrier.is_set_up():
        return Health(False, "No mail server is set: set ACCORD_MAIL_URL.")
    dead = reads.dead_count()
    if dead:
        return Health(False, f"{dead:,} {'message' if dead == 1 else 'messages'} could not be sent.")
    return Health(True, "Mail leaves.")


def unsent(user: User) -> Count | None:
    """How many messages were given up."""
    dead = reads.dead_count()
    return Count(f"{dead:,}", "risk") if dead else None
