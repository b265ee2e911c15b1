"""How often and how fast: rates and times whose end is partly still to come, with intervals.

What happened is a count with a Wilson interval. What will have happened in the end is the Aalen-Johansen estimate, in
which being lost competes with arriving and whoever is still open is not lost. How long people stay is the Kaplan-Meier
estimate. Both estimates come from lifelines, fed with counts per duration and end, so that a million people cost as
much as their distinct durations.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from accord.insight.result import ENOUGH, LEVEL, Interval

OPEN, ARRIVED, LOST = 0, 1, 2
SOONEST = 1 / 86_400  # a second in days: the incidence of lifelines loses arrivals at 0
STILL_RISING = 0.2  # share of the expected arrivals that may lie in the second half of the follow-up
MOST_DISTINCT = 20_000

if TYPE_CHECKING:  # lifelines and scipy take most of a second to load, which every command and page process would pay
    import pandas as pd
    from lifelines import AalenJohansenFitter

Days = npt.NDArray[np.float64]
Ends = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people (`weight`) ended in which way (`end`) after how many `days`; sorted, one row per pair."""

    days: Days
    end: Ends
    weight: npt.NDArray[np.int64]


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
    distinct, place = np.unique(np.maximum(days, 0.0), return_inverse=True)
    if len(distinct) > MOST_DISTINCT:
        distinct, coarse = np.unique(_rounded(distinct), return_inverse=True)
        place = coarse[place]
    sizes = np.bincount(place * 3 + end, minlength=3 * len(distinct))
    filled = np.flatnonzero(sizes)
    return Counted(distinct[filled // 3], filled % 3, sizes[filled])


def _rounded(days: Days) -> Days:
    """Three significant digits: one part in a thousand, far below the width of any interval of so many people."""
    unit = 10.0 ** (np.floor(np.log10(np.maximum(days, SOONEST))) - 2)
    return np.asarray(np.round(days / unit) * unit, dtype=np.float64)


@cache
def _tied() -> type[AalenJohansenFitter]:
    """Aalen-Johansen without the random jitter that lifelines adds when an arrival and a loss fall on one moment.

    Its sums are over counts per moment, so ties need no breaking; see docs/decisions/0005-ties-in-aalen-johansen.md.
    """
    from lifelines import AalenJohansenFitter

    class Tied(AalenJohansenFitter):  # type: ignore[misc]
        @staticmethod
        def _check_for_duplicates(durations: object, events: object) -> bool:  # noqa: ARG004
            return False

    return Tied


def _fitted(counts: Counted) -> AalenJohansenFitter:
    fitter = _tied()(calculate_variance=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fitter.fit(
            np.maximum(counts.days, SOONEST), counts.end, event_of_interest=ARRIVED, weights=counts.weight
        )


def incidence(counts: Counted, *, level: float = LEVEL) -> tuple[pd.Series, float, Interval]:
    """The share that has arrived by each duration, its variance at the end, and the interval there.

    The variance is the one lifelines gives at the last moment (Collett, Modelling Survival Data in Medical Research,
    3rd ed., p. 411), summed in one pass; the interval is made on the scale of log(-log).
    """
    fitted = _fitted(counts)
    share = fitted.cumulative_density_.iloc[:, 0]
    table = fitted.event_table
    variance = _variance(share.to_numpy(), table)
    return share, variance, _cloglog(float(share.iloc[-1]), variance, level)


def _variance(share: Days, table: pd.DataFrame) -> float:
    at_risk = table["at_risk"].to_numpy(float)
    ended, arrived = table["observed"].to_numpy(float), table.iloc[:, 2].to_numpy(float)
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


def in_the_end(days: Days, end: Ends, *, level: float = LEVEL) -> Expected:
    """What share arrives in the end, as far as it can be told: at the longest duration for which anybody was followed.

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
    share_by, _, interval = incidence(counted(days, end), level=level)
    share = float(share_by.iloc[-1])
    late = 1 - float(share_by.loc[: horizon / 2].iloc[-1]) / share
    if late > STILL_RISING:
        says = f"cannot tell yet: {late:.0%} of the arrivals came in the second half of {horizon:.0f} days"
        return Expected(None, None, horizon, says)
    return Expected(share, interval, horizon, f"after {horizon:.0f} days")


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


def stay(days: Days, end: Ends, *, level: float = LEVEL) -> Stay | None:
    """Kaplan-Meier quantiles of the time until somebody leaves a stage in any way; None when nobody entered."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import qth_survival_times

    if not len(days):
        return None
    counts = counted(days, np.minimum(end, 1))
    fitter = KaplanMeierFitter(alpha=1 - level)
    fitter.fit(counts.days, counts.end, weights=counts.weight)
    band = qth_survival_times(0.5, fitter.confidence_interval_).to_numpy().ravel()
    low, high = float(band.min()), float(band.max())
    p25, median, p75 = (_reached(qth_survival_times(1 - p, fitter.survival_function_)) for p in (0.25, 0.5, 0.75))
    known = median is not None and np.isfinite([low, high]).all()
    return Stay(len(days), int((end > 0).sum()), p25, median, p75, Interval(low, high, level) if known else None)


def _reached(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
