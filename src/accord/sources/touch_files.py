"""Opens a file of touches, or of counted paths, for attribution without a lake: CSV in any dialect, XLSX, Parquet.

A touch is a row with `person_id`, `occurred_at`, `channel`, `converted` and, where there is one, `value`. A counted
path is a row with `path` (channels with > between them), `conversions` and, where there are any, `value` and `nulls`. A
row that cannot be read is refused with its line, field and remedy, and takes no other with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq
from rapidfuzz import process

from accord.facts.engine import Engine, EngineError, name
from accord.sources import values
from accord.sources.csv_files import Opened, UnreadableFileError, carefully, open_file, quoted
from accord.sources.refused import Refusal

BETWEEN = ">"
_TABLE = "accord_touches"
_SAMPLE = 2_000
_DAMAGE = (EngineError, duckdb.InvalidInputException)
_NUMBER = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_TIME = ("TIMESTAMP", "DATE")
_WRITE_TIME = "Write it as 2026-12-31 17:00:00."
_WRITE_COUNT = "Write a number from 0 on, such as 1200 or 1200.50."


class Cell(NamedTuple):
    """One column of the file as SQL, with its DuckDB type; texts are trimmed, and empty ones NULL."""

    sql: str
    type: str

    @property
    def is_number(self) -> bool:
        return self.type.startswith(_NUMBER)


class Typed(NamedTuple):
    """A column as it is wanted, and what may be wrong with it as (condition, reason, remedy)."""

    sql: str
    problems: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was looked at. `good` has the wanted columns of the rows that are used; `sql` those of all
    rows, with `line`, `problem` (number, NULL for a good row) and `cell`, what stood there. `rows` counts all rows,
    damaged lines included."""

    good: str
    sql: str
    rows: int
    notes: tuple[str, ...]
    problems: tuple[tuple[str, str, str], ...]  # field, reason, remedy
    damaged: tuple[Refusal, ...] = ()

    def refusals(self, engine: Engine, most: int) -> Iterator[Refusal]:
        """The first refused rows in order of the line, each with its first problem."""
        sql = f"SELECT line, problem, cell FROM ({self.sql}) WHERE problem IS NOT NULL ORDER BY line LIMIT {most}"
        found = [
            Refusal(row["line"], *_parts(self.problems[row["problem"]], row["cell"] or ""))
            for row in engine.rows(sql).to_pylist()
        ]
        yield from sorted((*self.damaged, *found), key=lambda refusal: refusal.line)[:most]


def _parts(problem: tuple[str, str, str], cell: str) -> tuple[str, str, str, str]:
    field, reason, remedy = problem
    return field, cell, reason, remedy


