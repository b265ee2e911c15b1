"""Plan and pace: what was won in the running quarter, week by week, against the plan that both teams agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from accord.agreement.counting import count as counted_by
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods, Span
from accord.facts.engine import Answers
from accord.report import charts
from accord.report.figures import Grid, PlanView, Tile
from accord.report.numbers import day, percent, short_money

METRIC = "new_revenue"
SLACK = 0.02
"""So far behind its pace, as a share of the plan, revenue counts as on pace: one deal moves it by more."""


@dataclass(frozen=True, slots=True)
class Week:
    """The end of one week: what was won since the quarter began (None for a week to come), and where the plan stands
    then if it is earned evenly. In the agreement's currency."""

    number: int
    ends: datetime
    won: float | None
    planned: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The running quarter as of a moment: `won` and `due` so far, `planned` for all of it."""

    quarter: str
    currency: str
    won: float
    due: float
    planned: float
    weeks: tuple[Week, ...]
    sql: str

    @property
    def gap(self) -> float:
        """How far ahead of its pace revenue is, as a share of the pace; below zero behind."""
        return (self.won - self.due) / self.due if self.due else 0.0

    @property
    def is_behind(self) -> bool:
        """Whether it is behind by more than one can say nothing about."""
        return self.won < self.due - SLACK * self.planned


def pace(engine: Answers, agreement: Agreement, *, at: datetime) -> Pace | None:
    """Revenue of the quarter that holds `at`; None where the agreement has no plan for it."""
    quarter = Periods(agreement.time_zone, agreement.fiscal_year_start).at(at, Period.QUARTER)
    planned = agreement.plan.get(quarter.label, {}).get(METRIC)
    if not planned:
        return None
    weeks = tuple(_weeks(quarter, ZoneInfo(agreement.time_zone)))
    begun = [week for week in weeks if week.start < at]
    counted = counted_by(engine, agreement, METRICS[METRIC], begun, at=at)
    won = _added_up([each.value or 0.0 for each in counted.periods])
    whole = (quarter.end - quarter.start) / timedelta(seconds=1)
    share = [(min(each.end, quarter.end) - quarter.start) / timedelta(seconds=1) / whole for each in weeks]
    told = [
        Week(place + 1, week.end, won[place] if place < len(won) else None, planned * share[place])
        for place, week in enumerate(weeks)
    ]
    due = planned * ((at - quarter.start) / timedelta(seconds=1)) / whole
    return Pace(quarter.label, agreement.currency, won[-1], due, planned, tuple(told), counted.sql)


def _weeks(quarter: Span, zone: ZoneInfo) -> Iterator[Span]:
    """Seven days each from the quarter's first day on; the last ends with the quarter."""
    first, count = quarter.start.astimezone(zone).date(), round((quarter.end - quarter.start).days / 7)
    starts = (first + timedelta(days=7 * number) for number in range(1, count))
    edges = [quarter.start, *(datetime.combine(each, time(), zone).astimezone(UTC) for each in starts), quarter.end]
    for number, (start, end) in enumerate(pairwise(edges), start=1):
        yield Span(f"week {number}", start, end)


def _added_up(values: list[float]) -> list[float]:
    return [sum(values[: place + 1]) for place in range(len(values))]


def finding(found: Pace) -> str:
    """`New revenue is 18 % behind its pace.`"""
    if found.is_behind:
        return f"New revenue is {percent(-found.gap, 0)} behind its pace."
    ahead = found.gap >= SLACK
    return f"New revenue is {percent(found.gap, 0)} ahead of its pace." if ahead else "New revenue is on its pace."


def tile(found: Pace) -> Tile:
    """The figure of the first row, on a rail that ends with the plan or with what was won, whichever is more."""
    scale = 100 / max(found.planned, found.won, 1.0)
    of, due = f"of {short_money(found.planned, found.currency)}", short_money(found.due, found.currency)
    return Tile(
        title="New revenue",
        team="both",
        team_name="Shared",
        value=short_money(found.won, found.currency),
        beside=f"{of}, {found.quarter}",
        says=f"{due} would be its pace today",
        now=round(found.won * scale, 1),
        low=None,
        high=None,
        target=min(round(found.planned * scale, 1), 99.2),
        state="risk" if found.is_behind else "kept",
        word="Behind" if found.is_behind else "On course",
        definition=f"{METRICS[METRIC].sentence} The pace is the plan of the quarter, earned evenly from day to day.",
        of=of,
        period=found.quarter,
    )


def view(found: Pace) -> PlanView:
    """The pace as a page shows it."""
    rows = tuple(
        (str(week.number), day(week.ends), _money(week.won, found), _money(week.planned, found)) for week in found.weeks
    )
    said = f"{short_money(found.won, found.currency)} of {short_money(found.planned, found.currency)} are won"
    says = f"{said}; earned evenly, it would be {short_money(found.due, found.currency)} today."
    return PlanView(
        says=says,
        beside=found.quarter,
        chart=charts.against_plan(found.weeks, found.currency, f"{finding(found)} {says}"),
        grid=Grid(("Week", "Ends", "Won", "Plan"), rows, right=(2, 3)),
        definition=METRICS[METRIC].sentence,
        sql=found.sql,
    )


def _money(amount: float | None, found: Pace) -> str:
    return "–" if amount is None else short_money(amount, found.currency)
