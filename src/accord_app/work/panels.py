"""What this room shows on the pages of others."""

from __future__ import annotations

from django.utils import timezone

from accord_app.members.models import User
from accord_app.shell.health import Health
from accord_app.shell.navigation import Count
from accord_app.work import reads


def worker_health() -> Health:
    """Whether anybody does what is due."""
    living = reads.living(at=timezone.now())
    if not living:
        return Health(False, "No worker is running: start `accord worker`.")
    return Health(True, f"{len(living)} {'worker does' if len(living) == 1 else 'workers do'} what is due.")


def dead_letters(user: User) -> Count | None:
    """How many rows wait for a decision."""
    count = reads.dead_count()
    if not count:
        return None
    return Count(f"{count}+" if count == reads.LETTERS else str(count), "risk")
