"""Points of a card against a loop over its rows: ceilings of either sign, halving, rounding, bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agreements import an_agreement, the_rules
from tests.ledgers import day, ledger, moments, put

from accord.agreement import card
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.facts.engine import Engine

ENGINE: list[Engine] = []
Touches = Sequence[tuple[str, float]]


def scored(rules: Rules, touches: Touches = (), at: float = 60, **cells: Any) -> dict[str, Any]:
    """The judged row of a person with these touches (kind, day) and profile cells."""
    engine = ENGINE[0] if ENGINE else ledger()
    ENGINE[:] = [engine]
    put(engine, "touches", [{"person_id": "ann", "kind": kind, "occurred_at": day(when)} for kind, when in touches])
    put(engine, "profiles", [{"subject": "person", "subject_id": "ann", **cells}])
    (row,) = look(engine, rules, moments(("ann", day(at)))).to_pylist()
    return dict(row)


def with_card(*intent: dict[str, Any], fit: Sequence[dict[str, Any]] = (), bands: Any = None) -> Rules:
    rows = {"fit": list(fit), "intent": list(intent), "bands": bands or {"A": 0}}
    return the_rules(cards={"points": rows}, qualification={"score": {"card": "points", "at_least": 10}})


HALF_LIVES = {"6h": 0.25, "1d": 1, "14d": 14, None: None}
ROWS = st.builds(
    lambda touch, points, half, most: {
        "touch": touch, "points": points,
        **({"half_life": half} if half else {}), **({"at_most": most} if most else {}),
    },
    st.sampled_from(["form.demo", "page.pricing"]), st.sampled_from([30, 0.1, 7, -5, -0.3]),
    st.sampled_from(list(HALF_LIVES)), st.sampled_from([None, 10, 33.3]),
)  # fmt: skip
TIMES = st.integers(0, 240).map(lambda quarter: quarter / 4)
DONE = st.lists(st.tuples(st.sampled_from(["form.demo", "page.pricing", "page.home"]), TIMES), max_size=12)


def points_of(row: dict[str, Any], touches: Touches, at: float) -> float:
    half = HALF_LIVES[row.get("half_life")]
    ages = [at - when for kind, when in touches if kind == row["touch"] and when <= at]
    earned = sum(0.5 ** (age / half) if half else 1 for age in ages) * row["points"]
    if "at_most" in row:
        earned = max(min(earned, row["at_most"]), -row["at_most"])
    return float(round(earned, 6))


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), DONE, TIMES)
def test_intent_is_the_sum_of_its_rows(rows: list[dict[str, Any]], touches: Touches, at: float) -> None:
    expected = sum(points_of(row, touches, at) for row in rows)
    assert scored(with_card(*rows), touches, at)["intent"] == pytest.approx(expected, abs=2e-6 * len(rows))


@pytest.mark.parametrize("half_life", ["6h", "1d", "7d", "14d"])
@pytest.mark.parametrize("times", [0, 1, 2, 10])
def test_points_halve_exactly_at_each_half_life(half_life: str, times: int) -> None:
    days = HALF_LIVES.get(half_life) or float(half_life[:-1])
    rules = with_card({"touch": "form.demo", "points": 1024, "half_life": half_life})
    assert scored(rules, [("form.demo", 0)], days * times)["intent"] == 1024 / 2**times


@pytest.mark.parametrize(
    ("points", "at_most", "touches", "expected"),
    [(8, 20, 2, 16), (8, 20, 3, 20), (-8, 20, 2, -16), (-8, 20, 3, -20), (8, None, 3, 24), (-8, None, 3, -24)],
)
def test_a_ceiling_holds_for_points_of_either_sign(
    points: float, at_most: float | None, touches: int, expected: float
) -> None:
    row = {"touch": "form.demo", "points": points, **({} if at_most is None else {"at_most": at_most})}
    assert scored(with_card(row), [("form.demo", n) for n in range(touches)])["intent"] == expected


def test_points_are_rounded_so_that_a_line_is_reached_exactly() -> None:
    thirds = [{"touch": kind, "points": 0.1} for kind in ("form.demo", "page.pricing", "page.home")]
    rules = the_rules(
        cards={"points": {"fit": [], "intent": thirds, "bands": {"A": 0.3, "B": 0}}},
        qualification={"score": {"card": "points", "at_least": 0.3}},
    )
    row = scored(rules, [("form.demo", 1), ("page.pricing", 1), ("page.home", 1)])
    assert 0.1 + 0.1 + 0.1 != 0.3
    assert (row["score"], row["band"], row["outcome"]) == (0.3, "A", "eligible")


@pytest.mark.parametrize(("employees", "points"), [(None, 0), (10.0, 3), (100.0, 8), (1000.0, 4)])
def test_fit_adds_the_rows_that_are_met_and_unknown_is_not_met(employees: float | None, points: float) -> None:
    fit = [
        {"when": "employees >= 10", "points": 3}, {"when": "employees >= 100", "points": 5},
        {"when": "employees >= 1000", "points": -4},
    ]  # fmt: skip
    assert scored(with_card(fit=fit), employees=employees)["fit"] == points


@pytest.mark.parametrize(
    ("points", "band"), [(-1, None), (0, "C"), (4.999, "C"), (5, "B"), (9, "B"), (10, "A"), (99, "A")]
)
def test_the_highest_band_whose_line_is_reached(points: float, band: str | None) -> None:
    fit = [{"when": "employees > 0", "points": points}]
    assert scored(with_card(fit=fit, bands={"A": 10, "B": 5, "C": 0}), employees=1.0)["band"] == band


def test_without_a_card_there_are_no_points_and_no_band() -> None:
    row = scored(the_rules(), [("form.demo", 1)], country="DE")
    assert [row[name] for name in ("fit", "intent", "score", "band", "outcome")] == [0, 0, 0, None, "eligible"]


def test_qualification_names_its_card_and_a_single_one_needs_no_name() -> None:
    rows = {"fit": [], "intent": [{"touch": "form.demo", "points": 1}], "bands": {"A": 0}}
    two = {"one": rows, "two": rows}
    assert card.of(an_agreement(cards={"one": rows})).name == "one"  # type: ignore[union-attr]
    assert card.of(an_agreement(cards=two, qualification={"score": {"card": "two", "at_least": 1}})).name == "two"  # type: ignore[union-attr]
    assert card.of(an_agreement(cards=two)) is None


def test_names_with_quotes_are_only_names() -> None:
    rules = the_rules(
        personas=[{"name": "Chef d'atelier", "where": "title = 'chef d''atelier'"}],
        cards={"points": {"fit": [{"when": "persona = 'Chef d''atelier'", "points": 5}],
                          "intent": [{"touch": "form.what's-new", "points": 2}], "bands": {"A": 0}}},
    )  # fmt: skip
    row = scored(rules, [("form.what's-new", 1)], title="chef d'atelier")
    assert (row["persona"], row["score"]) == ("Chef d'atelier", 7)
