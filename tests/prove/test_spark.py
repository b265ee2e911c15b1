"""Every analysis says the same on Spark as on DuckDB, over one Delta lake of a simulated company; on a cluster too.

Figures may differ by rounding alone: a sum of floats depends on the order in which an engine gives its rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.clusters import cluster
from tests.library.test_attribution_in_sql import differences as sums_that_differ
from tests.tables import SETTING

from accord.agreement.answers import checked
from accord.agreement.calendar import Duration
from accord.agreement.counting import ANSWERS_CHECKED, count
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods
from accord.agreement.promise import measure_in_force, newest_fact, versions_in_force
from accord.example.company import build
from accord.example.world import Span, moment
from accord.facts.engine import Answers, Engine
from accord.facts.ledger import Ledger
from accord.facts.shares import Shares
from accord.facts.spark import Spark, started
from accord.facts.spark_lake import read_lake
from accord.facts.tables import TABLES
from accord.insight.attribution import in_sql, reading
from accord.insight.attribution.attribution import attribute
from accord.insight.attribution.tally import MODELS, planned
from accord.insight.attribution.wins import price, rows_sql
from accord.insight.content_effect.content import content
from accord.insight.diagnosis.diagnosis import diagnose
from accord.insight.dimensions import DIMENSIONS
from accord.insight.economics.economics import economics
from accord.insight.forecast.forecast import forecast
from accord.insight.funnel import funnel
from accord.insight.regret import regret
from accord.insight.replay.in_shares import InShares
from accord.insight.replay.replay import over_all_of, replay
from accord.insight.replay.summary import summary
from accord.insight.velocity import velocity

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("spark"),  # one session for all
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # PySpark leaves its sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

REMEDY = "PySpark is not installed: pip install --require-hashes -r requirements/spark.txt, with Java 17 on the path"
LEADS, MONTHS = 600, 4
AT = moment(Span.of(months=MONTHS).end)
ROUNDING = 1e-12  # relative
SPECS = (
    "attribution", "collisions", "content", "defects", "drawn", "economics", "fairness", "forecast", "funnel",
    "metrics", "promise", "regret",
)  # fmt: skip
SEEN = ("handoff", "parents", "qualification", "routing", "second_look")  # what is seen of leads, in shares of them


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A company in a folder whose name holds every sign that a pattern of files would mean."""
    folder = tmp_path_factory.mktemp("company") / "the [lake] {of},*?#é"
    return Ledger.open(build(folder, leads=LEADS, months=MONTHS).lake)


@pytest.fixture(scope="module")
def engine(ledger: Ledger) -> Engine:
    return ledger.connect()


@pytest.fixture(scope="module")
def session() -> Iterator[Spark]:
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    found = started("local[2]")
    yield found
    found.session.stop()


@pytest.fixture(scope="module")
def spark(session: Spark, ledger: Ledger) -> Spark:
    """A local session that reads the same files."""
    return read_lake(session, ledger)


def told(result: Any) -> Any:
    """A result without the query that made it."""
    return {name: value for name, value in result.to_json().items() if name != "sql"}


def differences(there: Any, here: Any, where: str = "") -> Iterator[str]:
    """Where two documents differ by more than rounding."""
    if isinstance(there, Mapping) and isinstance(here, Mapping) and there.keys() == here.keys():
        for name in there:
            yield from differences(there[name], here[name], f"{where}.{name}")
    elif isinstance(there, list | tuple) and isinstance(here, list | tuple) and len(there) == len(here):
        for place, pair in enumerate(zip(there, here, strict=True)):
            yield from differences(*pair, f"{where}[{place}]")
    elif isinstance(there, float) and isinstance(here, float):
        if not isclose(there, here, rel_tol=ROUNDING):
            yield f"{where}: {there!r} and {here!r}"
    elif there != here:
        yield f"{where}: {there!r} and {here!r}"


def alike(spark: Answers, engine: Answers, asked: Callable[[Answers], Any]) -> None:
    assert list(differences(told(asked(spark)), told(asked(engine)))) == []


