"""Promises: what was promised, what came of it, period by period.

The rule by which a period gets its word (`tests/spec/test_promise.py` shows each by example):

- A **share** over a period that has ended is `kept` or `missed` when that is certain, whatever becomes of the rows that
  are still open: with all of them kept it cannot reach the target (`missed`), or with none of them kept it still does
  (`kept`). While that is not certain it is `open`, or `at_risk` when the share so far is beyond its target. While the
  period runs new rows may still come, so it is `open`, or `at_risk` when the share so far is beyond its target.
- A **count** that reached its target is `kept` at once, and one above its ceiling `missed` at once. Before that it is
  `at_risk` while it is behind its pace: the target times the share of the period's business time that has passed.
- A **sum** keeps pace like a count, but has its word only when the period has ended, because a deal may be reopened.
- An average, a ratio or a middle is judged when the period has ended, and `at_risk` before while beyond its target.
- Under 20 records a share says nothing (`too_few`, and how many are missing); while more can come it is `open`.
- Where the facts are not recorded it is `not_recorded`, and `because` says which. Once an agreement is in force in the
  ledger, what is not recorded has not happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

import pyarrow as pa

from accord.agreement import obligations
from accord.agreement.clock import Clock
from accord.agreement.counting import Count, Counted, Coverage, NotMeasurableError, count, coverage, rows
from accord.agreement.document import Agreement, Promise, Side
from accord.agreement.metrics import METRICS, Form, Metric, Unit
from accord.agreement.periods import Periods, Span
from accord.agreement.reading import load
from accord.facts.engine import Answers

PERIODS = 12
_MOMENT = timedelta(microseconds=1)
Check = Callable[..., pa.Table]  # of an engine and an agreement


class State(StrEnum):
    """What a period has come to."""

    KEPT = "kept"
    AT_RISK = "at_risk"
    MISSED = "missed"
    OPEN = "open"
    TOO_FEW = "too_few"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True)
class Measured:
    """One promise over one period, under one version of the agreement.

    `value`, `numerator`, `target` and `expected` (where a count or a sum should stand today) are in the metric's unit;
    `value` is None when there is nothing to divide by, or too little to show a share. `open` rows may still count;
    `left_out` says by reason how many do not; `claimed` is how many of the counted rest on somebody's word, `claims`
    what that means. `missing` is how many more records it needs. `sentence` says all of it; `sql` gives it again.
    """

    promise: Promise
    version: int
    period: Span
    state: State
    value: float | None
    numerator: float
    denominator: float
    open: int
    left_out: Mapping[str, int]
    claimed: int
    claims: str
    target: float
    expected: float | None
    missing: int
    because: str
    sentence: str
    sql: str

    @property
    def claimed_share(self) -> float | None:
        """Which share of the counted rests on somebody's word."""
        return self.claimed / self.denominator if self.denominator else None


def measure(
    engine: Answers,
    agreement: Agreement,
    *,
    at: datetime,
    periods: int = PERIODS,
    since: datetime | None = None,
    answers_checked: pa.Table | None = None,
) -> tuple[Measured, ...]:
    """Every promise of one agreement over its last periods, oldest first, as if it had been in force in all of them.

    Only what had occurred at `at` counts; periods that ended before `since` are left out. `answers_checked` has the
    columns `handoff_id` and `contradicted`. Raises AccordError for a recurrence or a calendar that cannot be read.
    """
    found: list[Measured] = []
    for promise in agreement.promises:
        spans = _spans(agreement, promise, at, periods, since)
        found += _measured(engine, agreement, promise, spans, at, answers_checked)
    return tuple(found)


def measure_in_force(
    engine: Answers,
    versions: Sequence[Agreement],
    *,
    at: datetime,
    periods: int = PERIODS,
    check: Check | None = None,
) -> tuple[Measured, ...]:
    """Every promise over its last periods, each period under the version that was in force when it began.

    A version that came into force during the first period measures that one. Promises appear in the order of the
    newest version, then those that it no longer has. `check` holds rejections against facts under one version.
    """
    checked: dict[int, pa.Table] = {}
    found: list[Measured] = []
    for promise_id in dict.fromkeys(p.id for version in reversed(_in_order(versions)) for p in version.promises):
        for version, promise, spans in _shares(_in_order(versions), promise_id, at, periods):
            if check and promise.metric == "rejections_not_contradicted" and version.version not in checked:
                checked[version.version] = check(engine, version)
            found += _measured(engine, version, promise, spans, at, checked.get(version.version))
    return tuple(found)


