"""What customers bring: revenue and its growth, accounts that stay, what one is worth, and when it is paid back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from accord.agreement.metrics import METRICS
from accord.insight.economics import intervals
from accord.insight.economics.accounts import AGAIN_WITHIN, Accounts, accounts, again, paid_back, value
from accord.insight.economics.books import Spending, Stretch, Wins
from accord.insight.economics.costs import AVERAGED, NO_SPEND, Asked, too_few
from accord.insight.economics.figure import Figure
from accord.insight.economics.intervals import Reals
from accord.insight.result import ENOUGH, Interval

_NO_WIN = "No deal with an amount was won in this stretch."
_TOTALLED = "studentized Poisson bootstrap of won deals"
_MODEL = "Mean cumulative function (Nelson 1988), its spread as in Lawless & Nadeau 1995"


def gains(asked: Asked, won: Wins, spent: Spending) -> Iterator[Figure]:
    """All figures of what customers bring."""
    here = _worth(won, asked.stretch)
    yield _revenue(asked, won, here)
    yield _growth(asked, won, here)
    yield _average(asked, won, "deal_size", "Deal size", here, "won deal", METRICS["deal_size"].sentence)
    by_account = _by_account(won, asked.stretch)
    definition = "New revenue of the stretch divided by the accounts that won deals of it belong to."
    yield _average(asked, won, "revenue_per_account", "Revenue per account", by_account, "account", definition)
    found = accounts(won, asked.at)
    yield from _staying(asked, won, found)
    yield from _lifetime(asked, won, found, spent)
    yield _return(asked, won, spent)


def _worth(won: Wins, stretch: Stretch) -> Reals:
    return won.worth[won.in_stretch(stretch) & (won.worth > 0)]


def _by_account(won: Wins, stretch: Stretch) -> Reals:
    here = won.in_stretch(stretch) & (won.worth > 0)
    if not here.any():
        return np.zeros(0)
    code = pc.dictionary_encode(won.customers.combine_chunks()).indices.to_numpy(zero_copy_only=False)[here]
    _, place = np.unique(code, return_inverse=True)
    return np.asarray(np.bincount(place, won.worth[here]), dtype=np.float64)


def _revenue(asked: Asked, won: Wins, worth: Reals) -> Figure:
    metric = METRICS["new_revenue"]
    return asked.figure(
        "new_revenue", "New revenue", float(worth.sum()) if len(worth) else None, unit=asked.money, n=len(worth),
        definition=f"{metric.sentence} {metric.numerator} The interval is what a stretch like this brings.",
        sql=won.sql, interval=intervals.of_total(worth) if len(worth) >= ENOUGH else None, kind=_TOTALLED,
        says=_too_few(worth), records="deals",
    )  # fmt: skip


def _too_few(worth: Reals) -> str:
    if not len(worth):
        return _NO_WIN
    return "" if len(worth) >= ENOUGH else too_few(len(worth), "won deal")


def _growth(asked: Asked, won: Wins, worth: Reals) -> Figure:
    before = asked.stretch.before()
    earlier, enough = _worth(won, before), bool(len(worth))
    recorded = bool(len(won.won)) and won.won.min() < np.datetime64(before.since, "us")
    says = "" if enough else _NO_WIN
    if enough and not (recorded and len(earlier)):
        says = f"No full stretch of the same length before {asked.stretch.since:%-d %B %Y} is on record."
    told = not says and min(len(worth), len(earlier)) >= ENOUGH
    return asked.figure(
        "revenue_growth", "Growth of new revenue", None if says else float(worth.sum() / earlier.sum()) - 1,
        unit="share of the stretch before", n=len(worth) + len(earlier), sql=won.sql, says=says, records="deals",
        definition="New revenue of the stretch against that of the stretch of the same length just before it.",
        interval=intervals.of_growth(worth, earlier) if told else None,
        kind="normal interval of the logarithm of two compound Poisson totals",
    )  # fmt: skip


def _average(asked: Asked, won: Wins, name: str, title: str, worth: Reals, of: str, definition: str) -> Figure:
    count = len(worth)
    says = "" if count >= ENOUGH else too_few(count, of)
    return asked.figure(
        name, title, float(worth.mean()) if count else None, unit=f"{asked.money} per {of}", n=count, sql=won.sql,
        definition=definition, says=says if count else _NO_WIN, records="deals", kind=AVERAGED,
        interval=intervals.of_average(worth) if count >= ENOUGH else None,
    )  # fmt: skip


def _staying(asked: Asked, won: Wins, found: Accounts) -> Iterator[Figure]:
    told = again(found)
    says = ""
    if told.rate is None:
        says = f"{told.of} accounts have been followed for {AGAIN_WITHIN:g} days; {ENOUGH - told.of} more would tell."
    within = f"within {AGAIN_WITHIN:g} days of its first won deal"
    among = f"Of the accounts that have been followed so long ({told.waiting:,} have not), the share with"
    yield asked.figure(
        "retention", "Retention", told.rate, unit="share of accounts", n=told.of, sql=won.sql, says=says,
        definition=f"{among} another won deal {within}; contracts and renewals are deals here.",
        interval=told.interval, kind="Wilson interval of a share", records="deals",
    )  # fmt: skip
    lost = told.interval and Interval(1 - told.interval.high, 1 - told.interval.low)
    yield asked.figure(
        "churn", "Churn", None if told.rate is None else 1 - told.rate, unit="share of accounts", n=told.of,
        sql=won.sql, definition=f"{among}out another won deal {within}; it may still come later.", interval=lost,
        says=says, kind="Wilson interval of a share", records="deals",
    )  # fmt: skip


def _lifetime(asked: Asked, won: Wins, found: Accounts, spent: Spending) -> Iterator[Figure]:
    told = value(found)
    known = told is not None and told.n >= ENOUGH and told.amount > 0
    days = told.horizon if told else 0.0
    says = "" if known else f"{found.size} accounts have won deals; {max(ENOUGH - found.size, 0)} more would tell."
    yield asked.figure(
        "lifetime_value", "Lifetime value", told.amount if told and known else None, unit=f"{asked.money} per account",
        n=found.size, sql=won.sql, says=says if found.size else "No deal was won.", records="deals",
        definition=f"What an account brings in the {days:,.0f} days from its first won deal on, as revenue. {_MODEL}; "
        "what comes later is not known and not counted.",
        interval=told.interval if told and known else None, kind=f"{AVERAGED}, of each account's part in it",
    )  # fmt: skip
    cost, costs = _acquisition(asked, spent)
    yield _value_to_cost(
        asked, won, told.amount if told and known else None, told.interval if told else None, cost, costs
    )
    yield _payback(asked, won, found, cost, costs, known=bool(known))


def _acquisition(asked: Asked, spent: Spending) -> tuple[float | None, Interval | None]:
    count, _ = asked.counted("acquisition_cost", asked.paid or asked.stretch)
    if not spent.records or not count:
        return None, None
    return spent.total / count, intervals.divided(spent.total, intervals.of_count(count)) if count >= ENOUGH else None


def _value_to_cost(
    asked: Asked, won: Wins, amount: float | None, worth: Interval | None, cost: float | None, costs: Interval | None
) -> Figure:
    known = amount is not None and cost is not None and cost > 0
    told = None
    if known and worth and costs and costs.low > 0:
        told = _ratio(float(amount or 0), worth, float(cost or 1), costs, asked.margin)
    return asked.figure(
        "value_to_cost", "Lifetime value to acquisition cost",
        asked.margin * float(amount or 0) / float(cost or 1) if known else None,
        unit="times", n=len(won.worth), sql=won.sql, records="deals", interval=told,
        definition=f"Lifetime value, of which {asked.margin:.0%} is left to pay for it, divided by acquisition cost.",
        kind="both intervals taken together on the scale of logarithms", says="" if known else "Needs both figures.",
    )  # fmt: skip


def _ratio(amount: float, worth: Interval, cost: float, costs: Interval, margin: float) -> Interval:
    """Each end takes the root of the sum of squares of the two relative distances (Donner & Zou 2012)."""
    ratio = margin * amount / cost
    low = np.hypot(np.log(amount / max(worth.low, amount * 1e-6)), np.log(costs.high / cost))
    high = np.hypot(np.log(worth.high / amount), np.log(cost / costs.low))
    return Interval(ratio * float(np.exp(-low)), ratio * float(np.exp(high)))


def _payback(
    asked: Asked, won: Wins, found: Accounts, cost: float | None, costs: Interval | None, *, known: bool
) -> Figure:
    days = paid_back(found, cost, asked.margin) if known and cost is not None else None
    ends = [paid_back(found, each, asked.margin) for each in (costs.low, costs.high)] if known and costs else []
    told = Interval(ends[0], ends[1]) if len(ends) == 2 and ends[0] is not None and ends[1] is not None else None
    says = "Needs acquisition cost and lifetime value." if not known or cost is None else ""
    if not says and days is None:
        says = "What accounts bring does not reach the acquisition cost in the days that they have been followed."
    return asked.figure(
        "payback", "Payback", days, unit="days from the first won deal", n=found.size, sql=won.sql, says=says,
        definition=f"The age at which an account has brought its acquisition cost on average, {asked.margin:.0%} of its"
        " revenue being left for that; 0 where the first deal does.",
        interval=told, kind="from the interval of the acquisition cost", records="deals",
    )  # fmt: skip


def _return(asked: Asked, won: Wins, spent: Spending) -> Figure:
    worth = _worth(won, asked.paid or asked.stretch)
    says = NO_SPEND if not spent.records or spent.total <= 0 else _too_few(worth)
    known = spent.total > 0 and len(worth)
    total = intervals.of_total(worth) if not says else None
    return asked.figure(
        "return_on_spend", "Return on spend", float(worth.sum()) / spent.total if known else None,
        unit=f"{asked.money} of new revenue per {asked.money} spent", n=len(worth), sql=won.sql, says=says,
        definition="New revenue of the days for which spend is recorded, divided by that spend; what is won in a month "
        "was paid for earlier, too.",
        interval=Interval(total.low / spent.total, total.high / spent.total) if total else None,
        kind=f"{_TOTALLED}, the spend taken as it was", records="deals",
    )  # fmt: skip
