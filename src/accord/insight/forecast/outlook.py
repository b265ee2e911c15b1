"""One number of a period: where it stands, and the range in which it will end."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from accord.agreement.counting import NotMeasurableError, count, coverage, rows
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS, Form, Metric, Unit
from accord.agreement.periods import Periods, Span
from accord.insight.forecast import pipeline, reading, shares, spending
from accord.insight.forecast.arrivals import FEWEST_WEEKS, WEEK, Flow, flow
from accord.insight.forecast.pipeline import WON, Deals, Hazards
from accord.insight.forecast.ranges import Reals, range_of
from accord.insight.result import ENOUGH, Interval

if TYPE_CHECKING:
    from accord.facts.engine import Answers

FUTURES, FEWER_FUTURES = 2_000, 400
MANY_DEALS = 3_000
LOOK_BACK = timedelta(days=400)
PAST_PERIODS = 26
WINS = "wins"
_OF_DEALS = ("new_revenue", "win_rate", "deal_size", WINS)
Check = Callable[..., pa.Table]


class CannotTellError(Exception):
    """Why a number cannot be foretold yet; one sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be foretold: a number of the plan, or a promise. `goal` is None where nothing was agreed."""

    id: str
    metric: str  # of the registry, or `wins`
    side: str
    per: Period | None
    where: str | None = None
    goal: float | None = None
    is_floor: bool = True
    is_promise: bool = False

    @property
    def definition(self) -> Metric:
        """The metric whose rows are counted; wins are the numerator of the win rate."""
        return METRICS["win_rate" if self.metric == WINS else self.metric]

    @property
    def unit(self) -> Unit:
        return Unit.COUNT if self.metric == WINS else self.definition.unit

    @property
    def sentence(self) -> str:
        return "How many deals were won." if self.metric == WINS else self.definition.sentence

    def holds(self, value: Reals) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """In which futures the goal is reached."""
        assert self.goal is not None  # noqa: S101 - asked only where there is one
        return value >= self.goal - 1e-9 if self.is_floor else value <= self.goal + 1e-9


@dataclass(frozen=True, slots=True)
class Outlook:
    """One number as foretold: so far, the middle of the possible ends, and the range that holds 80 % of them.

    Values are in the unit of the metric. Where it cannot be told, `interval` and `middle` are None and `says` tells
    why. `chance` is the share of the futures in which the goal is reached. `n` are the past records under it, `open`
    those of the period that are not settled, `to_come` how many are expected beside.
    """

    target: Target
    period: Span
    so_far: float | None
    middle: float | None
    interval: Interval | None
    chance: float | None
    n: int
    open: int
    to_come: float
    says: str
    sql: str

    @property
    def known(self) -> bool:
        return self.interval is not None


@dataclass
class Room:
    """What forecasts of one moment share: the engine, the agreement, and the deals once they are read."""

    engine: Answers
    agreement: Agreement
    at: datetime
    seed: int
    check: Check | None = None
    group: str | None = None  # of `by`: only these deals
    by: str | None = None
    _deals: dict[str | None, tuple[Deals, dict[str, Any]]] = field(default_factory=dict)
    played: dict[object, tuple[pipeline.Won, Hazards]] = field(default_factory=dict)
    _late: dict[str, datetime] = field(default_factory=dict)
    _checked: pa.Table | None = None

    def complete(self, metric: Metric) -> datetime:
        """Until when the facts of a metric are known."""
        if metric.name not in self._late:
            self._late[metric.name] = reading.complete_until(self.engine, metric, at=self.at)
        return self._late[metric.name]

    def dice(self, *names: object) -> np.random.Generator:
        """The same luck for the same question."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(names).encode())])

    def answers_checked(self, metric: Metric) -> pa.Table | None:
        """Rejections held against facts, once for all who ask."""
        if metric.name != "rejections_not_contradicted" or self.check is None:
            return None
        if self._checked is None:
            self._checked = self.check(self.engine, self.agreement)
        return self._checked

    def deals(self, where: str | None, at: datetime) -> Deals:
        """The deals, of the group that is asked about."""
        if where not in self._deals:
            found, groups = reading.deals(self.engine, self.agreement, at=at, where=where, by=self.by)
            self._deals[where] = found, dict(groups)
        found, groups = self._deals[where]
        return found if self.group is None else found.chosen(groups[self.group])

    def groups(self, at: datetime) -> tuple[str, ...]:
        """The values of `by` that deals have."""
        self.deals(None, at)
        return tuple(self._deals[None][1])


