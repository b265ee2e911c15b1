"""Each metric as a slow loop over one record after another, against the shipped SQL, on invented histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.metric_examples import agreement
from tests.tables import facts_in_hand

from accord.agreement.clock import Clock, Duration
from accord.agreement.counting import ANSWERS_CHECKED, Counted, count
from accord.agreement.document import Period
from accord.agreement.metrics import METRICS, Form
from accord.agreement.periods import Periods, Span

MONDAY = datetime.fromisoformat("2027-01-04T09:00")
SIGNED = agreement()
CLOCK = Clock(SIGNED.calendar)
LAST = datetime.fromisoformat("9999-12-31")
Row = dict[str, Any]


# Invented histories: times are few, so that things happen at the same moment

HOURS = st.integers(-200, 200)
MAYBE = st.none() | st.integers(0, 60)
OWNERS = st.sampled_from([None, "tomas", "amy"])
ANSWERS = ["accepted", "accepted", "accepted", "rejected", "rejected", "recycled"]
LATER = ["contacted", "qualified", "replied", "replied", "returned", "reminded"]
EVENTS = st.sampled_from(["offered", "mql", "rerouted", "rerouted", "rerouted", *ANSWERS, *LATER])


def when(hours: int) -> datetime:
    return MONDAY + timedelta(hours=hours)


@st.composite
def handoff_events(draw: st.DrawFn) -> Row:
    at = draw(HOURS)
    due = {
        name: None if (after := draw(MAYBE)) is None else when(at + after)
        for name in ("answer_due", "first_touch_due", "attempts_due", "outcome_due")
    }
    owner = draw(OWNERS)
    return {
        "handoff_id": draw(st.sampled_from("abcdef")),
        "event": draw(EVENTS),
        "occurred_at": when(at),
        "owner": owner,
        "team": {"tomas": "north", "amy": "south"}.get(owner or ""),
        "in_capacity": draw(st.sampled_from([None, True, True, False])),
        "complete": draw(st.sampled_from([None, True, False])),
        "band": draw(st.sampled_from([None, "A", "B"])),
        "reason": draw(st.sampled_from([None, "too_small", "unreachable", "no_interest"])),
        "evidence": draw(st.sampled_from(["evidenced", "claimed"])),
        **due,
    }


@st.composite
def sales_touches(draw: st.DrawFn) -> Row:
    return {
        "person_id": draw(st.sampled_from("abcdef")).upper(),
        "kind": draw(st.sampled_from(["call.no-answer", "call.connected", "email.sent"])),
        "side": draw(st.sampled_from([None, "sales", "sales", "sales", "marketing"])),
        "occurred_at": when(draw(HOURS)),
        "outcome": draw(st.sampled_from([None, None, "connected"])),
        "evidence": draw(st.sampled_from(["evidenced", "claimed", "inferred"])),
    }


@st.composite
def deal_events(draw: st.DrawFn) -> Row:
    return {
        "deal_id": draw(st.sampled_from("uvwxyz")),
        "account_id": draw(st.sampled_from([None, "acme", "beta"])),
        "event": draw(st.sampled_from(["opened", "won", "won", "lost", "reopened", "deleted", "amount"])),
        "occurred_at": when(draw(HOURS)),
        "amount": draw(st.sampled_from([None, 1000.0, 250.0])),
        "currency": draw(st.sampled_from(["EUR", "GBP", "CHF"])),
    }


@st.composite
def spends(draw: st.DrawFn) -> Row:
    at = draw(HOURS)
    until = draw(MAYBE)
    return {
        "channel": "search",
        "occurred_at": when(at),
        "until": None if until is None else when(at + until * 5),
        "amount": draw(st.sampled_from([None, 100.0, 70.0])),
        "currency": draw(st.sampled_from(["EUR", "GBP", "CHF"])),
    }


@st.composite
def rates(draw: st.DrawFn) -> Row:
    at = when(draw(HOURS))
    rate = draw(st.sampled_from([0.5, 1.25, 2.0]))
    return {"currency": draw(st.sampled_from(["GBP", "USD"])), "base": "EUR", "occurred_at": at, "rate": rate}


@st.composite
def held(draw: st.DrawFn) -> Row:
    at = when(draw(HOURS))
    period = draw(st.sampled_from([None, None, "2027-01-05", "2027-01-12"]))
    return {"kind": draw(st.sampled_from(["meeting", "pulse"])), "event": "held", "occurred_at": at, "period": period}


@dataclass(frozen=True)
class History:
    """Facts, sorted as they happened; `known` are they up to `at`."""

    at: datetime
    tables: Mapping[str, list[Row]]
    checked: Mapping[str, bool | None]

    def known(self, table: str) -> list[Row]:
        rows = [row for row in self.tables[table] if row["occurred_at"] <= self.at]
        return sorted(rows, key=lambda row: (row["occurred_at"], row["source_id"]))


@st.composite
def histories(draw: st.DrawFn) -> History:
    tables = {
        "handoffs": draw(st.lists(handoff_events(), max_size=30)),
        "touches": draw(st.lists(sales_touches(), max_size=15)),
        "deals": draw(st.lists(deal_events(), max_size=15)),
        "spend": draw(st.lists(spends(), max_size=4)),
        "rates": draw(st.lists(rates(), max_size=4)),
        "reviews": draw(st.lists(held(), max_size=5)),
    }
    for rows in tables.values():
        for place, row in enumerate(rows):
            row["source_id"] = f"{place:03}"
    for row in tables["handoffs"]:
        row["person_id"] = row["handoff_id"].upper()
    checked = draw(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([None, True, False])))
    return History(when(draw(HOURS)), tables, checked)


# The twin


@dataclass(frozen=True)
class Judged:
    cohort: datetime
    verdict: str
    claimed: bool = False
    numerator: float | None = None
    denominator: float = 1.0


@dataclass(frozen=True)
class Ownership:
    row: Row
    since: datetime
    until: datetime  # LAST while it lasts
    in_capacity: bool

    def holds(self, moment: datetime | None) -> bool:
        return moment is not None and self.since <= moment < self.until


@dataclass(frozen=True)
class Handoff:
    offer: Row
    events: list[Row]  # since the offer, as they happened
    touches: list[Row]  # by sales, since the offer

    @property
    def ownerships(self) -> list[Ownership]:
        starts = [event for event in self.events if event["event"] in ("offered", "rerouted")]
        ends = [*(event["occurred_at"] for event in starts[1:]), LAST]
        return [
            Ownership(row, row["occurred_at"], end, self._fits(row)) for row, end in zip(starts, ends, strict=False)
        ]

    def _fits(self, row: Row) -> bool:
        stated = [said for said in (row["in_capacity"], self.offer["in_capacity"]) if said is not None]
        return stated[0] if stated else True

    def first(self, *names: str) -> Row | None:
        return next((event for event in self.events if event["event"] in names), None)

    @property
    def signs(self) -> list[tuple[datetime, bool]]:
        """When sales was in touch, and whether that is evidenced."""
        told = [event for event in self.events if event["event"] in ("contacted", "qualified")]
        return sorted((row["occurred_at"], row["evidence"] == "evidenced") for row in [*told, *self.touches])

    @property
    def owned(self) -> bool:
        return any(ownership.row["owner"] for ownership in self.ownerships)

    def last_due(self, clock: str) -> datetime | None:
        return max((o.row[clock] for o in self.ownerships if o.row[clock]), default=None)


def handoffs_of(history: History) -> Iterator[Handoff]:
    for handoff_id in "abcdef":
        events = [event for event in history.known("handoffs") if event["handoff_id"] == handoff_id]
        offers = [event for event in events if event["event"] == "offered"]
        offers = offers or [event for event in events if event["event"] == "mql"]
        if offers:
            start = offers[0]["occurred_at"]
            since = [event for event in events if event["occurred_at"] >= start]
            yield Handoff(offers[0], since, list(touches_of(history, offers[0]["person_id"], start)))


def touches_of(history: History, person_id: str, since: datetime) -> Iterator[Row]:
    for touch in history.known("touches"):
        if touch["person_id"] == person_id and touch["side"] == "sales" and touch["occurred_at"] >= since:
            yield touch


def handoffs(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        yield Judged(handoff.offer["occurred_at"], "kept", handoff.offer["event"] == "mql", 1, 0)


def unowned_handoffs(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        if handoff.offer["event"] == "offered" and not handoff.offer["owner"]:
            yield Judged(handoff.offer["occurred_at"], "kept", False, 1, 0)


def acceptance_rate(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        answer, due = handoff.first("accepted", "rejected", "recycled"), handoff.last_due("answer_due")
        if answer:
            verdict = "kept" if answer["event"] == "accepted" else "missed"
        elif due and due >= history.at:
            verdict = "open"
        elif handoff.offer["event"] == "mql":
            verdict = "declared, not offered"
        else:
            verdict = "not answered" if handoff.owned else "without an owner"
        yield Judged(handoff.offer["occurred_at"], verdict)


def completeness_rate(history: History) -> Iterator[Judged]:
    words = {True: "kept", False: "missed", None: "not recorded"}
    for handoff in handoffs_of(history):
        yield Judged(handoff.offer["occurred_at"], words[handoff.offer["complete"]])


def worked_rate(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        due = handoff.last_due("answer_due")
        if not handoff.owned:
            verdict = "without an owner"
        elif handoff.offer["in_capacity"] is False:
            verdict = "above the agreed capacity"
        elif due is None:
            verdict = "no clock was recorded"
        elif handoff.first("accepted", "rejected", "recycled") or handoff.signs:
            verdict = "kept"
        else:
            verdict = "missed" if due < history.at else "open"
        yield Judged(handoff.offer["occurred_at"], verdict)


def qualified_rate(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        answer, outcome = handoff.first("accepted", "rejected", "recycled"), ending(handoff)
        if answer and answer["event"] == "accepted":
            word = "missed" if outcome and outcome["event"] != "qualified" else "kept" if outcome else None
            yield Judged(handoff.offer["occurred_at"], word or unfinished(handoff, history, "missed"))


def recycled_rate(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        outcome = ending(handoff)
        word = "missed" if outcome and outcome["event"] != "recycled" else "kept" if outcome else None
        yield Judged(handoff.offer["occurred_at"], word or unfinished(handoff, history, "without an outcome"))


def ending(handoff: Handoff) -> Row | None:
    return handoff.first("qualified", "rejected", "recycled")


def unfinished(handoff: Handoff, history: History, after: str) -> str:
    due = handoff.last_due("outcome_due")
    if due is None:
        return "no clock was recorded"
    return after if due < history.at else "open"


def response(
    history: History, clock: str, verdict: Callable[[Handoff, Ownership, datetime], str | None]
) -> Iterator[tuple[Handoff, Ownership, str]]:
    """What all promises of response have in common: whose clock it is, and what becomes of one that ran out."""
    for handoff in handoffs_of(history):
        for own in handoff.ownerships:
            due = own.row[clock]
            if not own.row["owner"]:
                yield handoff, own, "without an owner"
            elif not own.in_capacity:
                yield handoff, own, "above the agreed capacity"
            elif due is None:
                yield handoff, own, "no clock was recorded"
            else:
                yield handoff, own, verdict(handoff, own, due) or unanswered(own, due, history.at)


def unanswered(own: Ownership, due: datetime, at: datetime) -> str:
    if own.until < due:
        return "passed on before the clock ran out"
    return "missed" if own.until < LAST or due < at else "open"


def answered_in_time(history: History) -> Iterator[Judged]:
    def verdict(handoff: Handoff, own: Ownership, due: datetime) -> str | None:
        answer = handoff.first("accepted", "rejected", "recycled")
        if answer and answer["occurred_at"] < own.since:
            return "answered before it was passed on"
        if answer and own.holds(answer["occurred_at"]):
            return "kept" if answer["occurred_at"] <= due else "missed"
        return None

    for _, own, word in response(history, "answer_due", verdict):
        yield Judged(own.since, word)


def first_touch_in_time(history: History) -> Iterator[Judged]:
    def verdict(handoff: Handoff, own: Ownership, due: datetime) -> str | None:
        signs, outcome = [at for at, _ in handoff.signs], ending(handoff)
        if signs and signs[0] < own.since:
            return "touched before it was passed on"
        if signs and own.holds(signs[0]) and signs[0] <= due:
            return "kept"
        gave_back = outcome if outcome and outcome["event"] != "qualified" else None
        if gave_back and gave_back["occurred_at"] <= due and gave_back["occurred_at"] < own.until:
            return "rejected or recycled before the clock ran out"
        return "missed" if signs and own.holds(signs[0]) else None

    for handoff, own, word in response(history, "first_touch_due", verdict):
        due = own.row["first_touch_due"]
        first_proof = next((at for at, evidenced in handoff.signs if evidenced), None)
        proven = own.holds(first_proof) and first_proof is not None and first_proof <= due if due else False
        yield Judged(own.since, word, claimed=word == "kept" and not proven)


def attempts_made(history: History) -> Iterator[Judged]:
    def verdict(handoff: Handoff, own: Ownership, due: datetime) -> str | None:
        outcome = ending(handoff)
        ended = outcome["occurred_at"] if outcome else LAST
        if ended < own.since:
            return "ended before it was passed on"
        tries = [t for t in handoff.touches if own.holds(t["occurred_at"]) and t["occurred_at"] <= min(due, ended)]
        reached = any(t["kind"] == "call.connected" or t["outcome"] == "connected" for t in tries)
        if len(tries) >= 3 or reached:
            return "kept"
        if outcome and ended <= due and ended < own.until:
            if outcome["event"] == "qualified":
                return "kept"
            excuse = outcome["event"] == "rejected" and outcome["reason"] == "unreachable"
            return "missed" if excuse else "rejected or recycled before the clock ran out"
        return None

    for _, own, word in response(history, "attempts_due", verdict):
        yield Judged(own.since, word)


def first_touch_time(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        first = handoff.signs[0][0] if handoff.signs else None
        outcome = ending(handoff)
        for own in handoff.ownerships:
            if not own.row["owner"]:
                yield Judged(own.since, "without an owner")
            elif not own.in_capacity:
                yield Judged(own.since, "above the agreed capacity")
            elif first is not None and own.holds(first):
                yield Judged(own.since, "kept", numerator=hours(own.row["team"], own.since, first))
            elif first is not None and first < own.since:
                yield Judged(own.since, "touched before it was passed on")
            elif own.until < LAST:
                yield Judged(own.since, "passed on before a touch")
            elif outcome and outcome["event"] != "qualified":
                yield Judged(own.since, "rejected or recycled before a touch")
            else:
                yield Judged(own.since, "open")


def time_without_owner(history: History) -> Iterator[Judged]:
    for handoff in handoffs_of(history):
        if handoff.offer["event"] == "offered" and not handoff.offer["owner"]:
            start = handoff.offer["occurred_at"]
            owned = next((own.since for own in handoff.ownerships if own.row["owner"]), None)
            if owned is None:
                yield Judged(start, "open")
            else:
                yield Judged(start, "kept", numerator=hours(None, start, owned))


def hours(team: str | None, start: datetime, end: datetime) -> float:
    clock = Clock(SIGNED.calendar_of(team))
    return clock.elapsed(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)) / 3600


def rejections_of(history: History) -> Iterator[tuple[Row, datetime, list[Row]]]:
    """Each rejection, until the next of the same handoff, with what happened in between."""
    for handoff_id in "abcdef":
        events = [event for event in history.known("handoffs") if event["handoff_id"] == handoff_id]
        rejected = [event for event in events if event["event"] == "rejected"]
        for place, row in enumerate(rejected):
            until = rejected[place + 1]["occurred_at"] if place + 1 < len(rejected) else LAST
            yield row, until, [event for event in events if row["occurred_at"] <= event["occurred_at"] < until]


def replied_in_time(history: History) -> Iterator[Judged]:
    for row, _, since in rejections_of(history):
        due = CLOCK.due_at(row["occurred_at"].replace(tzinfo=UTC), Duration.parse("2d")).replace(tzinfo=None)
        replies = [event["occurred_at"] for event in since if event["event"] == "replied"]
        if replies:
            yield Judged(row["occurred_at"], "kept" if replies[0] <= due else "missed")
        else:
            yield Judged(row["occurred_at"], "missed" if due < history.at else "open")


def rejections_not_contradicted(history: History) -> Iterator[Judged]:
    for row, _, _ in rejections_of(history):
        contradicted = history.checked.get(row["handoff_id"])
        if row["reason"] not in ("too_small", "unreachable"):
            yield Judged(row["occurred_at"], "the reason names no fact to check")
        else:
            yield Judged(row["occurred_at"], "missed" if contradicted else "kept", contradicted is None)


def rejections_with_reason(history: History) -> Iterator[Judged]:
    for row, _, _ in rejections_of(history):
        yield Judged(row["occurred_at"], "kept" if row["reason"] else "missed")


@dataclass(frozen=True)
class Deal:
    deal_id: str
    closing: str
    closed_at: datetime
    customer: str
    amount: tuple[float, str] | None


def deals_of(history: History) -> Iterator[Deal]:
    for deal_id in "uvwxyz":
        events = [event for event in history.known("deals") if event["deal_id"] == deal_id]
        words = [event for event in events if event["event"] in ("won", "lost", "reopened", "deleted")]
        amounts = [(event["amount"], event["currency"]) for event in events if event["amount"] is not None]
        accounts = [event["account_id"] for event in events if event["account_id"]]
        if events:
            customer = max(accounts, default=deal_id)
            closing, at = (words[-1]["event"], words[-1]["occurred_at"]) if words else ("open", LAST)
            yield Deal(deal_id, closing, at, customer, amounts[-1] if amounts else None)


def in_euro(history: History, amount: float, currency: str, day: datetime) -> float | None:
    known = [row for row in history.tables["rates"] if row["currency"] == currency and row["occurred_at"] <= day]
    latest = max(known, key=lambda row: (row["occurred_at"], row["source_id"]), default=None)
    return amount if currency == "EUR" else amount * latest["rate"] if latest else None


def win_rate(history: History) -> Iterator[Judged]:
    words = {"won": "kept", "lost": "missed"}
    for deal in deals_of(history):
        if deal.closing in words:
            yield Judged(deal.closed_at, words[deal.closing])
        elif deal.closing != "deleted":
            yield Judged(history.at, "open")


def worth(history: History, denominator: float) -> Iterator[Judged]:
    for deal in deals_of(history):
        if deal.closing == "won":
            value = in_euro(history, *deal.amount, deal.closed_at) if deal.amount else None
            verdict = "no amount or currency" if not deal.amount else "no exchange rate" if value is None else "kept"
            yield Judged(deal.closed_at, verdict, numerator=value, denominator=denominator)


def new_revenue(history: History) -> Iterator[Judged]:
    return worth(history, 0)


def deal_size(history: History) -> Iterator[Judged]:
    return worth(history, 1)


def spent(history: History) -> Iterator[Judged]:
    for row in history.known("spend"):
        start, until = row["occurred_at"], row["until"]
        end = until if until and until > start else start + timedelta(days=1)
        value = None if row["amount"] is None else in_euro(history, row["amount"], row["currency"], start)
        verdict = "no amount or currency" if row["amount"] is None else "no exchange rate" if value is None else "kept"
        for span in spans(history):
            opens, closes = span.start.replace(tzinfo=None), span.end.replace(tzinfo=None)
            if start < closes and end > opens and opens < history.at and start < history.at:
                seconds = (min(end, closes, history.at) - max(start, opens)).total_seconds()
                part = None if value is None else value * seconds / (end - start).total_seconds()
                yield Judged(max(start, opens), verdict, numerator=part, denominator=0)


def acquisition_cost(history: History) -> Iterator[Judged]:
    yield from spent(history)
    wins = sorted((deal.closed_at, deal.customer) for deal in deals_of(history) if deal.closing == "won")
    for customer in {customer for _, customer in wins}:
        yield Judged(next(at for at, name in wins if name == customer), "kept", numerator=0)


def cost_per_handoff(history: History) -> Iterator[Judged]:
    yield from spent(history)
    for handoff in handoffs_of(history):
        yield Judged(handoff.offer["occurred_at"], "kept", handoff.offer["event"] == "mql", 0)


def reviews_held(history: History) -> Iterator[Judged]:
    meetings = [row for row in history.known("reviews") if row["kind"] == "meeting"]
    for tuesday in (date(2027, 1, 5) + timedelta(weeks=week) for week in range(4)):
        opens = datetime.combine(tuesday, datetime.min.time())
        closes = opens + timedelta(weeks=1)
        if opens <= history.at:
            named = any(row["period"] == tuesday.isoformat() for row in meetings)
            took_place = any(row["period"] is None and opens <= row["occurred_at"] < closes for row in meetings)
            verdict = "kept" if named or took_place else "missed" if closes <= history.at else "open"
            yield Judged(opens + timedelta(hours=10), verdict)


TWINS: Mapping[str, Callable[[History], Iterator[Judged]]] = {
    twin.__name__: twin
    for twin in (
        handoffs,
        unowned_handoffs,
        acceptance_rate,
        completeness_rate,
        worked_rate,
        qualified_rate,
        recycled_rate,
        answered_in_time,
        first_touch_in_time,
        attempts_made,
        first_touch_time,
        time_without_owner,
        replied_in_time,
        rejections_not_contradicted,
        rejections_with_reason,
        win_rate,
        new_revenue,
        deal_size,
        acquisition_cost,
        cost_per_handoff,
        reviews_held,
    )
}
WITHOUT_TWIN = {"plan_agreed_before_start", "opt_ins"}  # one comparison each, which the examples show in full


def spans(history: History) -> tuple[Span, ...]:
    return Periods("UTC").last(history.at.replace(tzinfo=UTC), Period.WEEK, 2)


def summed(name: str, span: Span, rows: list[Judged]) -> Counted:
    """What a person would write at the foot of the list."""
    metric = METRICS[name]
    own = [row for row in rows if span.holds(row.cohort.replace(tzinfo=UTC))]
    counted = [row for row in own if row.verdict in ("kept", "missed")]
    figures = [row.verdict == "kept" if row.numerator is None else row.numerator for row in counted]
    numerator, denominator = float(sum(figures)), sum(row.denominator for row in counted)
    if metric.form is Form.MEDIAN:
        numerator = median(figures) if figures else 0.0
        value: float | None = numerator if figures else None
    elif metric.form in (Form.COUNT, Form.SUM):
        value = numerator
    else:
        value = numerator / denominator if denominator else None
    left_out = Counter(row.verdict for row in own if row.verdict not in ("kept", "missed", "open"))
    claimed = sum(row.claimed for row in counted) if metric.claims else 0
    still_open = sum(row.verdict == "open" for row in own)
    return Counted(span, value, numerator, denominator, still_open, dict(sorted(left_out.items())), claimed)


def compare(history: History) -> None:
    engine = facts_in_hand(**history.tables)
    checked = [{"handoff_id": name, "contradicted": truth} for name, truth in history.checked.items()]
    table = pa.Table.from_pylist(checked, schema=ANSWERS_CHECKED)
    periods = spans(history)
    for name, twin in TWINS.items():
        at = history.at.replace(tzinfo=UTC)
        shipped = count(engine, SIGNED, METRICS[name], periods, at=at, answers_checked=table).periods
        slow = list(twin(history))
        for span, found in zip(periods, shipped, strict=True):
            assert rounded(found) == rounded(summed(name, span, slow)), name


def rounded(counted: Counted) -> tuple[object, ...]:
    figures = (counted.value, counted.numerator, counted.denominator)
    sums = tuple(None if figure is None else round(figure, 6) for figure in figures)
    return (*sums, counted.open, dict(counted.left_out), counted.claimed)


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(histories())
def test_every_metric_agrees_with_its_twin(history: History) -> None:
    compare(history)


@pytest.mark.prove
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
@given(histories())
def test_every_metric_agrees_with_its_twin_in_100_histories(history: History) -> None:
    compare(history)


def test_every_metric_has_a_twin_or_a_reason() -> None:
    assert set(TWINS) | WITHOUT_TWIN == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_the_sql_of_every_metric_is_also_sql_of_spark(name: str) -> None:
    history = History(when(0), {}, {})
    at = history.at.replace(tzinfo=UTC)
    sql = count(facts_in_hand(), SIGNED, METRICS[name], spans(history), at=at).sql
    written = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    again = sqlglot.parse_one(written[0], read="spark")
    refused = (sqlglot.exp.IgnoreNulls, sqlglot.exp.FirstValue, sqlglot.exp.LastValue, sqlglot.exp.Qualify)
    assert not list(again.find_all(*refused))
