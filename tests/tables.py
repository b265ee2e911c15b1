"""Facts in hand: an engine over a few rows, with a view per table as a ledger's engine has them.

With ACCORD_TEST_ENGINE=spark the engine is Spark, so that `make prove` asks the same tables of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from accord.facts.engine import Engine
from accord.facts.tables import TABLES, Table

if TYPE_CHECKING:
    from accord.facts.spark import Spark

SETTING = "ACCORD_TEST_ENGINE"
Row = Mapping[str, Any]
DAY_ZERO = datetime.fromisoformat("2026-01-05")  # a Monday; naive times are UTC, as everywhere behind the ledger


def facts_in_hand(**rows: Sequence[Row]) -> Engine:
    """An engine that knows these rows. Every table is there, and its `_revisions` too.

    What a row does not say is empty, but for the three times: `known_at` and `recorded_at` are `occurred_at`, and that
    is 5 January 2026 when left out.
    """
    engine = _engine()
    for table in TABLES.values():
        facts = _arrow(table, rows.get(table.name, ()))
        engine.register(table.name, facts)
        never = pa.nulls(len(facts), pa.timestamp("us"))
        engine.register(f"{table.name}_revisions", facts.append_column("superseded_at", never))
    return engine


def _engine() -> Engine:
    """DuckDB, or a session of its own on the one Spark of this process: it offers what an analysis asks."""
    if os.environ.get(SETTING, "duckdb") == "duckdb":
        return Engine(threads=1)  # few rows: a second thread costs more than it brings
    from accord.facts.spark import Spark

    return cast("Engine", Spark(the_spark().session.newSession()))


@cache
def the_spark() -> Spark:
    """The one Spark of this process, on its own machine."""
    from accord.facts.spark import started

    return started("local[2]")


def text_table(text: str) -> list[dict[str, Any]]:
    """A small table written as text: a header, a row per line, columns parted by |. Empty cells are None; times are
    written as 2026-01-05 or 2026-01-05T10:00, whole numbers as digits."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    header, *body = [line for line in lines if set("".join(line)) - {"-"}]
    return [dict(zip(header, map(_value, row), strict=True)) for row in body]


def _value(cell: str) -> Any:
    if not cell:
        return None
    if cell.removeprefix("-").isdigit():
        return int(cell)
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return cell


def _arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    schema = pa.schema([pa.field(c.name, _naive(c.type)) for c in table.columns])
    filled = [{**_times(row), "source": "test", "source_id": str(place), **row} for place, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, schema)


def _times(row: Row) -> Row:
    at = row.get("occurred_at") or DAY_ZERO
    return {"occurred_at": at, "known_at": at, "recorded_at": at}


def _naive(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind
