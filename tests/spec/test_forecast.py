"""Forecast: where a number of a period will end, as a range made to hold what comes in 8 of 10 cases (M10, M51, M55).

What has happened is certain, what is open and what is still to come is drawn. What cannot be told is said to be so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests.agreements import an_agreement
from tests.tables import facts_in_hand, text_table

from accord.agreement.document import Agreement
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.forecast.forecast import Forecast, forecast
from accord.insight.forecast.outlook import Outlook
from accord.insight.forecast.ranges import range_of

WEEKLY = {"id": "enough", "side": "marketing", "metric": "handoffs", "at_least": 30, "per": "week"}
ACCEPTED = {"id": "accepted", "side": "marketing", "metric": "acceptance_rate", "at_least": 0.8, "per": "month"}
THURSDAY = datetime(2027, 5, 6, tzinfo=UTC)
Rows = list[dict[str, Any]]


def promised(*promises: dict[str, Any], **articles: Any) -> Agreement:
    return an_agreement(promises=list(promises), **articles)


def told(found: Forecast, target: str) -> Outlook:
    outlook = found.outlook(target)
    assert outlook is not None
    return outlook


def ends(outlook: Outlook) -> tuple[float, float]:
    assert outlook.interval is not None, outlook.says
    return outlook.interval.low, outlook.interval.high


def a_day(day: float) -> datetime:
    """So many days before the moment of the forecast, without a zone, as facts have it."""
    return THURSDAY.replace(tzinfo=None) - timedelta(days=day)


def handed_over(*, days: int, per_day: int, accepted: float = 0.8) -> Rows:
    """The same number every day, each answered after an hour; every one of a share is accepted."""
    rows: Rows = []
    for place in range(days * per_day):
        who, came = f"p{place}", a_day(days - place / per_day)
        common = {"handoff_id": who, "person_id": who}
        event = "accepted" if place % 10 < 10 * accepted else "rejected"
        rows.append({**common, "event": "offered", "occurred_at": came, "owner": "ada", "answer_due": a_day(-30)})
        rows.append({**common, "event": event, "occurred_at": came + timedelta(hours=1)})
    return rows


def sold(*, days: int, every: int = 2, open_for: int = 10, worth: float = 1_000.0) -> Rows:
    """Every so many days a deal is opened; ten days later every second one is won, the others are lost."""
    rows: Rows = []
    for place, began in enumerate(range(0, days, every)):
        common = {"deal_id": f"d{place}", "account_id": f"a{place}", "amount": worth, "currency": "EUR"}
        rows.append({**common, "event": "opened", "occurred_at": a_day(days - began)})
        if days - began > open_for:
            event = "lost" if place % 2 else "won"
            rows.append({**common, "event": event, "occurred_at": a_day(days - began - open_for)})
    return rows


def test_a_count_is_what_came_and_what_still_comes_as_it_came_before() -> None:
    """Four a day for a year; the week is three days old."""
    found = forecast(facts_in_hand(handoffs=handed_over(days=365, per_day=4)), promised(WEEKLY), at=THURSDAY)
    enough = told(found, "enough")
    low, high = ends(enough)
    assert enough.so_far == 12
    assert enough.to_come == pytest.approx(16, abs=1)
    assert 26 <= low <= 28 <= high <= 30


def test_a_goal_out_of_reach_has_no_chance_and_one_that_is_reached_has_all() -> None:
    facts = facts_in_hand(handoffs=handed_over(days=365, per_day=4))
    reached = told(forecast(facts, promised({**WEEKLY, "at_least": 12}), at=THURSDAY), "enough")
    beyond = told(forecast(facts, promised({**WEEKLY, "at_least": 60}), at=THURSDAY), "enough")
    assert (reached.chance, beyond.chance) == (1.0, 0.0)


def test_a_share_ends_near_what_it_was_and_a_longer_past_makes_it_no_less_certain() -> None:
    long = forecast(facts_in_hand(handoffs=handed_over(days=300, per_day=4)), promised(ACCEPTED), at=THURSDAY)
    short = forecast(facts_in_hand(handoffs=handed_over(days=60, per_day=4)), promised(ACCEPTED), at=THURSDAY)
    low, high = ends(told(long, "accepted"))
    assert low < 0.8 < high
    wider = ends(told(short, "accepted"))
    assert high - low <= wider[1] - wider[0] + 0.02


def test_revenue_is_what_was_won_what_is_open_and_what_is_still_to_be_opened() -> None:
    """One deal is won every four days; 55 of the quarter's 91 days are to come."""
    found = forecast(facts_in_hand(deals=sold(days=400)), promised(), at=THURSDAY)
    wins, revenue = told(found, "wins"), told(found, "new_revenue")
    low, high = ends(wins)
    assert (wins.so_far, wins.open) == (9, 5)
    assert low <= 9 + 55 / 4 <= high
    assert (revenue.so_far, revenue.middle) == (9_000, wins.middle and wins.middle * 1_000)


def test_what_is_certain_has_a_range_of_one_value() -> None:
    plan = {"id": "plan-in-time", "side": "leadership", "metric": "plan_agreed_before_start", "at_least": 1.0}
    reviews = text_table("""
    event  | kind | period  | occurred_at
    agreed | plan | 2027-Q2 | 2027-03-20
    """)
    facts = facts_in_hand(reviews=reviews, handoffs=handed_over(days=50, per_day=1))
    assert ends(told(forecast(facts, promised({**plan, "per": "quarter"}), at=THURSDAY), "plan-in-time")) == (1, 1)


