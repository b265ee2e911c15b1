"""Counts a metric over periods: one query for all of them, whose SQL stays with the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from accord.agreement import obligations
from accord.agreement.clock import Clock
from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import ColumnLike, ConditionError, parse
from accord.agreement.document import Agreement, Review
from accord.agreement.metrics import Form, Metric
from accord.agreement.obligations import Question, moment, with_parts
from accord.agreement.periods import Span
from accord.agreement.recurrence import occurrences
from accord.agreement.replies import reply_dues
from accord.facts.engine import Answers
from accord.facts.errors import AccordError
from accord.facts.kinds import Kind
from accord.facts.lead_view import Column, Origin

TIMES = pa.timestamp("us")
ANSWERS_CHECKED = pa.schema([("handoff_id", pa.string()), ("contradicted", pa.bool_())])
_HANDOFF_COLUMNS: Mapping[str, ColumnLike] = {
    column.name: column
    for column in (
        Column("version", Kind.NUMBER, "count", "The version under which the handoff began.", Origin.PERSON),
        Column("owner", Kind.TEXT, "handle", "Who owned it.", Origin.PERSON),
        Column("team", Kind.TEXT, "name", "Whose team owned it.", Origin.PERSON),
        Column("complete", Kind.TRUTH, "yes or no", "Whether every field was there.", Origin.PERSON),
        Column("in_capacity", Kind.TRUTH, "yes or no", "Whether it was within capacity.", Origin.PERSON),
        Column("pipeline", Kind.TEXT, "name", "The pipeline of a deal.", Origin.PERSON),
    )
}
_READS_ATTEMPTS = re.compile(r"\battempts\b", re.IGNORECASE)


class NotMeasurableError(AccordError):
    """A promise asks for what the facts do not keep."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One metric over one period.

    `value` is in the metric's unit, None where nothing is there to divide by. `open` rows may still count,
    `left_out` says by reason how many never will, `claimed` is how many of the counted rest on somebody's word.
    """

    span: Span
    value: float | None
    numerator: float
    denominator: float
    open: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    claimed: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """A metric over several periods, and the SQL that gave it."""

    metric: Metric
    periods: tuple[Counted, ...]
    sql: str


def count(
    engine: Answers,
    agreement: Agreement,
    metric: Metric,
    spans: Sequence[Span],
    *,
    at: datetime,
    where: str | None = None,
    answers_checked: pa.Table | None = None,
) -> Count:
    """Counts a metric over spans, from the facts that had occurred at `at`.

    `answers_checked` has the columns `handoff_id` and `contradicted` (yes, no or unknown); without it no rejection was
    held against a fact. Raises NotMeasurableError for a `where` over columns that are not kept on these rows.
    """
    question = ask(agreement, spans, at)
    sql = _count_sql(metric, question, _where(metric, where, agreement))
    with _prepared(engine, agreement, metric, question, answers_checked):
        found = engine.rows(sql).to_pylist()
    counted = tuple(_counted(metric, span, [row for row in found if row["label"] == span.label]) for span in spans)
    return Count(metric, counted, sql)


def rows(
    engine: Answers,
    agreement: Agreement,
    metric: Metric,
    span: Span,
    *,
    at: datetime,
    where: str | None = None,
    answers_checked: pa.Table | None = None,
) -> pa.Table:
    """The judged rows behind a number, one per record, with what each was decided to be and its times in UTC."""
    question = ask(agreement, (span,), at)
    sql = f"""{judged(metric, question)}
