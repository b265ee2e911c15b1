"""What the worker does for this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.records import duplicates, erasing
from accord_app.work import handlers
from accord_app.work.models import Job


def finish_erasures(jobs: Sequence[Job], at: datetime) -> None:
    """Go on where a process died between the database and the files."""
    erasing.finish_all(at)


def find_duplicates(jobs: Sequence[Job], at: datetime) -> None:
    """Look once for whatever is known twice."""
    duplicates.find(at=at)


def register() -> None:
    """Tell the worker."""
    handlers.register(erasing.FINISH, finish_erasures, lease_seconds=600, long=True)
    handlers.register(duplicates.FIND, find_duplicates, title="Find duplicates", lease_seconds=1800, long=True)
    handlers.every(duplicates.FIND, duplicates.EVERY_SECONDS)
