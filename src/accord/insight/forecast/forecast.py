"""The forecast: new revenue, wins, the plan's other numbers and every promise, to the end of their periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.document import Agreement, Period, Promise
from accord.agreement.metrics import METRICS, Unit
from accord.agreement.periods import Periods, Span
from accord.facts.errors import AccordError
from accord.insight.dimensions import COHORT, checked
from accord.insight.forecast.outlook import WINS, Check, Outlook, Room, Target, outlook
from accord.insight.forecast.path import Step, path
from accord.insight.forecast.ranges import LEVEL
from accord.insight.result import Result, Theme, iso
from accord.insight.stages import moment_sql

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

SEED = 0
REVENUE = "new_revenue"
DEFINITION = (
    "Where each number will stand at the end of its period, as the range that holds 80 % of 2,000 drawn futures: what "
    "is settled stays, what is open ends as past records did that were open at its age, and what is still to come "
    "comes as it came in the past year, each with the uncertainty of both."
)
Progress = Callable[[str, int, int], None]


def _silent(step: str, done: int, of: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True, slots=True)
class Past:
    """One forecast of the past: what was foretold in the middle of a period from what could be known then, and what
    came. `held` is None where either cannot be told."""

    target: str
    metric: str
    period: str
    ends: datetime
    made_at: datetime
    low: float | None
    high: float | None
    middle: float | None
    came: float | None

    @property
    def held(self) -> bool | None:
        if self.low is None or self.high is None or self.came is None:
            return None
        return self.low - 1e-9 <= self.came <= self.high + 1e-9

    def to_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "metric": self.metric,
            "period": self.period,
            "ends": iso(self.ends),
            "made_at": iso(self.made_at),
            "low": self.low,
            "high": self.high,
            "middle": self.middle,
            "came": self.came,
            "held": self.held,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Past:
        """What `to_json` told."""
        kept = {name: told[name] for name in ("target", "metric", "period", "low", "high", "middle", "came")}
        return cls(**kept, ends=datetime.fromisoformat(told["ends"]), made_at=datetime.fromisoformat(told["made_at"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(Result):
    """All numbers as foretold at `at`, and the record of earlier forecasts. Unit: that of each metric.

    `groups` has wins and new revenue by the values of `by`; `path` leads new revenue from week to week to its end.
    """

    at: datetime
    currency: str
    version: int
    outlooks: tuple[Outlook, ...]
    by: str | None = None
    groups: tuple[tuple[str, Outlook], ...] = ()
    path: tuple[Step, ...] = ()
    record: tuple[Past, ...] = ()
    notices: tuple[str, ...] = ()

    def outlook(self, target: str) -> Outlook | None:
        """One number by the id of its promise, or `new_revenue`, `wins` and so on of the plan."""
        return next((each for each in self.outlooks if each.target.id == target), None)

    def table(self) -> pa.Table:
        """One row per number, with groups where there are any."""
        told = [_row(None, each) for each in self.outlooks] + [_row(value, each) for value, each in self.groups]
        return pa.Table.from_pylist([row if self.by else _without_group(row) for row in told], _schema(self.by))

    def record_table(self) -> pa.Table:
        """One row per past forecast."""
        return pa.Table.from_pylist([each.to_json() for each in self.record], _RECORD)

    def kept_ranges(self) -> tuple[int, int]:
        """How many past ranges held what came, of how many that can be judged."""
        judged = [each.held for each in self.record if each.held is not None]
        return sum(judged), len(judged)

    def to_json(self) -> dict[str, Any]:
        """Everything, with the record."""
        held, of = self.kept_ranges()
        told = {
            **Result.to_json(self),
            "at": iso(self.at),
            "currency": self.currency,
            "version": self.version,
            "level": LEVEL,
            "by": self.by,
            "outlooks": [_told(each) for each in self.outlooks],
            "path": [each.to_json() for each in self.path],
            "record": {"held": held, "of": of, "forecasts": [each.to_json() for each in self.record]},
            "notices": list(self.notices),
        }
        if self.by:
            told["groups"] = [{self.by: value, **_told(each)} for value, each in self.groups]
        return told

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """Past ranges of new revenue and what came, with the running period's range; of wins where revenue has none."""
        from accord.insight.forecast.drawing import backtest

        return backtest(self, theme)