@dataclass(frozen=True, slots=True)
class Touches:
    """Touches: `table.good` has `person`, `moment` (naive UTC), `channel`, `converted`, `value`."""

    table: Table
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Counted paths: `table.good` has `path`, `conversions`, `value`, `nulls`."""

    table: Table


def open_touches(path: Path, folder: Path, engine: Engine, *, by: str = "channel") -> Touches | Paths:
    """Opens a file of either kind; `by` names the column that stands for the channel, `folder` takes temporary copies.

    Raises UnreadableFileError for what is no table and for a table without the needed columns.
    """
    opened = open_file(path, folder)
    named = {column.strip().lower(): column for column in opened.columns}
    if "path" in named and "person_id" not in named:
        _expect(path, named, ("path", "conversions"))
        return Paths(_looked_at(opened, folder, engine, _path_columns, tuple(named)))
    _expect(path, named, ("person_id", "occurred_at", by, "converted"))

    def wanted(cells: Mapping[str, Cell], sample: Sampler) -> dict[str, Typed]:
        return _touch_columns(cells, sample, by)

    table = _looked_at(opened, folder, engine, wanted, ("person_id", "occurred_at", by, "converted", "value"))
    source = table.sql if table.sql.endswith(_TABLE) else f"SELECT {name(named[by])} AS channel FROM {_parquet(path)}"
    told = engine.rows(f"SELECT DISTINCT nullif(channel::VARCHAR, '') AS channel FROM ({source}) ORDER BY 1 NULLS LAST")
    return Touches(table, tuple(channel for channel in told.column(0).to_pylist() if channel is not None))


def _expect(path: Path, named: Mapping[str, str], needed: Sequence[str]) -> None:
    missing = [column for column in needed if column not in named]
    if not missing:
        return
    near = process.extractOne(missing[0], list(named), score_cutoff=60)
    hint = f"Is {named[near[0]]!r} meant? Rename it in the header. " if near and near[0] not in needed else ""
    raise UnreadableFileError(
        f"{path.name} has no column {' and no column '.join(map(repr, missing))}.",
        remedy=f"{hint}Touches need person_id, occurred_at, channel and converted; counted paths need path and "
        f"conversions. There are: {', '.join(map(repr, named.values()))}.",
    )


# ------------------------------------------------------------------------------------------------------ looking at rows

Sampler = Callable[[Cell], list[str]]
Wanted = Callable[[Mapping[str, Cell], Sampler], dict[str, Typed]]


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(path)}, file_row_number = true)"


def _looked_at(opened: Opened, folder: Path, engine: Engine, wanted: Wanted, used: Sequence[str]) -> Table:
    if _is_parquet(opened.path):
        return _typed_parquet(opened, engine, wanted, used)
    try:
        return _typed_text(opened, engine, wanted, used)
    except _DAMAGE:
        if opened.careful:
            raise
        return _typed_text(carefully(opened, folder), engine, wanted, used)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _typed_text(opened: Opened, engine: Engine, wanted: Wanted, used: Sequence[str]) -> Table:
    cells = {
        column.strip().lower(): Cell(f"nullif(trim({opened.cell(column)}), '')", "VARCHAR")
        for column in opened.columns
        if column.strip().lower() in used
    }
    _, sql, problems = _select(opened.lined, cells, wanted, engine)
    engine.run(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS {sql}")
    rows = int(str(engine.one(f"SELECT count(*) FROM {_TABLE}")[0])) + opened.damaged_rows
    damaged = tuple(_damaged(opened, engine))
    good = f"SELECT * EXCLUDE (line, problem, cell) FROM {_TABLE} WHERE problem IS NULL"
    return Table(good, f"SELECT * FROM {_TABLE}", rows, opened.notes, problems, damaged)


def _damaged(opened: Opened, engine: Engine) -> Iterator[Refusal]:
    if opened.damaged is None or not opened.damaged_rows:
        return
    columns = "columns = {'line': 'BIGINT', 'reason': 'VARCHAR', 'remedy': 'VARCHAR', 'cells': 'VARCHAR'}"
    sql = f"SELECT * FROM read_csv({quoted(opened.damaged)}, header = false, auto_detect = false, {columns})"
    for row in engine.rows(sql).to_pylist():
        yield Refusal(row["line"], "", row["cells"] or "", row["reason"], row["remedy"])


def _typed_parquet(opened: Opened, engine: Engine, wanted: Wanted, used: Sequence[str]) -> Table:
    source = _parquet(opened.path)
    types = engine.rows(f"DESCRIBE SELECT * FROM {source}").to_pylist()
    cells = {
        row["column_name"].strip().lower(): _as_stored(row["column_name"], row["column_type"])
        for row in types
        if row["column_name"].strip().lower() in used
    }
    lined = f"SELECT file_row_number + 1 AS line, * FROM {source}"
    good, sql, problems = _select(lined, cells, wanted, engine)
    return Table(good, sql, pq.read_metadata(opened.path).num_rows, (), problems)


def _as_stored(column: str, kind: str) -> Cell:
    """Texts that were stored as such are not padded as cells of exports are, and trimming 50,000,000 ids takes long."""
    is_text = not kind.startswith((*_NUMBER, *_TIME, "BOOLEAN"))
    return Cell(f"nullif({name(column)}::VARCHAR, '')", "VARCHAR") if is_text else Cell(name(column), kind)


def _select(
    source: str, cells: Mapping[str, Cell], wanted: Wanted, engine: Engine
) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
    """The query of the good rows, in which nothing is computed that only refusals need; that over the whole file; and
    the problems that they look for."""

    def sample(cell: Cell) -> list[str]:
        found = engine.rows(f"SELECT {cell.sql} AS cell FROM ({source}) WHERE {cell.sql} IS NOT NULL LIMIT {_SAMPLE}")
        return [str(each) for each in found.column(0).to_pylist()]

    columns = wanted(cells, sample)
    problems = [(field, *problem) for field, typed in columns.items() for problem in typed.problems]
    fields = {"person": "person_id", "moment": "occurred_at"}
    typed = ", ".join(f"{column.sql} AS {field}" for field, column in columns.items())
    raw = ", ".join(f"{_raw(cells, field, fields)} AS raw_{field}" for field in columns)
    numbered = " ".join(f"WHEN {wrong} THEN {place}" for place, (_, wrong, _, _) in enumerate(problems))
    shown = " ".join(f"WHEN {place} THEN raw_{field}" for place, (field, _, _, _) in enumerate(problems))
    sql = (
        f"SELECT * EXCLUDE ({', '.join(f'raw_{field}' for field in columns)}), CASE problem {shown} END AS cell FROM ("
        f"SELECT *, CASE {numbered} END AS problem FROM (SELECT line, {typed}, {raw} FROM ({source})))"
    )
    told = tuple((fields.get(field, field), reason, remedy) for field, _, reason, remedy in problems)
    sound = " AND ".join(f"({wrong}) IS NOT TRUE" for _, wrong, _, _ in problems)
    return f"SELECT * FROM (SELECT {typed} FROM ({source})) WHERE {sound}", sql, told


def _raw(cells: Mapping[str, Cell], field: str, fields: Mapping[str, str]) -> str:
    cell = cells.get(fields.get(field, field))
    return "NULL::VARCHAR" if cell is None else f"{cell.sql}::VARCHAR"


# -------------------------------------------------------------------------------------------------------- the columns


def _touch_columns(cells: Mapping[str, Cell], sample: Sampler, by: str) -> dict[str, Typed]:
    channel = cells[by]
    return {
        "person": Typed(
            cells["person_id"].sql, (("person IS NULL", "nobody is named", "Give every row the id of its person."),)
        ),
        "moment": _moment(cells["occurred_at"], sample),
        "converted": _truth(cells["converted"]),
        "channel": Typed(
            channel.sql if channel.type == "VARCHAR" else f"{channel.sql}::VARCHAR",
            (
                (
                    "channel IS NULL AND NOT converted",
                    "a touch without a channel",
                    "Name the channel; only a conversion may have none.",
                ),
            ),
        ),
        "value": _amount("value", cells.get("value"), sample),
    }


def _path_columns(cells: Mapping[str, Cell], sample: Sampler) -> dict[str, Typed]:
    path = cells["path"]
    gap = f"'(^|{BETWEEN})\\s*($|{BETWEEN})'"
    conversions = _amount("conversions", cells["conversions"], sample)
    return {
        "path": Typed(
            f"{path.sql}::VARCHAR",
            (
                ("path IS NULL", "the path is empty", "Name its channels, as in: email > call."),
                (
                    f"regexp_matches(path, {gap})",
                    "a channel of the path has no name",
                    "Write one name between each two > signs.",
                ),
            ),
        ),
        "conversions": conversions,
        "nulls": _amount("nulls", cells.get("nulls"), sample),
        "value": Typed(
            (value := _amount("value", cells.get("value"), sample)).sql,
            (
                *value.problems,
                (
                    "value > 0 AND conversions = 0",
                    "a value without a conversion",
                    "Count the conversion, or leave it out.",
                ),
            ),
        ),
    }


def _moment(cell: Cell, sample: Sampler) -> Typed:
    if cell.type.startswith("TIMESTAMP WITH TIME ZONE"):
        sql = f"timezone('UTC', {cell.sql})"
    elif cell.type.startswith(_TIME):
        sql = f"{cell.sql}::TIMESTAMP"
    else:
        asked = Cell(f"{cell.sql}::VARCHAR", "VARCHAR")
        reading = values.time_reading(
            "occurred_at", sample(asked), zone="UTC", day_first=None, span=lambda: _span(sample(asked))
        )
        sql = f"timezone('UTC', {reading.sql.replace('{x}', f'({asked.sql})')})"
    first, last = (f"TIMESTAMP '{year}-01-01'" for year in (values.EARLIEST, values.LATEST))
    wrong = f"moment IS NULL OR moment < {first} OR moment >= {last}"
    return Typed(sql, ((wrong, "it is no date and time that can be", _WRITE_TIME),))


def _span(cells: Sequence[str]) -> values.Span:
    """What the sample shows of dates like 05/06/2026."""
    numbers = [cell.replace(".", "/").replace("-", "/").split("/") for cell in cells]
    pairs = [(int(a), int(b)) for a, b, *_ in (n for n in numbers if len(n) >= 3) if a.isdigit() and b.isdigit()]
    return values.Span(max((a for a, _ in pairs), default=0), max((b for _, b in pairs), default=0))


def _truth(cell: Cell) -> Typed:
    if cell.type == "BOOLEAN":
        return Typed(f"coalesce({cell.sql}, FALSE)")
    if cell.is_number:
        sql = f"CASE {cell.sql} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END"
    else:
        sql = values.truth_sql().replace("{x}", f"({cell.sql}::VARCHAR)")
    wrong = "converted IS NULL"
    return Typed(
        f"CASE WHEN {cell.sql} IS NULL THEN FALSE ELSE {sql} END",
        ((wrong, "it says neither yes nor no", "Write 1 where the touch led to a conversion, else 0."),),
    )


def _amount(field: str, cell: Cell | None, sample: Sampler) -> Typed:
    """A finite number from 0 on; nothing is 0."""
    if cell is None:
        return Typed("0.0")
    if cell.is_number:
        sql = f"{cell.sql}::DOUBLE"
    else:
        comma, _ = values.comma_is_decimal(field, sample(cell))
        sql = values.number_sql(comma).replace("{x}", f"({cell.sql}::VARCHAR)")
    return Typed(
        f"CASE WHEN {cell.sql} IS NULL THEN 0.0 ELSE {sql} END",
        (
            (f"{field} IS NULL OR NOT isfinite({field})", "it is no number", _WRITE_COUNT),
            (f"{field} < 0", "it is less than 0", _WRITE_COUNT),
        ),
    )


def channels_of(path: str) -> tuple[str, ...]:
    """The channels of a path as it is written in a file."""
    return tuple(channel.strip() for channel in path.split(BETWEEN))
