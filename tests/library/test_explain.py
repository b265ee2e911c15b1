"""The explanation of a lead agrees with the decision about it: the same points, clauses that bear the outcome out."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pytest

from accord.agreement.explain import Explanation, explain
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.example.company import Company, build
from accord.example.world import Span, world
from accord.facts.engine import Engine
from accord.facts.ledger import Ledger

AT = datetime(2026, 10, 28, 12)  # noqa: DTZ001 the engine's times are naive UTC


@cache
def engine() -> Engine:
    lake = Path(mkdtemp()) / "lake"
    build(lake, leads=250, months=1)
    return Ledger.open(lake).connect()


@cache
def rules() -> Rules:
    company = Company.of(leads=250, seed=7, span=Span.of(months=1), planted=world())
    return Rules.of(company.versions[1])


@cache
def judged() -> dict[str, dict[str, object]]:
    people = engine().rows(
        "SELECT DISTINCT subject_id AS p FROM profiles WHERE subject = 'person' AND known_at <= $1", [AT]
    )
    ids = people["p"].to_pylist()
    asked = pa.table(
        {"person_id": ids, "moment": pa.array([AT] * len(ids), pa.timestamp("us")), "trigger": ["fact"] * len(ids)}
    )
    return {row["person_id"]: row for row in look(engine(), rules(), asked).to_pylist()}


def explained(outcome: str, most: int = 12) -> list[tuple[dict[str, object], Explanation]]:
    rows = [row for row in judged().values() if row["outcome"] == outcome][:most]
    return [(row, explain(engine(), rules(), str(row["person_id"]), AT)) for row in rows]


def met(explanation: Explanation, path: str) -> bool:
    return next(clause.met for clause in explanation.clauses if clause.path == path)


@pytest.mark.parametrize("outcome", ["eligible", "excluded", "outside", "below"])
def test_points_by_row_add_up_to_the_score(outcome: str) -> None:
    found = explained(outcome)
    assert found
    for row, explanation in found:
        assert sum(p.points for p in explanation.points) == pytest.approx(row["score"], abs=1e-5)
        assert explanation.values["score"] == row["score"]
        assert explanation.values["persona"] == row["persona"]


def test_an_excluded_lead_meets_unless() -> None:
    assert all(met(e, "qualification.unless") for _, e in explained("excluded"))


def test_a_lead_outside_does_not_meet_where_and_is_not_excluded() -> None:
    for _, explanation in explained("outside"):
        assert not met(explanation, "qualification.where")
        assert not met(explanation, "qualification.unless")


def test_a_lead_below_the_line_meets_where_and_lacks_points() -> None:
    line = rules().agreement.qualification.score
    assert line is not None
    for row, explanation in explained("below"):
        assert met(explanation, "qualification.where")
        assert not met(explanation, "qualification.always")
        assert float(str(row["score"])) < line.at_least or float(str(row["fit"])) < (line.fit_at_least or 0)


def test_every_part_says_true_false_or_unknown_with_the_value_behind_it() -> None:
    for _, explanation in explained("outside", 3):
        where = next(c for c in explanation.clauses if c.path == "qualification.where")
        parts = [line for line in where.lines if not line.endswith(":")]
        condition = rules().where
        assert condition is not None
        assert len(parts) == len(condition.parts)
        assert all(any(word in line for word in (" is true", " is false", " is unknown")) for line in parts)