SELECT * FROM judged
WHERE cohort_at >= {moment(span.start)} AND cohort_at < {moment(span.end)}{_where(metric, where, agreement)}
ORDER BY cohort_at, record_id"""
    with _prepared(engine, agreement, metric, question, answers_checked):
        return engine.rows(sql)


@dataclass(frozen=True, slots=True)
class Coverage:
    """From when until when the facts of a metric are recorded.

    `lacking` names those that are not recorded at all. `until` is None where an agreement is in force in the ledger:
    there, what is not recorded has not happened. In a ledger of imported files it may only be missing from the files.
    """

    since: datetime | None = None
    until: datetime | None = None
    lacking: str | None = None


def coverage(engine: Answers, metric: Metric, *, at: datetime, answers_checked: pa.Table | None = None) -> Coverage:
    """What is recorded of that which a metric needs, up to `at`; the first of its needs bounds the stretch."""
    with _registered(engine, {"answers_checked": _checked(answers_checked)}):
        bounds = [_bounds(engine, need.sql, at) for need in metric.needs]
    for need, found in zip(metric.needs, bounds, strict=True):
        if found is None:
            return Coverage(lacking=need.what)
    since, until = bounds[0] or (None, None)
    live = _bounds(engine, "SELECT occurred_at FROM agreements WHERE event = 'in_force'", at)
    return Coverage(since, None if live else until)


def _bounds(engine: Answers, facts: str, at: datetime) -> tuple[datetime, datetime] | None:
    sql = f"SELECT MIN(occurred_at), MAX(occurred_at) FROM ({facts}) AS f WHERE occurred_at <= {moment(at)}"
    since, until = engine.one(sql)
    if isinstance(since, datetime) and isinstance(until, datetime):
        return since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    return None


def ask(agreement: Agreement, spans: Sequence[Span], at: datetime) -> Question:
    """What the queries need to know of an agreement."""
    reasons = [reason for reason in agreement.answers.reject if reason.check]
    return Question(
        at=at,
        spans=spans,
        currency=agreement.currency,
        attempts=agreement.response.attempts.at_least if agreement.response.attempts else 0,
        held_against_attempts=tuple(r.code for r in reasons if _READS_ATTEMPTS.search(r.check or "")),
        checked_reasons=tuple(r.code for r in reasons),
    )


def judged(metric: Metric, question: Question) -> str:
    """The beginning of a query in which `judged` has every row of a metric with its verdict."""
    parts = with_parts(("spans", *metric.parts), question)
    return f"{parts},\njudged AS (\n{metric.rows(question)}\n)"


def _count_sql(metric: Metric, question: Question, where: str) -> str:
    middle = "MEDIAN(j.numerator)" if metric.form is Form.MEDIAN else "CAST(NULL AS DOUBLE)"
    return f"""{judged(metric, question)}
SELECT s.label, CASE WHEN j.verdict = 'missed' THEN 'kept' ELSE j.verdict END AS standing, COUNT(*) AS records,
  SUM(COALESCE(j.numerator, CASE WHEN j.verdict = 'kept' THEN 1.0 ELSE 0.0 END)) AS numerator,
  SUM(j.denominator) AS denominator, SUM(CASE WHEN j.claimed THEN 1 ELSE 0 END) AS claimed, {middle} AS middle
