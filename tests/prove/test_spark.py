"""The funnel by every dimension and every metric say the same on Spark as on DuckDB, over a simulated company."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pytest

from accord.agreement.answers import checked
from accord.agreement.counting import ANSWERS_CHECKED, count
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods
from accord.agreement.promise import newest_fact, versions_in_force
from accord.example.company import build
from accord.example.world import Span, moment
from accord.facts.engine import Engine
from accord.facts.ledger import Ledger
from accord.facts.spark import SETTINGS, Spark
from accord.facts.tables import TABLES
from accord.insight.dimensions import DIMENSIONS
from accord.insight.funnel import funnel
from accord.insight.velocity import velocity

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("spark"),  # one session for all
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # PySpark leaves its sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

REMEDY = "PySpark is not installed: pip install --require-hashes -r requirements/spark.txt, with Java 17 on the path"
LEADS, MONTHS = 300, 2
AT = moment(Span.of(months=MONTHS).end)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Ledger.open(build(Path(mkdtemp()) / "lake", leads=LEADS, months=MONTHS).lake).connect()


@pytest.fixture(scope="module")
def spark(engine: Engine) -> Iterator[Spark]:
    """A local session that knows the same facts."""
    sql = pytest.importorskip("pyspark.sql", reason=REMEDY)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    plan = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in {**SETTINGS, "spark.sql.shuffle.partitions": "1", "spark.log.level": "ERROR"}.items():
        plan = plan.config(name, value)
    found = Spark(plan.getOrCreate())
    for table in TABLES:
        for name in (table, f"{table}_revisions"):
            found.register(name, engine.rows(f"FROM {name}"))
    yield found
    found.session.stop()


def told(result: Any) -> Any:
    """A result without the query that made it."""
    return {name: value for name, value in result.to_json().items() if name != "sql"}


def test_the_funnel_by_every_dimension_is_the_same(engine: Engine, spark: Spark) -> None:
    for by in (None, *DIMENSIONS):
        assert told(funnel(spark, by=by)) == told(funnel(engine, by=by)), by


def test_time_per_stage_is_the_same(engine: Engine, spark: Spark) -> None:
    assert told(velocity(spark, by="origin")) == told(velocity(engine, by="origin"))


def agreement(engine: Engine) -> Agreement:
    return versions_in_force(engine, at=AT)[-1]


def test_every_metric_is_the_same(engine: Engine, spark: Spark) -> None:
    signed, at = agreement(engine), newest_fact(engine, at=AT)
    assert at is not None
    spans = Periods(signed.time_zone).last(at, Period.WEEK, 3)
    held = checked(engine, signed).select(ANSWERS_CHECKED.names)
    for name, metric in METRICS.items():
        there, here = (
            count(each, signed, metric, spans, at=at, answers_checked=held).periods for each in (spark, engine)
        )
        assert there == here, name


def test_a_session_that_would_move_times_is_refused(spark: Spark) -> None:
    spark.session.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        with pytest.raises(ValueError, match="needs UTC"):
            Spark(spark.session)
    finally:
        spark.session.conf.set("spark.sql.session.timeZone", "UTC")


def test_a_query_with_values(spark: Spark) -> None:
    spark.register("few", pa.table({"a": [1, 2, 3]}))
    assert spark.rows("SELECT a FROM few WHERE a > $1 AND a < $2", [1, 3])["a"].to_pylist() == [2]
    assert spark.one("SELECT count(*), max(a) FROM few") == (3, 3)
    spark.unregister("few")
    with pytest.raises(ValueError, match="no row"):
        spark.one("SELECT 1 WHERE false")
