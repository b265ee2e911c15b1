"""An engine that holds the facts of a few people, read from the database by index, in the shape of the lake's views.

What the lead view reads of a person are his or her touches, profile, consent and handoffs, the profile of every
account he or she worked for, and the deals of these accounts, also those that name only a colleague.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db.models import Q

from accord.facts.engine import Engine
from accord.facts.tables import TABLES, TIME
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import (
    NOT_KEPT,
    ConsentWord,
    DealEvent,
    FactRow,
    HandoffEvent,
    Profile,
    Touch,
)

HELD = ("touches", "profiles", "deals", "consent", "handoffs")
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
    these kinds only what became known after a moment, with all that revised it since."""
    engine = _this_threads()
    for table, rows in _facts_of(sorted(people), _touched(people, kinds, lately or {}), fields):
        if table in _kept.filled:
            engine.run(f"DELETE FROM {table}_revisions")
            _kept.filled.remove(table)
        if rows:
            _kept.filled.add(table)
            engine.insert(f"{table}_revisions", _arrow(table, rows))
    return engine


def _this_threads() -> Engine:
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
    people: Sequence[str], touched: Q, fields: Collection[str] | None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    unseen = unseen_batches()
    persons = _rows(Profile, unseen, Q(subject="person", subject_id__in=people), fields)
    accounts = {row["account_id"] for row in persons if row["account_id"]}
    colleagues = Profile.facts().filter(subject="person", account_id__in=accounts)
    loose = Q(account_id=None, person_id__in=colleagues.values("subject_id"))
    deals = _rows(DealEvent, unseen, Q(account_id__in=accounts) | Q(person_id__in=people) | loose)
    others = {row["person_id"] for row in deals if row["person_id"] and not row["account_id"]} - set(people)
    firms = _rows(Profile, unseen, Q(subject="account", subject_id__in=accounts), fields)
    sellers = _rows(Profile, unseen, Q(subject="person", subject_id__in=others), fields) if others else []
    yield "profiles", [*persons, *firms, *sellers]
    yield "deals", deals
    yield "touches", _rows(Touch, unseen, touched)
    yield "consent", _rows(ConsentWord, unseen, Q(person_id__in=people))
    yield "handoffs", _rows(HandoffEvent, unseen, Q(person_id__in=people))


def _touched(people: Collection[str], kinds: Collection[str] | None, lately: Mapping[str, datetime]) -> Q:
    if kinds is None:
        return Q(person_id__in=sorted(people))
    which = Q(kind__in=[kind for kind in kinds if kind not in lately])
    for kind, moment in lately.items():
        which |= Q(kind=kind, known_at__gt=moment)
    return Q(person_id__in=sorted(people)) & which


def _rows(
    model: type[FactRow], unseen: Collection[str], which: Q, fields: Collection[str] | None = None
) -> list[dict[str, Any]]:
    names = [
        column.name
        for column in model.table.columns
        if column.name not in NOT_KEPT and (fields is None or column.name in fields)
    ]
    found = list(model.facts().filter(which).exclude(batch__in=unseen).values(*names))
    _supersede(found)
    return found


def _supersede(rows: list[dict[str, Any]]) -> None:
    """Mark each revision with when the next became known."""
    rows.sort(key=lambda row: (row["source"], row["source_id"], row["known_at"], row["revision"]))
    newer: dict[str, Any] | None = None
    for row in reversed(rows):
        same = newer is not None and (row["source"], row["source_id"]) == (newer["source"], newer["source_id"])
        row["superseded_at"] = newer["known_at"] if newer and same else None
        newer = row


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
