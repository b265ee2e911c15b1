"""Recurring work: one waiting row per kind, which plans its successor when it is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from accord_app.work import handlers
from accord_app.work.actions import enqueue
from accord_app.work.handlers import EVERY
from accord_app.work.models import Job

PLANNED = "planned"  # retries move `due_at`; the rhythm stays with what was planned


def plan_all(*, at: datetime) -> None:
    """See that each recurring kind has its row, and none later than its rhythm now says."""
    for kind, rhythm in handlers.recurring().items():
        living = Job.objects.filter(kind=kind, key=EVERY, died_at=None)
        if not living.exists():
            _plan(kind, due_at=at, at=at)
        elif living.filter(lease="", attempts=0, due_at__gt=at + rhythm).exists():
            _plan(kind, due_at=at + rhythm, at=at)


def plan_next(job: Job, *, at: datetime) -> None:
    """After a recurring job, the next: in the rhythm of the first, skipping the times that have passed by `at`."""
    rhythm = handlers.recurring().get(job.kind)
    if job.key != EVERY or rhythm is None:
        return
    planned = datetime.fromisoformat(job.payload[PLANNED]) if PLANNED in job.payload else job.due_at
    _plan(job.kind, due_at=next_time(planned, rhythm, at=at), at=at)


def next_time(planned: datetime, rhythm: timedelta, *, at: datetime) -> datetime:
    """The first time after `at` and after `planned` that is a whole number of rhythms from `planned`."""
    passed = max((at - planned) // rhythm, 0)
    return planned + (passed + 1) * rhythm


def _plan(kind: str, *, due_at: datetime, at: datetime) -> None:
    enqueue(kind=kind, key=EVERY, at=at, due_at=due_at, payload={PLANNED: due_at.isoformat()})
