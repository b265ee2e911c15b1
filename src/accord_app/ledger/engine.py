"""An engine that holds the facts of a few people, read from the database by index, in the shape of the lake's views.

What the lead view reads of a person are his or her touches, profile, consent and handoffs, the profile of every
account he or she worked for, and the deals of these accounts, also those that name only a colleague; and the same of
every id that ever meant the same person or account.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db.models import Q

from accord.facts.engine import Engine
from accord.facts.same import Links
from accord.facts.tables import TABLES, TIME
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.concerning import NAMED
from accord_app.ledger.links import links_from, supersede, words_about
from accord_app.ledger.models import (
    NOT_KEPT,
    ConsentWord,
    DealEvent,
    FactRow,
    HandoffEvent,
    Profile,
    Touch,
)

HELD = ("touches", "profiles", "deals", "consent", "handoffs", "identities")
AT_ONCE = 5_000
_NAIVE = pa.timestamp("us")
_kept = threading.local()


def engine_of(
    people: Collection[str],
    *,
    kinds: Collection[str] | None = None,
    fields: Collection[str] | None = None,
    lately: Mapping[str, datetime] | None = None,
) -> Engine:
    """This thread's engine, emptied and filled with what is recorded about these people. Valid until the next call.
    `kinds`: only these kinds of touches; `fields`: only these fields of profiles, the others are empty. `lately`: of
    these kinds only what became known after a moment. Whatever corrects another touch is read."""
    return held_of(people, kinds=kinds, fields=fields, lately=lately).engine


@dataclass(frozen=True, slots=True)
class Held:
    """What an engine was filled with, and on whose facts what is worked out from it rests."""

    engine: Engine
    facts: Mapping[str, Sequence[dict[str, Any]]]
    people: Links
    accounts: Links
    worked_for: Mapping[str, Collection[str]]  # every account that somebody's profiles ever named

    def rests_on(self, person: str) -> set[str]:
        """Every id that ever meant the person, and every account that one of these worked for under all of its ids.

        What is loaded beside comes from deals of colleagues that name no account: `concerned_by` leads from a
        colleague to the account."""
        ids = self.people.everybody([person])
        return ids | self.accounts.everybody({each for one in ids for each in self.worked_for.get(one, ())})

    def told(self) -> set[str]:
        """The people of whom a profile tells."""
        return {row["subject_id"] for row in self.facts["profiles"] if row["subject"] == "person"}

    def to_come(self, at: datetime) -> set[str]:
        """The ids that facts name which become known, or happen, after this moment: time alone will let them count."""
        named: set[str] = set()
        for table, rows in self.facts.items():
            times = ("known_at", "occurred_at") if table == "handoffs" else ("known_at",)
            for row in rows:
                if any(row[time] > at for time in times):
                    named.update(row[column] for column in NAMED[table] if row[column])
        return named.union(*(self.worked_for.get(each, ()) for each in named))


def held_of(
    people: Collection[str],
    *,
    kinds: Collection[str] | None = None,
    fields: Collection[str] | None = None,
    lately: Mapping[str, datetime] | None = None,
) -> Held:
    """The engine of `engine_of`, with what it was filled with."""
    engine, words = of_this_thread(), words_about(people)
    links = links_from(words)
    everybody = sorted(links.everybody(people))
    facts, of_accounts = _facts_of(everybody, _touched(everybody, kinds, lately or {}), fields, words)
    for table, rows in facts.items():
        if table in _kept.filled:
            engine.run(f"DELETE FROM {table}_revisions")
            _kept.filled.remove(table)
        if rows:
            _kept.filled.add(table)
            engine.insert(f"{table}_revisions", _arrow(table, rows))
    return Held(engine, facts, links, of_accounts, _worked_for(facts["profiles"]))


def concerned_by(ids: Collection[str]) -> set[str]:
    """These ids and the accounts for which those who are people ever worked: a deal that names only a colleague is the
    account's."""
    found, asked = set(ids), sorted(ids)
    for start in range(0, len(asked), AT_ONCE):
        some = Profile.facts().filter(subject="person", subject_id__in=asked[start : start + AT_ONCE])
        found.update(some.exclude(account_id=None).values_list("account_id", flat=True))
    return found


