"""How much of a share is chance: the people are drawn anew, and the shares with them.

A Poisson bootstrap of people: in each draw everybody counts 0, 1, 2, … times, by a Poisson number of mean 1 (Hanley &
MacGibbon 2006; Chamandy et al. 2012). Of many people, groups by lot take the place of single ones: 1,024 groups tell
the spread of a sum to 2 % of it. The same seed draws the same people.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from accord.insight.attribution.paths import Reals, Whole
from accord.insight.result import LEVEL

DRAWS, SEED = 1000, 20260105


def poisson(groups: int, seed: int = SEED) -> Reals:
    """How often each group counts in each draw: (draws, groups)."""
    return np.random.default_rng(seed).poisson(1.0, (DRAWS, groups)).astype(np.float64)


def dealt(count: int, groups: int) -> Whole:
    """In which group each of so many people is: by lot, and always the same. In turn would not do: ids follow one
    another as people come, so that each group would hold as many of every time, and groups would vary too little."""
    return np.random.default_rng(SEED).permutation(count) % groups


def people(sizes: Reals, seed: int = SEED) -> Reals:
    """How often the people of each group count in each draw: (draws, groups). `sizes` are how many each group has.

    Where groups take the place of single people, how many are drawn in all would vary as groups do and not as people:
    each draw is brought to a number that is a Poisson number of people. Shares and means are left as they are.
    """
    drawn = poisson(len(sizes), seed)
    if sizes.max(initial=0) <= 1:
        return drawn
    many = np.random.default_rng([seed, 1]).poisson(sizes.sum(), DRAWS)
    return np.asarray(drawn * (many / np.maximum(drawn @ sizes, 1.0))[:, None])


def shares_of_sums(drawn: Reals, credit: Reals, total: Reals) -> Reals:
    """(draws, channels): what each channel gets of what there is in that draw. `credit` is (groups, channels), `total`
    (groups). Draws in which there is nothing tell nothing and are left out."""
    there = drawn @ total
    shares = drawn @ credit
    return np.asarray(shares[there > 0] / there[there > 0, None])


def shares_to_first_order(drawn: Reals, share: Reals, pull: Reals) -> Reals:
    """(draws, channels): the shares moved by who was drawn, `pull` (groups, channels) telling by how much. What a model
    that has to be solved would give for each draw, were it solved a thousand times, but for the second order."""
    return np.asarray(np.clip(share + (drawn - 1.0) @ pull, 0.0, 1.0))


def pull_of_sums(credit: Reals, total: Reals) -> Reals:
    """How each group moves each channel's share, to first order: (groups, channels)."""
    whole = total.sum()
    return np.asarray((credit - np.outer(total, credit.sum(axis=0) / whole)) / whole)


def spread(shares: Reals, share: Reals, pull: Reals) -> tuple[Reals, Reals]:
    """Per channel the lower and the upper end that hold the middle 90 % of the draws.

    Draws from few people, or from many of whom few weigh anything, vary less than companies do. So the ends are moved
    away from the share as a t distribution is wider than a normal one. Its freedom is that of the sum of squared pulls
    (Satterthwaite 1946): as many people as would give the same if all of them weighed alike.
    """
    from scipy.special import stdtrit  # of a t distribution; scipy.stats takes a second to load

    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    squares = (pull**2).sum(axis=0) ** 2
    fourths = (pull**4).sum(axis=0)
    alike = np.maximum(squares / np.where(fourths > 0, fourths, 1.0), 3.0)
    normal = NormalDist().inv_cdf((1 + LEVEL) / 2)
    wider = stdtrit(alike - 1, (1 + LEVEL) / 2) / normal * np.sqrt(alike / (alike - 1))
    low, high = np.minimum(low, share), np.maximum(high, share)
    return np.clip(share - wider * (share - low), 0.0, 1.0), np.clip(share + wider * (high - share), 0.0, 1.0)
