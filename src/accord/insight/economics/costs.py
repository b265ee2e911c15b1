"""What was spent, and what a lead, an MQL, a handoff and a customer cost.

The spend is taken as it was; what chance moves is how many came. A cost is therefore the spend divided by the score
interval of a Poisson count. Leads of one account come together now and then, which makes the truth a little wider.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from accord.agreement import obligations
from accord.agreement.counting import judged
from accord.agreement.metrics import METRICS, Form
from accord.insight.economics import intervals
from accord.insight.economics.books import Spending, Stretch, Wins, counted, question
from accord.insight.economics.figure import Figure
from accord.insight.economics.people import People, spent_on
from accord.insight.result import ENOUGH, Interval

if TYPE_CHECKING:
    from accord.facts.engine import Answers

COUNTED = "score interval of a Poisson count, the spend taken as it was"
AVERAGED = "studentized Poisson bootstrap of records"
NO_SPEND = "No spend is recorded."


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: of which facts, over which stretch, which part of it is paid, as of when, in which currency."""

    engine: Answers
    stretch: Stretch
    paid: Stretch | None
    at: datetime
    as_known: datetime | None
    currency: str | None
    margin: float
    by: str
    held: dict[tuple[str, Stretch], tuple[float, str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def money(self) -> str:
        return self.currency or "money"

    def figure(
        self, name: str, title: str, value: float | None, *, unit: str, n: int, definition: str, sql: str,
        interval: Interval | None = None, kind: str = "", says: str = "", records: str = "",
    ) -> Figure:  # fmt: skip
        """A figure with what was asked."""
        return Figure(
            name=name, title=title, value=value, unit=unit, n=n, definition=definition, sql=sql, interval=interval,
            kind=kind if interval else "", says=says, records=records, as_known=self.as_known,
        )  # fmt: skip

    def judged_sql(self, metric: str, stretch: Stretch) -> str:
        """The rows of a metric of the registry in a stretch, as `judged`."""
        return judged(METRICS[metric], question(stretch, self.at, self.currency))

    def counted(self, metric: str, stretch: Stretch) -> tuple[float, str]:
        """How many records a metric of the registry divides by, or counts, in a stretch, and the query; once each."""
        if (metric, stretch) not in self.held:
            self.held[metric, stretch] = self._counted(metric, stretch)
        return self.held[metric, stretch]

    def _counted(self, metric: str, stretch: Stretch) -> tuple[float, str]:
        spans = stretch.spans
        what = "denominator" if METRICS[metric].form is Form.RATIO else "numerator"
        sql = f"""{self.judged_sql(metric, stretch)}
SELECT coalesce(sum({what}), 0.0) FROM judged WHERE verdict = 'kept'
  AND cohort_at >= {obligations.moment(spans[0].start)} AND cohort_at < {obligations.moment(spans[-1].end)}"""
        return float(str(self.engine.one(sql)[0])), sql


def costs(asked: Asked, everybody: People, won: Wins, spent: Spending) -> Iterator[Figure]:
    """All figures of spend and cost."""
    yield from _spend(asked, spent)
    stretch = asked.paid or asked.stretch
    sql = everybody.histories.sql
    leads = float(stretch.holds(everybody.came).sum())
    yield per(
        asked,
        "cost_per_lead",
        "Cost per lead",
        spent,
        leads,
        "lead",
        sql,
        "Spend of both sides divided by the people who entered the funnel.",
    )
    mql = float(everybody.reached("MQL", stretch).sum())
    yield per(
        asked,
        "cost_per_mql",
        "Cost per MQL",
        spent,
        mql,
        "MQL",
        sql,
        "Spend of both sides divided by the people who became an MQL for the first time.",
    )
    yield _of_registry(asked, spent, "cost_per_handoff", "Cost per handoff", "handoff")
    yield _of_registry(asked, spent, "acquisition_cost", "Acquisition cost", "new customer")
    yield from _without_lost(asked, everybody, spent)
    yield from _of_sales(asked, won, spent)


def _spend(asked: Asked, spent: Spending) -> Iterator[Figure]:
    says = "" if spent.records else NO_SPEND
    told = (
        ("spend", "Spend", spent.total, "both sides"),
        ("spend_of_marketing", "Spend of marketing", spent.of_side("marketing"), "marketing"),
        ("spend_of_sales", "Spend of sales", spent.of_side("sales"), "sales"),
    )
    for name, title, amount, whose in told:
        yield asked.figure(
            name, title, amount if spent.records else None, unit=asked.money, n=spent.records, says=says, sql=spent.sql,
            definition=f"Spend of {whose}, split evenly over the time that it covers; counted, not estimated.",
            records="spend",
        )  # fmt: skip


def per(
    asked: Asked, name: str, title: str, spent: Spending, count: float, of: str, sql: str, definition: str,
    *, amount: float | None = None,
) -> Figure:  # fmt: skip
    """Spend divided by a count, with the interval of the count; or why it cannot be told."""
    amount = spent.total if amount is None else amount
    says = _why(spent, count, of)
    told = intervals.divided(amount, intervals.of_count(count)) if not says and count >= ENOUGH else None
    if not says and count < ENOUGH:
        says = too_few(count, of)
    return asked.figure(
        name, title, amount / count if spent.records and count else None, unit=f"{asked.money} per {of}",
        n=round(count), definition=definition, sql=sql, interval=told, kind=COUNTED, says=says, records="spend",
    )  # fmt: skip


def too_few(count: float, of: str) -> str:
    """How many more it takes for an interval."""
    told = counted(count, of, of if of == "MQL" else f"{of}s")
    return f"No interval: {told}; {ENOUGH - count:,.0f} more would give one."


def _why(spent: Spending, count: float, of: str) -> str:
    if not spent.records:
        return NO_SPEND
    return "" if count else f"Nobody came to be a {of} in this stretch."


def _of_registry(asked: Asked, spent: Spending, metric: str, title: str, of: str) -> Figure:
    stretch = asked.paid or asked.stretch
    count, sql = asked.counted(metric, stretch)
    told = METRICS[metric]
    definition = f"{told.sentence} {told.numerator} Divided by: {told.denominator}"
    return per(asked, metric, title, spent, count, of, sql, definition)


def _without_lost(asked: Asked, everybody: People, spent: Spending) -> Iterator[Figure]:
    """The same cost when only the money that was spent on leads that were won counts."""
    stretch = asked.paid or asked.stretch
    share = spent_on(everybody, spent, stretch, asked.by)
    count = len(share.each_won)
    definition = (
        "Of the leads of this stretch that became customers so far, what was spent on them alone: the spend of a month "
        f"on a {asked.by} is spread evenly over the leads that came from it in that month, other spend over all leads "
        "of the month."
    )
    says = _why(spent, float(count), "customer among the leads")
    enough = not says and count >= ENOUGH
    yield asked.figure(
        "acquisition_cost_without_lost", "Acquisition cost without leads that were lost",
        float(share.each_won.mean()) if spent.records and count else None, unit=f"{asked.money} per new customer",
        n=count, definition=definition, sql=everybody.histories.sql, says=says, records="spend",
        interval=intervals.of_average(share.each_won) if enough else None, kind=AVERAGED,
    )  # fmt: skip
    for name, title, amount in (
        ("spent_on_won", "Spent on leads that were won", share.won),
        ("spent_on_lost", "Spent on leads that were lost", share.lost),
        ("spent_on_open", "Spent on leads that are open", share.open),
        ("spent_on_nobody", "Spent in months without a lead", share.nobody),
    ):
        yield asked.figure(
            name, title, amount if spent.records else None, unit=asked.money, n=everybody.histories.size,
            definition=f"{definition.partition(': ')[2][:1].upper()}{definition.partition(': ')[2][1:]}",
            sql=everybody.histories.sql, says="" if spent.records else NO_SPEND, records="spend",
        )  # fmt: skip


def _of_sales(asked: Asked, won: Wins, spent: Spending) -> Iterator[Figure]:
    stretch = asked.paid or asked.stretch
    worth = won.worth[won.in_stretch(stretch) & (won.worth > 0)]
    cost = spent.of_side("sales")
    known, says = bool(spent.records and len(worth)), ""
    if not known:
        says = "No deal with an amount was won in this stretch." if spent.records else NO_SPEND
    elif len(worth) < ENOUGH:
        says = too_few(len(worth), "won deal")
    revenue = intervals.of_total(worth) if not says else None
    yield asked.figure(
        "cost_of_sales", "Cost of sales", cost / float(np.sum(worth)) if known else None,
        unit=f"{asked.money} of sales' spend per {asked.money} of new revenue", n=len(worth), sql=won.sql, says=says,
        definition="Spend of sales divided by the new revenue of the days for which spend is recorded.",
        interval=intervals.divided(cost, revenue) if revenue else None, records="deals",
        kind="studentized Poisson bootstrap of won deals, the spend taken as it was",
    )  # fmt: skip