def test_what_cannot_be_told_is_said_with_what_is_missing() -> None:
    three_weeks = facts_in_hand(handoffs=handed_over(days=25, per_day=1), deals=sold(days=25))
    found = forecast(three_weeks, promised(WEEKLY, ACCEPTED), at=THURSDAY)
    assert told(found, "enough").says == "Cannot tell: 3 full weeks are on record, 6 are needed."
    assert told(found, "new_revenue").says.startswith("Cannot tell: 4 won deals are on record, 5 of the last year")
    assert all(outlook.interval is None for outlook in found.outlooks)


def test_nothing_recorded_is_not_zero() -> None:
    empty = forecast(facts_in_hand(), promised(WEEKLY, ACCEPTED), at=THURSDAY)
    assert told(empty, "new_revenue").says == "Cannot tell: no won deals are recorded."
    assert "no handoffs" in told(empty, "enough").says
    one = forecast(facts_in_hand(handoffs=handed_over(days=1, per_day=1)), promised(WEEKLY, ACCEPTED), at=THURSDAY)
    assert told(one, "accepted").interval is None


def test_facts_of_the_future_are_counted_and_not_read() -> None:
    past = handed_over(days=365, per_day=4)
    tomorrow = [{**row, "occurred_at": a_day(-1), "handoff_id": f"f{n}"} for n, row in enumerate(past[:40])]
    without, with_them = (
        forecast(facts_in_hand(handoffs=rows), promised(WEEKLY), at=THURSDAY) for rows in (past, past + tomorrow)
    )
    assert told(without, "enough").interval == told(with_them, "enough").interval
    assert "40 facts are dated after 2027-05-06 00:00 UTC; they are not read." in with_them.notices


def test_without_a_plan_the_numbers_have_no_goal_and_it_is_said() -> None:
    facts = facts_in_hand(deals=sold(days=400))
    bare = forecast(facts, promised(), at=THURSDAY)
    assert "The agreement has no plan for 2027-Q2, so these numbers have no goal." in bare.notices
    planned = forecast(facts, promised(plan={"2027-Q2": {"new_revenue": 20_000}}), at=THURSDAY)
    assert told(planned, "new_revenue").target.goal == 20_000
    assert not planned.notices


def test_the_same_seed_draws_the_same_futures() -> None:
    facts = facts_in_hand(deals=sold(days=400))
    first, again, other = (forecast(facts, promised(), at=THURSDAY, seed=seed) for seed in (1, 1, 2))
    assert first.outlooks == again.outlooks
    assert told(first, "wins").middle == pytest.approx(told(other, "wins").middle, abs=2)


def by_asset(rows: Rows) -> Engine:
    """Every third deal belongs to a person whose first touch came by mail."""
    owned = [{**row, "person_id": f"p{row['deal_id']}"} for row in rows]
    people = sorted({row["person_id"] for row in owned})
    touches = [
        {"person_id": who, "kind": "page.home", "channel": "email" if int(who[2:]) % 3 == 0 else "search",
         "occurred_at": a_day(500)}
        for who in people
    ]  # fmt: skip
    return facts_in_hand(deals=owned, touches=touches)


def test_by_a_dimension_wins_and_revenue_are_told_for_each_value() -> None:
    found = forecast(by_asset(sold(days=400)), promised(), at=THURSDAY, by="channel")
    wins = {value: each.so_far for value, each in found.groups if each.target.id == "wins"}
    assert set(wins) == {"email", "search"}
    assert sum(value or 0 for value in wins.values()) == told(found, "wins").so_far


def test_a_stretch_of_ones_own_has_no_goal_for_counts() -> None:
    found = forecast(
        facts_in_hand(handoffs=handed_over(days=365, per_day=4)), promised(WEEKLY, ACCEPTED), at=THURSDAY,
        since=THURSDAY - timedelta(days=10), until=THURSDAY + timedelta(days=20),
    )  # fmt: skip
    enough = told(found, "enough")
    assert (enough.so_far, enough.target.goal, told(found, "accepted").target.goal) == (40, None, 0.8)
    low, high = ends(enough)
    assert low <= 120 <= high


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [(5, 3, "would end before it begins"), (-40, -10, "was over on 2027-04-26"), (3, 20, "begins on 2027-05-09")],
)
def test_a_stretch_that_does_not_hold_today_is_refused(since: int, until: int, says: str) -> None:
    with pytest.raises(AccordError, match=says):
        forecast(
            facts_in_hand(), promised(), at=THURSDAY, since=THURSDAY + timedelta(days=since),
            until=THURSDAY + timedelta(days=until),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("drawn", "low", "high", "says"),
    [
        ([0, 0, 0, 0, 0, 1, 1, 1, 2, 2], 0, 1, 0.8),  # 8 of 10
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2, 9, 0.8),
        ([7, 7, 7], 7, 7, 1.0),  # no range of few values comes near: it says its own level
        ([1] * 24 + [0], 1, 1, 0.96),
    ],
)
def test_of_a_few_values_the_range_nearest_to_80_percent_is_taken(
    drawn: list[int], low: int, high: int, says: float
) -> None:
    found = range_of(np.array(drawn, dtype=float))
    assert (found.low, found.high, found.level) == (low, high, says)