def forecast(
    engine: Answers,
    agreement: Agreement,
    *,
    at: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    by: str | None = None,
    as_known: datetime | None = None,
    seed: int = SEED,
    check: Check | None = None,
    record: Sequence[Past] = (),
    progress: Progress = _silent,
) -> Forecast:
    """Every number of the agreement as foretold at `at` (with zone) from the facts in `engine`.

    Each promise is foretold for its running period, the plan's numbers for the running quarter; with `since` and
    `until` all of them for that stretch, in which counts have no goal. `by` is one of `dimensions.DIMENSIONS` and
    tells wins and new revenue apart. `check` holds rejections against facts (`agreement.answers.checked`); `record`
    are past forecasts to be shown beside. The same arguments give the same figures. Raises AccordError for a stretch
    that does not hold `at`, and for an unknown dimension.
    """
    room = Room(engine, agreement, at, seed, check, by=None if by is None else _dimension(by))
    asked = tuple(targets(agreement, at, since=since, until=until))
    found = []
    for done, (target, span) in enumerate(asked):
        progress("foretelling", done, len(asked))
        found.append(outlook(room, target, span))
    progress("foretelling", len(asked), len(asked))
    groups = tuple(_grouped(room, asked)) if by else ()
    revenue = found[0]
    return Forecast(
        unit=agreement.currency,
        n=revenue.n,
        definition=DEFINITION,
        sql=revenue.sql or "SELECT 1 WHERE FALSE",
        as_known=as_known,
        interval=revenue.interval,
        at=at,
        currency=agreement.currency,
        version=agreement.version,
        outlooks=tuple(found),
        by=by,
        groups=groups,
        path=path(room, *asked[0], found[0]),
        record=tuple(record),
        notices=tuple(_notices(engine, agreement, at, asked)),
    )


def _dimension(by: str) -> str:
    if checked(by) == COHORT:
        raise AccordError(
            "What is still to come has no cohort yet.", remedy="Name another dimension, such as channel or team."
        )
    return by


