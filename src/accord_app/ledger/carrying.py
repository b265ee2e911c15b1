"""Facts on their way to the lake: in the order of numbers that are given after commit, so that none is passed over.

Database ids commit out of order, so a reader that follows them misses the row that commits late. Numbers are given in
a transaction of their own to whatever is committed by then and has none. How far the lake is stands in the lake: each
carried batch names its first and last number. A crash between two steps repeats the step, and the same fact twice is
one fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from accord.facts.ledger import BatchState, Ledger
from accord.facts.tables import Table
from accord_app.ledger import lake
from accord_app.ledger.models import FACTS, LIVE, NOT_KEPT, Carried, FactRow

AT_ONCE = 50_000
_MARK = "live "
_SET_THERE = frozenset({"revision", "recorded_at", "batch"}) | NOT_KEPT


def carry(*, at: datetime) -> int:
    """Carry every committed fact that the lake does not have yet; gives their number."""
    return sum(_carry_table(model, at) for model in FACTS.values())


def _carry_table(model: type[FactRow], at: datetime) -> int:
    number_new(model)
    ledger, moved = lake.ledger(), 0
    reached = _reached(ledger, model.table)
    while rows := _after(model, reached):
        last = rows[-1]["carried"]
        _write(ledger, model.table, rows, at, f"{_MARK}{rows[0]['carried']} to {last}")
        moved, reached = moved + len(rows), last
    return moved


@transaction.atomic(durable=True)
def number_new(model: type[FactRow]) -> int:
    """Give the next numbers to committed facts that have none; gives how many.

    Never inside of another transaction: numbers that are rolled back after the lake has seen them would be given again
    to other facts, which would then be passed over. Raises RuntimeError for that.
    """
    name = model.table.name
    Carried.objects.get_or_create(table=name)
    last = Carried.objects.select_for_update().get(table=name).last
    ids = list(model.facts().filter(carried=None, batch=LIVE).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    if not ids:
        return 0
    table = connection.ops.quote_name(model._meta.db_table)
    pairs = [(last + 1 + place, each) for place, each in enumerate(ids)]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET carried = %s WHERE id = %s", pairs)
    Carried.objects.filter(table=name).update(last=last + len(ids))
    return len(ids)


def reached(ledger: Ledger) -> dict[str, int]:
    """Per kind of fact the last number that the lake has in force. What was given beyond it waits to be carried; a
    lake that is beyond what was given belongs to a later database, and would pass facts over."""
    return {name: _reached(ledger, model.table) for name, model in FACTS.items()}


def _reached(ledger: Ledger, table: Table) -> int:
    """The last number that the lake has in force."""
    ends = (_end(state) for state in ledger.states().values() if state.table == table.name)
    return max((end for end in ends if end is not None), default=0)


def is_live(state: BatchState) -> bool:
    """Whether a batch of the lake came from the database, and not from an import."""
    return state.file.startswith(_MARK)


def _end(state: BatchState) -> int | None:
    is_there = is_live(state) and state.state == "in_force"
    return int(state.file.rpartition(" ")[2]) if is_there else None


def _after(model: type[FactRow], number: int) -> list[dict[str, Any]]:
    names = [c.name for c in model.table.columns if c.name not in NOT_KEPT]
    rows = model.facts().filter(batch=LIVE, carried__gt=number).order_by("carried")
    return list(rows.values("carried", *names)[:AT_ONCE])


def _write(ledger: Ledger, table: Table, rows: Sequence[dict[str, Any]], at: datetime, mark: str) -> None:
    schema = pa.schema([field for field in table.schema if field.name not in _SET_THERE])
    ledger.write(
        table.name, pa.Table.from_pylist([_kept(row, schema) for row in rows], schema=schema), at=at, file=mark
    )


def _kept(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {name: row[name] for name in schema.names}
