"""Whom facts are about that come in, said in the transaction in which they come, so that nobody who keeps what follows
from facts can miss it.

Who is named is said, no more: whoever notices it looks up who else is concerned once the facts are there for everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from accord_app.ledger.models import Concerned

NAMED = {
    "touches": ("person_id",), "consent": ("person_id",), "handoffs": ("person_id",),
    "profiles": ("subject_id", "account_id"), "deals": ("person_id", "account_id"),
    "identities": ("alias_id", "person_id"),
}  # fmt: skip
"""Of each kind of fact that says how a person stands, the columns that name a person or an account."""

EVERYBODY = ""


Named = Collection[tuple[str, str]]
"""Ids, each with the kind of fact that names it; of a touch that came for the first time, the kind of touch."""


def concern(table: str, facts: Iterable[Mapping[str, Any]]) -> None:
    """Say whom new facts name. A touch that corrects another concerns whoever reads touches of any kind."""
    say(named_by(table, facts))


def named_by(table: str, facts: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Whom facts name."""
    return {
        (fact[column], fact["kind"] if table == "touches" and fact["revision"] == 1 else table)
        for fact in facts
        for column in NAMED.get(table, ())
        if fact.get(column)
    }


def concern_ids(ids: Collection[str], *, table: str) -> None:
    """Say that what is known of these in a kind of fact is no longer what it was."""
    say({(each, table) for each in ids})


def concern_everybody(table: str) -> None:
    """Say that facts came or went which may be about anybody."""
    if table in NAMED:
        say({(EVERYBODY, table)})


def say(named: Named) -> None:
    """Say whom facts name that come or go in this transaction."""
    if named:
        Concerned.objects.bulk_create(Concerned(subject=subject, kind=kind) for subject, kind in sorted(named))
