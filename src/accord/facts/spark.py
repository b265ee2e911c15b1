"""Spark in the place of the engine, for what is asked in the SQL that DuckDB and Spark both understand.

What needs the lead view is DuckDB's own SQL; Spark has it answered in `shares`.
PySpark comes with the extra `accord[spark]`: it is 400 MB and needs Java 17 or 21. Whoever has a session already hands
it over, if it was built with `SETTINGS`; `started` builds one.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from accord.facts.errors import AccordError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""Without these Spark moves times by its zone and overlooks overflows."""
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
_ON_THIS_MACHINE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
_PATIENCE = 10.0  # seconds for a master to answer
_JAVA = "Install Java 17 or 21 and put it on the path, or name its folder in JAVA_HOME."


class SparkError(AccordError):
    """Spark is not installed, cannot start, or could not go on."""


class Spark:
    """A Spark session that answers like an engine, over about so many facts. Raises ValueError for a session without
    `SETTINGS`."""

    def __init__(self, session: SparkSession, *, facts: int = 0) -> None:
        for name, value in SETTINGS.items():
            found = session.conf.get(name, None)
            if str(found) != value:
                raise ValueError(f"the Spark session has {name} = {found}; Accord needs {value}")
        self.session, self.facts = session, facts

    def rows(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """Runs one query, written for DuckDB, and brings all of its rows here; `params` stand for $1, $2 and so on."""
        for place in range(len(params), 0, -1):
            sql = sql.replace(f"${place}", f":p{place}")
        return self.session.sql(
            self.spoken(sql), {f"p{place}": value for place, value in enumerate(params, 1)}
        ).toArrow()

    @staticmethod
    def spoken(sql: str) -> str:
        """A query that was written for DuckDB, in the words of Spark. A hash is of 64 bits there too, but another one.
        Raises sqlglot's UnsupportedError for what cannot be said there."""
        said = sqlglot.parse_one(sql, read="duckdb").transform(_in_its_words)
        spoken: str = said.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
        return spoken

    def one(self, sql: str, params: Sequence[object] = ()) -> tuple[object, ...]:
        """The first row of a query that always has one."""
        found = self.rows(sql, params).slice(0, 1).to_pylist()
        if not found:
            raise ValueError(f"no row from: {sql}")
        return tuple(found[0].values())

    def register(self, name: str, table: pa.Table) -> None:
        """Makes an Arrow table queryable under `name`."""
        whole = table.combine_chunks()  # of a table whose first piece is empty Spark takes no row
        self.session.createDataFrame(whole).createOrReplaceTempView(name)

    def unregister(self, name: str) -> None:
        """Forgets what was registered under `name`."""
        self.session.catalog.dropTempView(name)


def _in_its_words(node: exp.Expression) -> exp.Expression:
    """What sqlglot does not translate. Spark's own `hash` has 32 bits, in which people of a large company would be
    taken for one another."""
    if not isinstance(node, exp.Anonymous):
        return node
    match node.name.lower():
        case "hash":
            return exp.Anonymous(this="xxhash64", expressions=node.expressions)
        case "epoch_us":
            (moment,) = node.expressions
            zoned = exp.cast(moment, exp.DataType.Type.TIMESTAMPLTZ)
            return exp.Anonymous(this="unix_micros", expressions=[zoned])
        case _:
            return node


def started(master: str) -> Spark:
    """A session on `master`: `local[*]` for the cores of this machine, `spark://HOST:PORT` for a cluster. It ends with
    this process. What `spark-defaults.conf` sets besides (memory, cores) holds.

    Raises SparkError where PySpark or Java is missing, or where the master does not answer.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkError(
            "Spark is not installed: there is no module pyspark.", remedy="pip install 'accord[spark]'"
        ) from error
    _expect_java()
    _expect_master(master)
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # where leads are looked at in shares
    plan = SparkSession.builder.master(master).appName("accord")
    for name, value in {**SETTINGS, **_QUIET, **_of_master(master)}.items():
        plan = plan.config(name, value)
    try:
        session = plan.getOrCreate()
    except (PySparkException, RuntimeError, OSError, _gateway_error()) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise SparkError(
            f"Spark did not start on {master}: {told[0]}", remedy="Check that the master runs and can be reached."
        ) from error
    logging.getLogger("py4j").setLevel(logging.ERROR)  # it tells of every connection that it closes
    atexit.register(session.stop)
    return Spark(session)


def _of_master(master: str) -> dict[str, str]:
    """On one machine Spark listens on loopback only, and cuts data into as many parts as there are cores."""
    if not master.startswith("local"):
        return {}
    return {**_ON_THIS_MACHINE, "spark.sql.shuffle.partitions": str(os.cpu_count() or 1)}


def _expect_java() -> None:
    home = os.environ.get("JAVA_HOME")
    found = (Path(home) / "bin" / "java").is_file() if home else shutil.which("java") is not None
    if not found:
        where = f"JAVA_HOME = {home} holds no bin/java" if home else "there is no `java` on the path"
        raise SparkError(f"Spark needs Java, and {where}.", remedy=_JAVA)


def _expect_master(master: str) -> None:
    """Asks before Java does, which tries for a minute and then says little. One of several masters is enough."""
    places = [place for place in master.removeprefix("spark://").split(",") if master.startswith("spark://")]
    for place in places:
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        except OSError:
            continue
        return
    if places:
        raise SparkError(
            f"No Spark master answers at {' or '.join(places)}.",
            remedy="Start it, or check its address: --engine spark://HOST:PORT.",
        )


def _gateway_error() -> type[Exception]:
    """What the bridge to Java raises for anything that PySpark does not translate."""
    from py4j.protocol import Py4JError

    return Py4JError  # type: ignore[no-any-return]
