"""What will be won: the deals that are open, by their age, and the deals that are still to be opened.

At each age a deal is won or lost at a rate that past deals tell, the open ones among them counted as open (piecewise
constant hazards of competing events; Lawless, Statistical Models and Methods for Lifetime Data, 2nd ed., 2003, ch. 9).
The rates are known as well as events are many: each future draws its own from their gamma posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accord.insight.forecast.arrivals import DAY, Flow, Times
from accord.insight.forecast.ranges import Reals

OPEN, WON, LOST = 0, 1, 2
FEWEST_WINS, FEWEST_ENDS = 5, 10
_MOST_PIECES, _ENDS_PER_PIECE = 12, 8
_YEAR = 365 * DAY
_SOON = 1 / 1440  # a minute, in days: what ends faster has no age
_MOST_AMOUNTS = 1_000
_ALIKE = 10  # futures that share one draw of what is not known


@dataclass(frozen=True, slots=True)
class Deals:
    """Deals as known: when each was opened and closed (microseconds; `now` while open), how it stands, and what it is
    worth in the agreement's currency (NaN where nobody can tell). `is_new` marks the first win of a customer."""

    opened: Times
    closed: Times
    state: npt.NDArray[np.int8]
    worth: Reals
    is_new: npt.NDArray[np.bool_]

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Deals:
        """Some of them."""
        return Deals(self.opened[keep], self.closed[keep], self.state[keep], self.worth[keep], self.is_new[keep])


@dataclass(frozen=True, slots=True)
class Hazards:
    """Per piece of age (days, from `edges[i]` on): how many deals ended there, how many of them were won, and for how
    many days deals were at risk. `at_once` counts what had no age when it was won, lost, or went on."""

    edges: Reals
    ended: Reals
    won: Reals
    at_risk: Reals
    at_once: Reals


@dataclass(frozen=True, slots=True)
class Won:
    """What the rest of the period brings in possible futures; `priced` wins have a worth, which `revenue` sums up."""

    wins: Reals
    losses: Reals
    revenue: Reals
    priced: Reals
    new: Reals


def hazards(deals: Deals, *, now: int) -> Hazards | None:
    """How fast deals of the last year were won and lost; None for fewer than 5 wins or 10 ends."""
    since = now - _YEAR
    seen = deals.chosen((deals.closed > since) & (deals.opened < now))
    ended, won = seen.state != OPEN, seen.state == WON
    if won.sum() < FEWEST_WINS or ended.sum() < FEWEST_ENDS:
        return None
    begins = np.maximum(since - seen.opened, 0) / DAY
    ends = np.maximum(seen.closed - seen.opened, 0) / DAY
    fast = ended & (ends <= _SOON)
    slow = ended & ~fast
    edges = _edges(ends[slow])
    place = np.clip(np.searchsorted(edges, ends, side="left") - 1, 0, len(edges) - 1)
    upper = np.append(edges[1:], np.inf)
    stayed = np.minimum(ends[:, None], upper) - np.maximum(begins[:, None], edges)
    at_risk = np.clip(stayed, 0.0, None)[~fast].sum(axis=0)
    all_ended, all_won = (np.bincount(place[kind & ~fast], minlength=len(edges)).astype(float) for kind in (ended, won))
    entered = seen.opened >= since
    at_once = (won & fast).sum(), (ended & ~won & fast).sum(), (entered & ~fast).sum()
    return Hazards(edges, all_ended, all_won, at_risk, np.array(at_once, dtype=np.float64))


