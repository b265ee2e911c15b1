"""How often and how fast: rates and times whose end is partly still to come, with intervals.

What happened is a count with a Wilson interval. What will have happened in the end is the Aalen-Johansen estimate, in
which being lost competes with arriving and whoever is still open is not lost. How long people stay is the Kaplan-Meier
estimate. Both are sums over counts per duration and end, so that a million people cost as much as their distinct
durations; tests hold them against lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from accord.insight.result import ENOUGH, LEVEL, Interval

OPEN, ARRIVED, LOST = 0, 1, 2
SOONEST = 1 / 86_400  # a second in days, for those who arrive at once
STILL_RISING = 0.2  # share of the expected arrivals that may lie in the second half of the follow-up
MOST_DISTINCT = 20_000

Days = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people (`weight`) ended in which way (`end`) after how many `days`; sorted, one row per pair."""

    days: Days
    end: Ends
    weight: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Left:
    """By moment, in days from 0 on: how many people were at risk just before it, and how many of them ended then in any
    way, or arrived."""

    days: Days
    at_risk: Days
    ended: Days
    arrived: Days

    @classmethod
    def of(cls, counts: Counted) -> Left:
        days = np.unique(np.append(counts.days, 0.0))
        place = np.searchsorted(days, counts.days)
        gone, ended, arrived = (
            np.bincount(place, counts.weight * which, len(days)).astype(np.float64)
            for which in (True, counts.end != OPEN, counts.end == ARRIVED)
        )
        return cls(days, gone.sum() - np.cumsum(gone) + gone, ended, arrived)

    def still(self) -> Days:
        """The share that has not ended by each moment (Kaplan-Meier)."""
        with np.errstate(divide="ignore"):  # nobody is left after the last
            return np.asarray(np.exp(np.cumsum(np.log(self.at_risk - self.ended) - np.log(self.at_risk))))


