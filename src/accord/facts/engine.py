"""The one thin module over the analysis engine: DuckDB in this process, at UTC, within a memory limit.

Nobody else opens a DuckDB or Ibis connection, so that another engine can take this place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from accord.facts.errors import AccordError


class EngineError(AccordError):
    """The engine met a file that it cannot read, or ran out of memory or disk."""


_UNREADABLE = (
    duckdb.ConversionException,
    duckdb.IOException,
    duckdb.InvalidInputException,
    duckdb.OutOfMemoryException,
    duckdb.SerializationException,
)


class Answers(Protocol):
    """What insights and metrics ask of an engine: rows for SQL that DuckDB and Spark both understand."""

    def rows(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """All rows of one query."""

    def one(self, sql: str, params: Sequence[object] = ()) -> tuple[object, ...]:
        """The first row of a query that always has one."""

    def register(self, name: str, table: pa.Table) -> None:
        """Makes an Arrow table queryable under `name`."""

    def unregister(self, name: str) -> None:
        """Forgets what was registered under `name`."""


_FROM_PRESENT_ROWS = "statistics_propagation,empty_result_pullup,compressed_materialization"


class Engine:
    """A DuckDB session. `memory` such as "1GB" limits it, beyond that it spills into `temp_directory`.

    Files that cannot be read raise EngineError; mistakes in SQL raise DuckDB's own errors, for they are ours.
    """

    def __init__(
        self, *, memory: str | None = None, threads: int | None = None, temp_directory: Path | None = None
    ) -> None:
        self.con = duckdb.connect()
        self._prepared: dict[str, str] = {}
        self.con.execute("SET TimeZone = 'UTC'")
        with suppress(duckdb.InvalidInputException):  # in a notebook without ipywidgets there is no bar to switch off
            self.con.execute("SET enable_progress_bar = false")
        if memory:
            self.con.execute(f"SET memory_limit = {text(memory)}")
        if threads:
            self.con.execute(f"SET threads = {int(threads)}")
        if temp_directory:
            self.con.execute(f"SET temp_directory = {text(str(temp_directory))}")

    def rows(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """Runs one query and gives all of its rows."""
        with _told_as_ours():
            # As a relation: then every thread makes Arrow of its rows, and not a single one of the finished result.
            return self.con.sql(sql, params=list(params)).to_arrow_table()

    def stream(self, sql: str, params: Sequence[object] = (), *, rows: int = 100_000) -> pa.RecordBatchReader:
        """Runs one query and hands its rows on in batches of at most `rows`, without holding them all."""
        return self._execute(sql, params).to_arrow_reader(rows)

    def run(self, sql: str, params: Sequence[object] = ()) -> None:
        """Runs one statement for its effect."""
        self._execute(sql, params)

    def one(self, sql: str, params: Sequence[object] = ()) -> tuple[object, ...]:
        """The first row of a query that always has one."""
        row = self._execute(sql, params).fetchone()
        if row is None:
            raise ValueError(f"no row from: {sql}")
        return tuple(row)

    def planned(self, sql: str, *values: int | list[int] | str | None) -> pa.Table:
        """Runs a query that is planned once for this session; `values` take the place of $1, $2 and so on.

        DuckDB may leave out a table that holds nothing when the query is planned, and does not look again when rows
        have come; so what it concludes from the present rows is switched off. A change of schema plans it anew.
        """
        self.con.execute(f"SET disabled_optimizers = '{_FROM_PRESENT_ROWS}'")
        try:
            if sql not in self._prepared:
                self._prepared[sql] = f"query_{len(self._prepared)}"
                self._execute(f"PREPARE {self._prepared[sql]} AS {sql}", ())
            given = f"({', '.join(map(_literal, values))})" if values else ""
            return self._execute(f"EXECUTE {self._prepared[sql]}{given}", ()).to_arrow_table()
        finally:
            self.con.execute("RESET disabled_optimizers")

    def once(self, sql: str) -> None:
        """Runs a statement the first time that it is asked for in this session."""
        if sql not in self._prepared:
            self._execute(sql, ())
            self._prepared[sql] = ""

    def insert(self, into: str, arriving: pa.Table) -> None:
        """Adds Arrow rows to a table by column name, without touching the schema, so that prepared queries stay."""
        assert arriving is not None  # noqa: S101 DuckDB finds the argument by its name, ruff does not
        self.con.execute(f"INSERT INTO {into} BY NAME SELECT * FROM arriving")

    def register(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Makes an Arrow table queryable under `name`; a reader can be read once."""
        self.con.register(name, table)

    def unregister(self, name: str) -> None:
        """Forgets what was registered under `name`."""
        self.con.unregister(name)

    @cached_property
    def ibis(self) -> ibis.BaseBackend:
        """Ibis over this very session; built when first asked for, since that takes some 100 ms."""
        return ibis.duckdb.from_connection(self.con)

    def table(self, name: str) -> ir.Table:
        """A table or view of this session as an Ibis expression."""
        return self.ibis.table(name)

    def interrupt(self) -> None:
        """Ends the query that another thread is running in this session; there it raises."""
        self.con.interrupt()

    def close(self) -> None:
        """Frees memory and spill files."""
        self.con.close()

    def _execute(self, sql: str, params: Sequence[object]) -> duckdb.DuckDBPyConnection:
        with _told_as_ours():
            return self.con.execute(sql, list(params)) if params else self.con.execute(sql)


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """Files that cannot be read, and memory or disk that do not suffice, as EngineError."""
    try:
        yield
    except _UNREADABLE as error:
        raise EngineError(
            f"The engine could not go on: {str(error).splitlines()[0]}",
            remedy="Check the named file, the free disk space and the memory limit, then try again.",
        ) from error


def _literal(value: int | list[int] | str | None) -> str:
    if value is None:
        return "NULL"
    return text(value) if isinstance(value, str) else str(value)


def text(value: str) -> str:
    """A value as an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def constant(value: str) -> str:
    """A text that is the same in all rows of a query. As the only word of a list it is written to a file as a number
    for each row; as a text each row's would be looked up in a dictionary."""
    return f"{text(value)}::ENUM({text(value)})"


def name(value: str) -> str:
    """A value as a quoted SQL name."""
    return '"' + value.replace('"', '""') + '"'
