"""Kept, at risk, missed: by which rule a period gets its word. The facts are few and are counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from tests.metric_examples import agreement
from tests.tables import facts_in_hand

from accord.agreement.counting import NotMeasurableError
from accord.agreement.document import Agreement, Period, Promise, Side
from accord.agreement.periods import Periods
from accord.agreement.promise import (
    Measured,
    State,
    late,
    measure,
    measure_in_force,
    newest_fact,
    versions_in_force,
)
from accord.agreement.recurrence import RecurrenceError, occurrences
from accord.facts.engine import Engine

MONDAY = datetime.fromisoformat("2027-01-04T09:00")
HOUR = timedelta(hours=1)
IN_FORCE = [{"version": 1, "event": "in_force", "occurred_at": MONDAY - timedelta(days=365)}]
ANSWERED = Promise("answered", Side.SALES, "answered_in_time", Period.WEEK, at_least=0.9)
VOLUME = Promise("volume", Side.MARKETING, "handoffs", Period.WEEK, at_least=40)
Row = dict[str, Any]


def promising(*promises: Promise, **more: Any) -> Agreement:
    return replace(agreement(), promises=promises, **more)


def an_offer(handoff: str, at: datetime = MONDAY, **more: Any) -> Row:
    due = {"answer_due": at + timedelta(hours=4), "owner": "tomas", "team": "north"}
    return {"handoff_id": handoff, "person_id": handoff, "event": "offered", "occurred_at": at, **due, **more}


def an_answer(handoff: str, at: datetime, event: str = "accepted") -> Row:
    return {"handoff_id": handoff, "person_id": handoff, "event": event, "occurred_at": at}


def offers(kept: int = 0, missed: int = 0, still_open: int = 0, at: datetime = MONDAY, **more: Any) -> list[Row]:
    """Offers of one moment: answered after an hour, after five, or not yet with a clock that runs for a year."""
    later = {"answer_due": at + timedelta(days=365)}
    rows = [an_offer(f"open {at} {n}", at, **later, **more) for n in range(still_open)]
    for number, hours in [(kept, 1), (missed, 5)]:
        for n in range(number):
            name = f"{hours} {at} {n}"
            rows += [an_offer(name, at, **more), an_answer(name, at + timedelta(hours=hours))]
    return rows


def word(promise: Promise, rows: list[Row], at: str, periods: int = 1, *, in_force: bool = False) -> Measured:
    """The first of so many periods, in a ledger of imported files or of a company under an agreement in force."""
    engine = facts_in_hand(handoffs=rows, agreements=IN_FORCE if in_force else ())
    return measure(engine, promising(promise), at=datetime.fromisoformat(at), periods=periods)[0]


ENDED, RUNNING = "2027-01-11T00:00+00:00", "2027-01-06T13:00+00:00"  # of the week that begins on 4 January


@pytest.mark.parametrize(
    ("kept", "missed", "still_open", "state"),
    [
        (18, 2, 0, State.KEPT),  # 18 of 20 are exactly 90 %
        (17, 3, 0, State.MISSED),
        (36, 0, 4, State.KEPT),  # with none of the open ones it is still 90 %
        (20, 6, 10, State.MISSED),  # with all of them 30 of 36 are 83 %
        (20, 3, 10, State.AT_RISK),  # 20 of 23 are 87 %, and 30 of 33 would do
        (19, 1, 10, State.OPEN),  # 95 % so far, and it can still turn
        (10, 9, 0, State.TOO_FEW),
        (10, 5, 4, State.TOO_FEW),
        (10, 5, 5, State.OPEN),  # it may become twenty
        (0, 0, 0, State.TOO_FEW),
    ],
)
def test_a_share_has_its_word_when_it_is_certain(kept: int, missed: int, still_open: int, state: State) -> None:
    earlier = offers(1, at=MONDAY - timedelta(days=7))
    found = word(ANSWERED, [*earlier, *offers(kept, missed, still_open)], ENDED, periods=2, in_force=True)
    assert (found.period.label, found.state) == ("2027-W01", state)


@pytest.mark.parametrize(
    ("kept", "missed", "state"),
    [(20, 1, State.OPEN), (17, 5, State.AT_RISK), (0, 21, State.AT_RISK), (5, 0, State.OPEN)],
)
def test_a_share_of_a_running_period_is_never_missed_for_new_rows_may_come(
    kept: int, missed: int, state: State
) -> None:
    assert word(ANSWERED, offers(kept, missed), RUNNING).state is state


def test_a_share_from_above() -> None:
    promise = replace(ANSWERED, at_least=None, at_most=0.5)
    assert word(promise, [*offers(10, 10), *offers(1, at=MONDAY - timedelta(7))], ENDED, periods=2).state is State.KEPT
    assert word(promise, offers(11, 10), ENDED, periods=2).state is State.MISSED


def test_too_few_records_say_how_many_are_missing_instead_of_a_share() -> None:
    found = word(ANSWERED, offers(10, 5), ENDED, periods=2)
    assert (found.value, found.denominator, found.missing) == (None, 15, 5)
    assert found.sentence == "answered, 2027-W01: Too few records. 15 records, 5 more needed, at least 90 % promised."


@pytest.mark.parametrize(
    ("number", "at", "state"),
    [
        (40, "Wednesday 13:00", State.KEPT),  # reached before the week is over
        (20, "Wednesday 13:00", State.OPEN),  # half of the business week has passed, and so has 20 of 40
        (19, "Wednesday 13:00", State.AT_RISK),
        (39, "the week is over", State.MISSED),
        (40, "the week is over", State.KEPT),
    ],
)
def test_a_count_keeps_pace_with_business_time(number: int, at: str, state: State) -> None:
    moment, periods = {"Wednesday 13:00": (RUNNING, 1), "the week is over": (ENDED, 2)}[at]
    assert word(VOLUME, offers(number), moment, periods=periods).state is state


def test_a_ceiling_is_missed_at_once_and_at_risk_when_ahead_of_its_pace() -> None:
    ceiling = replace(VOLUME, at_least=None, at_most=40)
    states = [word(ceiling, offers(number), RUNNING).state for number in (20, 21, 40, 41)]
    assert states == [State.OPEN, State.AT_RISK, State.AT_RISK, State.MISSED]


def test_the_pace_is_told() -> None:
    assert word(VOLUME, offers(10), RUNNING).expected == 20
    assert word(VOLUME, offers(10), ENDED, periods=2).expected is None


def test_a_week_without_a_handoff_is_a_missed_one_only_if_handoffs_were_recorded_by_then() -> None:
    found = measure(
        facts_in_hand(handoffs=offers(40, at=MONDAY - timedelta(days=14)), agreements=IN_FORCE),
        promising(VOLUME),
        at=datetime.fromisoformat(ENDED) - timedelta(seconds=1),
        periods=4,
    )
    assert [(each.period.label, each.state) for each in found] == [
        ("2026-W51", State.NOT_RECORDED),
        ("2026-W52", State.KEPT),
        ("2026-W53", State.MISSED),
        ("2027-W01", State.AT_RISK),
    ]
    assert found[0].because == "handoffs with the date of their offer are recorded from 2026-12-21 on"


def test_what_imported_files_no_longer_tell_is_not_held_against_anybody() -> None:
    found = measure(
        facts_in_hand(handoffs=offers(40, at=MONDAY - timedelta(days=14))),
        promising(VOLUME),
        at=datetime.fromisoformat(ENDED),
        periods=3,
    )
    assert [each.state for each in found] == [State.NOT_RECORDED] * 3
    assert found[0].because == "handoffs with the date of their offer are recorded until 2026-12-21"


def test_without_lost_deals_there_is_no_win_rate() -> None:
    promise = Promise("wins", Side.BOTH, "win_rate", Period.QUARTER, at_least=0.1)
    deals = [{"deal_id": f"d{n}", "event": "won", "occurred_at": MONDAY} for n in range(30)]
    (found,) = measure(facts_in_hand(deals=deals), promising(promise), at=datetime.fromisoformat(ENDED), periods=1)
    assert (found.state, found.because) == (State.NOT_RECORDED, "no lost deals are recorded")


def test_what_was_never_recorded_is_said_and_not_invented() -> None:
    declared = [{**an_offer("h1"), "event": "mql", "owner": None, "answer_due": None}]
    assert word(ANSWERED, declared, ENDED, periods=2).because == "no handoffs offered to an owner are recorded"
    no_clock = [an_offer("h1", answer_due=None), an_answer("h1", MONDAY)]
    found = word(ANSWERED, no_clock, ENDED, periods=2)
    assert (found.state, found.because) == (State.NOT_RECORDED, "no clock was recorded")
    plan = Promise("plan", Side.LEADERSHIP, "plan_agreed_before_start", Period.QUARTER, at_least=1.0)
    assert word(plan, declared, ENDED, periods=2).because == "no plans are recorded"
    reasons = Promise("reasons", Side.SALES, "rejections_not_contradicted", Period.WEEK, at_least=0.95)
    rejected = [an_offer("h1"), an_answer("h1", MONDAY, "rejected")]
    assert word(reasons, rejected, ENDED, periods=2).because == "no rejections held against facts are recorded"


def test_offers_above_capacity_are_kept_out_counted_and_shown() -> None:
    found = word(ANSWERED, [*offers(20), *offers(missed=5, in_capacity=False)], ENDED, periods=2)
    assert (found.state, found.denominator, dict(found.left_out)) == (
        State.KEPT,
        20,
        {"above the agreed capacity": 5},
    )
    assert "5 left out: above the agreed capacity" in found.sentence


def test_a_condition_over_what_is_kept_on_the_handoff() -> None:
    rows = [
        *offers(3, band="A"),
        *offers(2, at=MONDAY + timedelta(hours=1), band="B"),
        *offers(1, at=MONDAY + 2 * HOUR),
    ]
    assert word(replace(VOLUME, where="band = 'A'"), rows, ENDED, periods=2).value == 3
    assert word(replace(VOLUME, where="team = 'north' AND band <> 'A'"), rows, ENDED, periods=2).value == 2


def test_a_condition_over_anything_else_cannot_be_measured() -> None:
    found = word(replace(VOLUME, where="country = 'DE'"), offers(1), ENDED, periods=2)
    assert found.state is State.NOT_RECORDED
    assert found.because.startswith("It cannot be measured: column country is not kept on the records of handoffs.")


def test_each_period_is_measured_by_the_version_in_force_when_it_began() -> None:
    first = promising(VOLUME, version=1, in_force_from=datetime(2026, 12, 30, tzinfo=UTC))
    second = promising(
        replace(VOLUME, at_least=10), ANSWERED, version=2, in_force_from=datetime(2027, 1, 6, tzinfo=UTC)
    )
    rows = [row for week in range(-2, 3) for row in offers(20, at=MONDAY + timedelta(weeks=week))]
    at = datetime.fromisoformat("2027-01-24T00:00+00:00")
    found = measure_in_force(facts_in_hand(handoffs=rows), [second, first], at=at, periods=5)
    assert [(each.promise.id, each.period.label, each.version, each.state) for each in found] == [
        ("volume", "2026-W53", 1, State.MISSED),  # version 1 came into force during it; before that there was none
        ("volume", "2027-W01", 1, State.MISSED),  # version 2 came later in that week
        ("volume", "2027-W02", 2, State.KEPT),
        ("volume", "2027-W03", 2, State.KEPT),
        ("answered", "2027-W02", 2, State.KEPT),
        ("answered", "2027-W03", 2, State.OPEN),
    ]


def test_the_versions_in_force_come_from_the_ledger() -> None:
    text = agreement().text
    rows: list[Row] = [
        {"version": 1, "event": "proposed", "text": text, "occurred_at": MONDAY},
        {"version": 1, "event": "in_force", "text": text, "occurred_at": MONDAY + timedelta(days=1)},
    ]
    engine = facts_in_hand(agreements=rows)
    assert versions_in_force(engine, at=MONDAY.replace(tzinfo=UTC)) == ()
    in_force = replace(agreement(), in_force_from=(MONDAY + 24 * HOUR).replace(tzinfo=UTC))
    assert versions_in_force(engine, at=datetime(2027, 2, 1, tzinfo=UTC)) == (in_force,)


def test_a_meeting_missed_is_missed_though_it_is_only_one() -> None:
    promise = Promise("reviews", Side.BOTH, "reviews_held", Period.MONTH, at_least=1.0)
    dates = [MONDAY + timedelta(days=1, weeks=week) for week in range(8)]
    rows = [{"kind": "meeting", "event": "held", "occurred_at": at} for at in dates]
    at = datetime(2027, 2, 20, tzinfo=UTC)
    all_held, one_missed = facts_in_hand(reviews=rows), facts_in_hand(reviews=[*rows[:2], *rows[3:]])
    states = [measure(e, promising(promise), at=at, periods=2)[0].state for e in (all_held, one_missed)]
    assert states == [State.KEPT, State.MISSED]


def test_a_plan_that_nobody_ever_agreed_is_missed_once_an_agreement_is_in_force() -> None:
    promise = Promise("plan", Side.LEADERSHIP, "plan_agreed_before_start", Period.QUARTER, at_least=1.0)
    engine = facts_in_hand(agreements=[{"version": 1, "event": "in_force", "occurred_at": MONDAY}])
    found = measure(engine, promising(promise), at=datetime(2027, 4, 2, tzinfo=UTC), periods=2)
    assert [each.state for each in found] == [State.NOT_RECORDED, State.MISSED]
    assert found[0].because == "plans are recorded from 2027-01-04 on"


def test_replies_that_never_came_are_missed_where_clocks_were_set() -> None:
    promise = Promise("replies", Side.MARKETING, "replied_in_time", Period.WEEK, at_least=0.9)
    rows = [row for n in range(20) for row in (an_offer(f"h{n}"), an_answer(f"h{n}", MONDAY + HOUR, "rejected"))]
    assert word(promise, rows, ENDED, periods=2).state is State.MISSED


def test_a_plan_is_judged_when_its_quarter_begins() -> None:
    promise = Promise("plan", Side.LEADERSHIP, "plan_agreed_before_start", Period.QUARTER, at_least=1.0)
    rows = [{"kind": "plan", "event": "agreed", "period": "2027-Q1", "occurred_at": MONDAY - timedelta(days=9)}]
    found = measure(facts_in_hand(reviews=rows), promising(promise), at=datetime(2027, 4, 2, tzinfo=UTC), periods=2)
    assert [(each.period.label, each.state) for each in found] == [("2027-Q1", State.KEPT), ("2027-Q2", State.MISSED)]


# One status per obligation; lateness; the order of arrival


def test_each_obligation_has_its_own_status() -> None:
    touched = Promise("touched", Side.SALES, "first_touch_in_time", Period.WEEK, at_least=0.9)
    rows = [{**row, "first_touch_due": MONDAY + 8 * HOUR} for row in offers(20)]
    engine = facts_in_hand(
        handoffs=rows,
        touches=[{"person_id": "nobody", "kind": "call.no-answer", "side": "sales", "occurred_at": MONDAY}],
    )
    found = measure(engine, promising(ANSWERED, touched), at=datetime.fromisoformat(ENDED), periods=2)
    assert [each.state for each in found if each.period.label == "2027-W01"] == [State.KEPT, State.MISSED]


def lateness(engine: Engine, at: str) -> list[tuple[object, object]]:
    week = Periods("UTC").named("2027-W01")
    found: pa.Table = late(engine, promising(ANSWERED), ANSWERED, week, at=datetime.fromisoformat(at))
    return [(row["late_seconds"], row["running"]) for row in found.to_pylist()]


def test_lateness_freezes_at_the_answer_in_business_time() -> None:
    due_friday_at_five = an_offer("h1", answer_due=MONDAY + timedelta(days=4, hours=8))
    answered_monday_at_ten = an_answer("h1", MONDAY + timedelta(days=7, hours=1))
    engine = facts_in_hand(handoffs=[due_friday_at_five, answered_monday_at_ten])
    assert lateness(engine, "2027-01-11T09:30+00:00") == [(1800, True)]
    assert lateness(engine, "2027-01-11T10:00+00:00") == [(3600, False)]
    assert lateness(engine, "2027-02-11T10:00+00:00") == [(3600, False)]


def test_lateness_freezes_when_the_handoff_is_passed_on() -> None:
    moved = {**an_offer("h1", MONDAY + 6 * HOUR), "event": "rerouted", "owner": "sara"}
    engine = facts_in_hand(handoffs=[an_offer("h1"), moved])
    assert lateness(engine, "2027-01-04T18:00+00:00") == [(2 * 3600, False)]


def test_the_earliest_answer_counts_whatever_the_order_of_arrival() -> None:
    in_time, too_late = an_answer("h1", MONDAY + HOUR), an_answer("h1", MONDAY + 6 * HOUR)
    rows = offers(19)
    for order in ([in_time, too_late], [too_late, in_time]):
        found = word(ANSWERED, [*rows, an_offer("h1"), *order], ENDED, periods=2)
        assert (found.numerator, found.denominator) == (20, 20)


def test_what_happens_after_the_moment_that_is_asked_about_does_not_count() -> None:
    rows = [*offers(19), an_offer("h1"), an_answer("h1", MONDAY + 3 * HOUR)]
    found = word(ANSWERED, rows, "2027-01-04T11:00+00:00")
    assert (found.numerator, found.open) == (19, 1)


def test_the_newest_fact_says_how_far_clocks_can_be_judged() -> None:
    engine = facts_in_hand(handoffs=[an_offer("h1")], touches=[{"person_id": "h1", "occurred_at": MONDAY + HOUR}])
    assert newest_fact(engine, at=datetime(2027, 2, 1, tzinfo=UTC)) == (MONDAY + HOUR).replace(tzinfo=UTC)
    assert newest_fact(facts_in_hand(), at=datetime(2027, 2, 1, tzinfo=UTC)) is None


# Averages, sums and what cannot be measured


def sold(*amounts: float) -> Engine:
    deals = [
        {"deal_id": f"d{n}", "event": "won", "occurred_at": MONDAY, "amount": amount, "currency": "EUR"}
        for n, amount in enumerate(amounts)
    ]
    return facts_in_hand(deals=deals, agreements=IN_FORCE)


def states(promise: Promise, engine: Engine, at: str, periods: int = 1) -> list[State]:
    return [each.state for each in measure(engine, promising(promise), at=datetime.fromisoformat(at), periods=periods)]


def test_an_average_is_judged_when_the_period_has_ended() -> None:
    size = Promise("size", Side.BOTH, "deal_size", Period.WEEK, at_least=1000)
    assert states(size, sold(1500, 500), ENDED, 2) == [State.KEPT, State.OPEN]
    assert states(size, sold(999), ENDED, 2) == [State.MISSED, State.OPEN]
    assert states(size, sold(999), RUNNING) == [State.AT_RISK]
    assert states(size, sold(1000), RUNNING) == [State.OPEN]


def test_an_average_over_nothing_says_so() -> None:
    size = Promise("size", Side.BOTH, "deal_size", Period.WEEK, at_least=1000)
    assert states(size, sold(1500), "2027-01-18T00:00+00:00", 3) == [State.KEPT, State.TOO_FEW, State.OPEN]


def test_a_sum_has_its_word_only_when_the_period_has_ended() -> None:
    revenue = Promise("revenue", Side.BOTH, "new_revenue", Period.WEEK, at_least=1000)
    assert states(revenue, sold(1000), RUNNING) == [State.OPEN]
    assert states(revenue, sold(499), RUNNING) == [State.AT_RISK]
    assert states(revenue, sold(999), ENDED, 2)[0] is State.MISSED


def test_a_promise_without_a_metric_is_not_recorded() -> None:
    found = word(replace(VOLUME, metric="happiness"), offers(1), ENDED)
    assert found.because == "no metric is called happiness"


def test_a_condition_that_cannot_be_read_is_told() -> None:
    assert word(replace(VOLUME, where="band = "), offers(1), ENDED).because.startswith("It cannot be measured: ")


def test_only_what_has_a_clock_can_be_late() -> None:
    complete = Promise("complete", Side.MARKETING, "completeness_rate", Period.WEEK, at_least=0.95)
    engine, week = facts_in_hand(handoffs=[an_offer("h1", complete=False)]), Periods("UTC").named("2027-W01")
    with pytest.raises(NotMeasurableError, match="has no clock"):
        late(engine, promising(complete), complete, week, at=datetime.fromisoformat(ENDED))


def test_meetings_keep_their_hour_when_daylight_saving_begins() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    starts = datetime(2027, 3, 23, 10, tzinfo=berlin)
    found = occurrences("FREQ=WEEKLY;BYDAY=TU", starts, berlin, datetime(2027, 3, 31, tzinfo=UTC))
    assert [at.astimezone(UTC).hour for at in found] == [9, 8, 8]
    assert occurrences("FREQ=WEEKLY;COUNT=2", starts, berlin, datetime(2028, 1, 1, tzinfo=UTC)) == found[:2]


@pytest.mark.parametrize("rule", ["FREQ=SOMETIMES", "", "FREQ=SECONDLY"])
def test_a_recurrence_that_cannot_be_planned_is_refused(rule: str) -> None:
    with pytest.raises(RecurrenceError):
        occurrences(rule, datetime(2027, 1, 1, tzinfo=UTC), ZoneInfo("UTC"), datetime(2028, 1, 1, tzinfo=UTC))
