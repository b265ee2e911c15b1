"""Spark in the place of the engine, for what is asked in the SQL that DuckDB and Spark both understand.

That is the funnel with all its dimensions, time per stage, and every metric of a promise. The lead view and the replay
are DuckDB's own SQL and do not run here. PySpark is no dependency of Accord: it is 400 MB and needs Java. Whoever has
it already hands over a session that was built with `SETTINGS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlglot
from sqlglot.errors import ErrorLevel

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""Without these Spark moves times by its zone and overlooks overflows."""


class Spark:
    """A Spark session that answers like an engine. Raises ValueError for a session without `SETTINGS`."""

    def __init__(self, session: SparkSession) -> None:
        for name, value in SETTINGS.items():
            found = session.conf.get(name, None)
            if str(found) != value:
                raise ValueError(f"the Spark session has {name} = {found}; Accord needs {value}")
        self.session = session

    def rows(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """Runs one query, written for DuckDB, and brings all of its rows here; `params` stand for $1, $2 and so on."""
        for place in range(len(params), 0, -1):
            sql = sql.replace(f"${place}", f":p{place}")
        spoken = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)[0]
        return self.session.sql(spoken, {f"p{place}": value for place, value in enumerate(params, 1)}).toArrow()

    def one(self, sql: str, params: Sequence[object] = ()) -> tuple[object, ...]:
        """The first row of a query that always has one."""
        found = self.rows(sql, params).slice(0, 1).to_pylist()
        if not found:
            raise ValueError(f"no row from: {sql}")
        return tuple(found[0].values())

    def register(self, name: str, table: pa.Table) -> None:
        """Makes an Arrow table queryable under `name`."""
        self.session.createDataFrame(table).createOrReplaceTempView(name)

    def unregister(self, name: str) -> None:
        """Forgets what was registered under `name`."""
        self.session.catalog.dropTempView(name)
