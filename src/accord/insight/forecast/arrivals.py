"""What is still to come: how many more records of a kind appear until a moment.

Counts per week follow a level that may drift (the local level model of Harvey, Forecasting, Structural Time Series
Models and the Kalman Filter, 1989, ch. 2), on the scale of 2 sqrt(count + 3/8), where the noise of counts is about
equal at every level (Anscombe 1948). How fast the level drifts and how noisy the counts are is not known: both are
drawn from what the past weeks say of them. Within a week records come as they came in the past, hour by hour. The rest
of a running week is counted in every past week between the same hours, so that its noise is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accord.insight.forecast.ranges import Reals

Times = npt.NDArray[np.int64]  # microseconds since 1970, UTC
HOUR = 3_600_000_000
DAY, WEEK = 24 * HOUR, 168 * HOUR
MOST_WEEKS, FEWEST_WEEKS = 52, 6
_DRIFTS = np.array([0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3])  # variance of a week's drift by that of a week's noise
_HOURS = 168
_HALF_A_DAY = 12
_PRIOR = 0.1  # of the arrivals are spread evenly over the week, so that no hour is impossible


@dataclass(frozen=True, slots=True)
class Flow:
    """How records of one kind come, as of `now`. By possible speed of drift: its weight, the level at the last week,
    the level's variance in units of the noise's, and the sum of squares that tells the noise."""

    now: int
    part: int  # of each week that was counted, in microseconds
    weeks: int
    by_hour: Reals  # of the week, sums to 1
    weight: Reals
    level: Reals
    spread: Reals
    squares: Reals

    def draw(self, dice: np.random.Generator, until: int, size: int) -> npt.NDArray[np.int64]:
        """How many come from now until then, in `size` possible futures."""
        shares = self._week_shares(until)
        if not len(shares):
            return np.zeros(size, dtype=np.int64)
        which = dice.choice(len(_DRIFTS), size=size, p=self.weight)
        noise = self.squares[which] / dice.chisquare(self.weeks - 1, size)
        level = self.level[which] + np.sqrt(self.spread[which] * noise) * dice.standard_normal(size)
        step = np.sqrt(_DRIFTS[which] * noise)
        walk = step[:, None] * dice.standard_normal((size, len(shares)))
        path = np.maximum(level[:, None] + np.cumsum(walk, axis=1), 0.0)
        mean = np.maximum(path**2 / 4 + noise[:, None] / 4 - 3 / 8, 0.0) @ shares
        common = shares[0] if len(shares) == 1 else 1.0  # of a small part of a week less of its luck is shared
        return _counts(dice, mean, np.where(noise > 1, 1 + (noise - 1) * common, noise))

    def times(self, dice: np.random.Generator, until: int, count: int) -> Times:
        """When `count` records between now and then may come."""
        begins = np.arange(self.now, until, HOUR, dtype=np.int64)
        sizes = np.minimum(until - begins, HOUR)
        weights = self.by_hour[_hour(begins)] * sizes
        chosen = dice.choice(len(begins), size=count, p=weights / weights.sum())
        return begins[chosen] + (dice.random(count) * sizes[chosen]).astype(np.int64)

    def _week_shares(self, until: int) -> Reals:
        """Which share of a week's arrivals falls into each week from now until then."""
        whole, rest = divmod(max(0, until - self.now), self.part)
        if not rest:
            return np.ones(whole)
        begins = np.arange(self.now + whole * self.part, until, HOUR, dtype=np.int64)
        last = float((self.by_hour[_hour(begins)] * np.minimum(until - begins, HOUR) / HOUR).sum())
        return np.append(np.ones(whole), last)


def _counts(dice: np.random.Generator, mean: Reals, noise: Reals) -> npt.NDArray[np.int64]:
    """Whole numbers with this mean and `noise` times it as variance."""
    mean = np.maximum(mean, 1e-9)
    more = noise > 1.0 + 1e-6
    shape = mean / np.where(more, noise - 1.0, 1.0)
    scattered = np.where(more, dice.gamma(shape) * np.where(more, noise - 1.0, 1.0), mean)
    counts = dice.poisson(scattered)
    even = np.clip(1 - noise, 1e-6, 0.999)
    of = np.maximum(np.floor(mean / even + dice.random(len(mean))), 0).astype(np.int64)
    regular = dice.binomial(of, even)
    return np.where(noise < 1.0 - 1e-6, regular, counts).astype(np.int64)


def flow(times: Times, *, since: int, now: int, until: int | None = None) -> Flow | None:
    """The flow of records that came at `times`, on record from `since` on; None for fewer than six full weeks.

    Only what came before `now` counts; of more than a year, the last 52 weeks. `until` says for how long it will be
    asked: for one to seven days, the same hours of the past weeks are counted.
    """
    weeks = min(MOST_WEEKS, (now - since) // WEEK)
    if weeks < FEWEST_WEEKS:
        return None
    first = now - weeks * WEEK
    inside = times[(times >= first) & (times < now)]
    part = until - now if until is not None and DAY <= until - now < WEEK else WEEK
    counted = inside[(inside - first) % WEEK < part]
    counts = np.bincount((counted - first) // WEEK, minlength=weeks)
    level, spread, squares, likely = _filtered(2 * np.sqrt(counts + 3 / 8))
    return Flow(now, part, weeks, _by_hour(inside), likely, level, spread, squares)


def _filtered(seen: Reals) -> tuple[Reals, Reals, Reals, Reals]:
    """The Kalman filter for every speed of drift at once; variances are in units of the noise's."""
    level = np.full(len(_DRIFTS), seen[0])
    spread, squares, logs = np.ones(len(_DRIFTS)), np.zeros(len(_DRIFTS)), np.zeros(len(_DRIFTS))
    for value in seen[1:]:
        spread = spread + _DRIFTS
        wide = spread + 1
        surprise = value - level
        squares += surprise**2 / wide
        logs += np.log(wide)
        level = level + spread / wide * surprise
        spread = spread / wide
    squares = np.maximum(squares, 1e-9)
    log_likely = -0.5 * ((len(seen) - 1) * np.log(squares) + logs)
    likely = np.exp(log_likely - log_likely.max())
    return level, spread, squares, likely / likely.sum()


def _hour(times: Times) -> Times:
    """The hour of the week; it begins with the Thursday of 1970, which is as good as any."""
    return times // HOUR % _HOURS


def _by_hour(times: Times) -> Reals:
    """When in the week records come, smoothed over half a day, so that a few records do not choose single hours."""
    seen = np.bincount(_hour(times), minlength=_HOURS).astype(float)
    around = np.arange(-_HALF_A_DAY // 2, _HALF_A_DAY // 2 + 1)
    smooth = np.asarray([np.roll(seen, step) for step in around]).mean(axis=0)
    even = np.full(_HOURS, 1 / _HOURS)
    return even if not seen.sum() else (1 - _PRIOR) * smooth / seen.sum() + _PRIOR * even
