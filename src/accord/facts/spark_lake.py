"""A lake read by Spark: the same Parquet files of the same batches, and the same views as `Ledger.connect` makes.

Delta tells which files there are, Spark reads them: no extension and no jar. On a cluster every worker must reach the
folder of the lake under the same path, by a shared disk or a mount.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from accord.facts.lake_files import DataFile, Held
from accord.facts.ledger import Ledger
from accord.facts.recording import micros
from accord.facts.spark import Spark
from accord.facts.tables import TABLES, TIME, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TYPES = {
    pa.string(): "STRING",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    TIME: "TIMESTAMP_LTZ",
}
_KEY = ("source", "source_id", "revision")


def read_lake(
    spark: Spark, ledger: Ledger, *, recorded_at: datetime | None = None, known_at: datetime | None = None
) -> Spark:
    """A session beside `spark`, on the same cluster, in which `NAME` and `NAME_revisions` hold every table as recorded
    and known at the given times (with a zone, both inclusive; now if left out)."""
    held_now = ledger.held(recorded_at=recorded_at)
    facts = sum(file.rows for held in held_now.values() for file in (*held.whole, *held.mixed))
    found = Spark(spark.session.newSession(), facts=facts)
    for name, held in held_now.items():
        _make_views(found, TABLES[name], held, known_at)
    return found


def _make_views(spark: Spark, table: Table, held: Held, known_at: datetime | None) -> None:
    """Where no fact has a second revision both are plain scans; else the few superseded rows are worked out once."""
    session, base = spark.session, f"{table.name}_base"
    facts = _rows(spark, table, held)
    if known_at is not None:
        facts = facts.where(f"known_at <= timestamp_micros({micros(known_at)})")
    facts = facts.selectExpr(*(_without_zone(column.name, column.type == TIME) for column in table.columns))
    facts.createOrReplaceTempView(base)
    if held.revision <= 1:
        session.sql(f"SELECT *, CAST(NULL AS TIMESTAMP_NTZ) AS superseded_at FROM {base}").createOrReplaceTempView(
            f"{table.name}_revisions"
        )
    else:
        superseded = session.sql(_SUPERSEDED.format(base=base)).cache()
        revisions = facts.join(superseded, [*_KEY], "left").select(*facts.columns, "superseded_at")
        revisions.createOrReplaceTempView(f"{table.name}_revisions")
        facts = facts.join(superseded, [*_KEY], "left_anti").select(*facts.columns)
    facts.createOrReplaceTempView(table.name)


def _rows(spark: Spark, table: Table, held: Held) -> DataFrame:
    """The rows of the batches, in the columns that the table declares, so that Spark need not look into the files."""
    found = _scan(spark, table, held.whole)
    if not held.mixed:
        return found
    some = _scan(spark, table, held.mixed)
    return found.union(some.where(some["batch"].isin(sorted(held.batches))))


def _scan(spark: Spark, table: Table, files: tuple[DataFile, ...]) -> DataFrame:
    if not files:  # in SQL, for rows from Python would need Python on the workers
        nothing = ", ".join(f"CAST(NULL AS {_TYPES[each.type]}) AS `{each.name}`" for each in table.columns)
        return spark.session.sql(f"SELECT {nothing} WHERE false")
    schema = ", ".join(f"`{column.name}` {_TYPES[column.type]}" for column in table.columns)
    return spark.session.read.schema(schema).parquet(*(_address(file.path) for file in files))


def _without_zone(name: str, is_time: bool) -> str:
    return f"CAST(`{name}` AS TIMESTAMP_NTZ) AS `{name}`" if is_time else f"`{name}`"


def _address(path: Path) -> str:
    """A file as Spark names it, where the signs of a pattern stand for themselves."""
    return "".join(f"\\{sign}" if sign in "*?[]{}\\" else sign for sign in f"file:{path.absolute()}")


_SUPERSEDED = """
SELECT * FROM (
  SELECT source, source_id, revision,
    lead(known_at) OVER (PARTITION BY source, source_id ORDER BY known_at, revision) AS superseded_at
  FROM (SELECT b.source, b.source_id, b.revision, b.known_at FROM {base} b LEFT SEMI JOIN (
    SELECT DISTINCT source, source_id FROM {base} WHERE revision > 1) r
    ON b.source = r.source AND b.source_id = r.source_id)
) WHERE superseded_at IS NOT NULL
"""
