"""What accounts bring over time: how many buy again, what one is worth, and when it has paid for itself.

An account begins with its first won deal and is followed until the moment of the count. What it is worth by an age is
the mean cumulative function (Nelson 1988; its variance as in Lawless & Nadeau 1995): at each age the average of the
accounts that have been followed so long, so that young accounts are not taken for small ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from accord.insight.duration import wilson
from accord.insight.economics import intervals
from accord.insight.economics.books import Wins
from accord.insight.economics.intervals import Reals
from accord.insight.result import ENOUGH, Interval
from accord.insight.stages import DAY

AGAIN_WITHIN = 365.0  # days in which an account that stays is expected to buy again
LONGEST = 730.0  # days over which the value of an account is told


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts with at least one won deal. `account` and `age` (days since the first) say of each deal whose it is and
    when it came; `followed` are the days that each account has been looked at."""

    account: npt.NDArray[np.int64]
    age: Reals
    worth: Reals
    first: npt.NDArray[np.datetime64]
    followed: Reals

    @property
    def size(self) -> int:
        return len(self.followed)


@dataclass(frozen=True, slots=True)
class Value:
    """What an account brings by the age of `horizon` days, of `n` accounts; `interval` None below 20 of them."""

    amount: float
    interval: Interval | None
    horizon: float
    n: int


@dataclass(frozen=True, slots=True)
class Again:
    """Accounts that bought again within `AGAIN_WITHIN` days, of those that have been followed so long."""

    count: int
    of: int
    waiting: int

    @property
    def rate(self) -> float | None:
        return self.count / self.of if self.of >= ENOUGH else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.count, self.of) if self.of >= ENOUGH else None


def accounts(won: Wins, at: datetime) -> Accounts:
    """Won deals by account, followed until `at`."""
    coded = won.customers.combine_chunks().dictionary_encode()
    account = np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    first = np.full(len(coded.dictionary), np.datetime64(at, "us"))
    np.minimum.at(first, account, won.won)
    age = np.asarray((won.won - first[account]) / DAY, dtype=np.float64)
    followed = np.asarray((np.datetime64(at, "us") - first) / DAY, dtype=np.float64)
    return Accounts(account, age, won.worth, first, followed)


def again(found: Accounts) -> Again:
    """Who came back."""
    long_enough = found.followed >= AGAIN_WITHIN
    second = (found.age > 0) & (found.age <= AGAIN_WITHIN)
    came = np.zeros(found.size, dtype=np.bool_)
    came[found.account[second]] = True
    return Again(int((came & long_enough).sum()), int(long_enough.sum()), int((~long_enough).sum()))


def value(found: Accounts, days: float = LONGEST) -> Value | None:
    """What an account brings by `days` after its first deal, or by the age until which 20 have been followed where that
    comes first."""
    if not found.size:
        return None
    enough = np.sort(found.followed)[-min(ENOUGH, found.size)]
    horizon = float(min(days, enough))
    amount, pull = _cumulated(found, horizon)
    told = intervals.of_average(amount + pull * found.size) if found.size >= ENOUGH else None
    return Value(amount, told, horizon, found.size)


def _cumulated(found: Accounts, horizon: float) -> tuple[float, Reals]:
    """The mean cumulative function at an age, and by how much each account moves it."""
    counted = (found.age <= horizon) & (found.age <= found.followed[found.account])
    age, worth, account = found.age[counted], found.worth[counted], found.account[counted]
    followed = np.sort(found.followed)
    there = (found.size - np.searchsorted(followed, age, side="left")).astype(np.float64)
    steps = worth / there
    order = np.argsort(age, kind="stable")
    expected = np.concatenate([[0.0], np.cumsum((steps / there)[order])])
    seen = np.searchsorted(age[order], np.minimum(found.followed, horizon), side="right")
    pull = np.bincount(account, steps, found.size) - expected[seen]
    return float(steps.sum()), np.asarray(pull, dtype=np.float64)


def paid_back(found: Accounts, cost: float, share: float) -> float | None:
    """The age in days by which an account has brought its cost, where `share` of what it brings is left for that; None
    where it has not within the horizon."""
    told = value(found)
    if told is None:
        return None
    counted = found.age <= min(told.horizon, LONGEST)
    age, worth = found.age[counted], found.worth[counted]
    order = np.argsort(age, kind="stable")
    there = (found.size - np.searchsorted(np.sort(found.followed), age, side="left")).astype(np.float64)
    grown = np.cumsum((share * worth / there)[order])
    place = int(np.searchsorted(grown, cost - 1e-9))
    return float(age[order][place]) if place < len(grown) else None