@dataclass(frozen=True, slots=True)
class Futures:
    """Possible ends of one number, and what they rest on."""

    values: Reals
    n: int
    open: int = 0
    to_come: float = 0.0


def outlook(room: Room, target: Target, period: Span) -> Outlook:
    """Where the number will end. `period` must hold the room's moment."""
    metric = target.definition
    complete = room.complete(metric)
    so_far, sql = None, ""
    try:
        _recorded(room, metric)
        so_far, sql = _so_far(room, target, period)
        futures = _futures(room, target, period, max(complete, period.start - LOOK_BACK), so_far)
    except (CannotTellError, NotMeasurableError) as error:
        why = str(error).rstrip(".")
        return Outlook(target, period, so_far, None, None, None, 0, 0, 0.0, f"Cannot tell: {why}.", sql)
    found = futures.values
    chance = float(target.holds(found).mean()) if target.goal is not None else None
    middle = float(np.median(found))
    return Outlook(
        target, period, so_far, middle, range_of(found), chance, futures.n, futures.open, futures.to_come, "", sql
    )


def _recorded(room: Room, metric: Metric) -> None:
    covered = coverage(room.engine, metric, at=room.at, answers_checked=room.answers_checked(metric))
    if covered.lacking:
        raise CannotTellError(f"no {covered.lacking} are recorded")


def _so_far(room: Room, target: Target, period: Span) -> tuple[float | None, str]:
    metric = target.definition
    if target.metric in _OF_DEALS and room.group is not None:
        return _so_far_of_group(room, target, period), ""
    counted = count(
        room.engine, room.agreement, metric, [period], at=room.at, where=target.where,
        answers_checked=room.answers_checked(metric),
    )  # fmt: skip
    only = counted.periods[0]
    return (only.numerator if target.metric == WINS else only.value), counted.sql


def _so_far_of_group(room: Room, target: Target, period: Span) -> float | None:
    found = room.deals(target.where, room.at)
    closed = (found.closed >= reading.us(period.start)) & (found.state != pipeline.OPEN)
    won = closed & (found.state == WON)
    told = {WINS: float(won.sum()), "new_revenue": float(np.nansum(found.worth[won]))}
    if target.metric in told:
        return told[target.metric]
    if target.metric == "win_rate":
        return float(won.sum() / closed.sum()) if closed.sum() else None
    priced = won & ~np.isnan(found.worth)
    return float(found.worth[priced].mean()) if priced.any() else None


def _futures(room: Room, target: Target, period: Span, complete: datetime, so_far: float | None) -> Futures:
    metric = target.definition
    if metric.settled:
        if so_far is None:
            raise CannotTellError("nothing is recorded for this period")
        return Futures(np.array([so_far]), 1)
    if target.metric in _OF_DEALS:
        return _of_deals(room, target, period, complete, so_far)
    if metric.form is Form.RATIO:
        return _of_cost(room, target, period, complete)
    if metric.form is Form.SHARE:
        return _of_share(room, target, period, complete)
    return _of_count(room, target, period, complete, so_far or 0.0)


