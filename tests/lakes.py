"""Small lakes for tests: days of January 2027 as times, and touches and deals with everything filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from accord.facts.tables import TABLES

FILLED: dict[str, dict[str, Any]] = {
    "touches": {"person_id": "p1", "kind": "page.pricing"},
    "deals": {"deal_id": "d1", "event": "opened", "account_id": "a1", "owner": "ada"},
    "handoffs": {"handoff_id": "h1", "person_id": "p1", "event": "offered"},
    "profiles": {"subject": "person", "subject_id": "p1"},
    "spend": {"channel": "paid search", "currency": "EUR"},
}


def day(number: int, hour: int = 0) -> datetime:
    """The first is 1 January 2027 in UTC."""
    return datetime(2027, 1, 1, hour, tzinfo=UTC) + timedelta(days=number - 1)


def row(table: str, source_id: str, **more: Any) -> dict[str, Any]:
    """A fact that happened on the first and was known at once, unless said otherwise."""
    happened = more.get("occurred_at", day(1))
    common = {
        "source": "crm",
        "source_id": source_id,
        "occurred_at": happened,
        "known_at": happened,
        "known_inferred": False,
        "precision": "second",
        "evidence": "evidenced",
    }
    return {**FILLED.get(table, {}), **common, **more}


def rows(table: str, *facts: dict[str, Any]) -> pa.Table:
    """Facts as Arrow, with the columns that at least one of them has."""
    names = {name for fact in facts for name in fact}
    fields = [field for field in TABLES[table].schema if field.name in names]
    return pa.Table.from_pylist(list(facts), schema=pa.schema(pa.field(f.name, f.type) for f in fields))


def touch(source_id: str, kind: str = "page.pricing", **more: Any) -> dict[str, Any]:
    """A touch of person p1."""
    return row("touches", source_id, kind=kind, **more)


def touches(*facts: dict[str, Any]) -> pa.Table:
    """Touches as Arrow."""
    return rows("touches", *facts)
