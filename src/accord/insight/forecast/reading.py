"""The facts that a forecast stands on, judged as the agreement judges them, up to the moment until which all are known.

A tool that tells its facts once a night has not told those of today. Read as if nothing had happened since, they would
make every forecast too low. So a forecast looks back from the moment until which 19 of 20 facts are known by now, and
plays on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.agreement.counting import ask, rows
from accord.agreement.document import Agreement
from accord.agreement.metrics import METRICS, Metric
from accord.agreement.obligations import with_parts
from accord.agreement.periods import Span
from accord.insight.dimensions import dimension_sql
from accord.insight.forecast.arrivals import Times
from accord.insight.forecast.pipeline import LOST, OPEN, WON, Deals
from accord.insight.forecast.ranges import Reals
from accord.insight.forecast.shares import KEPT, LEFT_OUT, MISSED, Records
from accord.insight.forecast.shares import OPEN as STILL_OPEN
from accord.insight.stages import KNOWN_AS, moment_sql, owned_sql

if TYPE_CHECKING:
    from accord.facts.engine import Answers

BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)
_LATE_OVER = timedelta(days=90)
_MOST_LATE = timedelta(days=7)
_LATE = {"handoffs": "1 = 1", "deals": "1 = 1", "touches": "side = 'sales'"}
_VERDICTS = {"kept": KEPT, "missed": MISSED, "open": STILL_OPEN}
_CLOSINGS = {"kept": WON, "missed": LOST, "open": OPEN}
_US = pa.timestamp("us")
_TIMES = pa.int64()


@dataclass(frozen=True, slots=True)
class Seen:
    """The judged rows of one metric: as records, with the number that each brings along."""

    records: Records
    number: Reals
    sql: str


def complete_until(engine: Answers, metric: Metric, *, at: datetime) -> datetime:
    """The moment up to which 19 of 20 facts that the metric reads are known at `at`, by how late they came in the last
    90 days; at most a week before."""
    late = [_late(engine, table, where, at) for table, where in _LATE.items() if table in metric.tables]
    return at - min(max([timedelta(), *late]), _MOST_LATE)


def _late(engine: Answers, table: str, where: str, at: datetime) -> timedelta:
    since, until = (moment_sql(each.replace(tzinfo=None)) for each in (at - _LATE_OVER, at))
    found = engine.rows(
        f"SELECT occurred_at, known_at FROM {table} WHERE {where} AND occurred_at >= {since} AND occurred_at <= {until}"
    )
    late = micros(found["known_at"]) - micros(found["occurred_at"])
    behind = timedelta(microseconds=int(np.quantile(late, 0.95))) if len(late) else timedelta()
    return behind if behind >= timedelta(hours=1) else timedelta()


def judged(
    engine: Answers,
    agreement: Agreement,
    metric: Metric,
    *,
    at: datetime,
    where: str | None = None,
    since: datetime = BEGINNING,
    answers_checked: pa.Table | None = None,
) -> Seen:
    """Every row of the metric up to `at`, oldest first."""
    span = Span("the past", since, at + timedelta(microseconds=1))
    found = rows(engine, agreement, metric, span, at=at, where=where, answers_checked=answers_checked)
    came = micros(found["cohort_at"])
    verdict = np.array([_VERDICTS.get(str(each), LEFT_OUT) for each in found["verdict"].to_pylist()], dtype=np.int8)
    number = found["numerator"].cast(pa.float64()).to_numpy().astype(np.float64)
    return Seen(Records(came, verdict, _settled_after(found, came, verdict)), number, sql_of(agreement, metric, at))


def sql_of(agreement: Agreement, metric: Metric, at: datetime) -> str:
    """The query of the judged rows."""
    question = ask(agreement, (Span("the past", BEGINNING, at + timedelta(microseconds=1)),), at)
    return f"{with_parts(('spans', *metric.parts), question)}\n{metric.rows(question)}"


def _settled_after(found: pa.Table, came: Times, verdict: npt.NDArray[np.int8]) -> Times:
    """A kept row is settled when it is done; a missed one when it was due, or when it was done otherwise before."""
    never = np.iinfo(np.int64).max
    done, due = (micros(found[name], never) for name in ("done_at", "due_at"))
    settled = np.where(verdict == KEPT, done, np.minimum(done, due))
    after = np.where(settled == never, 0, settled - came)
    return np.maximum(after, 0)


def deals(
    engine: Answers, agreement: Agreement, *, at: datetime, where: str | None = None, by: str | None = None
) -> tuple[Deals, Mapping[str, npt.NDArray[np.bool_]]]:
    """Every deal that the agreement's win rate judges, and which of them belong to each value of a dimension."""
    span = Span("the past", BEGINNING, at + timedelta(microseconds=1))
    closings = rows(engine, agreement, METRICS["win_rate"], span, at=at, where=where)
    worths = rows(engine, agreement, METRICS["new_revenue"], span, at=at, where=where)
    won_for = dict(zip(worths["record_id"].to_pylist(), worths["numerator"].to_pylist(), strict=True))
    stated = {row["deal_id"]: row for row in engine.rows(_stated_sql(agreement, at)).to_pylist()}
    ids = closings["record_id"].to_pylist()
    state = np.array([_CLOSINGS[each] for each in closings["verdict"].to_pylist()], dtype=np.int8)
    worth = [won_for.get(each) if kind == WON else stated[each]["worth"] for each, kind in zip(ids, state, strict=True)]
    closed = micros(closings["cohort_at"])
    began = np.array([_us(stated[each]["began_at"]) for each in ids], dtype=np.int64)
    found = Deals(
        opened=np.minimum(began, closed),
        closed=closed,
        state=state,
        worth=np.array([np.nan if each is None else each for each in worth], dtype=np.float64),
        is_new=_first_wins(state, closed, [stated[each]["customer_id"] for each in ids]),
    )
    return found, _groups(engine, ids, by) if by else {}