@dataclass(frozen=True, slots=True)
class Incidence:
    """The share that has arrived by each moment, and the variance and the interval of the last."""

    days: Days
    share: Days
    variance: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Expected:
    """The share that will have arrived after `horizon` days, or why that cannot be told yet."""

    share: float | None
    interval: Interval | None
    horizon: float
    says: str

    @property
    def known(self) -> bool:
        return self.share is not None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of the times of those who arrived, in days. `before` counts those that arrived before they began."""

    n: int
    p25: float
    median: float
    p75: float
    p90: float
    least: float
    most: float
    before: int
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Stay:
    """Time in a stage in days, with those who are still there counted as such; None where it was not reached yet."""

    n: int
    left: int
    p25: float | None
    median: float | None
    p75: float | None
    interval: Interval | None


def wilson(count: int, of: int, level: float = LEVEL) -> Interval:
    """The interval of a rate of `count` among `of` > 0 (Wilson 1927, without continuity correction)."""
    z = _deviate(level)
    share, extra = count / of, z * z / of
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * sqrt(share * (1 - share) / of + extra / of / 4)
    return Interval(max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share)), level)


@cache
def _deviate(level: float) -> float:
    """The standard normal deviate that bounds so large a share on both sides."""
    return NormalDist().inv_cdf((1 + level) / 2)


def counted(days: Days, end: Ends) -> Counted:
    """Counts per (duration, end); a negative duration counts as none.

    Above 20,000 distinct durations they are rounded to three significant digits, so that a million people are
    estimated in a blink.
    """
    ends = [np.unique(np.maximum(days[end == each], 0.0), return_counts=True) for each in (OPEN, ARRIVED, LOST)]
    if len(np.unique(np.concatenate([distinct for distinct, _ in ends]))) > MOST_DISTINCT:
        ends = [_coarser(*each) for each in ends]
    counts = Counted(
        np.concatenate([distinct for distinct, _ in ends]),
        np.repeat((OPEN, ARRIVED, LOST), [len(distinct) for distinct, _ in ends]),
        np.concatenate([sizes for _, sizes in ends]),
    )
    order = np.argsort(counts.days, kind="stable")
    return Counted(counts.days[order], counts.end[order], counts.weight[order])


def _coarser(distinct: Days, sizes: npt.NDArray[np.int64]) -> tuple[Days, npt.NDArray[np.int64]]:
    """Rounded durations and how many people have each."""
    distinct, place = np.unique(_rounded(distinct), return_inverse=True)
    return distinct, np.bincount(place, sizes, len(distinct)).astype(np.int64)


def _rounded(days: Days) -> Days:
    """Three significant digits: one part in a thousand, far below the width of any interval of so many people."""
    unit = 10.0 ** (np.floor(np.log10(np.maximum(days, SOONEST))) - 2)
    return np.asarray(np.round(days / unit) * unit, dtype=np.float64)


def incidence(counts: Counted, *, level: float = LEVEL) -> Incidence:
    """What arrives while being lost competes with it (Aalen-Johansen).

    The variance is that of Collett, Modelling Survival Data in Medical Research, 3rd ed., p. 411, summed in one pass
    for the last moment; the interval is made on the scale of log(-log).
    """
    left = Left.of(Counted(np.maximum(counts.days, SOONEST), counts.end, counts.weight))
    before = np.concatenate([[1.0], left.still()[:-1]])
    share = np.cumsum(left.arrived / left.at_risk * before)
    variance = _variance(share, left)
    return Incidence(left.days, share, variance, _cloglog(float(share[-1]), variance, level))


def _variance(share: Days, left: Left) -> float:
    at_risk, ended, arrived = left.at_risk, left.ended, left.arrived
    stays = np.cumprod(1 - ended / at_risk)
    before = np.concatenate([[1.0], stays[:-1]])
    to_come = share[-1] - share
    remain = at_risk - ended
    first = np.divide(to_come**2 * ended, at_risk * remain, out=np.zeros_like(share), where=remain > 0)
    second = before**2 * arrived * (at_risk - arrived) / at_risk**3
    third = to_come * before * arrived / at_risk**2
    return max(0.0, float(first.sum() + second.sum() - 2 * third.sum()))


def _cloglog(share: float, variance: float, level: float) -> Interval:
    if not 0 < share < 1 or variance == 0:
        return Interval(share, share, level)
    spread = _deviate(level) * sqrt(variance) / (share * abs(log(share)))
    turned = log(-log(share))
    return Interval(exp(-exp(min(turned + spread, 700.0))), exp(-exp(max(turned - spread, -700.0))), level)


def in_the_end(days: Days, end: Ends, *, counts: Counted | None = None, level: float = LEVEL) -> Expected:
    """What share arrives in the end, as far as it can be told: at the longest duration for which anybody was followed.
    `counts` are those of `counted(days, end)` where they are at hand.

    Cannot be told yet for fewer than 20 people or 5 arrivals, and while more than a fifth of what is expected came in
    the second half of the follow-up, because then more is to come than was seen.
    """
    horizon = max(float(days.max()), 0.0) if len(days) else 0.0
    arrivals = int((end == ARRIVED).sum())
    if len(days) < ENOUGH:
        return Expected(None, None, horizon, f"cannot tell yet: {ENOUGH - len(days)} more records needed")
    if not (end == OPEN).any():
        share = arrivals / len(days)
        return Expected(share, wilson(arrivals, len(days), level), horizon, "nothing is open")
    if arrivals < 5:
        return Expected(None, None, horizon, f"cannot tell yet: {arrivals} arrived, 5 are needed")
    found = incidence(counts or counted(days, end), level=level)
    share = float(found.share[-1])
    late = 1 - float(found.share[np.searchsorted(found.days, horizon / 2, side="right") - 1]) / share
    if late > STILL_RISING:
        says = f"cannot tell yet: {late:.0%} of the arrivals came in the second half of {horizon:.0f} days"
        return Expected(None, None, horizon, says)
    return Expected(share, found.interval, horizon, f"after {horizon:.0f} days")


def quantiles(days: Days, *, level: float = LEVEL) -> Quantiles | None:
    """Quantiles (linear between records) of times in days, with the binomial interval of the median; None for none."""
    if not len(days):
        return None
    p25, median, p75, p90 = (float(q) for q in np.quantile(days, (0.25, 0.5, 0.75, 0.9)))
    return Quantiles(
        n=len(days),
        p25=p25,
        median=median,
        p75=p75,
        p90=p90,
        least=float(days.min()),
        most=float(days.max()),
        before=int((days < 0).sum()),
        interval=_median_interval(days, level) if len(days) >= ENOUGH else None,
    )


def _median_interval(days: Days, level: float) -> Interval:
    from scipy.stats import binom

    ordered, n = np.sort(days), len(days)
    low = int(binom.ppf((1 - level) / 2, n, 0.5))
    return Interval(float(ordered[max(low - 1, 0)]), float(ordered[min(n - low, n - 1)]), level)


def stay(days: Days, end: Ends, *, counts: Counted | None = None, level: float = LEVEL) -> Stay | None:
    """Kaplan-Meier quantiles of the time until somebody leaves a stage in any way; None when nobody entered. `counts`
    are those of `counted(days, end)` where they are at hand."""
    if not len(days):
        return None
    left = Left.of(counts or counted(days, end))
    still = left.still()
    p25, median, p75 = (_reached(left.days, still, 1 - p) for p in (0.25, 0.5, 0.75))
    ends = [each for each in (_reached(left.days, side, 0.5) for side in _band(left, still, level)) if each is not None]
    interval = Interval(min(ends), max(ends), level) if median is not None and len(ends) == 2 else None
    return Stay(len(days), int((end > 0).sum()), p25, median, p75, interval)


def _band(left: Left, still: Days, level: float) -> tuple[Days, Days]:
    """What the share that has not ended may be at each moment, by Greenwood's formula on the scale of log(-log): the
    lower and the upper end; 1 until the first has ended."""
    remain = left.at_risk - left.ended
    squares = np.divide(left.ended, left.at_risk * remain, out=np.zeros_like(still), where=remain > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = np.log(still)
        spread = _deviate(level) * np.sqrt(np.cumsum(squares)) / turned
        low, high = (np.exp(-np.exp(np.log(-turned) + way * spread)) for way in (-1, 1))
    return np.where(np.isnan(low), 1.0, low), np.where(np.isnan(high), 1.0, high)


def _reached(days: Days, still: Days, share: float) -> float | None:
    """The first moment at which no more than a share is left; None where more is left at the last."""
    return None if still[-1] > share else float(days[np.searchsorted(-still, -share)])
