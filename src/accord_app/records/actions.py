"""Recording facts so that people, accounts and deals stand as the facts say, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from accord.facts import erasure
from accord.facts.lead_view import BY_ADDRESS
from accord_app.ledger import actions as ledger
from accord_app.ledger.actions import Appended, Row
from accord_app.ledger.models import FACTS
from accord_app.records import employers, standing
from accord_app.records.models import Person
from accord_app.work.actions import enqueue

AT_ONCE = 1_000
"""Records worked out in one statement; a transaction of so many holds the database for some 50 ms."""

PERSONAL = frozenset(erasure.PERSONAL)
Fold = Callable[[Collection[str]], None]
Hears = Callable[[Sequence[Row], datetime], None]
_HEARING: dict[str, tuple[Hears, ...]] = {}


def listen(table: str, hears: Hears) -> None:
    """Let a room above hear of the facts that come in live, as they are given, in the transaction that records them.
    Listening twice is hearing once; rows that were known already are heard again."""
    before = _HEARING.get(table, ())
    if hears not in before:
        _HEARING[table] = (*before, hears)


@transaction.atomic
def record(table: str, rows: Iterable[Row], *, at: datetime, source: str) -> Appended:
    """Record facts that came in at `at`, as `ledger.actions.append` does, and how their records stand from now on.

    Raises ValueError for a row that the table does not allow; then nothing was recorded.
    """
    facts = _without_the_erased(rows) if table == "profiles" else list(rows)
    done = ledger.append(table, facts, at=at, source=source)
    if done.stored or done.revised:
        _stand(table, facts, at)
    return done


def _stand(table: str, facts: Sequence[Row], at: datetime) -> None:
    """Let the records stand as new facts say, draw what follows from addresses, and tell the rooms above."""
    told = list(_told(table, facts))
    for fold, ids in told:
        _each(fold, ids)
    if table in ("profiles", "identities"):
        _conclude(told, at=at)
    for hears in _HEARING.get(table, ()):
        hears(facts, at)


def _conclude(told: Iterable[tuple[Fold, Collection[str]]], *, at: datetime) -> None:
    """Record for which accounts people work by their addresses, and have whoever belongs somewhere else looked at."""
    by_fold = dict(told)
    accounts, people = by_fold.get(standing.fold_accounts, ()), by_fold.get(standing.fold_people, ())
    if rows := employers.conclusions(people=people, accounts=accounts):
        ledger.append("profiles", rows, at=at, source=BY_ADDRESS)
        moved = [row["subject_id"] for row in rows]
        _each(standing.fold_people, moved)
        if others := sorted(set(moved) - set(people)):
            enqueue(kind=employers.LOOK, at=at, payload={"people": others})


def belong(*, person: Person, account_id: str, at: datetime) -> None:
    """A member says that a person belongs to an account, to none (`NOBODY`), or, with an empty id, to the one to which
    the address leads. It is a fact like others, and the next word takes it back. Raises CannotBelongError as
    `employers.said` does."""
    with transaction.atomic():
        row = employers.said(person, account_id, at=at)
        if row is None:
            return
        ledger.append("profiles", [row], at=at, source=BY_ADDRESS)
        _each(standing.fold_people, [person.pk])
        enqueue(kind=employers.LOOK, at=at, payload={"people": [person.pk]})


def follow(table: str, *, batch_id: str, at: datetime | None = None) -> int:
    """Let the records stand as the facts of a batch say, once it is in force or taken back; gives how many they are.
    What follows from addresses then is recorded as known at `at`; nothing is concluded without it.

    A transaction for every thousand, so that others get their turn; after a crash simply begin again.
    """
    seen: set[tuple[Fold, str]] = set()
    for rows in _facts_of(table, batch_id):
        for fold, ids in _told(table, rows):
            new = [key for key in ids if (fold, key) not in seen]
            seen.update((fold, key) for key in new)
            _each(fold, new)
        if at is not None and table == "profiles":
            with transaction.atomic():
                _conclude(_told(table, rows), at=at)
    return len(seen)


def rebuild(
    *, person_ids: Collection[str] = (), account_ids: Collection[str] = (), deal_ids: Collection[str] = ()
) -> None:
    """Work out anew how these records stand; for after an undo. Facts of batches taken back count no more."""
    _each(standing.fold_accounts, account_ids)
    _each(standing.fold_people, person_ids)
    _each(standing.fold_deals, deal_ids)


def rebuild_everything() -> int:
    """Work out anew how every record stands, for after a whole lake was copied; gives how many were looked at."""
    done = 0
    for table, column, fold, which in _EVERYTHING:
        rows = FACTS[table].facts().filter(**which).order_by(column).values_list(column, flat=True).distinct()
        last = ""
        while some := list(rows.filter(**{f"{column}__gt": last})[:AT_ONCE]):
            _each(fold, some)
            last = some[-1]
            done += len(some)
    return done


_EVERYTHING: tuple[tuple[str, str, Fold, dict[str, str]], ...] = (
    ("profiles", "subject_id", standing.fold_accounts, {"subject": "account"}),
    ("profiles", "subject_id", standing.fold_people, {"subject": "person"}),
    ("deals", "deal_id", standing.fold_deals, {}),
    ("handoffs", "person_id", standing.mention_people, {}),
    ("decisions", "person_id", standing.mention_people, {}),
)


def _told(table: str, rows: Sequence[Row]) -> Iterator[tuple[Fold, list[str]]]:
    """Which records some facts tell about, and how they are worked out. Accounts before the people who work there."""
    if table == "profiles":
        yield standing.fold_accounts, _named(rows, "subject_id", "account")
        yield standing.fold_people, _named(rows, "subject_id", "person")
    elif table == "deals":
        yield standing.fold_deals, _named(rows, "deal_id")
    elif table == "identities":
        both = sorted({*_named(rows, "alias_id"), *_named(rows, "person_id")})
        yield standing.fold_accounts, both
        yield standing.fold_people, both
    elif table in ("handoffs", "decisions"):
        yield standing.mention_people, _named(rows, "person_id")


def _named(rows: Sequence[Row], column: str, subject: str | None = None) -> list[str]:
    return sorted({row[column] for row in rows if subject is None or row["subject"] == subject})


def _each(fold: Fold, ids: Collection[str]) -> None:
    waiting = iter(sorted(set(ids)))
    while some := list(islice(waiting, AT_ONCE)):
        with transaction.atomic():
            fold(some)


def _facts_of(table: str, batch_id: str) -> Iterator[list[dict[str, Any]]]:
    names = {
        "profiles": ("subject", "subject_id"), "deals": ("deal_id",), "identities": ("alias_id", "person_id"),
    }.get(table, ("person_id",))  # fmt: skip
    if table not in ("profiles", "deals", "identities", "handoffs", "decisions"):
        return
    last, rows = 0, FACTS[table].facts().filter(batch=batch_id).order_by("id")
    while some := list(rows.filter(id__gt=last).values("id", *names)[: 2 * AT_ONCE]):
        last = some[-1]["id"]
        yield some


def _without_the_erased(rows: Iterable[Row]) -> list[Row]:
    """What was so before a person was erased is not recorded again; what the person says anew is."""
    facts = list(rows)
    ids = [row["subject_id"] for row in facts if row["subject"] == "person"]
    gone = dict(Person.objects.filter(person_id__in=ids, erased_at__isnull=False).values_list("person_id", "erased_at"))
    return [{**row, **dict.fromkeys(PERSONAL & row.keys())} if _was_before(row, gone) else row for row in facts]


def _was_before(row: Row, gone: Mapping[str, datetime | None]) -> bool:
    erased_at = gone.get(row["subject_id"]) if row["subject"] == "person" else None
    return erased_at is not None and row["occurred_at"] <= erased_at
