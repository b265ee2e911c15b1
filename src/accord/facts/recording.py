"""Turns rows into Parquet files of the lake: typed, checked, and only what is new.

The rows go to disk once, as if every one were a new fact. Two cheap counts then tell whether that holds: no identity
twice in the file, none that is stored already. Almost every import ends there. Otherwise the identities are compared,
some millions at a time so that memory stays bounded, and only the rows to keep are written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from accord.facts.engine import Engine, constant, name, text
from accord.facts.erasure import empty_arriving
from accord.facts.lake_files import DataFile, LedgerError, Stored, scan
from accord.facts.tables import COMMON, TIME, Column, Table

SET_BY_US = ("revision", "recorded_at", "batch")
COMPARED_AT_ONCE = 4_000_000  # identities; some 300 MB of hash table
_IDENTITY = "hash(source_id)"  # ids of two sources that meet only cost an exact comparison
_WRITTEN = "FORMAT parquet, DICTIONARY_SIZE_LIMIT 4000"  # columns of more values are plain; trying longer costs time
_ZONED = "TIMESTAMP WITH TIME ZONE"
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    TIME: "TIMESTAMPTZ",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows: stored as new facts, known already, stored as the next revision of a known fact."""

    stored: int = 0
    known: int = 0
    revised: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.stored + other.stored, self.known + other.known, self.revised + other.revised)

    @property
    def rows(self) -> int:
        """All rows that came in."""
        return self.stored + self.known + self.revised