# What is read


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: (row["source"], row["source_id"], row["revision"]))


@pytest.mark.parametrize("months", [None, 2])
def test_every_table_of_the_lake_is_read_alike(ledger: Ledger, session: Spark, months: int | None) -> None:
    known = None if months is None else moment(Span.of(months=months).end)
    spark, engine = read_lake(session, ledger, known_at=known), ledger.connect(known_at=known)
    for table in TABLES:
        for name in (table, f"{table}_revisions"):
            there, here = (each.rows(f"SELECT * FROM {name}") for each in (spark, engine))
            assert there.column_names == here.column_names, name
            assert in_order(there) == in_order(here), name


def test_nothing_is_read_that_was_recorded_later(ledger: Ledger, session: Spark) -> None:
    before = datetime(2000, 1, 1, tzinfo=UTC)
    assert read_lake(session, ledger, recorded_at=before).one("SELECT count(*) FROM touches") == (0,)


# What follows


def test_the_funnel_by_every_dimension_is_the_same(engine: Engine, spark: Spark) -> None:
    for by in (None, *DIMENSIONS):
        assert told(funnel(spark, by=by)) == told(funnel(engine, by=by)), by


def test_time_per_stage_is_the_same(engine: Engine, spark: Spark) -> None:
    assert told(velocity(spark, by="origin")) == told(velocity(engine, by="origin"))


@pytest.mark.parametrize("by", ["channel", "campaign"])
def test_economics_are_the_same(engine: Engine, spark: Spark, by: str) -> None:
    alike(spark, engine, lambda each: economics(each, by=by, zone="Europe/Berlin"))


@pytest.mark.parametrize("against", ["earlier period", "plan"])
def test_the_diagnosis_is_the_same(engine: Engine, spark: Spark, against: str) -> None:
    agreements = versions_in_force(spark, at=AT)
    assert agreements == versions_in_force(engine, at=AT)
    at = AT.replace(tzinfo=None)
    alike(
        spark, engine,
        lambda each: diagnose(
            each, at=at, against=against, agreements=agreements, answers_checked=checked(each, agreements[-1])
        ),
    )  # fmt: skip


@pytest.mark.parametrize("by", ["channel", "campaign", "asset", "side"])
def test_attribution_by_nine_models_is_the_same(engine: Engine, spark: Spark, by: str) -> None:
    alike(spark, engine, lambda each: attribute(each, by=by, window=60.0))


@pytest.mark.parametrize("by", ["channel", "campaign"])
@pytest.mark.parametrize("window", [None, 20.0])
def test_paths_that_spark_adds_up_are_the_same(
    engine: Engine, spark: Spark, monkeypatch: pytest.MonkeyPatch, by: str, window: float | None
) -> None:
    """With the rows of a small company in many parts. People are dealt into groups by another hash, so ranges differ by
    chance: by how much with 22 who converted, no bound says that would not break now and then. The test below holds the
    sums of every group instead."""
    monkeypatch.setattr(reading, "_ROWS_A_PART", 500)
    there, here = (attribute(each, by=by, window=window) for each in (spark, engine))
    for name in ("people", "converters", "touches", "nulls", "alone", "outside", "rows"):
        assert getattr(there, name) == getattr(here, name), name
    for model, given in here.models.items():
        for credit in given:
            found = there.credit(model, credit.channel)
            assert found.share == pytest.approx(credit.share, rel=1e-9, abs=1e-12), (model, credit.channel)
            assert found.value == pytest.approx(credit.value, rel=1e-9, abs=1e-9), (model, credit.channel)
            assert found.share_interval
            assert found.share_interval.low <= found.share <= found.share_interval.high, (model, credit.channel)


