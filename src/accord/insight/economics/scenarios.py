"""Which scenarios are asked: the next unit of money in each channel, and one more colleague."""

from __future__ import annotations

import numpy as np

from accord.agreement.obligations import moment
from accord.insight.economics import intervals, marginal
from accord.insight.economics.books import UNNAMED, Spending, Stretch, Wins
from accord.insight.economics.channels import Channel
from accord.insight.economics.costs import Asked
from accord.insight.economics.intervals import Reals
from accord.insight.economics.marginal import Scenario
from accord.insight.economics.people import People
from accord.insight.result import ENOUGH, Interval

_MONTH = 365.25 / 12


def scenarios(
    asked: Asked, everybody: People, won: Wins, spent: Spending, channels: tuple[Channel, ...]
) -> tuple[Scenario, ...]:
    """One per channel with spend, then people."""
    paid = asked.paid
    if paid is None:
        return (_people(asked, won),)
    spend, leads = _by_month(everybody, spent, paid, asked.by)
    whole = [place for place, span in enumerate(paid.spans) if (span.end - span.start).days >= 27]
    some = [each for each in channels if each.spend and each.name != UNNAMED and each.name in leads]
    told = [
        marginal.of_money(
            each.name, spend[each.name][whole], leads[each.name][whole], each.worth, asked.money, among=len(some)
        )
        for each in some
    ]
    return (*told, _people(asked, won))


def _by_month(everybody: People, spent: Spending, paid: Stretch, by: str) -> tuple[dict[str, Reals], dict[str, Reals]]:
    months = np.array([np.datetime64(span.start.replace(tzinfo=None), "us") for span in paid.spans])
    here = paid.holds(everybody.came)
    place = np.searchsorted(months, everybody.came[here], side="right") - 1
    cells = np.bincount(
        place * len(everybody.names) + everybody.group[here], minlength=len(months) * len(everybody.names)
    )
    leads = cells.reshape(len(months), -1).astype(np.float64)
    names = np.array(spent.named(by))
    spend = {
        name: np.asarray(
            np.bincount(spent.places[names == name], spent.amounts[names == name], len(months)), dtype=np.float64
        )
        for name in set(names.tolist())
    }
    return spend, {name: leads[:, number] for number, name in enumerate(everybody.names)}


def _people(asked: Asked, won: Wins) -> Scenario:
    """From the registry's `worked_rate`: handoffs on which nobody acted, and those on which somebody did."""
    since, until = asked.stretch.spans[0].start, asked.stretch.spans[-1].end
    sql = f"""{asked.judged_sql("worked_rate", asked.stretch)}
SELECT sum(CASE WHEN verdict = 'missed' THEN 1 ELSE 0 END), sum(CASE WHEN verdict = 'kept' THEN 1 ELSE 0 END),
  count(DISTINCT CASE WHEN verdict = 'kept' THEN owner END)
FROM judged WHERE cohort_at >= {moment(since)} AND cohort_at < {moment(until)}"""
    unworked, worked, owners = (int(str(each or 0)) for each in asked.engine.one(sql))
    worth = won.worth[won.in_stretch(asked.stretch) & (won.worth > 0)]
    total = intervals.of_total(worth) if len(worth) >= ENOUGH and worked else None
    each = Interval(max(total.low, 0.0) / worked, total.high / worked) if total else None
    return marginal.of_people(unworked, worked, owners, asked.stretch.days / _MONTH, each)
