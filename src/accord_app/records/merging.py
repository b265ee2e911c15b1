"""Saying that two records mean the same person or account, and taking it back.

A merge is one word about an id (see `accord.facts.same`): from now on it stands for the other. No fact is changed and
nothing is deleted, so taking it back, which is the next revision of the same word, leaves everything as it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accord.facts.errors import AccordError
from accord.facts.same import OF_ACCOUNTS
from accord_app.ledger.links import roots
from accord_app.records.actions import record
from accord_app.records.erasing import SOURCE
from accord_app.records.models import Account, Duplicate, Kind, Merge, Person

MODELS: dict[str, type[Person] | type[Account]] = {Kind.PERSON: Person, Kind.ACCOUNT: Account}
_SOURCES = {Kind.PERSON: SOURCE, Kind.ACCOUNT: OF_ACCOUNTS}


class CannotMergeError(AccordError):
    """Two records that cannot be said to be the same."""


@dataclass(slots=True)
class _Deciding:
    """How what follows from a merge is decided at the moment of the merge: the room of handoffs says it."""

    desk: Callable[[datetime], AbstractContextManager[datetime]]
    about: Callable[[Collection[str], datetime], object]


_deciding = _Deciding(nullcontext, lambda _people, _at: None)


def decided_by(
    desk: Callable[[datetime], AbstractContextManager[datetime]], about: Callable[[Collection[str], datetime], object]
) -> None:
    """Let merges happen at a desk, which gives the moment, and have the people looked at who are concerned."""
    _deciding.desk, _deciding.about = desk, about


def merge(*, kind: str, kept: str, other: str, by: str, at: datetime) -> Merge:
    """Say that `other` is `kept`. Raises CannotMergeError where one of them is not there, erased, or merged already."""
    with transaction.atomic(), _deciding.desk(at) as now:
        _check(kind, kept, other, now)
        _say(kind, other, kept, now)
        done = Merge.objects.create(kind=kind, kept=kept, other=other, by=by, at=now)
        _decide_proposals(kind, kept, other, Duplicate.State.MERGED, by, now)
        _look(kind, [kept, other], now)
    return done


def unmerge(*, merge: Merge, by: str, at: datetime) -> None:
    """Take a merge back: both stand for themselves again, with all that each had. May be repeated."""
    with transaction.atomic(), _deciding.desk(at) as now:
        held = Merge.objects.select_for_update().get(pk=merge.pk)
        if held.undone_at is not None:
            return
        _say(held.kind, held.other, held.other, now)
        Merge.objects.filter(pk=held.pk).update(undone_by=by, undone_at=now)
        _decide_proposals(held.kind, held.kept, held.other, Duplicate.State.APART, by, now)
        _look(held.kind, [held.kept, held.other], now)


@transaction.atomic
def keep_apart(*, kind: str, left: str, right: str, by: str, at: datetime) -> None:
    """Say that two records are not the same; they are not proposed again. Said twice it is said once. Raises
    CannotMergeError for one record."""
    if left == right:
        raise CannotMergeError("This is one record, not two.", remedy="Choose two records.")
    one, two = sorted((left, right))
    if Duplicate.objects.filter(kind=kind, left=one, right=two, state=Duplicate.State.APART).exists():
        return
    _decide_proposals(kind, left, right, Duplicate.State.APART, by, at)


def _check(kind: str, kept: str, other: str, at: datetime) -> None:
    if kept == other:
        raise CannotMergeError("This is one record, not two.", remedy="Choose two records.")
    found = MODELS[kind]._default_manager.in_bulk([kept, other])
    if len(found) < 2 or any(getattr(row, "erased_at", None) for row in found.values()):
        raise CannotMergeError("One of the two is not there, or was erased.", remedy="Go back to the list.")
    if any(root != each for each, root in roots([kept, other], at=at).items()):
        raise CannotMergeError(
            "One of the two was merged already.", remedy="Open the record that it was merged into, or take that back."
        )


def _say(kind: str, alias: str, person: str, at: datetime) -> None:
    word: dict[str, Any] = {"id": alias, "alias_id": alias, "person_id": person, "occurred_at": at}
    record("identities", [{**word, "evidence": "claimed"}], at=at, source=_SOURCES[Kind(kind)])


def _decide_proposals(kind: str, one: str, two: str, state: str, by: str, at: datetime) -> None:
    left, right = sorted((one, two))
    Duplicate.objects.update_or_create(
        kind=kind, left=left, right=right,
        defaults={"state": state, "decided_by": by, "decided_at": at},
        create_defaults={
            "state": state, "decided_by": by, "decided_at": at, "found_at": at, "probability": 1.0, "reasons": [],
        },
    )  # fmt: skip


def _look(kind: str, ids: Collection[str], at: datetime) -> None:
    """Have everybody looked at for whom something changed: the two, or those who work for the two."""
    people = list(ids)
    if kind == Kind.ACCOUNT:
        people = list(Person.objects.filter(account_id__in=ids, same_as="").values_list("pk", flat=True))
    _deciding.about(people, at)