def _worked_for(profiles: Sequence[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in profiles:
        if row["subject"] == "person" and row["account_id"]:
            found[row["subject_id"]].add(row["account_id"])
    return found


def of_this_thread() -> Engine:
    """The engine that this thread keeps, since making one takes longer than most of what it is asked."""
    engine: Engine | None = getattr(_kept, "engine", None)
    if engine is None:
        engine, _kept.filled = Engine(threads=1, memory="1GB"), set()
        _kept.engine = engine
        for table in HELD:
            _make(engine, table)
    return engine


def _make(engine: Engine, table: str) -> None:
    engine.register("shape", _shape(table).empty_table())
    engine.run(f"CREATE TABLE {table}_revisions AS SELECT * FROM shape")
    engine.run(
        f"CREATE VIEW {table} AS SELECT * EXCLUDE (superseded_at) FROM {table}_revisions WHERE superseded_at IS NULL"
    )
    engine.unregister("shape")


def _shape(table: str) -> pa.Schema:
    fields = [pa.field(c.name, _NAIVE if c.type == TIME else c.type) for c in TABLES[table].columns]
    return pa.schema([*fields, pa.field("superseded_at", _NAIVE)])


def _facts_of(
    people: Sequence[str], touched: Q, fields: Collection[str] | None, words: Sequence[dict[str, Any]]
) -> tuple[dict[str, list[dict[str, Any]]], Links]:
    """The facts by table, and which ids mean the same account."""
    unseen = unseen_batches()
    persons = _rows(Profile, unseen, Q(subject="person", subject_id__in=people), fields)
    of_accounts = words_about({row["account_id"] for row in persons if row["account_id"]})
    links = links_from(of_accounts)
    accounts = links.everybody({row["account_id"] for row in persons if row["account_id"]})
    colleagues = Profile.facts().filter(subject="person", account_id__in=accounts)
    loose = Q(account_id=None, person_id__in=colleagues.values("subject_id"))
    deals = _rows(DealEvent, unseen, Q(account_id__in=accounts) | Q(person_id__in=people) | loose)
    others = {row["person_id"] for row in deals if row["person_id"] and not row["account_id"]} - set(people)
    firms = _rows(Profile, unseen, Q(subject="account", subject_id__in=accounts), fields)
    sellers = _rows(Profile, unseen, Q(subject="person", subject_id__in=others), fields) if others else []
    return {
        "identities": [*words, *of_accounts],
        "profiles": [*persons, *firms, *sellers],
        "deals": deals,
        "touches": _rows(Touch, unseen, touched),
        "consent": _rows(ConsentWord, unseen, Q(person_id__in=people)),
        "handoffs": _rows(HandoffEvent, unseen, Q(person_id__in=people)),
    }, links


def _touched(people: Sequence[str], kinds: Collection[str] | None, lately: Mapping[str, datetime]) -> Q:
    if kinds is None:
        return Q(person_id__in=people)
    which = Q(kind__in=[kind for kind in kinds if kind not in lately])
    for kind, moment in lately.items():
        which |= Q(kind=kind, known_at__gt=moment)
    return Q(person_id__in=people) & (which | Q(revision__gt=1))


def _rows(
    model: type[FactRow], unseen: Collection[str], which: Q, fields: Collection[str] | None = None
) -> list[dict[str, Any]]:
    names = [
        column.name
        for column in model.table.columns
        if column.name not in NOT_KEPT and (fields is None or column.name in fields)
    ]
    found = list(model.facts().filter(which).exclude(batch__in=unseen).values(*names))
    supersede(found)
    return found


def _arrow(table: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    columns = []
    for field in _shape(table):
        if field.name not in rows[0]:
            columns.append(pa.nulls(len(rows), field.type))
            continue
        values = [row.get(field.name) for row in rows]
        if field.type == _NAIVE:
            values = [_naive(value) for value in values]
        columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=_shape(table))


def _naive(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC).replace(tzinfo=None) if value else None
