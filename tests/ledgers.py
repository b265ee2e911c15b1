"""A ledger's revisions in hand: an engine with the views that the lead view and `advance()` read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa

from accord.agreement.state import microseconds
from accord.facts.engine import Engine
from accord.facts.tables import TABLES, Table

Row = Mapping[str, Any]
START = datetime.fromisoformat("2027-01-04")  # a Monday; naive times are UTC, as everywhere behind the ledger


def day(number: float) -> datetime:
    """So many days after Monday, 4 January 2027, midnight UTC."""
    return START + timedelta(days=number)


def us(number: float) -> int:
    """`day` in microseconds since 1970."""
    return microseconds(day(number))


def ledger(**rows: Sequence[Row]) -> Engine:
    """An engine with `NAME_revisions` for every table. What a row does not say: it happened on `day(0)`, was known at
    once, and is the first revision of a fact of its own."""
    engine = Engine(threads=1)
    for table in TABLES.values():
        put(engine, table.name, rows.get(table.name, ()))
    return engine


def put(engine: Engine, name: str, rows: Sequence[Row]) -> None:
    """Lets the ledger hold these rows in a table, and no others."""
    engine.register(f"{name}_revisions", _arrow(TABLES[name], filled(name, rows)))


def filled(name: str, rows: Sequence[Row]) -> list[Row]:
    """The rows with every column. `superseded_at` is when the next revision of the same fact became known."""
    facts = [_filled(name, place, row) for place, row in enumerate(rows)]
    same: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for fact in sorted(facts, key=lambda f: (f["known_at"], f["revision"])):
        same[fact["source_id"]].append(fact)
    for revisions in same.values():
        for old, new in pairwise(revisions):
            old["superseded_at"] = new["known_at"]
    return list(facts)


def _filled(name: str, place: int, row: Row) -> dict[str, Any]:
    happened = row.get("occurred_at") or row.get("known_at") or START
    return {
        **{column.name: None for column in TABLES[name].columns},
        "source": "test",
        "source_id": f"{name}-{place:05}",
        "revision": 1,
        "superseded_at": None,
        **row,
        "occurred_at": happened,
        "known_at": row.get("known_at") or happened,
    }


def _arrow(table: Table, facts: Sequence[Row]) -> pa.Table:
    fields = [pa.field(c.name, pa.timestamp("us") if pa.types.is_timestamp(c.type) else c.type) for c in table.columns]
    return pa.Table.from_pylist(facts, pa.schema([*fields, pa.field("superseded_at", pa.timestamp("us"))]))


def moments(*asked: tuple[str, datetime]) -> pa.Table:
    """The relation `moments` with a trigger, as `look` reads it."""
    people, times = [person for person, _ in asked], [at for _, at in asked]
    return pa.table({
        "person_id": pa.array(people, pa.string()),
        "moment": pa.array(times, pa.timestamp("us")),
        "trigger": pa.array(["fact"] * len(asked), pa.string()),
    })  # fmt: skip
