"""What the next unit of money or work may bring: scenarios with their assumptions, or that it cannot be told.

Money: how leads of a channel moved with its spend from month to month, as an elasticity (a straight line through
logarithms, after taking a steady trend out of both: Frisch & Waugh 1933), with the interval of least squares. People:
what the handoffs that nobody worked would have brought, had they been won like the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from accord.insight.economics.intervals import Reals
from accord.insight.result import LEVEL, Interval

FEWEST_MONTHS, FEWEST_LEADS = 12, 5.0
_SAME = 0.02  # a spread of the logarithm of spend below which months hardly differ
_WIDEST = 2.0  # an elasticity whose interval is wider than this tells nothing
UNIT = 1000.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`more` of what the next unit brings, in the unit that `says` names, from `interval.low` to `interval.high`;
    `value` in money. Both None where it cannot be told, and `because` says why."""

    name: str
    unit: str
    more: float | None
    interval: Interval | None
    value: Interval | None
    assumptions: tuple[str, ...]
    because: str = ""

    @property
    def known(self) -> bool:
        return self.interval is not None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "more": self.more,
            "interval": self.interval.to_json() if self.interval else None,
            "value": self.value.to_json() if self.value else None,
            "assumptions": list(self.assumptions),
            "says": self.because or None,
        }


@dataclass(frozen=True, slots=True)
class Elasticity:
    """By how many percent leads move with one percent of spend."""

    value: float
    interval: Interval
    months: int


def elasticity(spend: Reals, leads: Reals, *, among: int = 1) -> Elasticity | str:
    """From months with spend and with leads; or why it cannot be told. Of `among` channels that are looked at, all
    intervals together hold the truth at the stated level (Bonferroni), so that no one stands out by chance."""
    there = (spend > 0) & (leads > 0)
    if there.sum() < FEWEST_MONTHS:
        return f"{int(there.sum())} months have spend and leads; it takes {FEWEST_MONTHS}."
    if leads[there].mean() < FEWEST_LEADS:
        return f"Fewer than {FEWEST_LEADS:g} leads a month say nothing about a change."
    x, y = np.log(spend[there]), np.log(leads[there])
    if x.std() < _SAME:
        return "The spend hardly changed from month to month, so nothing can be seen of what a change does."
    trend = np.column_stack([np.ones(len(x)), np.arange(len(spend))[there]])
    x, y = (each - trend @ np.linalg.lstsq(trend, each, rcond=None)[0] for each in (x, y))
    return _line(x, y, among)


def _line(x: Reals, y: Reals, among: int) -> Elasticity:
    from scipy.special import stdtrit  # of a t distribution; scipy.stats takes a second to load

    squares = float(x @ x)
    slope = float(x @ y) / squares
    rest, free = y - slope * x, len(x) - 3
    half = float(stdtrit(free, 1 - (1 - LEVEL) / 2 / among)) * float(np.sqrt(rest @ rest / free / squares))
    return Elasticity(slope, Interval(slope - half, slope + half), len(x))


def of_money(
    channel: str, spend: Reals, leads: Reals, worth: Interval | None, currency: str, *, among: int = 1
) -> Scenario:
    """What 1,000 more a month in a channel would bring, if leads go on to move with spend as they did. `worth` is what
    a lead of the channel brings."""
    found = elasticity(spend, leads, among=among)
    unit = f"leads for the next {currency} {UNIT:,.0f} a month"
    if isinstance(found, str):
        return Scenario(channel, unit, None, None, None, (), f"Cannot tell. {found}")
    low, high = found.interval.low, found.interval.high
    moved = f"{found.value:.2f} % for 1 % ({low:.2f} to {high:.2f})"
    assumed = (
        f"Leads go on to move with spend as in the {found.months} months on record: {moved}.",
        "What is spent in a month works in that month, and nothing else changes.",
        "An association: who spends more when more leads come anyway sees the same.",
    )
    if high - low > _WIDEST:
        return Scenario(channel, unit, None, None, None, assumed, "Cannot tell. The months differ too much by chance.")
    if low <= 0:
        because = f"Cannot be told from nothing: leads moved by {moved} of spend."
        return Scenario(channel, unit, None, None, None, assumed, because)
    each = float(leads.sum() / spend.sum()) * UNIT
    more = Interval(low * each, high * each)
    brings = None if worth is None else Interval(more.low * worth.low, more.high * worth.high)
    return Scenario(channel, unit, found.value * each, more, brings, assumed)


def of_people(unworked: int, worked: int, owners: int, months: float, worth: Interval | None) -> Scenario:
    """What one more colleague would bring a month. `unworked` handoffs waited in vain, `worked` were acted on by so
    many `owners`; `worth` is what a handoff brings."""
    unit = "handoffs a month that one more colleague could work"
    if not worked or not owners or months <= 0:
        return Scenario("one more colleague", unit, None, None, None, (), "Cannot tell. No worked handoff is recorded.")
    load, waiting = worked / owners / months, unworked / months
    more = min(load, waiting)
    assumed = (
        f"A colleague works {load:.1f} handoffs a month, as those on record do.",
        f"{waiting:.1f} handoffs a month waited in vain; with nothing waiting, one more colleague brings nothing.",
        "At best they would have been won like the worked ones, at worst not at all.",
        "What a colleague costs is not taken off.",
    )
    brings = None if worth is None else Interval(0.0, more * worth.high)
    return Scenario("one more colleague", unit, more, Interval(0.0, more), brings, assumed)


def known(scenarios: tuple[Scenario, ...]) -> Iterator[Scenario]:
    """Those that could be told."""
    return (each for each in scenarios if each.known)