def _flow(came: np.ndarray[Any, np.dtype[np.int64]], since: int, now: int, until: int) -> Flow:
    found = flow(came, since=since, now=now, until=until)
    if found is None:
        weeks = max(0, (now - since) // WEEK)
        raise CannotTellError(f"{weeks} full weeks are on record, {FEWEST_WEEKS} are needed")
    return found


def _since(room: Room, metric: Metric, complete: datetime) -> int:
    """From when on the metric's facts are recorded, at most as far back as forecasts look."""
    covered = coverage(room.engine, metric, at=room.at, answers_checked=room.answers_checked(metric))
    return reading.us(max(covered.since or complete, complete - LOOK_BACK))


def _seen(room: Room, target: Target, period: Span, complete: datetime) -> reading.Seen:
    metric = target.definition
    return reading.judged(
        room.engine, room.agreement, metric, at=complete, where=target.where,
        since=min(period.start, complete - LOOK_BACK), answers_checked=room.answers_checked(metric),
    )  # fmt: skip


# Counts and middles


def _of_count(room: Room, target: Target, period: Span, complete: datetime, so_far: float) -> Futures:
    seen = _seen(room, target, period, complete)
    now, end = reading.us(complete), reading.us(period.end)
    coming = _flow(seen.records.came, _since(room, target.definition, complete), now, end)
    running = seen.records.came >= reading.us(period.start)
    dice = room.dice(target.id, period.label)
    more = coming.draw(dice, end, FUTURES)
    if target.definition.form is Form.MEDIAN:
        return _of_median(dice, seen, running, more)
    return Futures(np.maximum(running.sum() + more, so_far), len(running), 0, float(more.mean()))


def _of_median(
    dice: np.random.Generator,
    seen: reading.Seen,
    running: np.ndarray[Any, np.dtype[np.bool_]],
    more: np.ndarray[Any, np.dtype[np.int64]],
) -> Futures:
    told = ~np.isnan(seen.number) & (seen.records.verdict == shares.KEPT)
    past = seen.number[told & ~running]
    if len(past) < ENOUGH:
        raise CannotTellError(f"{len(past)} past records, {ENOUGH} are needed")
    own = seen.number[told & running]
    waiting = int((seen.records.verdict[running] == shares.OPEN).sum())
    usual = told.sum() / max(1, (seen.records.verdict != shares.OPEN).sum())
    ends = []
    for number in more:
        base = dice.choice(past, size=len(past))
        extra = dice.binomial(waiting + number, usual)
        values = np.concatenate([own, dice.choice(base, size=extra)])
        ends.append(float(np.median(values)) if len(values) else float(np.median(base)))
    return Futures(np.array(ends), len(past), waiting, float(more.mean()))


# Shares


def _of_share(room: Room, target: Target, period: Span, complete: datetime) -> Futures:
    metric = target.definition
    seen = _seen(room, target, period, complete)
    records, now = seen.records, reading.us(complete)
    start = reading.us(period.start)
    running = records.chosen(records.came >= start)
    dice = room.dice(target.id, period.label)
    if metric.prepared == "reviews_due":
        more = np.full(FUTURES, _planned(room, metric, period, complete) - len(running.came))
    else:
        end = reading.us(period.end)
        more = _flow(records.came, _since(room, metric, complete), now, end).draw(dice, end, FUTURES)
    old = records.chosen(_settled_before(records, start, now))
    if old.count(shares.KEPT) + old.count(shares.MISSED) < metric.needed:
        some = old.count(shares.KEPT) + old.count(shares.MISSED)
        raise CannotTellError(f"{some} settled records of earlier periods, {metric.needed} are needed")
    ends = shares.settle(
        dice, past=old, past_period=_period_of(room, target, period, old), running=running, to_come=np.maximum(more, 0),
        now=now,
    )  # fmt: skip
    values = ends.share()
    if len(values) < FUTURES / 2:
        raise CannotTellError("most likely nothing will count in this period")
    return Futures(values, len(old.came), running.count(shares.OPEN), float(np.maximum(more, 0).mean()))


def _settled_before(records: shares.Records, start: int, now: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Earlier records that had the time to be settled, so that the fast ones do not stand for all."""
    old = records.came < min(start, now - shares.patience(records))
    return np.asarray(old & (records.verdict != shares.OPEN), dtype=np.bool_)


def _period_of(room: Room, target: Target, period: Span, old: shares.Records) -> np.ndarray[Any, np.dtype[np.int64]]:
    calendar = Periods(room.agreement.time_zone, room.agreement.fiscal_year_start)
    spans = calendar.last(period.start, target.per or Period.MONTH, PAST_PERIODS)
    starts = np.array([reading.us(span.start) for span in spans], dtype=np.int64)
    return np.maximum(np.searchsorted(starts, old.came, side="right") - 1, 0)


def _planned(room: Room, metric: Metric, period: Span, complete: datetime) -> int:
    """How many meetings the whole period has, those that are yet to come with them."""
    found = rows(room.engine, room.agreement, metric, period, at=max(period.end, complete))
    return int(found.num_rows)


# Deals and costs


def _of_deals(room: Room, target: Target, period: Span, complete: datetime, so_far: float | None) -> Futures:
    found = room.deals(target.where, complete)
    now, start, end = (reading.us(each) for each in (complete, period.start, period.end))
    ends, known = _played(room, found, target, period, complete)
    closed = (found.state != pipeline.OPEN) & (found.closed >= start)
    won = closed & (found.state == WON)
    priced = won & ~np.isnan(found.worth)
    wins, losses = ends.wins + won.sum(), ends.losses + (closed & ~won).sum()
    revenue, of = ends.revenue + found.worth[priced].sum(), ends.priced + priced.sum()
    if target.metric in (WINS, "new_revenue"):
        values = np.maximum(wins if target.metric == WINS else revenue, so_far or 0.0)
    elif target.metric == "win_rate":
        values = wins[wins + losses > 0] / (wins + losses)[wins + losses > 0]
    else:
        values = revenue[of > 0] / of[of > 0]
    if not len(values):
        raise CannotTellError("most likely no deal will be closed in this period")
    opened = float((ends.wins + ends.losses).mean()) if end > now else 0.0
    return Futures(values, int(known.ended.sum()), int((found.state == pipeline.OPEN).sum()), opened)


def _played(room: Room, found: Deals, target: Target, period: Span, complete: datetime) -> tuple[pipeline.Won, Hazards]:
    name = (target.where, room.group, period.label)
    if name not in room.played:
        room.played[name] = _play(room, found, name, period, complete)
    return room.played[name]


def _play(room: Room, found: Deals, name: object, period: Span, complete: datetime) -> tuple[pipeline.Won, Hazards]:
    now = reading.us(complete)
    known = pipeline.hazards(found, now=now)
    if known is None:
        wins = int((found.state == WON).sum())
        raise CannotTellError(
            f"{wins} won deals are on record, {pipeline.FEWEST_WINS} of the last year are needed, and "
            f"{pipeline.FEWEST_ENDS} that were closed"
        )
    coming = _flow(found.opened, int(found.opened.min()), now, reading.us(period.end))
    size = FUTURES if (found.state == pipeline.OPEN).sum() < MANY_DEALS else FEWER_FUTURES
    dice = room.dice("deals", name)
    return pipeline.play(dice, found, known, coming, now=now, until=reading.us(period.end), size=size), known


def _of_cost(room: Room, target: Target, period: Span, complete: datetime) -> Futures:
    spend = spending.spend(room.engine, room.agreement, target.definition, period, at=room.at)
    if spend is None:
        raise CannotTellError(f"spend of fewer than {spending.FEWEST_BLOCKS} stretches of four weeks is on record")
    dice = room.dice(target.id, period.label)
    money = spend.draw(dice, FUTURES)
    if target.metric == "acquisition_cost":
        customers, n = _new_customers(room, target, period, complete)
        money = money[: len(customers)]
    else:
        counted = _of_count(room, Target("handoffs", "handoffs", "marketing", target.per), period, complete, 0.0)
        customers, n = counted.values, counted.n
    some = customers > 0
    if some.mean() < 0.5:
        raise CannotTellError("most likely there will be nothing to divide the spend by")
    return Futures(money[some] / customers[some], n)


def _new_customers(room: Room, target: Target, period: Span, complete: datetime) -> tuple[Reals, int]:
    found = room.deals(None, complete)
    ends, known = _played(room, found, target, period, complete)
    own = found.is_new & (found.closed >= reading.us(period.start))
    return ends.new + own.sum(), int(known.ended.sum())