def _stated_sql(agreement: Agreement, at: datetime) -> str:
    """Per deal when it began, whose it is, and what it would be worth today."""
    question = ask(agreement, (Span("the past", BEGINNING, at),), at)
    base, now = question.currency.replace("'", "''"), moment_sql(at.replace(tzinfo=None))
    return f"""{with_parts(("deal_events", "closings", "rate_spans"), question)}
SELECT c.deal_id, b.began_at, c.customer_id,
  CASE WHEN c.currency = '{base}' THEN c.amount ELSE c.amount * r.rate END AS worth
FROM closings AS c
JOIN (
  SELECT deal_id, COALESCE(MIN(CASE WHEN event = 'opened' THEN occurred_at END), MIN(occurred_at)) AS began_at
  FROM deal_events GROUP BY deal_id
) AS b ON b.deal_id = c.deal_id
LEFT JOIN rate_spans AS r ON r.currency = c.currency AND r.since <= {now} AND (r.until IS NULL OR {now} < r.until)"""


def _first_wins(state: npt.NDArray[np.int8], closed: Times, customers: list[str]) -> npt.NDArray[np.bool_]:
    met: set[str] = set()
    first = np.zeros(len(state), dtype=np.bool_)
    for place in np.argsort(closed, kind="stable"):
        if state[place] == WON and customers[place] not in met:
            met.add(customers[place])
            first[place] = True
    return first


def _groups(engine: Answers, ids: list[str], by: str) -> Mapping[str, npt.NDArray[np.bool_]]:
    sql = f"""{owned_sql()},
known_as AS ({KNOWN_AS})
SELECT o.deal_id, d.value FROM (
  SELECT w.deal_id, coalesce(k.person_id, w.person_id) AS person_id
  FROM owned w LEFT JOIN known_as k ON w.person_id = k.alias_id
) o LEFT JOIN ({dimension_sql(by)}) d ON o.person_id = d.id"""
    value = {row["deal_id"]: row["value"] for row in engine.rows(sql).to_pylist()}
    told = np.array(["missing" if value.get(each) is None else str(value[each]) for each in ids], dtype=object)
    return {str(each): told == each for each in sorted(set(told))}


def micros(column: pa.ChunkedArray, empty: int = 0) -> Times:
    """Moments as microseconds since 1970, `empty` where there is none."""
    return np.asarray(column.cast(_US).cast(_TIMES).fill_null(empty).to_numpy(), dtype=np.int64)


def _us(moment: datetime) -> int:
    return us(moment.replace(tzinfo=UTC))


def us(moment: datetime) -> int:
    """A moment (with zone) as microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