def targets(
    agreement: Agreement, at: datetime, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[tuple[Target, Span]]:
    """What is foretold at a moment, each with its period: the plan's numbers first, then the promises."""
    calendar = Periods(agreement.time_zone, agreement.fiscal_year_start)
    stretch = _stretch(calendar, at, since, until)
    quarter = stretch or calendar.at(at, Period.QUARTER)
    planned = {} if stretch else agreement.plan.get(quarter.label, {})
    names = dict.fromkeys((REVENUE, WINS, *(name for name in planned if name in METRICS)))
    per = None if stretch else Period.QUARTER
    for name in names:
        floor = name == WINS or METRICS[name].better == "higher"
        goal = planned.get(name)
        yield Target(name, name, "both", per, goal=None if goal is None else float(goal), is_floor=floor), quarter
    for promise in agreement.promises:
        if promise.metric in METRICS:
            yield _promised(promise, stretch), stretch or calendar.at(at, promise.per)


def _promised(promise: Promise, stretch: Span | None) -> Target:
    goal = promise.at_least if promise.at_least is not None else promise.at_most
    if stretch and METRICS[promise.metric].unit in (Unit.COUNT, Unit.MONEY):
        goal = None  # so many a week says nothing about another stretch
    return Target(
        promise.id, promise.metric, promise.side.value, promise.per, promise.where,
        None if goal is None else float(goal), promise.at_least is not None, is_promise=True,
    )  # fmt: skip


def _stretch(calendar: Periods, at: datetime, since: datetime | None, until: datetime | None) -> Span | None:
    if since is None and until is None:
        return None
    quarter = calendar.at(at, Period.QUARTER)
    start, end = since or quarter.start, until or quarter.end
    if start >= end:
        raise AccordError("The forecast would end before it begins.", remedy="Exchange --from and --to.")
    if end <= at:
        raise AccordError(
            f"The stretch was over on {end:%Y-%m-%d}, before {at:%Y-%m-%d %H:%M} UTC, the moment of the forecast.",
            remedy="Name a later --to; `accord promises` tells what came of periods that are over.",
        )
    if start > at:
        raise AccordError(
            f"The stretch begins on {start:%Y-%m-%d}, after {at:%Y-%m-%d %H:%M} UTC, the moment of the forecast.",
            remedy="Name an earlier --from: a forecast adds what is to come to what has come.",
        )
    last = end - timedelta(microseconds=1)
    return Span(f"{start:%Y-%m-%d} to {last:%Y-%m-%d}", start, end)


def _grouped(room: Room, asked: Sequence[tuple[Target, Span]]) -> Iterator[tuple[str, Outlook]]:
    for value in room.groups(room.at):
        room.group = value
        for target, span in asked[:2]:
            plain = Target(target.id, target.metric, target.side, target.per)
            yield value, outlook(room, plain, span)
    room.group = None


def _notices(
    engine: Answers, agreement: Agreement, at: datetime, asked: Sequence[tuple[Target, Span]]
) -> Iterator[str]:
    if not any(target.goal is not None for target, _ in asked if not target.is_promise):
        yield f"The agreement has no plan for {asked[0][1].label}, so these numbers have no goal."
    if strange := [promise.id for promise in agreement.promises if promise.metric not in METRICS]:
        yield f"No metric is known for {', '.join(strange)}; nothing is foretold for it."
    future = 0
    for table in ("touches", "handoffs", "deals"):
        (found,) = engine.one(f"SELECT count(*) FROM {table} WHERE occurred_at > {moment_sql(at.replace(tzinfo=None))}")
        future += int(str(found))
    if future:
        yield f"{future:,} facts are dated after {at:%Y-%m-%d %H:%M} UTC; they are not read."


# Rows

_NUMBERS = ("so_far", "low", "middle", "high", "goal", "chance")
_RECORD = pa.schema(
    [("target", pa.string()), ("metric", pa.string()), ("period", pa.string()), ("ends", pa.string()),
     ("made_at", pa.string()), ("low", pa.float64()), ("high", pa.float64()), ("middle", pa.float64()),
     ("came", pa.float64()), ("held", pa.bool_())]
)  # fmt: skip


def _schema(by: str | None) -> pa.Schema:
    words = ["target", "metric", "side", "unit", "period", "ends", *([by] if by else [])]
    numbers = [(name, pa.float64()) for name in _NUMBERS]
    return pa.schema(
        [*((name, pa.string()) for name in words), *numbers, ("open", pa.int64()), ("to_come", pa.float64()),
         ("n", pa.int64()), ("says", pa.string())]
    )  # fmt: skip


def _told(each: Outlook) -> dict[str, Any]:
    target, interval = each.target, each.interval
    return {
        "target": target.id,
        "is_promise": target.is_promise,
        "metric": target.metric,
        "what": target.sentence,
        "side": target.side,
        "unit": target.unit.value,
        "where": target.where,
        "period": each.period.label,
        "starts": iso(each.period.start),
        "ends": iso(each.period.end),
        "so_far": each.so_far,
        "low": interval.low if interval else None,
        "middle": each.middle,
        "high": interval.high if interval else None,
        "level": interval.level if interval else None,
        "goal": target.goal,
        "goal_is": ("at least" if target.is_floor else "at most") if target.goal is not None else None,
        "chance": each.chance,
        "open": each.open,
        "to_come": each.to_come,
        "n": each.n,
        "says": each.says,
        "sql": each.sql,
    }


def _row(value: str | None, each: Outlook) -> dict[str, Any]:
    told = _told(each)
    names = ("target", "metric", "side", "unit", "period", "ends", *_NUMBERS, "open", "to_come", "n", "says")
    return {"group": value, **{name: told[name] for name in names}}


def _without_group(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "group"}
