"""Plan and pace: what was won in a quarter is what its deals say, and the finding says how it stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.library.test_example import SPAN, facts_of_lived

from accord.agreement.counting import count
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods
from accord.example.papers import papers
from accord.report.numbers import short_money
from accord.report.plan import Pace, finding, pace, tile, view

AT = datetime(2026, 10, 29, 12, tzinfo=UTC)


def the_agreement() -> Agreement:
    return papers(span=SPAN, leads=300, scale=1)[1]


def a_pace(won: float, due: float = 400_000) -> Pace:
    return Pace("2026-Q4", "EUR", won, due, 1_000_000, (), "")


def test_the_weeks_add_up_to_the_quarter() -> None:
    found = pace(facts_of_lived(), the_agreement(), at=AT)
    assert found is not None
    quarter = Periods("Europe/Berlin").at(AT, Period.QUARTER)
    (whole,) = count(facts_of_lived(), the_agreement(), METRICS["new_revenue"], [quarter], at=AT).periods
    assert found.won == pytest.approx(whole.value)
    assert found.won > 0
    assert found.planned == the_agreement().plan["2026-Q4"]["new_revenue"]


def test_a_quarter_has_thirteen_weeks_and_ends_with_its_plan() -> None:
    found = pace(facts_of_lived(), the_agreement(), at=AT)
    assert found is not None
    assert [week.number for week in found.weeks] == list(range(1, 14))
    assert found.weeks[-1].planned == pytest.approx(found.planned)
    assert [week.won is None for week in found.weeks] == [False] * 5 + [True] * 8
    assert found.due == pytest.approx(found.planned * (28 + 14 / 24) / (92 + 1 / 24), rel=1e-3)


def test_without_a_plan_for_the_quarter_there_is_no_pace() -> None:
    assert pace(facts_of_lived(), the_agreement(), at=datetime(2031, 1, 5, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("won", "says"),
    [
        (328_000, "New revenue is 18 % behind its pace."),
        (390_000, "New revenue is on its pace."),
        (404_000, "New revenue is on its pace."),
        (480_000, "New revenue is 20 % ahead of its pace."),
    ],
)
def test_the_finding_says_how_far_from_its_pace_revenue_is(won: float, says: str) -> None:
    assert finding(a_pace(won)) == says


def test_the_tile_stands_on_a_rail_that_ends_with_the_plan() -> None:
    told = tile(a_pace(328_000))
    assert (told.value, told.of, told.now, told.target) == ("€328 k", "of €1.00 m", 32.8, 99.2)
    assert (told.state, told.word) == ("risk", "Behind")


def test_the_chart_says_in_words_what_it_draws() -> None:
    found = pace(facts_of_lived(), the_agreement(), at=AT)
    assert found is not None
    shown = view(found)
    assert shown.chart.wide_light.startswith("<svg")
    assert finding(found) in shown.chart.label
    assert len(shown.grid.rows) == 13
    assert "style=" not in shown.chart.wide_light  # a strict policy would leave it out


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1_334_000, "EUR", "€1.33 m"),
        (702_400, "EUR", "€702 k"),
        (940, "CHF", "CHF 940"),
        (-2_500, "GBP", "−£2 k"),
        (0, "USD", "$0"),
    ],
)
def test_an_amount_is_as_short_as_a_headline_needs_it(amount: float, currency: str, text: str) -> None:
    assert short_money(amount, currency) == text
