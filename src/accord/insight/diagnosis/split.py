"""An exact split of the difference between two products, without an order of the factors.

A number is a sum over cells of products, such as leads x share x rate x rate x size. Two such numbers differ because
their factors do. Each factor gets its Shapley value: what it changes, averaged over all orders in which the factors
could be exchanged. We chose it over the logarithmic mean index (LMDI) because a factor may be 0, and because a rate of
nothing out of nothing can take the other number's rate and so explain nothing.

All 2^k mixtures need not be formed. With the multilinear extension of the game (Owen 1972) the value of a factor in a
product is (b - a) times the integral over t from 0 to 1 of the product of (a_j + t (b_j - a_j)) over all the others, a
polynomial that Gauss-Legendre integrates exactly. The values of all factors add up to the difference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]


def rates(counts: Reals) -> Reals:
    """Counts (..., k) that follow on one another into rates (..., k): the first as it is, the others each by the one
    before. 0 of 0 is NaN: it says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        following = counts[..., 1:] / counts[..., :-1]
    return np.concatenate([counts[..., :1], following], axis=-1)


def filled(before: Reals, after: Reals) -> tuple[Reals, Reals]:
    """Both sides with NaN replaced by the other side's factor, so that it explains nothing; by 1 where both are NaN."""
    known = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    first, second = (np.where(np.isnan(each), 1.0, each) for each in known)
    return first, second


def shapley(before: Reals, after: Reals) -> Reals:
    """What each factor explains of the change of their product: factors (..., k) on both sides, values (..., k).

    Add up to product(after) - product(before) to rounding. NaN on either side is filled as in `filled`.
    """
    before, after = filled(before, after)
    change, count = after - before, before.shape[-1]
    nodes, weights = np.polynomial.legendre.leggauss(count // 2 + 1)
    total = np.zeros_like(change)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        mixed = before + node * change
        total += weight * _product_of_others(mixed)
    return np.asarray(change * total)


def _product_of_others(factors: Reals) -> Reals:
    """For each factor the product of all the others, by products from both ends: no division, so zeros are fine."""
    ones = np.ones_like(factors[..., :1])
    ahead = np.cumprod(np.concatenate([ones, factors[..., :-1]], axis=-1), axis=-1)
    behind = np.cumprod(np.concatenate([ones, factors[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return np.asarray(ahead * behind)
