"""Leads with an asset against comparable leads without it: matched by what was known before the asset was used.

An asset is sent on an occasion: a deal has moved, a handoff was answered. Whoever got it after the third occasion at a
stage is compared with others at their third occasion, at about the same age of the stage, who came by the same channel
with the same band and did not get it then or before (risk-set matching: Li, Propert & Rosenbaum 2001). So nobody is
compared with those who had moved on already, and the pace of a deal is not taken for the work of an asset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accord.insight.result import ENOUGH, LEVEL, Interval

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
PARTNERS = 5  # comparable leads that it takes to judge one
OVERLAP = 0.5  # share of the leads with an asset that must have so many
CALIPER = 1.5  # how many times older or younger an occasion may be, in days and one more
MOST_TREATED = 2_000


@dataclass(frozen=True, slots=True)
class AtStage:
    """People at one stage, in days since each came to it. `moved` is when they came to the next, `left` when they were
    lost, `used` when the asset was first used with them, each inf where that did not happen; `followed` is how long
    they could be followed. `stratum` numbers what was known of them before. `who`, `age` and `nth` are the occasions:
    of whom, when, and which in order, the coming to the stage being 0; sorted by person and order."""

    moved: Reals
    left: Reals
    used: Reals
    followed: Reals
    stratum: Places
    who: Places
    age: Reals
    nth: Places

    @property
    def ends(self) -> Reals:
        """When each stopped being at the stage."""
        return np.minimum(np.minimum(self.moved, self.left), self.followed)

    def used_on(self) -> Places:
        """The occasion after which the asset was first used with each, as a place in the occasions; -1 for none."""
        before = self.age <= self.used[self.who]
        last = np.full(len(self.used), -1, dtype=np.int64)
        last[self.who[before]] = np.flatnonzero(before)  # sorted, so that the last one stays
        return np.where(np.isfinite(self.used), last, -1)


@dataclass(frozen=True, slots=True)
class Effect:
    """Shares that reached the next stage within the horizon: of `n` leads with the asset, of those comparable without
    it; `difference` with its interval in share points. `overlap` is the share of leads with the asset that had
    comparable ones. What cannot be told is None, and `says` why."""

    n: int
    reached: int
    overlap: float
    controls: int
    with_it: float | None
    without_it: float | None
    difference: float | None
    interval: Interval | None
    says: str = ""


def effect(found: AtStage, horizon: float) -> Effect:
    """The difference that goes with the asset, within `horizon` days after its use."""
    on = found.used_on()
    treated = np.flatnonzero((found.used < found.ends) & (found.used + horizon <= found.followed) & (on >= 0))
    reached = found.moved[treated] - found.used[treated] <= horizon
    plain = Effect(len(treated), int(reached.sum()), 0.0, 0, None, None, None, None)
    if len(treated) < ENOUGH:
        return _without(plain, f"Too few: {len(treated)} leads; {ENOUGH - len(treated)} more would tell.")
    kept = _some(treated)
    share, pull, partners, fine = _matched(found, kept, on, horizon)
    overlap = float(fine.mean())
    if overlap < OVERLAP or fine.sum() < ENOUGH:
        says = f"Not comparable: {overlap:.0%} of the leads with it have {PARTNERS} like them without it."
        return _without(plain, says, overlap, partners)
    came = (found.moved[kept] - found.used[kept] <= horizon)[fine].astype(np.float64)
    each = came - share[fine]
    difference = float(each.mean())
    np.add.at(pull, kept[fine], (each - difference) / len(each))
    half = _widest(pull) * float(np.sqrt((pull**2).sum()))
    told = Interval(max(-1.0, difference - half), min(1.0, difference + half))
    return Effect(
        len(treated), int(reached.sum()), overlap, partners, float(came.mean()), float(share[fine].mean()), difference,
        told,
    )  # fmt: skip


def _without(plain: Effect, says: str, overlap: float = 0.0, controls: int = 0) -> Effect:
    return Effect(plain.n, plain.reached, overlap, controls, None, None, None, None, says)


def _some(treated: Places) -> Places:
    """Of very many, a part by lot that is always the same."""
    if len(treated) <= MOST_TREATED:
        return treated
    return np.sort(np.random.default_rng(20260105).choice(treated, MOST_TREATED, replace=False))


def _matched(found: AtStage, treated: Places, on: Places, horizon: float) -> tuple[Reals, Reals, int, Flags]:
    """For each of the treated the share of comparable leads that reached the next stage, and whether there are enough;
    by how much each lead moves the average of these shares; and how many leads were compared with."""
    share, fine = np.zeros(len(treated)), np.zeros(len(treated), dtype=np.bool_)
    pull, seen = np.zeros(len(found.moved)), np.zeros(len(found.moved), dtype=np.bool_)
    without = (on[found.who] < 0) | (np.arange(len(found.who)) < on[found.who])
    without &= found.used[found.who] >= 0
    key = found.stratum[found.who] * (int(found.nth.max(initial=0)) + 1) + found.nth
    order = np.lexsort((found.age, key))
    order = order[without[order]]
    keys = key[order]
    for place, person in enumerate(treated):
        like = _like(found, order, keys, key[on[person]], int(on[person]), float(found.used[person]), horizon)
        if len(like) < PARTNERS:
            continue
        who, since = found.who[like], found.age[like] + float(found.used[person] - found.age[on[person]])
        came = (found.moved[who] - since <= horizon).astype(np.float64)
        share[place], fine[place] = came.mean(), True
        pull[who] -= (came - came.mean()) / len(like)
        seen[who] = True
    return share, pull / max(int(fine.sum()), 1), int(seen.sum()), fine


def _like(found: AtStage, order: Places, keys: Places, key: np.int64, mine: int, used: float, horizon: float) -> Places:
    """Occasions like the one after which the asset was used: of as many, of leads known alike, at about the age, and
    as long after it still there."""
    first, last = np.searchsorted(keys, [key, key + 1])
    some = order[first:last]
    low, high = (found.age[mine] + 1) / CALIPER - 1, (found.age[mine] + 1) * CALIPER - 1
    some = some[np.searchsorted(found.age[some], low) : np.searchsorted(found.age[some], high, side="right")]
    later = found.age[some] + (used - found.age[mine])
    who = found.who[some]
    there = (found.ends[who] > later) & (found.followed[who] >= later + horizon) & (who != found.who[mine])
    return np.asarray(some[there])


def _widest(pull: Reals) -> float:
    """How many standard errors: those of a t distribution whose freedom is that of the sum of squared pulls
    (Satterthwaite 1946)."""
    from scipy.special import stdtrit  # of a t distribution; scipy.stats takes a second to load

    squares, fourths = float((pull**2).sum()) ** 2, float((pull**4).sum())
    return float(stdtrit(max(squares / fourths - 1, 3.0) if fourths else 3.0, (1 + LEVEL) / 2))
