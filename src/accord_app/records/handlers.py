"""What the worker does for this room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.records import erasing
from accord_app.work import handlers
from accord_app.work.models import Job


def finish_erasures(jobs: Sequence[Job], at: datetime) -> None:
    """Go on where a process died between the database and the files."""
    erasing.finish_all(at)


def register() -> None:
    """Tell the worker."""
    handlers.register(erasing.FINISH, finish_erasures, lease_seconds=600, long=True)
