"""Where a share will end: what is settled, what is open, and what is still to come.

An open record ends as the past ones did that were still open at its age. One that is yet to come ends as past ones did.
How good a period is differs from period to period by more than the luck of its records: the share of each is drawn
around a common one (beta-binomial), whose middle and spread are not known and are drawn from what past periods and the
running one say of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accord.insight.forecast.arrivals import Times
from accord.insight.forecast.ranges import Reals

MISSED, KEPT, OPEN, LEFT_OUT = 0, 1, 2, 3
_MIDDLES = np.linspace(0.0025, 0.9975, 200)
_SPREADS = np.array([0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1])  # correlation of two records of one period
_ALIKE = 20  # past records that were open at the age of an open one; below that, all of them are asked


@dataclass(frozen=True, slots=True)
class Records:
    """The judged rows of a share: when each came, its verdict, and after how long it was settled (0 at once)."""

    came: Times
    verdict: npt.NDArray[np.int8]
    settled_after: Times

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Records:
        """Some of them."""
        return Records(self.came[keep], self.verdict[keep], self.settled_after[keep])

    def count(self, verdict: int) -> int:
        """How many have this verdict."""
        return int((self.verdict == verdict).sum())


@dataclass(frozen=True, slots=True)
class Settled:
    """How a share will stand at the end, in possible futures."""

    kept: Reals
    counted: Reals

    def share(self) -> Reals:
        """The share in every future in which anything counts."""
        some = self.counted > 0
        return self.kept[some] / self.counted[some]


def patience(records: Records) -> int:
    """After how long 19 of 20 settled records are settled, in microseconds."""
    settled = records.settled_after[records.verdict != OPEN]
    return int(np.quantile(settled, 0.95)) if len(settled) else 0


def settle(
    dice: np.random.Generator,
    *,
    past: Records,
    past_period: npt.NDArray[np.int64],
    running: Records,
    to_come: npt.NDArray[np.int64],
    now: int,
) -> Settled:
    """Possible ends of the running period. `past` are settled records, `past_period` tells which belong together,
    `to_come` says how many more come in each future."""
    size = len(to_come)
    kept, missed = running.count(KEPT), running.count(MISSED)
    share = _share_of_period(dice, past, past_period, kept, kept + missed, size)
    usual = _rate(past)
    counts = _share_counted(past)
    all_kept, all_counted = np.full(size, float(kept)), np.full(size, float(kept + missed))
    coming = dice.binomial(to_come, counts)
    all_kept += dice.binomial(coming, share)
    all_counted += coming
    waiting = running.came[running.verdict == OPEN]
    for chance, counted, number in _open_ones(past, now - waiting):
        still = dice.binomial(number, counted, size)
        all_kept += dice.binomial(still, _shifted(share, usual, chance))
        all_counted += still
    return Settled(all_kept, all_counted)


def _rate(records: Records) -> float:
    counted = records.count(KEPT) + records.count(MISSED)
    return (records.count(KEPT) + 0.5) / (counted + 1)


def _share_counted(records: Records) -> float:
    settled = int((records.verdict != OPEN).sum())
    return (records.count(KEPT) + records.count(MISSED) + 0.5) / (settled + 1)


def _open_ones(past: Records, ages: Times) -> list[tuple[float, float, int]]:
    """For open records of about the same age: how likely one is kept if it counts, how likely it counts, how many."""
    told = []
    order = np.sort(past.settled_after)
    alike = np.searchsorted(order, ages, side="right")  # how many past ones were settled by then
    for before in np.unique(alike):
        survivors = past.settled_after > (order[before - 1] if before else -1)
        base = past.chosen(survivors) if survivors.sum() >= _ALIKE else past
        told.append((_rate(base), _share_counted(base), int((alike == before).sum())))
    return told


def _shifted(share: Reals, usual: float, chance: float) -> Reals:
    """The chance of an open record in a period that is better or worse than usual: moved as far in log-odds."""
    share = np.clip(share, 1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share)) - np.log(usual / (1 - usual)) + np.log(chance / (1 - chance))
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def _share_of_period(
    dice: np.random.Generator, past: Records, period: npt.NDArray[np.int64], kept: int, counted: int, size: int
) -> Reals:
    """The share of the running period, given all periods: middle and spread from a grid, then the period's own."""
    from scipy.special import betaln  # takes a while to load, which only a forecast of shares pays

    heads = int(period.max()) + 1 if len(period) else 0
    keeps = np.append(np.bincount(period[past.verdict == KEPT], minlength=heads), kept)
    misses = np.append(np.bincount(period[past.verdict == MISSED], minlength=heads), counted - kept)
    middle, spread = (grid.ravel() for grid in np.meshgrid(_MIDDLES, _SPREADS))
    strength = np.where(spread > 0, 1 / np.maximum(spread, 1e-9) - 1, 1e7)
    a, b = middle * strength, (1 - middle) * strength
    likely = np.zeros(len(middle))
    for k, m in zip(keeps, misses, strict=True):
        likely += betaln(a + k, b + m) - betaln(a, b)
    weight = np.exp(likely - likely.max())
    chosen = dice.choice(len(middle), size=size, p=weight / weight.sum())
    jitter = (dice.random(size) - 0.5) * (_MIDDLES[1] - _MIDDLES[0])
    moved = np.clip(middle[chosen] + jitter, 1e-4, 1 - 1e-4)
    a, b = moved * strength[chosen] + kept, (1 - moved) * strength[chosen] + counted - kept
    return np.asarray(dice.beta(a, b), dtype=np.float64)
