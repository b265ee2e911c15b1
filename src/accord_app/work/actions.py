"""What anybody may ask of the worker, and what a person may do with a dead letter."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When

from accord_app.members.models import User
from accord_app.work import access, claim
from accord_app.work.models import Job

NOTHING: Mapping[str, Any] = {}


def enqueue(
    *, kind: str, at: datetime, due_at: datetime | None = None, key: str = "", payload: Mapping[str, Any] = NOTHING
) -> Job:
    """Ask for work, in the caller's transaction: it is done after that commits, and never if it does not.

    With a `key`, a job of this kind and key that waits already is the one that is meant: it takes the new payload and
    the earlier due time. One that is running does not count, because it may not see what the caller has written.
    """
    job = Job(kind=kind, key=key, payload=dict(payload), due_at=due_at or at, created_at=at)
    if not key:
        job.save(force_insert=True)
        return job
    while True:
        # Changing the waiting row locks it until the caller commits. Without that a worker could take it now, not see
        # the caller's facts yet, and be done before they are there.
        if waiting := _bring_forward(job):
            return waiting
        with suppress(IntegrityError), transaction.atomic():
            job.save(force_insert=True)
            return job


def _bring_forward(job: Job) -> Job | None:
    waiting = Job.objects.filter(kind=job.kind, key=job.key, lease="", died_at=None)
    earlier = Case(When(due_at__gt=job.due_at, then=Value(job.due_at)), default=F("due_at"))
    return waiting.first() if waiting.update(due_at=earlier, payload=job.payload) else None


def do_again(*, kind: str, row_id: int, by: User, at: datetime) -> None:
    """Give a dead letter all its attempts once more."""
    claim.do_again(access.dead_letter(by, kind=kind, row_id=row_id), at=at)


def drop(*, kind: str, row_id: int, by: User) -> None:
    """Decide that a dead letter need not be done."""
    access.dead_letter(by, kind=kind, row_id=row_id).delete()