def versions_in_force(engine: Answers, *, at: datetime) -> tuple[Agreement, ...]:
    """The versions that came into force up to `at`, as the ledger recorded text and moment, oldest first.

    A version whose signatures came late is in force from the recorded moment, whatever its text says. Raises
    AccordError for a text that this version of Accord cannot read.
    """
    sql = f"""SELECT text, MIN(occurred_at) AS since FROM agreements WHERE event = 'in_force' AND text IS NOT NULL
  AND occurred_at <= {obligations.moment(at)} GROUP BY text ORDER BY since"""
    found = engine.rows(sql).to_pylist()
    return tuple(replace(load(row["text"]), in_force_from=row["since"].replace(tzinfo=UTC)) for row in found)


def newest_fact(engine: Answers, *, at: datetime) -> datetime | None:
    """When the newest touch, handoff event or deal event up to `at` happened: further than that no clock can be judged.

    A ledger that was exported on Monday says nothing about answers of Tuesday.
    """
    tables = " UNION ALL ".join(
        f"SELECT MAX(occurred_at) AS t FROM {name} WHERE occurred_at <= {obligations.moment(at)}"
        for name in ("touches", "handoffs", "deals")
    )
    (found,) = engine.one(f"SELECT MAX(t) FROM ({tables}) AS newest")
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else None


def late(engine: Answers, agreement: Agreement, promise: Promise, span: Span, *, at: datetime) -> pa.Table:
    """The missed rows of a promise with a clock, and by how much: `late_seconds` of the company's or team's open time.

    Lateness ends with what was owed, or when the handoff was passed on; it does not grow afterwards. Where nothing has
    come yet (`running`), it is counted up to `at`. Raises NotMeasurableError for a promise without a clock.
    """
    metric = METRICS[promise.metric]
    found = rows(engine, agreement, metric, span, at=at, where=promise.where).to_pylist()
    missed = [row for row in found if row["verdict"] == "missed" and row["due_at"] is not None]
    if any(row["verdict"] == "missed" for row in found) and not missed:
        raise NotMeasurableError(f"{promise.metric} has no clock, so nothing can be late.")
    return pa.Table.from_pylist([_lateness(row, metric, agreement, at) for row in missed], schema=_LATE)


_LATE = pa.schema(
    [
        ("record_id", pa.string()),
        ("owner", pa.string()),
        ("team", pa.string()),
        ("due_at", pa.timestamp("us")),
        ("done_at", pa.timestamp("us")),
        ("late_seconds", pa.int64()),
        ("running", pa.bool_()),
    ]
)


def _lateness(row: Mapping[str, Any], metric: Metric, agreement: Agreement, at: datetime) -> dict[str, object]:
    calendar = agreement.calendar if metric.side is Side.MARKETING else agreement.calendar_of(row.get("team"))
    due = row["due_at"].replace(tzinfo=UTC)
    ends = row["done_at"].replace(tzinfo=UTC) if row["done_at"] else at
    seconds = Clock(calendar).elapsed(due, max(ends, due))
    kept = {name: row.get(name) for name in ("record_id", "owner", "team", "due_at", "done_at")}
    return {**kept, "late_seconds": seconds, "running": row["done_at"] is None}


# Which periods, under which version


def _periods(agreement: Agreement) -> Periods:
    return Periods(agreement.time_zone, agreement.fiscal_year_start)


def _spans(
    agreement: Agreement, promise: Promise, at: datetime, periods: int, since: datetime | None
) -> tuple[Span, ...]:
    spans = _periods(agreement).last(at, promise.per, periods)
    return tuple(span for span in spans if since is None or span.end > since)


def _in_order(versions: Sequence[Agreement]) -> list[Agreement]:
    return sorted(versions, key=lambda version: (version.in_force_from, version.version))


def _shares(
    versions: Sequence[Agreement], promise_id: str, at: datetime, periods: int
) -> list[tuple[Agreement, Promise, tuple[Span, ...]]]:
    shares = []
    for place, version in enumerate(versions):
        promise = next((p for p in version.promises if p.id == promise_id), None)
        following = versions[place + 1].in_force_from if place + 1 < len(versions) else None
        if promise is None:
            continue
        spans = _spans(version, promise, at, periods, None)
        own = tuple(s for s in spans if _governs(version, following, s, first=place == 0))
        if own:
            shares.append((version, promise, own))
    return shares


