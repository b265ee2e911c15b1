"""Who does what: every room registers, when it is loaded, the kinds of work that it knows how to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accord_app.work.models import Due, Job

GIVE_UP_AFTER = 8
EVERY = "every"  # the key of the one waiting row of a recurring kind


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of work: which rows, who does them, how many at once, for how long they are held.

    An ordinary kind is done in one transaction with the end of its rows: its handler writes to the database only, in
    less than `lease_seconds`. The handler of a `long` one runs outside of any transaction (it sends, or works in
    parts), must bear being run again from the start, and holds its rows for longer by `claim.keep`.
    """

    name: str
    title: str = ""  # what people read, where the name alone does not tell
    rows: Callable[[], QuerySet[Any]]
    handle: Callable[[Sequence[Any], datetime], None]
    at_once: int = 1
    lease_seconds: float = 60
    long: bool = False
    ends_rows: bool = True  # else the handler itself deletes or changes them
    give_up_after: int = GIVE_UP_AFTER


_kinds: dict[str, Kind] = {}
_recurring: dict[str, timedelta] = {}


def register(
    kind: str,
    handle: Callable[[Sequence[Job], datetime], None],
    *,
    title: str = "",
    at_once: int = 1,
    lease_seconds: float = 60,
    long: bool = False,
    give_up_after: int = GIVE_UP_AFTER,
) -> None:
    """Let `handle(jobs, at)` do the jobs of a kind, up to `at_once` together. Jobs that are done are deleted."""
    register_rows(
        kind,
        lambda: Job.objects.filter(kind=kind),
        handle,
        title=title,
        at_once=at_once,
        lease_seconds=lease_seconds,
        long=long,
        give_up_after=give_up_after,
    )


def register_rows(
    kind: str,
    rows: Callable[[], QuerySet[Any]],
    handle: Callable[[Sequence[Any], datetime], None],
    *,
    title: str = "",
    at_once: int = 1,
    lease_seconds: float = 60,
    long: bool = False,
    ends_rows: bool = True,
    give_up_after: int = GIVE_UP_AFTER,
) -> None:
    """The same for rows of a room's own table that extends `Due`. With `ends_rows=False` the handler ends them."""
    if kind in _kinds:
        raise ValueError(f"{kind} has two handlers")
    _kinds[kind] = Kind(
        name=kind,
        title=title,
        rows=rows,
        handle=handle,
        at_once=at_once,
        lease_seconds=lease_seconds,
        long=long,
        ends_rows=ends_rows,
        give_up_after=give_up_after,
    )


def every(kind: str, seconds: float) -> None:
    """Let a registered kind of job be done again and again; after a time without workers once, not n times."""
    if kind not in _kinds:
        raise ValueError(f"{kind} has no handler yet")
    _recurring[kind] = timedelta(seconds=seconds)


def kinds() -> dict[str, Kind]:
    """Every kind by name, in the order in which they were registered."""
    return dict(_kinds)


def recurring() -> dict[str, timedelta]:
    """The recurring kinds and how often."""
    return dict(_recurring)


def rows_of(kind: str) -> type[Due] | None:
    """The table in which the rows of a kind stand; None: nobody knows the kind."""
    return _kinds[kind].rows().model if kind in _kinds else None