@pytest.mark.parametrize("window", [None, 20.0])
def test_every_group_of_people_adds_up_to_the_same(
    engine: Engine, spark: Spark, monkeypatch: pytest.MonkeyPatch, window: float | None
) -> None:
    """Where people have numbers instead of hashes, both engines deal them into the same groups: no sum may differ."""
    monkeypatch.setattr(in_sql, "_ROWS", in_sql._ROWS.replace("hash(g.person)", "g.person"))
    joined = rows_sql("channel", None, price(engine, None, None).currency)
    relation = reading.look(engine, joined)
    people = engine.rows(f"SELECT DISTINCT person FROM ({joined}) ORDER BY person")["person"]
    lots = np.random.default_rng(0).integers(0, 2**62, len(people))
    named = f"SELECT n.number AS person, r.* EXCLUDE (person) FROM ({joined}) r JOIN numbers n ON n.id = r.person"
    plan, cuts = planned(relation.channels, MODELS, half_life=7.0), in_sql.Cuts(None, window)
    found = []
    for each in (spark, engine):
        each.register("numbers", pa.table({"id": people, "number": lots}))
        found.append(in_sql.tallied_in_sql(each, named, relation.channels, plan, cuts))
        each.unregister("numbers")
    assert sums_that_differ(*found) == []
    assert found[0].people == len(people)


def test_the_forecast_is_the_same(engine: Engine, spark: Spark) -> None:
    at = newest_fact(engine, at=AT)
    assert at
    alike(spark, engine, lambda each: forecast(each, agreement(engine), at=at, check=checked))


def test_what_goes_with_content_is_the_same(engine: Engine, spark: Spark) -> None:
    alike(spark, engine, lambda each: content(each, at=AT.replace(tzinfo=None)))


def test_what_became_of_rejected_leads_is_the_same(engine: Engine, spark: Spark) -> None:
    alike(spark, engine, lambda each: regret(each, at=AT, within=timedelta(days=60)))


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


def test_every_promise_in_force_is_the_same(engine: Engine, spark: Spark) -> None:
    versions, at = versions_in_force(engine, at=AT), newest_fact(engine, at=AT)
    assert at is not None
    there, here = (measure_in_force(each, versions, at=at, periods=2, check=checked) for each in (spark, engine))
    assert there == here


def test_answers_held_against_facts_are_the_same(engine: Engine, spark: Spark) -> None:
    there, here = (sorted(checked(each, agreement(engine)).to_pylist(), key=str) for each in (spark, engine))
    assert there == here
    assert {row["contradicted"] for row in here} == {True, False}


@pytest.mark.parametrize("number", [1, 5])
def test_a_replay_whose_leads_are_looked_at_in_shares_is_the_same(engine: Engine, spark: Spark, number: int) -> None:
    versions, told = versions_in_force(engine, at=AT), []
    shares = Shares(spark, number)
    looks = InShares(shares, engine, lambda *step: told.append(step))
    there, here = replay(engine, versions, looks=looks), replay(engine, versions)
    for name in ("decisions", "handoffs", "unanswered", "acts_without_handoff", "moments", "since", "until", "sql"):
        assert getattr(there, name) == getattr(here, name), name
    assert len(here.offers) > LEADS / 10
    counted = summary(engine, here, versions[-1])
    assert summary(engine, there, versions[-1], shares=shares) == counted
    assert len(counted.held_back)
    assert {step for step, _, _ in told} == {"Looking"}


def test_a_draft_over_all_of_the_past_is_the_same(engine: Engine, spark: Spark) -> None:
    signed = agreement(engine)
    draft = over_all_of(replace(signed, qualification=replace(signed.qualification, again=Duration(9, "d"))), engine)
    there, here = (
        replay(engine, [draft], looks=looks) for looks in (InShares(Shares(spark, 3), engine, reading.untold), None)
    )
    assert (there.decisions, there.handoffs) == (here.decisions, here.handoffs)


# By the commands, and on a cluster


NO_PYTHON = "no Python on the workers"