def _governs(version: Agreement, following: datetime | None, span: Span, *, first: bool) -> bool:
    began = version.in_force_from <= span.start or (first and version.in_force_from < span.end)
    return began and (following is None or following > span.start)


# From counts to words


def _measured(
    engine: Answers,
    agreement: Agreement,
    promise: Promise,
    spans: Sequence[Span],
    at: datetime,
    answers_checked: pa.Table | None,
) -> list[Measured]:
    metric = METRICS.get(promise.metric)
    if metric is None:
        because = f"no metric is called {promise.metric}"
        return [_unmeasured(agreement, promise, span, because) for span in spans]
    if not spans:
        return []
    covered = coverage(engine, metric, at=at, answers_checked=answers_checked)
    if covered.lacking:
        return [_unmeasured(agreement, promise, span, f"no {covered.lacking} are recorded") for span in spans]
    try:
        counted = count(engine, agreement, metric, spans, at=at, where=promise.where, answers_checked=answers_checked)
    except NotMeasurableError as error:
        return [_unmeasured(agreement, promise, span, str(error).rstrip(".")) for span in spans]
    return [_word(agreement, promise, counted, each, covered, at) for each in counted.periods]


def _word(
    agreement: Agreement, promise: Promise, counted: Count, each: Counted, covered: Coverage, at: datetime
) -> Measured:
    metric, target = counted.metric, _target(promise)
    if because := _not_recorded(metric, each, covered):
        return _unmeasured(agreement, promise, each.span, because, each.left_out, counted.sql)
    state = _state(agreement, promise, metric, each, at)
    missing = max(0, metric.needed - int(each.denominator)) if metric.needed else 0
    value = None if metric.form is Form.SHARE and missing else each.value
    running = each.span.end > at and metric.form in (Form.COUNT, Form.SUM)
    return Measured(
        promise=promise,
        version=agreement.version,
        period=each.span,
        state=state,
        value=value,
        numerator=each.numerator,
        denominator=each.denominator,
        open=each.open,
        left_out=each.left_out,
        claimed=each.claimed,
        claims=metric.claims,
        target=target,
        expected=target * _passed(agreement, each.span, at) if running else None,
        missing=missing,
        because="",
        sentence=_sentence(agreement, promise, metric, each, state, missing),
        sql=counted.sql,
    )


def _unmeasured(
    agreement: Agreement,
    promise: Promise,
    span: Span,
    because: str,
    left_out: Mapping[str, int] | None = None,
    sql: str = "",
) -> Measured:
    return Measured(
        promise=promise,
        version=agreement.version,
        period=span,
        state=State.NOT_RECORDED,
        value=None,
        numerator=0.0,
        denominator=0.0,
        open=0,
        left_out=left_out or {},
        claimed=0,
        claims="",
        target=_target(promise),
        expected=None,
        missing=0,
        because=because,
        sentence=f"{promise.id}, {span.label}: not recorded, {because}.",
        sql=sql,
    )


def _not_recorded(metric: Metric, each: Counted, covered: Coverage) -> str:
    what, span = metric.needs[0].what, each.span
    if covered.since and (span.start if metric.settled else span.end - _MOMENT) < covered.since:
        return f"{what} are recorded from {covered.since:%Y-%m-%d} on"
    if covered.until and span.start > covered.until and not metric.settled:
        return f"{what} are recorded until {covered.until:%Y-%m-%d}"
    never = {obligations.NO_CLOCK, obligations.NOT_RECORDED}
    if metric.form is Form.SHARE and not each.denominator and not each.open and never & set(each.left_out):
        return next(reason for reason in each.left_out if reason in never)
    return ""


def _target(promise: Promise) -> float:
    found = promise.at_least if promise.at_least is not None else promise.at_most
    return 0.0 if found is None else found