def _edges(ages: Reals) -> Reals:
    """Pieces of age with about as many ends each; the last one holds the oldest end, and goes on beyond it."""
    pieces = int(np.clip(len(ages) // _ENDS_PER_PIECE, 1, _MOST_PIECES))
    inner = np.quantile(ages, np.arange(1, pieces) / pieces) if pieces > 1 else np.empty(0)
    return np.unique(np.concatenate([[0.0], inner[inner < ages.max()] if len(ages) else inner]))


def play(
    dice: np.random.Generator, deals: Deals, known: Hazards, coming: Flow, *, now: int, until: int, size: int
) -> Won:
    """Possible futures from now until then: the open deals, and those that are opened on the way.

    `size` is a multiple of 10: ten futures share one draw of what is not known, the rates and the usual amounts.
    """
    waiting = deals.chosen(deals.state == OPEN)
    ages = np.maximum(now - waiting.opened, 0) / DAY
    counts = coming.draw(dice, until, size).reshape(-1, _ALIKE)
    amounts = _amounts(deals, now)
    fresh = _share_new(deals)
    parts = []
    for number in counts:
        rates = _Rates.drawn(dice, known)
        first = rates.fate(dice, np.tile(ages, _ALIKE), np.full(len(ages) * _ALIKE, (until - now) / DAY))
        opened = coming.times(dice, until, int(number.sum()))
        later = rates.fate_from_birth(dice, (until - opened) / DAY)
        future = np.concatenate([np.repeat(np.arange(_ALIKE), len(ages)), np.repeat(np.arange(_ALIKE), number)])
        fate = np.concatenate([first, later])
        stated = np.concatenate([np.tile(waiting.worth, _ALIKE), np.full(len(later), np.nan)])
        parts.append(_added_up(dice, future, fate, stated, dice.choice(amounts, size=len(amounts))))
    wins, losses, revenue, priced = np.concatenate(parts, axis=1)
    new = dice.binomial(wins.astype(np.int64), fresh).astype(np.float64)
    return Won(wins, losses, revenue, priced, new)


def _added_up(
    dice: np.random.Generator,
    future: npt.NDArray[np.int64],
    fate: npt.NDArray[np.int8],
    stated: Reals,
    usual: Reals,
) -> Reals:
    """Wins, losses, revenue and priced wins by future; a win without a stated worth is worth what others were."""
    won = fate == WON
    worth = stated[won]
    guessed = np.isnan(worth)
    worth[guessed] = dice.choice(usual, size=int(guessed.sum()))
    priced = ~np.isnan(worth)
    of = future[won]
    return np.stack([
        np.bincount(of, minlength=_ALIKE),
        np.bincount(future[fate == LOST], minlength=_ALIKE),
        np.bincount(of, weights=np.nan_to_num(worth), minlength=_ALIKE),
        np.bincount(of[priced], minlength=_ALIKE),
    ])  # fmt: skip


def _amounts(deals: Deals, now: int) -> Reals:
    """What deals of the last year were won for; NaN stays among them as often as nobody could tell."""
    won = deals.worth[(deals.state == WON) & (deals.closed > now - _YEAR)]
    return won[-_MOST_AMOUNTS:] if len(won) else np.array([np.nan])


def _share_new(deals: Deals) -> float:
    won = deals.state == WON
    return float((deals.is_new[won].sum() + 0.5) / (won.sum() + 1))


@dataclass(frozen=True, slots=True)
class _Rates:
    """One possible truth about how fast deals end, and which share of those that end at an age is won."""

    edges: Reals
    rate: Reals
    risen: Reals  # the cumulative hazard at each edge
    share_won: Reals
    at_once: Reals

    @classmethod
    def drawn(cls, dice: np.random.Generator, known: Hazards) -> _Rates:
        rate = np.maximum(dice.gamma(np.maximum(known.ended, 1e-3)), 1e-12) / np.maximum(known.at_risk, 1e-9)
        usual = known.won.sum() / max(known.ended.sum(), 1.0)
        usual = min(max(usual, 0.01), 0.99)
        share = dice.beta(known.won + usual, known.ended - known.won + 1 - usual)
        risen = np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(known.edges))])
        at_once = dice.gamma(np.maximum(known.at_once, 1e-9))
        return cls(known.edges, rate, risen, share, at_once / at_once.sum())

    def fate(self, dice: np.random.Generator, ages: Reals, stays: Reals) -> npt.NDArray[np.int8]:
        """How deals of these ages stand so many days later."""
        place = np.searchsorted(self.edges, ages, side="right") - 1
        target = self.risen[place] + self.rate[place] * (ages - self.edges[place]) + dice.exponential(size=len(ages))
        place = np.searchsorted(self.risen, target, side="right") - 1
        at = self.edges[place] + (target - self.risen[place]) / self.rate[place]
        won = dice.random(len(ages)) < self.share_won[place]
        return np.where(at > ages + stays, OPEN, np.where(won, WON, LOST)).astype(np.int8)

    def fate_from_birth(self, dice: np.random.Generator, stays: Reals) -> npt.NDArray[np.int8]:
        """The same for deals that are opened then: some are won or lost with their opening."""
        at_once = dice.choice(np.array([WON, LOST, OPEN]), size=len(stays), p=self.at_once)
        later = self.fate(dice, np.zeros(len(stays)), stays)
        return np.where(at_once == OPEN, later, at_once).astype(np.int8)