def answered(ledger: Ledger, command: str, engine: str, python: str = NO_PYTHON) -> Any:
    """What a command prints, without the query, in which the present moment stands."""
    words = [sys.executable, "-m", "accord.cli", command, "--json", "--lake", str(ledger.folder), "--engine", engine]
    alone = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": python}
    done = subprocess.run(words, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stderr
    return {name: value for name, value in json.loads(done.stdout).items() if name != "sql"}


@pytest.mark.parametrize("command", ["attribute", "economics"])
def test_a_command_says_the_same_on_a_cluster_of_two_workers(ledger: Ledger, tmp_path: Path, command: str) -> None:
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    with cluster(tmp_path, workers=2) as master:
        there = answered(ledger, command, master)
    assert list(differences(there, answered(ledger, command, "duckdb"))) == []
    assert len(list(tmp_path.glob("worker-*/app-*/*"))) == 2, "each worker ran its part"


def test_a_replay_says_the_same_on_a_cluster_and_what_is_missing_there(ledger: Ledger, tmp_path: Path) -> None:
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    with cluster(tmp_path, workers=2) as master:
        there = answered(ledger, "replay", master, sys.executable)
        words = [sys.executable, "-m", "accord.cli", "replay", "--lake", str(ledger.folder), "--engine", master]
        alone = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": NO_PYTHON}
        without = subprocess.run(words, capture_output=True, text=True, env=alone)
    assert there == answered(ledger, "replay", "duckdb")
    assert without.returncode == 2
    told = " ".join(without.stderr.split("The workers of Spark")[-1].split())
    assert NO_PYTHON in told
    assert "Install accord for the Python of the workers and name that in PYSPARK_PYTHON." in told


def test_a_master_that_does_not_answer_is_named(ledger: Ledger) -> None:
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    words = [sys.executable, "-m", "accord.cli", "funnel", "--lake", str(ledger.folder)]
    done = subprocess.run([*words, "--engine", "spark://127.0.0.1:9"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "No Spark master answers at 127.0.0.1:9." in done.stderr.splitlines()[-1]


# The specs: small tables, counted by hand


@pytest.mark.parametrize("spec", SPECS)
def test_the_spec_holds_on_spark(spec: str) -> None:
    on_spark(spec)


@pytest.mark.parametrize("spec", SEEN)
def test_the_spec_holds_where_spark_looks_at_leads(spec: str) -> None:
    assert re.search(r"asked about leads [1-9]\d* times", on_spark(spec))


def on_spark(spec: str) -> str:
    """What pytest says of a spec that ran on Spark without a failure."""
    pytest.importorskip("pyspark.sql", reason=REMEDY)
    root = Path(__file__).parents[2]
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-W", "ignore::ResourceWarning", "-m", "not prove"]
    words += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
    done = subprocess.run(
        [*words, str(root / f"tests/spec/test_{spec}.py")],
        capture_output=True, text=True, cwd=root, env={**os.environ, SETTING: "spark"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


# The engine


def test_a_session_that_would_move_times_is_refused(spark: Spark) -> None:
    spark.session.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        with pytest.raises(ValueError, match="needs UTC"):
            Spark(spark.session)
    finally:
        spark.session.conf.set("spark.sql.session.timeZone", "UTC")


def test_a_table_that_begins_with_an_empty_piece_is_taken_whole(spark: Spark) -> None:
    few = pa.table({"a": [1, 2, 3]})
    spark.register("pieces", pa.concat_tables([few.slice(0, 0), few.slice(0, 1), few.slice(1)]))
    assert spark.one("SELECT count(*), sum(a) FROM pieces") == (3, 6)
    spark.unregister("pieces")


def test_a_query_with_values(spark: Spark) -> None:
    spark.register("few", pa.table({"a": [1, 2, 3]}))
    assert spark.rows("SELECT a FROM few WHERE a > $1 AND a < $2", [1, 3])["a"].to_pylist() == [2]
    assert spark.one("SELECT count(*), max(a) FROM few") == (3, 3)
    spark.unregister("few")
    with pytest.raises(ValueError, match="no row"):
        spark.one("SELECT 1 WHERE false")