FROM judged AS j JOIN spans AS s ON j.cohort_at >= s.starts AND j.cohort_at < s.ends
WHERE TRUE{where}
GROUP BY s.label, CASE WHEN j.verdict = 'missed' THEN 'kept' ELSE j.verdict END
ORDER BY s.label, standing"""


def _counted(metric: Metric, span: Span, found: Iterable[Mapping[str, object]]) -> Counted:
    by_standing = {str(row["standing"]): row for row in found}
    counted = by_standing.pop("kept", None)
    still_open = by_standing.pop("open", None)
    left_out = {reason: _whole(row["records"]) for reason, row in sorted(by_standing.items())}
    numerator, denominator = _number(counted, "numerator"), _number(counted, "denominator")
    if metric.form in (Form.COUNT, Form.SUM):
        value: float | None = numerator
    elif metric.form is Form.MEDIAN:
        value = numerator = _number(counted, "middle")
        value = value if denominator else None
    else:
        value = numerator / denominator if denominator else None
    claimed = _whole(counted["claimed"]) if counted and metric.claims else 0
    waiting = _whole(still_open["records"]) if still_open else 0
    return Counted(span, value, numerator, denominator, waiting, left_out, claimed)


def _number(row: Mapping[str, object] | None, name: str) -> float:
    found = row[name] if row else None
    return float(found) if isinstance(found, int | float) else float(str(found or 0))


def _whole(found: object) -> int:
    return int(str(found or 0))


def _where(metric: Metric, where: str | None, agreement: Agreement) -> str:
    if where is None:
        return ""
    try:
        condition = parse(where, {**LEAD_COLUMNS, **_HANDOFF_COLUMNS}, zone=ZoneInfo(agreement.time_zone))
    except ConditionError as error:
        raise NotMeasurableError(f"It cannot be measured: {error.message}", remedy=error.remedy) from error
    if strange := sorted(condition.columns - set(metric.columns)):
        kept = ", ".join(metric.columns) or "no columns"
        raise NotMeasurableError(
            f"It cannot be measured: column {strange[0]} is not kept on the records of {metric.name}.",
            remedy=f"Kept are {kept}.",
        )
    return f"\n  AND COALESCE({condition.sql}, FALSE)"


# What has to be counted in business time, or planned, before the query


@contextmanager
def _prepared(
    engine: Answers, agreement: Agreement, metric: Metric, question: Question, answers_checked: pa.Table | None
) -> Iterator[None]:
    tables = {"answers_checked": _checked(answers_checked)}
    if metric.prepared == "reply_clocks":
        tables["reply_clocks"] = _reply_clocks(engine, agreement, metric, question)
    elif metric.prepared == "touch_hours":
        pairs = f"{with_parts(metric.parts, question)}\n{obligations.first_touch_pairs(question)}"
        tables["business_hours"] = _business_hours(engine, agreement, pairs)
    elif metric.prepared == "unowned_hours":
        pairs = f"{with_parts(metric.parts, question)}\n{obligations.unowned_pairs(question)}"
        tables["business_hours"] = _business_hours(engine, agreement, pairs)
    elif metric.prepared == "reviews_due":
        tables["reviews_due"] = _reviews_due(engine, agreement, question)
    with _registered(engine, tables):
        yield


@contextmanager
def _registered(engine: Answers, tables: Mapping[str, pa.Table]) -> Iterator[None]:
    for name, table in tables.items():
        engine.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            engine.unregister(name)


def _checked(given: pa.Table | None) -> pa.Table:
    """One row per handoff; one that was rejected twice counts as contradicted if either reason was."""
    if given is None:
        return ANSWERS_CHECKED.empty_table()
    by_handoff = given.group_by("handoff_id").aggregate([("contradicted", "max")])
    return by_handoff.rename_columns({"contradicted_max": "contradicted"}).select(ANSWERS_CHECKED.names)


def _micros(column: pa.ChunkedArray) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(column.cast(TIMES).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _reply_clocks(engine: Answers, agreement: Agreement, metric: Metric, question: Question) -> pa.Table:
    found = engine.rows(f"{with_parts(metric.parts, question)}\n{obligations.reply_starts(question)}")
    due = reply_dues(agreement, Clock(agreement.calendar), _micros(found["started_at"]))
    if due is None:
        return pa.table({"record_id": pa.array([], pa.string()), "due_at": pa.array([], TIMES)})
    return pa.table({"record_id": found["record_id"], "due_at": pa.array(due).cast(TIMES)})


def _business_hours(engine: Answers, agreement: Agreement, pairs: str) -> pa.Table:
    found = engine.rows(pairs)
    teams = np.asarray([str(team) if team else "" for team in found["team"].to_pylist()], dtype=object)
    starts, ends = _micros(found["started_at"]), _micros(found["ended_at"])
    hours = np.zeros(found.num_rows, dtype=np.float64)
    for team in sorted(set(teams)):
        own = teams == team
        hours[own] = Clock(agreement.calendar_of(team or None)).elapsed_many(starts[own], ends[own]) / 3600
    return pa.table({"record_id": found["record_id"], "hours": hours})


_REVIEWS_DUE = pa.schema(
    [
        ("record_id", pa.string()),
        ("kind", pa.string()),
        ("period", pa.string()),
        ("due_at", TIMES),
        ("since", TIMES),
        ("until", TIMES),
    ]
)


def _reviews_due(engine: Answers, agreement: Agreement, question: Question) -> pa.Table:
    """Planned meetings: as recorded, and for a kind without a recorded one as the agreement plans it."""
    sql = "SELECT kind, period, occurred_at FROM reviews WHERE event = 'due' AND kind <> 'plan' ORDER BY occurred_at"
    recorded = engine.rows(sql)
    plans: dict[str, list[tuple[datetime, str | None]]] = {}
    for row in recorded.to_pylist():
        plans.setdefault(row["kind"], []).append((row["occurred_at"].replace(tzinfo=UTC), row["period"]))
    until = max(span.end for span in question.spans)
    zone = ZoneInfo(agreement.time_zone)
    for kind, due in planned_reviews(agreement.review, zone, until).items():
        plans.setdefault(kind, [(each, None) for each in due])
    found = [row for kind, due in plans.items() for row in _due_rows(kind, due, zone)]
    return pa.Table.from_pylist(found, schema=_REVIEWS_DUE)


def planned_reviews(review: Review, zone: ZoneInfo, until: datetime) -> Mapping[str, tuple[datetime, ...]]:
    """The meetings that `review.meeting` plans from `review.starts` until one after `until`, in UTC."""
    if review.meeting is None or review.starts is None:
        return {}
    return {"meeting": occurrences(review.meeting, review.starts, zone, until)}


def _due_rows(kind: str, due: Sequence[tuple[datetime, str | None]], zone: ZoneInfo) -> Iterator[dict[str, object]]:
    last = (datetime(9999, 1, 1, tzinfo=UTC), None)
    for (at, period), (following, _) in pairwise([*due, last]):
        day = at.astimezone(zone).date()
        yield {
            "record_id": f"{kind} {day.isoformat()}",
            "kind": kind,
            "period": period or day.isoformat(),
            "due_at": _naive(at),
            "since": _naive(_midnight(at, zone)),
            "until": _naive(_midnight(following, zone) if following.year < 9999 else following),
        }


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
