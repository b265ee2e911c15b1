"""Facts on their way from the lake into the database: imports are read into the lake first and copied here in parts,
each in a short transaction, so that people who work meanwhile hardly wait. They count once all of them are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from accord.facts.engine import Engine
from accord.facts.ledger import BatchState
from accord.facts.tables import TIME
from accord_app.ledger import lake
from accord_app.ledger.concerning import NAMED, Named, concern_everybody, named_by, say
from accord_app.ledger.models import FACTS, NOT_KEPT, Batch, FactRow

AT_ONCE = 250
"""Rows of one transaction: some 8 ms of a processor, for which everybody else waits on SQLite."""
NAMED_AT_MOST = 20_000
"""So many ids an import says one by one, in the moment in which it begins to count: some 0.1 s of a processor."""

MANY_AT_ONCE = 5_000
"""Rows read and written together where nobody waits."""


def begin(batch: BatchState, *, at: datetime) -> Batch:
    """Make an import of the lake known here; its facts are not seen yet."""
    found, _ = Batch.objects.get_or_create(
        id=batch.id,
        defaults={"table": batch.table, "state": Batch.State.COPYING, "at": batch.at, "changed_at": at},
    )
    return found


def copy(batch: Batch, *, at: datetime) -> Iterator[int]:
    """Copy what is missing of a batch, some rows at a time, and put it in force; gives how many rows are here.

    Begin again after a crash: what is here already is counted and passed over.
    """
    model = FACTS[batch.table]
    sql = f"SELECT {_columns(model)} FROM {batch.table}_revisions WHERE batch = $1 ORDER BY source, source_id, revision"
    engine = lake.ledger().connect(tables=[batch.table])
    passed, named = 0, _NamedSoFar(model)
    for rows in _parts(engine, sql, [batch.id], model, AT_ONCE):
        passed += len(rows)
        named.add(rows)
        if passed > batch.copied:
            _copy_part(model, batch, rows[len(rows) - (passed - batch.copied) :])
            yield batch.copied
    change_state(batch.pk, Batch.State.IN_FORCE, at, named=named.found)


class _NamedSoFar:
    """Whom the facts of an import name; None once they are so many that it is quicker to say that it is everybody."""

    def __init__(self, model: type[FactRow]) -> None:
        self.table, names = model.table.name, _names(model)
        self.columns = [(each, names.index(each)) for each in (*NAMED.get(self.table, ()), "kind", "revision")
                        if each in names]  # fmt: skip
        self.found: set[tuple[str, str]] | None = set()

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """With these rows too."""
        if self.found is not None:
            facts = ({name: row[place] for name, place in self.columns} for row in rows)
            self.found |= named_by(self.table, facts)
            if len(self.found) > NAMED_AT_MOST:
                self.found = None


@transaction.atomic
def _copy_part(model: type[FactRow], batch: Batch, rows: Sequence[tuple[Any, ...]]) -> None:
    insert(model, rows)
    batch.copied += len(rows)
    Batch.objects.filter(pk=batch.pk).update(copied=batch.copied)


def retract(batch_id: str, *, at: datetime) -> None:
    """The facts of a batch that was taken back in the lake no longer count here."""
    change_state(batch_id, Batch.State.RETRACTED, at)


@transaction.atomic
def change_state(batch_id: str, state: Batch.State, at: datetime, *, named: Named | None = None) -> None:
    """Let a batch count, or count no more, and say whom its facts name; None: anybody."""
    Batch.objects.filter(pk=batch_id).update(state=state, changed_at=at)
    if named is not None:
        say(named)
        return
    for table in Batch.objects.filter(pk=batch_id).values_list("table", flat=True):
        concern_everybody(table)


def copy_whole(table: str, *, at: datetime) -> Iterator[int]:
    """Copy all that the lake holds in a table into the empty one here, in one transaction; gives rows so far.

    For a workspace that nobody uses yet.
    """
    model, ledger = FACTS[table], lake.ledger()
    states = [state for state in ledger.states().values() if state.table == table and state.state == "in_force"]
    sql = f"SELECT {_columns(model)} FROM {table}_revisions ORDER BY known_at, source_id"
    done = 0
    with transaction.atomic():
        Batch.objects.bulk_create(
            Batch(id=s.id, table=table, state=Batch.State.IN_FORCE, at=s.at, changed_at=at, copied=s.counts.rows)
            for s in states
        )
        for rows in _parts(ledger.connect(tables=[table], memory="2GB"), sql, [], model, MANY_AT_ONCE):
            insert(model, rows)
            done += len(rows)
            yield done
        concern_everybody(table)


def _columns(model: type[FactRow]) -> str:
    return ", ".join(f'"{name}"' for name in _names(model))


def _names(model: type[FactRow]) -> list[str]:
    return [column.name for column in model.table.columns if column.name not in NOT_KEPT]


def _parts(
    engine: Engine, sql: str, values: Sequence[object], model: type[FactRow], at_once: int
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows as the database's driver takes them."""
    times = [column.type == TIME for column in model.table.columns if column.name not in NOT_KEPT]
    as_text = connection.vendor == "sqlite"
    for batch in engine.stream(sql, values, rows=at_once):
        columns = [
            _times(column, as_text) if is_time else column.to_pylist()
            for column, is_time in zip(batch.columns, times, strict=True)
        ]
        for start in range(0, batch.num_rows, at_once):
            yield list(zip(*(column[start : start + at_once] for column in columns), strict=True))


def _times(column: pa.Array, as_text: bool) -> list[Any]:
    """SQLite keeps times as Django writes them: text, UTC, without a zone."""
    if as_text:
        return [None if value is None else str(value) for value in column.to_pylist()]
    return list(column.cast(TIME).to_pylist())


def insert(model: type[FactRow], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add complete rows, in the order of the declared columns. COPY on PostgreSQL, one prepared statement on SQLite."""
    table, names = connection.ops.quote_name(model._meta.db_table), _columns(model)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copying:
                for row in rows:
                    copying.write_row(row)
            return
        places = ", ".join(["%s"] * len(_names(model)))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