@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded where: the table, the batch and its time, and the file to write (its name without suffix).

    What was so before somebody in `erased` was erased is emptied.
    """

    table: Table
    batch: str
    at: datetime
    target: Path
    erased: Mapping[str, datetime] = field(default_factory=dict)


def record(engine: Engine, what: Recording, rows_sql: str, existing: Stored) -> tuple[Counts, list[DataFile]]:
    """Writes the rows of a query that are new against `existing`. Leaves no file behind when it fails."""
    staged = what.target.with_name(what.target.name + ".parquet")
    kept = what.target.with_name(what.target.name + "-kept.parquet")
    try:
        rows = _copy(engine, _typed(engine, what, rows_sql), staged)
        if what.erased:
            empty_arriving(engine, staged, what.erased)
        counts, file = _sorted_out(engine, what, _file(what, staged, rows, 1), kept, existing)
    except BaseException:
        kept.unlink(missing_ok=True)
        staged.unlink(missing_ok=True)
        raise
    if file is None or file.path != staged:
        staged.unlink(missing_ok=True)
    return counts, [file] if file else []


def _sorted_out(
    engine: Engine, what: Recording, staged: DataFile, kept: Path, existing: Stored
) -> tuple[Counts, DataFile | None]:
    if not staged.rows:
        return Counts(), None
    _check(engine, what.table, staged)
    if _all_new(engine, staged, existing):
        return Counts(stored=staged.rows), staged
    return _compared(engine, what, staged, kept, existing)


def _copy(engine: Engine, query: str, path: Path) -> int:
    (rows,) = engine.one(f"COPY ({query}) TO {text(str(path))} ({_WRITTEN})")
    return int(str(rows))


def _file(what: Recording, path: Path, rows: int, revision: int) -> DataFile:
    return DataFile(path, path.stat().st_size, rows, what.batch, revision)


# Typing: the rows exactly as they are stored, as if each were the first revision of a new fact


def _typed(engine: Engine, what: Recording, rows_sql: str) -> str:
    described = engine.rows(f"DESCRIBE SELECT * FROM ({rows_sql})").to_pylist()
    given = {row["column_name"]: row["column_type"] for row in described}
    _check_columns(what.table, given)
    set_by_us = {
        "revision": "1::BIGINT",
        "recorded_at": f"make_timestamptz({micros(what.at)}::BIGINT)",
        "batch": constant(what.batch),
    }
    mapped = [column for column in what.table.columns if column.name not in set_by_us]
    typed = ", ".join(f"{_cast(column, given.get(column.name))} AS {name(column.name)}" for column in mapped)
    final = ", ".join(f"{set_by_us.get(c.name, name(c.name))} AS {name(c.name)}" for c in what.table.columns)
    return f"SELECT {final} FROM (SELECT {typed} FROM ({rows_sql}))"


def _check_columns(table: Table, given: Mapping[str, str]) -> None:
    mapped = {column.name: column for column in table.columns if column.name not in SET_BY_US}
    missing = [column.name for column in mapped.values() if column.required and column.name not in given]
    unknown = [column for column in given if column not in mapped and column not in SET_BY_US]
    if missing or unknown:
        found = [f"lack {', '.join(missing)}"] * bool(missing) + [f"bring {', '.join(unknown)}"] * bool(unknown)
        raise LedgerError(
            f"Rows for {table.name} {' and '.join(found)}.", remedy=f"It takes the columns {', '.join(mapped)}."
        )


def _cast(column: Column, given: str | None) -> str:
    """The column in its declared type. Times go through microseconds: ten times faster than casts between zones."""
    field = name(column.name)
    if given is None:
        return f"NULL::{_SQL_TYPES[column.type]}"
    if given.startswith("ENUM"):
        return field
    if column.type != TIME or given == _ZONED:
        return f"{field}::{_SQL_TYPES[column.type]}"
    if given == "DATE" or given.startswith("TIMESTAMP"):
        return f"make_timestamptz(epoch_us({field}::TIMESTAMP))"
    return f"{field}::TIMESTAMPTZ"


def micros(at: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


# Checking


def _check(engine: Engine, table: Table, staged: DataFile) -> None:
    required = [column.name for column in table.columns if column.required]
    for column, empty in _empty_cells(engine, staged).items():
        if empty and column in required:
            raise LedgerError(
                f"{empty:,} rows for {table.name} have no {column}.", remedy="Refuse those rows, or map the column."
            )
    _check_words(engine, table, staged)


def _empty_cells(engine: Engine, staged: DataFile) -> dict[str, int]:
    path = text(str(staged.path))
    sql = f"SELECT path_in_schema, sum(stats_null_count)::BIGINT FROM parquet_metadata({path}) GROUP BY 1"
    return {column: count or 0 for column, count in engine.con.execute(sql).fetchall()}


def _check_words(engine: Engine, table: Table, staged: DataFile) -> None:
    columns = [column for column in table.columns if column.allowed]
    wrong = ", ".join(
        f"max(CASE WHEN {name(c.name)} NOT IN ({_list(c.allowed)}) THEN {name(c.name)} END)" for c in columns
    )
    for column, found in zip(columns, engine.one(f"SELECT {wrong} FROM {scan([staged])}"), strict=True):
        if found is not None:
            raise LedgerError(
                f"{table.name}.{column.name} cannot be '{found}'.", remedy=f"Allowed are {', '.join(column.allowed)}."
            )


def _list(words: Sequence[str]) -> str:
    return ", ".join(text(str(word)) for word in words)


# Comparing


def _passes(rows: int) -> list[str]:
    """Conditions that part identities into groups small enough to be compared in memory."""
    parts = -(-rows // COMPARED_AT_ONCE)
    return [f"{_IDENTITY} % {parts} = {part}" if parts > 1 else "true" for part in range(parts)]


def _all_new(engine: Engine, staged: DataFile, existing: Stored) -> bool:
    """Whether no identity comes twice or is stored already. May say no by chance; never says yes wrongly."""
    return all(
        not _repeats(engine, staged, part) and not (existing.sql and _meets(engine, staged, existing, part))
        for part in _passes(max(staged.rows, min(staged.rows, existing.rows)))
    )


def _repeats(engine: Engine, staged: DataFile, part: str) -> bool:
    rows, identities = engine.one(f"SELECT count(*), count(DISTINCT {_IDENTITY}) FROM {scan([staged])} WHERE {part}")
    return rows != identities


def _meets(engine: Engine, staged: DataFile, existing: Stored, part: str) -> bool:
    (met,) = engine.one(
        f"SELECT count(*) FROM (SELECT {_IDENTITY} AS identity FROM {existing.sql} WHERE {part}) "
        f"SEMI JOIN (SELECT {_IDENTITY} AS identity FROM {scan([staged])} WHERE {part}) USING (identity)"
    )
    return bool(met)


def _compared(
    engine: Engine, what: Recording, staged: DataFile, kept: Path, existing: Stored
) -> tuple[Counts, DataFile | None]:
    """Keeps the rows whose identity has not had this content, and numbers them."""
    engine.run("CREATE OR REPLACE TEMP TABLE accord_keep (row BIGINT, revision BIGINT, known_at TIMESTAMPTZ)")
    for part in _passes(staged.rows):
        engine.run(f"INSERT INTO accord_keep {_keep(what.table, staged, existing, part)}")
    sql = "SELECT count(*), count(*) FILTER (revision = 1), coalesce(max(revision), 0) FROM accord_keep"
    rows, new, revision = (int(str(value)) for value in engine.one(sql))
    counts = Counts(stored=new, known=staged.rows - rows, revised=rows - new)
    if rows:
        _copy(engine, _kept(what.table, staged), kept)
    engine.run("DROP TABLE accord_keep")
    return counts, _file(what, kept, rows, revision) if rows else None


def _content(table: Table) -> str:
    """64 bits over the content of a fact. They are the engine's own, and so are never stored, only compared at once."""
    common = ("occurred_at", "known_inferred", "precision", "evidence")
    columns = [*table.own, *(column for column in COMMON if column.name in common)]
    listed = ", ".join(name(column.name) for column in columns)
    return f"hash({listed}, CASE WHEN known_inferred THEN NULL ELSE known_at END)"


