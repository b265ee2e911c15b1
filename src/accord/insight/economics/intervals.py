"""How much of a figure is chance: counts, totals and averages of money, and what is divided by them.

Counts take the score interval of a Poisson rate. Averages and totals of amounts, which are skewed, take a studentized
Poisson bootstrap (Hall 1988; the weights as in Hanley & MacGibbon 2006): every record counts 0, 1, 2, … times, and each
draw is measured by its own standard error.
"""

from __future__ import annotations

from functools import cache
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from accord.insight.result import LEVEL, Interval

Reals = npt.NDArray[np.float64]
DRAWS, SEED, MOST_UNITS = 1000, 20260105, 1024
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
Z = NormalDist().inv_cdf(_TAILS[1])


def of_count(count: float) -> Interval:
    """The mean of a Poisson count, by its score interval; from 0 on."""
    middle, half = count + Z**2 / 2, Z * sqrt(count + Z**2 / 4)
    return Interval(max(0.0, middle - half), middle + half)


def of_average(values: Reals) -> Interval:
    """The mean of what single records are worth. At least two values."""
    return of_ratio(values, np.ones(len(values)))


def of_ratio(parts: Reals, wholes: Reals) -> Interval:
    """`parts` divided by `wholes`, both summed over records that belong to independent units."""
    parts, wholes = _in_lots(parts), _in_lots(wholes)
    ratio, whole = parts.sum() / wholes.sum(), wholes.sum()
    error = float(np.sqrt(((parts - ratio * wholes) ** 2).sum()) / whole)
    drawn = _drawn(len(parts))
    again = drawn @ wholes
    if not (again > 0).all():
        drawn, again = drawn[again > 0], again[again > 0]
    ratios = (drawn @ parts) / again
    squares = drawn @ parts**2 - 2 * ratios * (drawn @ (parts * wholes)) + ratios**2 * (drawn @ wholes**2)
    return studentized(float(ratio), error, ratios, np.sqrt(np.maximum(squares, 0.0)) / again)


def of_total(values: Reals) -> Interval:
    """The expected total of a Poisson number of records, each with its own worth."""
    total, error = float(values.sum()), float(np.sqrt((values**2).sum()))
    if len(values) > MOST_UNITS:
        return Interval(total - Z * error, total + Z * error)
    drawn = _drawn(len(values))
    return studentized(total, error, drawn @ values, np.sqrt(drawn @ values**2))


def of_sum(values: Reals, sizes: Reals, drawn: Reals) -> Interval:
    """The sum that a Poisson number of people bring, of whom lots tell: `values` and `sizes` (lots) are what each lot
    brought and how many people it has, `drawn` (draws, lots) how often its people count. Of lots of one it is the
    total of a Poisson number of records."""
    mean, error = _error_of_sum(np.ones((1, len(sizes))), values, sizes)
    means, errors = _error_of_sum(drawn, values, sizes)
    return studentized(float(mean[0]), float(error[0]), means, errors)


def _error_of_sum(drawn: Reals, values: Reals, sizes: Reals) -> tuple[Reals, Reals]:
    """The sum in each draw, and its standard error: how lots differ beyond their sizes, and how many people come."""
    total, count = drawn @ values, drawn @ sizes
    mean = total / np.maximum(count, 1.0)
    apart = drawn @ values**2 - 2 * mean * (drawn @ (values * sizes)) + mean**2 * (drawn @ sizes**2)
    return total, np.sqrt(np.maximum(apart, 0.0) + mean**2 * count)


def of_growth(now: Reals, before: Reals) -> Interval:
    """By which share a total has grown over another, on the scale of logarithms. Both totals are above 0."""
    error = sqrt(sum(float((each**2).sum() / each.sum() ** 2) for each in (now, before)))
    ratio = float(now.sum() / before.sum())
    return Interval(ratio * np.exp(-Z * error) - 1, ratio * np.exp(Z * error) - 1)


def divided(numerator: float, by: Interval) -> Interval | None:
    """A known amount divided by what is uncertain; None where that reaches 0."""
    return Interval(numerator / by.high, numerator / by.low) if by.low > 0 and numerator >= 0 else None


def studentized(value: float, error: float, drawn: Reals, errors: Reals) -> Interval:
    """A figure and its standard error, and both again in each draw, as an interval (Hall 1988). What is skewed, as the
    sum of a few amounts, is held more often than by the middle of the draws themselves."""
    there = errors > 1e-6 * error
    if error <= 1e-9 * abs(value) or not there.any():
        return Interval(value, value)
    low, high = np.quantile((drawn[there] - value) / errors[there], _TAILS)
    return Interval(min(value, value - float(high) * error), max(value, value - float(low) * error))


def _in_lots(values: Reals) -> Reals:
    """Of many records, lots take the place of single ones; dealt in turn, so that neighbours part."""
    if len(values) <= MOST_UNITS:
        return values
    return np.asarray(np.bincount(np.arange(len(values)) % MOST_UNITS, values, MOST_UNITS), dtype=np.float64)


def _drawn(units: int) -> Reals:
    return _all_drawn()[:, :units]


@cache
def _all_drawn() -> Reals:
    """The same draws for every figure: 8 MB that take a tenth of a second to make."""
    return np.random.default_rng(SEED).poisson(1.0, (DRAWS, MOST_UNITS)).astype(np.float64)
