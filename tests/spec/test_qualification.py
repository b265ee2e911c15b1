"""What is a marketing-qualified lead: facts in, the verdict of the example agreement and the clause that decided out.

Every lead of these tables stands before the agreement on Monday, 11 January 2027, at noon; ages are days before that.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.ledgers import Row, day, ledger, moments, put

from accord.agreement.reading import load
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.facts.engine import Engine

NOW = 7.5


@cache
def example() -> Rules:
    return Rules.of(load(Path(__file__).parents[2] / "examples/agreement.yaml"))


@cache
def engine() -> Engine:
    return ledger()


def judged(cells: Row, touches: dict[str, float] | None = None, deal: bool = False, said: str | None = None) -> Any:
    """The judged row of one lead: profile cells, touches by kind and age, an open deal, a word of consent."""
    kinds = [{"person_id": "ann", "kind": kind, "occurred_at": day(NOW - age)} for kind, age in (touches or {}).items()]
    put(engine(), "touches", kinds)
    put(engine(), "profiles", [{"subject": "person", "subject_id": "ann", **cells}])
    put(engine(), "deals", [{"deal_id": "d", "person_id": "ann", "event": "opened"}] if deal else [])
    put(engine(), "consent", [{"person_id": "ann", "purpose": "marketing.email", "status": said}] if said else [])
    (row,) = look(engine(), example(), moments(("ann", day(NOW)))).to_pylist()
    return row


BOSS: Row = {"title": "Plant manager", "country": "DE", "employees": 60.0, "email": "a@b.example", "company": "b"}
CLERK: Row = {**BOSS, "title": "Clerk"}
PRICE, WEBINAR, PAGE, DEMO = "form.price-request", "webinar.attended", "page.pricing", "form.demo-request"

# What is known, what was done (kind: age in days), the outcome, the clause that decided.
VERDICTS: dict[str, tuple[Row, dict[str, float], str, str]] = {
    "fit 45 and intent 30 reach 65": (BOSS, {PRICE: 0}, "eligible", "qualification.score"),
    "fit 30 is enough fit": (CLERK, {PRICE: 0, WEBINAR: 0}, "eligible", "qualification.score"),
    "intent halves: 45 + 15 is below": (BOSS, {PRICE: 14}, "below", "qualification.score.at_least"),
    "nothing done": (BOSS, {}, "below", "qualification.score.at_least"),
    "fit 25 is too little fit": (
        {**BOSS, "employees": 20.0}, {PRICE: 0, WEBINAR: 0, PAGE: 0}, "below", "qualification.score.fit_at_least"
    ),
    "another country": ({**BOSS, "country": "FR"}, {PRICE: 0}, "outside", "qualification.where"),
    "country unknown: where is not met": ({**BOSS, "country": None}, {PRICE: 0}, "outside", "qualification.where"),
    "19 people": ({**BOSS, "employees": 19.0}, {PRICE: 0}, "outside", "qualification.where"),
    "size unknown: where is not met": ({**BOSS, "employees": None}, {PRICE: 0}, "outside", "qualification.where"),
    "a competitor": ({**BOSS, "is_competitor": True}, {PRICE: 0}, "excluded", "qualification.unless"),
    "whether a competitor is unknown: unless does not block": (BOSS, {PRICE: 0}, "eligible", "qualification.score"),
    "unless comes before where": (
        {**BOSS, "country": "FR", "is_competitor": True}, {}, "excluded", "qualification.unless"
    ),
    "a demo request skips the score": (
        {**BOSS, "title": None, "employees": 20.0}, {DEMO: 0.5}, "eligible", "qualification.always"
    ),
    "for 24 hours, to the end": ({**CLERK, "employees": 20.0}, {DEMO: 1}, "eligible", "qualification.always"),
    "and no longer": ({**CLERK, "employees": 20.0}, {DEMO: 1.001}, "below", "qualification.score.fit_at_least"),
    "it does not skip where": ({**BOSS, "country": "FR"}, {DEMO: 0.5}, "outside", "qualification.where"),
    "only the last form counts": (
        {**CLERK, "employees": 20.0}, {DEMO: 0.5, "form.other": 0.1}, "below", "qualification.score.fit_at_least"
    ),
    "no form: always is unknown, not met": (
        {**CLERK, "employees": 20.0}, {}, "below", "qualification.score.fit_at_least"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    cells, touches, outcome, because = VERDICTS[name]
    row = judged(cells, touches)
    assert (row["outcome"], row["because"]) == (outcome, because)


def test_an_open_deal_and_a_withdrawn_consent_exclude() -> None:
    assert judged(BOSS, {PRICE: 0}, deal=True)["because"] == "qualification.unless"
    assert judged(BOSS, {PRICE: 0}, said="withdrawn")["because"] == "qualification.unless"
    assert judged(BOSS, {PRICE: 0}, said="granted")["because"] == "qualification.score"


# Which required field is found empty first, in the order of the clause.
MISSING = [
    ({}, None),
    ({"email": None}, "has_email"),
    ({"email": ""}, "has_email"),
    ({"company": None}, "company"),
    ({"company": ""}, "company"),
    ({"title": None, "email": None}, "has_email"),
    ({"title": None}, "title"),
]


@pytest.mark.parametrize(("gap", "missing"), MISSING)
def test_required_fields(gap: Row, missing: str | None) -> None:
    assert judged({**BOSS, **gap})["missing"] == missing


# Touches by age in days, the points that they earn together.
POINTS: list[tuple[dict[str, float], float]] = [
    ({}, 0),
    ({PRICE: 0}, 30),
    ({PRICE: 14}, 15),
    ({PRICE: 28}, 7.5),
    ({WEBINAR: 30}, 9),
    ({PAGE: 0.7}, 6.531231),  # 7 x 2^(-0.1)
    ({PRICE: 0, WEBINAR: 0, PAGE: 0}, 55),
    ({"page.other": 0}, 0),
]


@pytest.mark.parametrize(("touches", "points"), POINTS)
def test_intent(touches: dict[str, float], points: float) -> None:
    assert judged(BOSS, touches)["intent"] == points


FIT = [
    (BOSS, 45, "Plant manager"),
    (CLERK, 30, None),
    ({**BOSS, "title": "FACTORY DIRECTOR of all"}, 45, "Plant manager"),
    ({**CLERK, "industry": "system integration"}, 30, "Integrator"),
    ({**BOSS, "industry": "system integration"}, 45, "Plant manager"),
    ({**CLERK, "employees": 49.0}, 10, None),
    ({**CLERK, "employees": 50.0}, 30, None),
    ({**CLERK, "employees": 5000.0}, 30, None),
    ({**CLERK, "employees": 5001.0}, 10, None),
    ({}, 0, None),
]


@pytest.mark.parametrize(("cells", "fit", "persona"), FIT)
def test_fit_and_persona(cells: Row, fit: float, persona: str | None) -> None:
    row = judged(cells)
    assert (row["fit"], row["persona"]) == (fit, persona)


BANDS = [(BOSS, {PRICE: 0, PAGE: 0}, "A"), (BOSS, {PRICE: 0}, "B"), (BOSS, {}, "C"), ({}, {}, "C")]


@pytest.mark.parametrize(("cells", "touches", "band"), BANDS)
def test_band(cells: Row, touches: dict[str, float], band: str) -> None:
    assert judged(cells, touches)["band"] == band
