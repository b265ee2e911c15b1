"""Another engine for the analyses: the setting, what is said where Spark is missing, and that every query can be said
in Spark's words. `tests/prove/test_spark.py` runs them there."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot.errors import ErrorLevel
from tests.lakes import day, row, rows

from accord.agreement.answers import checked
from accord.agreement.promise import measure_in_force, newest_fact, versions_in_force
from accord.cli import main
from accord.example.company import build
from accord.facts.engine import Answers, Engine
from accord.facts.engines import chosen, in_process, opened
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.facts.shares import Shares
from accord.facts.spark import Spark, SparkError, started
from accord.facts.spark_lake import read_lake
from accord.insight.attribution.attribution import attribute
from accord.insight.content_effect.content import content
from accord.insight.diagnosis.diagnosis import diagnose
from accord.insight.economics.economics import economics
from accord.insight.forecast.forecast import forecast
from accord.insight.funnel import funnel
from accord.insight.regret import regret
from accord.insight.replay.in_shares import InShares
from accord.insight.replay.replay import replay
from accord.insight.velocity import velocity

Capture = pytest.CaptureFixture[str]
LATE = datetime(2100, 1, 1, tzinfo=UTC)


class Spoken:
    """An engine that offers what `Answers` does and no more, and says every query in Spark's words before DuckDB
    answers it."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.said = engine, 0

    def rows(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        (spoken,) = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
        assert sqlglot.parse_one(spoken, read="spark")
        self.said += 1
        return self.engine.rows(sql, params)

    def one(self, sql: str, params: Sequence[object] = ()) -> tuple[object, ...]:
        return tuple(self.rows(sql, params).slice(0, 1).to_pylist()[0].values())

    def register(self, name: str, table: pa.Table) -> None:
        self.engine.register(name, table)

    def unregister(self, name: str) -> None:
        self.engine.unregister(name)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A small simulated company."""
    return Ledger.open(build(tmp_path_factory.mktemp("company") / "lake", leads=200, months=2).lake)


@pytest.fixture(scope="module")
def engine(company: Ledger) -> Engine:
    return company.connect()


def _diagnosed(asked: Answers, near: Engine) -> Any:
    agreements = versions_in_force(asked, at=LATE)
    held = checked(near, agreements[-1])
    return diagnose(asked, at=LATE.replace(tzinfo=None), agreements=agreements, answers_checked=held)


def _foretold(asked: Answers, near: Engine) -> Any:
    at = newest_fact(asked, at=LATE)
    assert at
    return forecast(asked, versions_in_force(asked, at=at)[-1], at=at, check=lambda _, each: checked(near, each))


def _promised(asked: Answers, near: Engine) -> Any:
    at = newest_fact(asked, at=LATE)
    assert at
    versions = versions_in_force(asked, at=at)
    return measure_in_force(asked, versions, at=at, periods=2, check=lambda _, each: checked(near, each))


ANALYSES: dict[str, Callable[[Answers, Engine], Any]] = {
    "attribution": lambda asked, _: attribute(asked),
    "content": lambda asked, _: content(asked, at=LATE.replace(tzinfo=None)),
    "diagnosis": _diagnosed,
    "economics": lambda asked, _: economics(asked),
    "forecast": _foretold,
    "funnel": lambda asked, _: funnel(asked, by="channel"),
    "promises": _promised,
    "regret": lambda asked, _: regret(asked, at=LATE, within=timedelta(days=60)),
    "velocity": lambda asked, _: velocity(asked, by="origin"),
}


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_asks_only_what_spark_can_be_asked(engine: Engine, name: str) -> None:
    spoken = Spoken(engine)
    assert ANALYSES[name](spoken, engine)
    assert spoken.said


def test_without_a_lead_view_reasons_are_not_held_against_facts_and_that_is_said(engine: Engine) -> None:
    agreements = versions_in_force(engine, at=LATE)
    found = diagnose(Spoken(engine), at=LATE.replace(tzinfo=None), agreements=agreements)
    assert any("hand over `answers_checked`" in each for each in found.cannot)


# The setting

COMMANDS = ("attribute", "content", "diagnose", "economics", "forecast", "funnel", "promises", "replay")


def test_the_engine_is_the_one_asked_for_else_that_of_the_environment_else_duckdb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ACCORD_ENGINE", raising=False)
    assert chosen(None) == "duckdb"
    monkeypatch.setenv("ACCORD_ENGINE", "spark://10.0.0.1:7077,10.0.0.2:7077")
    assert chosen(None) == "spark://10.0.0.1:7077,10.0.0.2:7077"
    assert chosen("spark") == "spark"


@pytest.mark.parametrize("word", ["sparc", "spark://", "spark://host", "spark://host:1 x", "local[*]", "yarn"])
def test_another_word_is_no_engine(word: str) -> None:
    with pytest.raises(AccordError, match="Possible are duckdb, spark"):
        chosen(word)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lead and a win."""
    ledger = Ledger.create(tmp_path / "lake")
    facts = {
        "touches": [row("touches", "t", person_id="p", channel="email", occurred_at=day(1))],
        "deals": [row("deals", "w", event="won", person_id="p", amount=9000.0, currency="EUR", occurred_at=day(2))],
    }
    for table, told in facts.items():
        ledger.write(table, rows(table, *told), at=day(3))
    return ledger.folder


@pytest.mark.parametrize(
    "command", ["attribute", "content", "diagnose", "economics", "forecast", "funnel", "promises", "replay"]
)
def test_a_command_refuses_an_engine_that_there_is_not(lake: Path, command: str, capsys: Capture) -> None:
    assert main([command, "--lake", str(lake), "--engine", "sparc"]) == 2
    assert "There is no engine 'sparc'." in capsys.readouterr().err


def test_a_file_of_touches_is_read_by_duckdb_alone(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "touches.csv"
    file.write_text("person_id,occurred_at,channel,converted\nann,2026-01-05,email,true\n", "utf-8")
    assert main(["attribute", "--touches", str(file), "--engine", "spark"]) == 2
    assert "--engine asks a lake" in capsys.readouterr().err


def test_duckdb_over_the_lake_stands_beside_another_engine(lake: Path) -> None:
    ledger = Ledger.open(lake)
    engine = opened(ledger, "duckdb")
    assert in_process(engine, ledger) is engine
    beside = in_process(Spoken(Engine()), ledger)
    assert beside.one("SELECT count(*) FROM deals") == (1,)


# Where Spark is missing


def test_without_pyspark_it_is_said_what_to_install(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    assert main(["economics", "--lake", str(lake), "--engine", "spark"]) == 2
    assert "Spark is not installed: there is no module pyspark. pip install 'accord[spark]'" in capsys.readouterr().err


@pytest.fixture
def pyspark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PySpark and a Java that are there, for those who come no further."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    for name, things in {
        "pyspark": (),
        "pyspark.errors": ("PySparkException",),
        "pyspark.sql": ("SparkSession",),
    }.items():
        module = ModuleType(name)
        for thing in things:
            setattr(module, thing, Exception)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("pyspark")
def test_without_java_it_is_said_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SparkError, match="no `java` on the path"):
        started("local[1]")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(SparkError, match=f"JAVA_HOME = {tmp_path}/elsewhere holds no bin/java"):
        started("local[1]")


@pytest.mark.usefixtures("pyspark")
def test_a_master_that_does_not_answer_is_named_at_once() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        port = nobody.getsockname()[1]
        with pytest.raises(SparkError, match=f"No Spark master answers at 127.0.0.1:{port}"):
            started(f"spark://127.0.0.1:{port}")


def test_what_sqlglot_leaves_as_it_is_is_put_into_sparks_words() -> None:
    said = Spark.spoken("SELECT hash(person) AS h, epoch_us(min(moment)) AS us FROM t")
    assert said == "SELECT XXHASH64(person) AS h, UNIX_MICROS(CAST(MIN(moment) AS TIMESTAMP_LTZ)) AS us FROM t"


# A sample of Spark itself


@pytest.fixture
def spark() -> Iterator[Spark]:
    pytest.importorskip("pyspark.sql", reason="PySpark is not installed: make test and make prove install it")
    if not shutil.which("java"):
        pytest.skip("there is no Java on the path")
    found = started("local[2]")
    yield found
    found.session.stop()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # PySpark leaves its sockets to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_spark_answers_like_duckdb(spark: Spark, engine: Engine, company: Ledger) -> None:
    """One session for all of it, since it takes long to start."""
    _values_and_gaps_are_the_same(spark, Engine())
    there = read_lake(spark, company)
    assert told(funnel(there, by="channel")) == told(funnel(engine, by="channel"))
    at = newest_fact(engine, at=LATE)
    assert at
    versions = versions_in_force(there, at=at)
    measured = [measure_in_force(each, versions, at=at, periods=1, check=checked) for each in (there, engine)]
    assert measured[0] == measured[1]
    steps: list[str] = []
    looks = InShares(Shares(there, 2), engine, lambda step, *_: steps.append(step))
    replayed, expected = replay(engine, versions, looks=looks), replay(engine, versions)
    assert (replayed.decisions, replayed.handoffs) == (expected.decisions, expected.handoffs)
    assert len(expected.offers) > 10
    assert {*steps} == {"Looking"}


def _values_and_gaps_are_the_same(spark: Spark, engine: Engine) -> None:
    monday, tuesday = (day(number).replace(tzinfo=None) for number in (0, 1))
    few = pa.table({"moment": [tuesday, monday, None], "who": ["ann", None, "ben"]})
    asked = "SELECT who, moment, row_number() OVER (ORDER BY moment) AS place FROM few WHERE moment >= $1 ORDER BY who"
    found = []
    for each in (spark, engine):
        each.register("few", few)
        found.append(each.rows(asked, [monday]).to_pylist())
        each.unregister("few")
    assert found[0] == found[1] != []


def told(result: Any) -> Any:
    """A result without the query that made it."""
    return {name: value for name, value in result.to_json().items() if name != "sql"}
