"""What chance alone could do: one-sided tests and intervals of shares, and of their change.

Shares are compared with one success and one failure added to each side (Agresti & Caffo 2000), which keeps small groups
from looking surer than they are. A margin says how much of a difference is worth a sentence; a test against a margin is
the stricter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, exp, log, sin, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from accord.insight.diagnosis.split import Reals
from accord.insight.result import LEVEL, Interval

_NORMAL = NormalDist()
TWO_SIDED = _NORMAL.inv_cdf((1 + LEVEL) / 2)
POWER = 0.9  # how often a cause of the size of the detection limit is found


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of` records."""

    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError(f"{self.count} of {self.of} is no share")

    @property
    def rate(self) -> float:
        """0 where there is nothing to have a share of."""
        return self.count / self.of if self.of else 0.0


def beyond(high: Share, low: Share, *, margin: float = 0.0) -> float:
    """How likely chance puts `high` so far above `low` when it is truly at most `margin` above."""
    gap, error = _gap(high, low)
    return _tail((gap - margin) / error)


def gap_interval(high: Share, low: Share) -> Interval:
    """What the difference between two shares may be."""
    gap, error = _gap(high, low)
    return Interval(gap - TWO_SIDED * error, gap + TWO_SIDED * error)


def above(found: Share, threshold: float) -> float:
    """How likely at least so many are found when the true share is the threshold: the binomial tail, exact."""
    from scipy.special import betainc

    return float(betainc(found.count, found.of - found.count + 1, threshold)) if found.count else 1.0


def in_points(high: Share, low: Share) -> Interval:
    """The same in percentage points."""
    gap = gap_interval(high, low)
    return Interval(100 * gap.low, 100 * gap.high)


@dataclass(frozen=True, slots=True)
class Fall:
    """By how much the rate of a group fell relative to the rate of everybody else, as a share of what it was."""

    drop: float
    interval: Interval
    p: float


def fall(now: Share, before: Share, rest_now: Share, rest_before: Share) -> Fall:
    """Compares the change of one group with the change of the others over the same time.

    The test is on the arcsine scale, where the spread of a share does not depend on the share (Cohen 1988), so that it
    is the same with and without a fall; the size and its interval are ratios (Katz et al. 1978).
    """
    change = _arc(now) - _arc(before) - (_arc(rest_now) - _arc(rest_before))
    error = sqrt(sum(1 / (each.of + 0.75) for each in (now, before, rest_now, rest_before)))
    ratio = _log(now) - _log(before) - (_log(rest_now) - _log(rest_before))
    spread = TWO_SIDED * sqrt(sum(_variance(each) for each in (now, before, rest_now, rest_before)))
    return Fall(1 - exp(ratio), Interval(1 - exp(ratio + spread), 1 - exp(ratio - spread)), _tail(-change / error))


def smallest_fall(rate: float, *, now: int, before: int, rest_now: int, rest_before: int, level: float) -> float:
    """The smallest relative drop from `rate` that `fall` finds at this level in 9 of 10 companies of such numbers."""
    reach = _NORMAL.inv_cdf(1 - level) + _NORMAL.inv_cdf(POWER)
    arc = 2 * asin(sqrt(rate)) - reach * sqrt(1 / now + 1 / before + 1 / rest_now + 1 / rest_before)
    return 1 - sin(max(arc, 0.0) / 2) ** 2 / rate if rate else 1.0


def _arc(share: Share) -> float:
    """Twice the arcsine of the root of a share (Anscombe 1948)."""
    return 2 * asin(sqrt((share.count + 0.375) / (share.of + 0.75)))


def _log(share: Share) -> float:
    return log((share.count + 0.5) / (share.of + 0.5))


def _variance(share: Share) -> float:
    """Of the logarithm of a share, with half a record added."""
    return max(1 / (share.count + 0.5) - 1 / (share.of + 0.5), 1e-12)


def _gap(high: Share, low: Share) -> tuple[float, float]:
    rates = [(each.count + 1) / (each.of + 2) for each in (high, low)]
    error = sqrt(sum(p * (1 - p) / (each.of + 2) for p, each in zip(rates, (high, low), strict=True)))
    return rates[0] - rates[1], error


def _tail(z: float) -> float:
    return _NORMAL.cdf(-z)


def trend(flags: npt.NDArray[np.bool_], moments: Reals) -> tuple[float, float, float]:
    """Whether a share grows with time: (growth from the first to the last moment, its standard error, one-sided p).

    Cochran-Armitage in the form of a regression of the flag on time.
    """
    n = len(flags)
    first, last = (float(moments.min()), float(moments.max())) if n else (0.0, 0.0)
    if n < 3 or first == last:
        return 0.0, 0.0, 1.0
    times = (moments - first) / (last - first)
    away = times - times.mean()
    squares = float(away @ away)
    slope = float(away @ (flags - flags.mean())) / squares
    smooth = (int(flags.sum()) + 1) / (n + 2)
    error = sqrt(smooth * (1 - smooth) / squares)
    return slope, error, _tail(slope / error)