def _keep(table: Table, staged: DataFile, existing: Stored, part: str) -> str:
    typed = ("source VARCHAR", "source_id VARCHAR", "content UBIGINT", "revision BIGINT", "known_at TIMESTAMPTZ")
    empty = ", ".join(f"NULL::{kind} AS {column}" for column, kind in (each.split() for each in typed))
    stored_rows = f"(SELECT {empty} LIMIT 0)"
    if existing.sql:
        stored_rows = (
            f"(SELECT source, source_id, {_content(table)} AS content, revision, known_at FROM {existing.sql})"
        )
    return f"""
        WITH fresh AS (
            SELECT source, source_id, {_content(table)} AS content, min(file_row_number) AS row,
                   any_value(known_inferred) AS inferred, arg_min(known_at, file_row_number) AS known_at
            FROM {scan([staged], "file_row_number = true")} WHERE {part} GROUP BY source, source_id, content
        ), old AS (
            SELECT source, source_id, content, revision, known_at FROM {stored_rows}
            SEMI JOIN fresh USING (source, source_id)
        ), latest AS (
            SELECT source, source_id, max(revision) AS revision, max(known_at) AS known_at FROM old GROUP BY ALL
        ), new AS (SELECT * FROM fresh ANTI JOIN old USING (source, source_id, content))
        SELECT new.row, coalesce(latest.revision, 0) + row_number() OVER next AS revision,
               CASE WHEN new.inferred THEN greatest(new.known_at, latest.known_at) ELSE new.known_at END AS known_at
        FROM new LEFT JOIN latest ON new.source = latest.source AND new.source_id = latest.source_id
        WINDOW next AS (PARTITION BY new.source, new.source_id ORDER BY new.known_at, new.row)
    """


def _kept(table: Table, staged: DataFile) -> str:
    columns = ", ".join(
        f"{'keep' if column.name in ('revision', 'known_at') else 'staged'}.{name(column.name)}"
        for column in table.columns
    )
    rows = scan([staged], "file_row_number = true")
    return f"SELECT {columns} FROM {rows} AS staged JOIN accord_keep AS keep ON staged.file_row_number = keep.row"
