"""What waits, what was given up, and who works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accord_app.shell.components import ClockFace
from accord_app.work import claim, handlers
from accord_app.work.models import Heartbeat, Job

MOST = 1_000  # counts stop here, so that a long queue does not make a slow page
LETTERS = 50
LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class Waiting:
    """What waits of one kind. `count` stops at MOST; `late_by` is how long the first has been due, if it is late."""

    kind: str
    count: int
    next_at: datetime | None
    late_by: timedelta | None
    every: timedelta | None

    @property
    def title(self) -> str:
        """The kind as people read it."""
        return titled(self.kind)

    @property
    def is_many(self) -> bool:
        """Whether there may be more than `count`."""
        return self.count == MOST

    @property
    def is_being_done(self) -> bool:
        """Whether all that there is of it is in the hands of a worker."""
        return bool(self.count) and self.next_at is None

    @property
    def late_words(self) -> str:
        """`1 h 20 m late`."""
        late = self.late_by or timedelta()
        return ClockFace(minutes=-(late // timedelta(minutes=1)), whole=1).words

    @property
    def every_words(self) -> str:
        """`every 5 min`."""
        seconds = self.every.total_seconds() if self.every else 0
        return f"every {seconds:.0f} s" if seconds < 60 else f"every {seconds / 60:.0f} min"


@dataclass(frozen=True)
class DeadLetter:
    """A row that was given up."""

    kind: str
    row_id: int
    what: str
    attempts: int
    last_error: str
    died_at: datetime

    @property
    def title(self) -> str:
        """The kind as people read it."""
        return titled(self.kind)


@dataclass(frozen=True)
class Working:
    """A worker that was heard of lately, and what it does now."""

    worker: str
    only: str
    started_at: datetime
    done: int
    doing: str


@dataclass(frozen=True)
class Overview:
    """The page of work."""

    waiting: Sequence[Waiting]
    letters: Sequence[DeadLetter]
    workers: Sequence[Working]

    @property
    def is_many(self) -> bool:
        """Whether there may be more letters than are shown."""
        return len(self.letters) == LETTERS

    @property
    def late(self) -> Sequence[Waiting]:
        """Kinds of which something should have been done by now."""
        return [each for each in self.waiting if each.late_by]


def titled(kind: str) -> str:
    """What a kind is called where its room says so, else `handoff_clock` as `Handoff clock`."""
    known = handlers.kinds().get(kind)
    if known is not None and known.title:
        return known.title
    return kind.replace("_", " ").replace(".", ": ").capitalize()


def overview(*, at: datetime) -> Overview:
    """Everything on the page of work."""
    return Overview(
        waiting=[_waiting(kind, at=at) for kind in handlers.kinds().values()],
        letters=dead_letters(),
        workers=[_working(each) for each in living(at=at)],
    )


def _working(each: Heartbeat) -> Working:
    doing = titled(each.doing).lower() if each.doing else ""
    return Working(each.worker, each.only, each.started_at, each.done, doing)


def living(*, at: datetime) -> list[Heartbeat]:
    """The workers that were heard of lately."""
    return list(Heartbeat.objects.filter(alive_until__gte=at).order_by("worker"))


def dead_letters() -> list[DeadLetter]:
    """The latest rows that were given up, of all kinds."""
    of_rooms = [_letters(kind.name, kind.rows().model) for kind in handlers.kinds().values() if not _is_job(kind)]
    jobs = [
        DeadLetter(job.kind, job.pk, job.key, job.attempts, job.last_error, job.died_at)
        for job in Job.objects.filter(died_at__isnull=False).order_by("-died_at", "-pk")[:LETTERS]
        if job.died_at
    ]
    found = [letter for letters in (jobs, *of_rooms) for letter in letters]
    return sorted(found, key=lambda letter: letter.died_at, reverse=True)[:LETTERS]


def dead_count() -> int:
    """How many rows were given up; stops at LETTERS. Asked on every page."""
    models = {kind.rows().model for kind in handlers.kinds().values()} | {Job}
    counts = (model._default_manager.filter(died_at__isnull=False)[:LETTERS].count() for model in models)
    return min(sum(counts), LETTERS)


def _is_job(kind: handlers.Kind) -> bool:
    return kind.rows().model is Job


def _letters(kind: str, model: Any) -> list[DeadLetter]:
    rows = model._default_manager.filter(died_at__isnull=False).order_by("-died_at", "-pk")[:LETTERS]
    return [DeadLetter(kind, row.pk, str(row), row.attempts, row.last_error, row.died_at) for row in rows]


def _waiting(kind: handlers.Kind, *, at: datetime) -> Waiting:
    rows: QuerySet[Any] = kind.rows().filter(died_at=None)
    next_at = claim.next_due(rows, at=at)
    late_by = at - next_at if next_at and at - next_at > LATE else None
    return Waiting(kind.name, rows[:MOST].count(), next_at, late_by, handlers.recurring().get(kind.name))