def _state(agreement: Agreement, promise: Promise, metric: Metric, each: Counted, at: datetime) -> State:
    ended = each.span.end <= at or metric.settled
    if metric.form is Form.SHARE:
        return _state_of_share(promise, metric, each, ended=ended)
    if metric.form in (Form.COUNT, Form.SUM):
        passed = 1.0 if ended else _passed(agreement, each.span, at)
        return _state_of_amount(promise, each.numerator, passed, ended=ended, grows=metric.form is Form.COUNT)
    if each.value is None:
        return State.TOO_FEW if ended and not each.open else State.OPEN
    holds = _holds(promise, Fraction(each.value))
    if ended and not each.open:
        return State.KEPT if holds else State.MISSED
    return State.OPEN if holds else State.AT_RISK


def _state_of_share(promise: Promise, metric: Metric, each: Counted, *, ended: bool) -> State:
    numerator, denominator = int(each.numerator), int(each.denominator)
    if denominator < metric.needed:
        return State.TOO_FEW if ended and denominator + each.open < metric.needed else State.OPEN
    so_far = _holds(promise, Fraction(numerator, denominator))
    if ended:
        ends = [Fraction(numerator + kept, denominator + each.open) for kept in (0, each.open)]
        certain = {_holds(promise, share) for share in ends}
        if len(certain) == 1:
            return State.KEPT if certain.pop() else State.MISSED
    return State.OPEN if so_far else State.AT_RISK


def _state_of_amount(promise: Promise, amount: float, passed: float, *, ended: bool, grows: bool) -> State:
    holds = _holds(promise, Fraction(amount))
    if ended:
        return State.KEPT if holds else State.MISSED
    if promise.at_least is not None:
        if holds:
            return State.KEPT if grows else State.OPEN
        return State.AT_RISK if amount < promise.at_least * passed else State.OPEN
    if not holds:
        return State.MISSED if grows else State.AT_RISK
    return State.AT_RISK if promise.at_most is not None and amount > promise.at_most * passed else State.OPEN


def _holds(promise: Promise, value: Fraction) -> bool:
    """Compared exactly: 0.9 as written, not as the nearest binary number."""
    if promise.at_least is not None and value < Fraction(str(promise.at_least)):
        return False
    return promise.at_most is None or value <= Fraction(str(promise.at_most))


def _passed(agreement: Agreement, span: Span, at: datetime) -> float:
    """Which share of the period's business time has passed; of its wall time where it has no business time."""
    until = min(max(at, span.start), span.end)
    clock = Clock(agreement.calendar)
    whole = clock.elapsed(span.start, span.end)
    return clock.elapsed(span.start, until) / whole if whole else (until - span.start) / (span.end - span.start)


# Words


def _sentence(agreement: Agreement, promise: Promise, metric: Metric, each: Counted, state: State, missing: int) -> str:
    goal = f"{'at least' if promise.at_least is not None else 'at most'} {shown(_target(promise), metric, agreement)}"
    if state is State.TOO_FEW or missing:
        so_far = f"{_records(int(each.denominator))}, {missing} more needed"
    elif metric.form is Form.SHARE:
        so_far = f"{shown(each.value, metric, agreement)} ({each.numerator:,.0f} of {each.denominator:,.0f})"
    else:
        so_far = shown(each.value, metric, agreement)
    notes = [f"{each.open:,} still open"] if each.open else []
    notes += [f"{number:,} left out: {reason}" for reason, number in each.left_out.items()]
    notes += [f"{each.claimed:,} {metric.claims}"] if each.claimed else []
    tail = f"; {'; '.join(notes)}" if notes else ""
    return f"{promise.id}, {each.span.label}: {STATE_WORDS[state]}. {so_far}, {goal} promised{tail}."


STATE_WORDS: Mapping[State, str] = {
    State.KEPT: "Kept",
    State.AT_RISK: "At risk",
    State.MISSED: "Missed",
    State.OPEN: "Open",
    State.TOO_FEW: "Too few records",
    State.NOT_RECORDED: "Not recorded",
}


def _records(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"


def shown(value: float | None, metric: Metric, agreement: Agreement) -> str:
    """A value as people read it: 93 %, 31, 2,400,000 EUR, 2.5 h; a dash where there is none."""
    if value is None:
        return "–"
    if metric.unit is Unit.SHARE:
        return f"{value * 100:.1f}".removesuffix(".0") + " %"
    if metric.unit is Unit.MONEY:
        return f"{value:,.0f} {agreement.currency}"
    return f"{value:,.1f} h" if metric.unit is Unit.HOURS else f"{value:,.0f}"
