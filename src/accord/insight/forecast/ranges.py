"""From drawn futures to the range that is told."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accord.insight.result import Interval

LEVEL = 0.8  # how many of such ranges hold what comes
NEAR = 0.035  # so far from it a share of few values may lie and still be called that level
_MANY = 200  # distinct values from which on a quantile cuts as finely as the level asks
Reals = npt.NDArray[np.float64]


def range_of(draws: Reals, level: float = LEVEL) -> Interval:
    """The range whose share of the draws is nearest to `level`, with about as many draws below it as above.

    A count of few things has no range of exactly 80 %: one that ends at the 10th and 90th percentile holds more,
    because whole values lie on its ends. Of the ranges between two drawn values this takes the one that comes nearest,
    and where none comes near, as when all but a few futures end at 100 %, the range says its own level.
    """
    values, times = np.unique(draws, return_counts=True)
    if len(values) > _MANY:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        return Interval(float(low), float(high), level)
    below = np.concatenate([[0.0], np.cumsum(times) / len(draws)])
    mass = below[None, 1:] - below[:-1, None]  # from value i up to and with value j
    tails = np.abs(below[:-1, None] - (1 - below[None, 1:]))
    badness = np.abs(mass - level) + 0.25 * tails
    badness[np.tril_indices(len(values), -1)] = np.inf
    first, last = np.unravel_index(int(np.argmin(badness)), badness.shape)
    own = float(mass[first, last])
    said = level if abs(own - level) <= NEAR else round(own, 3)
    return Interval(float(values[first]), float(values[last]), said)
