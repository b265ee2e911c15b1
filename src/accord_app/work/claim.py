"""The one way to take rows that are due. A row is held by whoever drew its lease; no two workers hold the same row.

Taking is one short transaction: PostgreSQL locks the rows and skips those that others lock, SQLite lets one writer in
at a time. Acting is another (`held`), which asks first whether the lease is still ours and keeps the rows locked, so
that a worker that was too slow finds nothing to act upon. A worker that dies leaves its leases to run out.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from accord.facts.errors import AccordError
from accord_app.work.models import Due

D = TypeVar("D", bound=Due)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
_chance = random.SystemRandom()
_ADDRESS = re.compile(r"[^\s<>()=,;:'\"]+@[^\s<>(),;:'\"]+")


class LeaseLostError(Exception):
    """Somebody else has taken the row because its lease had run out."""


def claim(rows: QuerySet[D], *, at: datetime, limit: int, lease_seconds: float) -> list[D]:
    """Up to `limit` rows that are due at `at` and free, earliest first; ours for `lease_seconds`."""
    lease, until = secrets.token_hex(16), at + timedelta(seconds=lease_seconds)
    with transaction.atomic():
        due = free(rows, at=at).filter(due_at__lte=at).order_by("due_at", "pk")
        taken = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        if taken:
            ours = free(rows.model._default_manager.filter(pk__in=[row.pk for row in taken]), at=at)
            ours.update(lease=lease, leased_until=until, attempts=F("attempts") + 1)
    for row in taken:
        row.lease, row.leased_until, row.attempts = lease, until, row.attempts + 1
    return taken


def free(rows: QuerySet[D], *, at: datetime) -> QuerySet[D]:
    """The rows that nobody holds at `at`, due or not; dead ones are not among them."""
    return rows.filter(Q(leased_until=None) | Q(leased_until__lte=at), died_at=None)


def next_due(rows: QuerySet[D], *, at: datetime) -> datetime | None:
    """When the earliest free row is due; None: there is none. Reads only, so that idle workers lock nothing."""
    return free(rows, at=at).order_by("due_at", "pk").values_list("due_at", flat=True).first()


@contextmanager
def held(rows: Sequence[D]) -> Iterator[list[D]]:
    """One transaction over those of `rows` that are still ours. They stay locked until it ends, however long it takes.

    What is written inside happens if and only if the leases held when it began.
    """
    with transaction.atomic():
        found = set(_ours(rows).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
        yield [row for row in rows if row.pk in found]


def keep(row: Due, *, at: datetime, lease_seconds: float) -> None:
    """Hold a row for longer, in the caller's transaction: a long handler does so with each part of its work.

    Raises LeaseLostError when somebody else has taken the row; then the transaction must not be committed.
    """
    until = at + timedelta(seconds=lease_seconds)
    if not _ours([row]).update(leased_until=until):
        raise LeaseLostError(str(row))
    row.leased_until = until


def put_back(row: Due, *, due_at: datetime) -> None:
    """Let go of a row until `due_at`, as if it had not been taken."""
    _ours([row]).update(lease="", leased_until=None, due_at=due_at, attempts=F("attempts") - 1)


def fail(row: Due, *, error: BaseException, at: datetime, give_up_after: int) -> bool:
    """Let go of a row that could not be done: later once more, after `give_up_after` attempts never. True: given up."""
    if row.attempts >= give_up_after:
        give_up(row, error=error, at=at)
        return True
    try:
        with transaction.atomic():
            due_at = at + wait_after(row.attempts)
            _ours([row]).update(lease="", leased_until=None, due_at=due_at, last_error=in_short(error))
    except IntegrityError:  # meanwhile the same work has been asked for anew and waits
        _ours([row]).delete()
    return False


def give_up(row: Due, *, error: BaseException, at: datetime) -> None:
    """Make a row that is ours a dead letter: it stays, with its last error, until somebody looks."""
    _ours([row]).update(lease="", leased_until=None, died_at=at, last_error=in_short(error), **row.WHEN_DEAD)


def do_again(row: Due, *, at: datetime) -> None:
    """Give a dead row all its attempts once more. Raises AccordError when it is not dead any more."""
    fresh = {"died_at": None, "attempts": 0, "due_at": at, **row.WHEN_AGAIN}
    dead = type(row)._default_manager.filter(pk=row.pk, died_at__isnull=False)
    try:
        with transaction.atomic():
            changed = dead.update(**fresh)
    except IntegrityError:  # the same work waits already, so this one is not needed
        changed, _ = dead.delete()
    if not changed:
        raise AccordError("This is not waiting for a decision any more.", remedy="Load the page again.")


def wait_after(attempts: int) -> timedelta:
    """How long to wait after that many attempts: twice as long each time, by chance up to half more or less."""
    longest = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return timedelta(seconds=longest.total_seconds() * _chance.uniform(0.5, 1.5))


def in_short(error: BaseException) -> str:
    """An error as it may be kept and shown: its type and the first line of its message, without addresses."""
    line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {_ADDRESS.sub('…@…', line)}"[:200].rstrip(": ")


def _ours(rows: Sequence[D]) -> QuerySet[D]:
    model = type(rows[0])
    return model._default_manager.filter(pk__in=[row.pk for row in rows], lease__in={row.lease for row in rows})
