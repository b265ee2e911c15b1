"""Finding people and accounts that are probably known twice, and keeping what was found for somebody to decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
from django.db import transaction

from accord.facts.duplicates import ACCOUNT_FIELDS, PERSON_FIELDS, Field, Pair, duplicates
from accord_app.records.models import Account, Duplicate, Kind, Person
from accord_app.work import actions as work

FIND = "find duplicates"
EVERY_SECONDS = 86_400
MOST_RECORDS = 200_000
"""More records than this are not compared in one go; those known last are."""
AT_ONCE = 500


def find(*, at: datetime) -> dict[str, int]:
    """Look for records that are known twice and propose the pairs; gives how many pairs are proposed per kind.

    A pair that somebody decided about stays decided. Proposals that no longer hold are taken off the list.
    """
    found = {
        Kind.PERSON: duplicates(_people(), PERSON_FIELDS),
        Kind.ACCOUNT: duplicates(_accounts(), ACCOUNT_FIELDS),
    }
    return {kind.value: _keep(kind, pairs, at) for kind, pairs in found.items()}


def ask(*, at: datetime) -> None:
    """Have the worker look for duplicates."""
    work.enqueue(kind=FIND, at=at, key=FIND)


def words_of(name: str) -> tuple[str, str]:
    """The first and the last word of a name; the last is empty where there is but one."""
    words = name.split()
    return (words[0] if words else "", words[-1] if len(words) > 1 else "")


def _people() -> pa.Table:
    rows = Person.objects.filter(same_as="", erased_at=None, deleted=False).order_by("-known_at", "person_id")
    names = ("person_id", "name", "email", "phone", "company", "title", "city", "country")
    held = list(rows.values_list(*names)[:MOST_RECORDS])
    told = [(key, *words_of(name), mail, "".join(filter(str.isdigit, phone)), *more)
            for key, name, mail, phone, *more in held]  # fmt: skip
    return _table(told, PERSON_FIELDS)


def _accounts() -> pa.Table:
    rows = Account.objects.filter(same_as="", deleted=False).order_by("-known_at", "account_id")
    return _table(
        list(rows.values_list("account_id", *(f.name for f in ACCOUNT_FIELDS))[:MOST_RECORDS]), ACCOUNT_FIELDS
    )


def _table(rows: list[tuple[str, ...]], fields: tuple[Field, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * (1 + len(fields))
    names = ["id", *(field.name for field in fields)]
    return pa.table({name: pa.array(list(column), pa.string()) for name, column in zip(names, columns, strict=True)})


@transaction.atomic
def _keep(kind: Kind, pairs: tuple[Pair, ...], at: datetime) -> int:
    proposed = Duplicate.objects.filter(kind=kind, state=Duplicate.State.PROPOSED)
    proposed.delete()
    decided = set(Duplicate.objects.filter(kind=kind).values_list("left", "right"))
    new = [_row(kind, pair, at) for pair in pairs if (pair.left, pair.right) not in decided]
    Duplicate.objects.bulk_create(new, batch_size=AT_ONCE)
    return len(new)


def _row(kind: Kind, pair: Pair, at: datetime) -> Duplicate:
    """Without the values: those stand in profiles, which can be erased."""
    reasons = [{"field": each.field, "says": each.says, "bits": each.bits} for each in pair.reasons]
    return Duplicate(
        kind=kind, left=pair.left, right=pair.right, probability=pair.probability, reasons=reasons, found_at=at
    )


def said(rows: dict[str, int]) -> Iterator[str]:
    """What was found, in words."""
    for kind, count in rows.items():
        yield f"{count:,} {'pair' if count == 1 else 'pairs'} of {'people' if kind == Kind.PERSON else 'accounts'}"
