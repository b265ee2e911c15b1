"""Attribution by a Markov chain: what would be lost if a channel were taken away, in closed form.

The states are the last one, two or three channels of a path; a path goes from state to state and ends in a conversion
or in none. With Q the chances of going from state to state and r those of converting next, x = (I - Q)^-1 r is the
chance to convert in the end (Kemeny & Snell, *Finite Markov Chains*, 1960, theorem 3.3.7). Taking a channel away makes
every step into it end without a conversion: its states are struck out of Q. The removal effect of a channel is the
share of the conversions that is lost thereby (Anderl et al. 2016), and each channel's share is its removal effect over
the sum of all. For value, r holds the mean value of what was won from a state instead. Nothing is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from accord.insight.attribution.paths import Flags, Paths, Reals, Whole

ORDERS = {"markov_1": 1, "markov_2": 2, "markov_3": 3}
MOST_CHANNELS = 12_000  # states of three channels, what follows them and a group still fit into one number
_DENSE, _EXACT = 600, 1e-11
_FEW_CELLS = 4_000_000


class Steps(NamedTuple):
    """Counted steps of some groups of people: from which state, to which channel (or to an end), how often, and with
    which value. Coded into `key` by `coded`."""

    key: Whole
    group: Whole
    times: Reals
    value: Reals


@dataclass(frozen=True, slots=True)
class Shape:
    """How states and steps are numbered: the last `order` channels as digits, 0 where the path was shorter."""

    channels: int
    order: int

    @property
    def base(self) -> int:
        return self.channels + 1

    @property
    def exits(self) -> int:
        """Where a step may lead: to each channel, to a conversion, to none."""
        return self.channels + 2

    @property
    def steps(self) -> int:
        """How many different steps there may be."""
        return int(self.base**self.order) * self.exits


def count_steps(paths: Paths, shape: Shape, groups: int) -> Steps:
    """Every step of every path by group, from the start through the touches to how it ended."""
    begun = paths.conversions + paths.nulls
    state = _states(paths, shape)
    end, ends = paths.starts[1:] - 1, shape.exits * state[paths.starts[1:] - 1]
    before = np.concatenate([[0], state[:-1]])
    before[paths.starts[:-1]] = 0
    through = before * shape.exits + paths.channel
    group = np.repeat(paths.group, paths.lengths)
    often = None if np.all(begun == 1) else np.repeat(begun, paths.lengths)
    del before, state, end
    if groups * shape.steps <= min(_FEW_CELLS, 2 * len(through)):
        return _dense(paths, shape, groups, through * groups + group, often, ends)
    key = np.concatenate([through, ends + shape.channels, ends + shape.channels + 1])
    group = np.concatenate([group, paths.group, paths.group])
    count = np.concatenate([np.ones(len(through)) if often is None else often, paths.conversions, paths.nulls])
    value = np.concatenate([np.zeros(len(through)), paths.value, np.zeros(len(ends))])
    return merged([Steps(key, group, count, value)], shape, groups)


def _states(paths: Paths, shape: Shape) -> Whole:
    """The state after each touch."""
    digit = paths.channel.astype(np.int64) + 1
    if shape.order == 1:
        return digit
    state = digit.copy()
    place = np.arange(len(digit)) - np.repeat(paths.starts[:-1], paths.lengths)
    for back in range(1, shape.order):
        earlier = np.zeros_like(digit)
        earlier[back:] = digit[:-back] if len(digit) > back else 0
        state += np.where(place >= back, earlier, 0) * shape.base**back
    return state


def _dense(paths: Paths, shape: Shape, groups: int, cell: Whole, often: Reals | None, ends: Whole) -> Steps:
    cells = groups * shape.steps
    won, lost = ((ends + shape.channels + more) * groups + paths.group for more in (0, 1))
    count = np.bincount(cell, often, cells).astype(np.float64)
    count += np.bincount(won, paths.conversions, cells) + np.bincount(lost, paths.nulls, cells)
    value = _summed(won, paths.value, cells)
    met = np.flatnonzero(count)
    key, group = np.divmod(met, groups)
    return Steps(key, group, count[met], value[met])


def _summed(cell: Whole, amount: Reals, cells: int) -> Reals:
    return np.bincount(cell, amount, cells).astype(np.float64)


def merged(parts: Sequence[Steps], shape: Shape, groups: int) -> Steps:
    """Each step of each group once, sorted. Cells are counted where there are few, and sorted where there are many."""
    cells = groups * shape.steps
    if cells <= min(_FEW_CELLS, 2 * sum(len(part.key) for part in parts)):
        count, value = np.zeros(cells), np.zeros(cells)
        for part in parts:  # one by one: all of them in one row would not fit into the processor's cache
            place = part.key * groups + part.group
            count += np.bincount(place, part.times, cells)
            value += np.bincount(place, part.value, cells)
        met = np.flatnonzero(count > 0)
        return Steps(*np.divmod(met, groups), count[met], value[met])
    key, group, count, value = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    met, place = np.unique(key * groups + group, return_inverse=True)
    count, value = _summed(place, count, len(met)), _summed(place, value, len(met))
    key, group = np.divmod(met[count > 0], groups)
    return Steps(key, group, count[count > 0], value[count > 0])


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain that the steps of all people make. `states` are the codes in rising order, the start first; `source`
    and `target` number the states that each kind of step joins (-1: an end); `won` says which ends are conversions.

    `count` and `value` are (kinds of step) long; `by_group` and `value_by_group` are sparse, groups by kinds of step.
    """

    shape: Shape
    states: Whole
    source: Whole
    target: Whole
    won: Flags
    count: Reals
    value: Reals
    by_group: Any
    value_by_group: Any


class Effects(NamedTuple):
    """Per channel the share of what is lost without it, and how each group of people moves that share: (groups,
    channels), to first order."""

    share: Reals
    pull: Reals


def chain(steps: Steps, shape: Shape, groups: int) -> Chain:
    """Put the counted steps together."""
    from scipy.sparse import csr_array

    kinds, kind = np.unique(steps.key, return_inverse=True)
    source, leads = np.divmod(kinds, shape.exits)
    follows = (source * shape.base + leads + 1) % shape.base**shape.order
    states = np.unique(source)
    inner = leads < shape.channels
    table = (groups, len(kinds))
    return Chain(
        shape=shape,
        states=states,
        source=np.searchsorted(states, source),
        target=np.where(inner, np.searchsorted(states, np.where(inner, follows, 0)), -1),
        won=leads == shape.channels,
        count=_summed(kind, steps.times, len(kinds)),
        value=_summed(kind, steps.value, len(kinds)),
        by_group=csr_array((steps.times, (steps.group, kind)), shape=table),
        value_by_group=csr_array((steps.value, (steps.group, kind)), shape=table),
    )


def removal_effects(made: Chain, *, progress: Callable[[int, int], None]) -> tuple[Effects, Effects | None]:
    """Shares by what is lost of the conversions, and of the value (None where nothing has a value)."""
    whole = _without(made, None)
    channels = made.shape.channels
    without = []
    for channel in range(channels):
        without.append(_without(made, channel))
        progress(channel + 1, channels)
    counted = _effects([found.won for found in without], whole.won)
    if whole.worth.total <= 0:
        return counted, None
    return counted, _effects([found.worth for found in without], whole.worth)


class _Outcome(NamedTuple):
    """What is expected of one path from the start, and how each group moves it."""

    total: float
    pull: Reals


class _Outcomes(NamedTuple):
    won: _Outcome
    worth: _Outcome


def _without(made: Chain, channel: int | None) -> _Outcomes:
    """What is left when a channel is taken away. Its states are struck out: they are worth nothing, never reached."""
    size = len(made.states)
    current = made.states % made.shape.base - 1
    keep = np.flatnonzero(current != channel) if channel is not None else np.arange(size)
    leaving = np.bincount(made.source, made.count, size)
    chance = made.count / leaving[made.source]
    reward = np.zeros((size, 2))
    reward[:, 0] = np.bincount(made.source, chance * made.won, size)
    reward[:, 1] = np.bincount(made.source, made.value, size) / leaving
    worth, visits = _solved(made, keep, chance, reward)
    per_visit = (visits / leaving)[made.source]
    arrives = np.where(made.target[:, None] >= 0, worth[made.target], 0.0)
    arrives[made.won, 0] = 1.0
    moved = per_visit[:, None] * (arrives - worth[made.source])
    won, value = made.by_group @ moved[:, 0], made.by_group @ moved[:, 1] + made.value_by_group @ per_visit
    return _Outcomes(_Outcome(float(worth[0, 0]), won), _Outcome(float(worth[0, 1]), value))


def _solved(made: Chain, keep: Whole, chance: Reals, reward: Reals) -> tuple[Reals, Reals]:
    """Per state what is expected from there on, (I - Q)^-1 r, and how often a path comes there, e' (I - Q)^-1; 0 for
    the states that are struck out. The start is the first state and always kept."""
    from scipy.sparse import csr_array, eye_array

    size = len(made.states)
    inner = made.target >= 0
    moves = csr_array((chance[inner], (made.source[inner], made.target[inner])), shape=(size, size))
    system = (eye_array(size, format="csr") - moves)[keep][:, keep].tocsc()
    begun = np.zeros(len(keep))
    begun[0] = 1.0
    right, left = _solve(system, reward[keep], begun)
    worth, visits = np.zeros((size, 2)), np.zeros(size)
    worth[keep], visits[keep] = right, left
    return worth, visits


def _solve(system: Any, right: Reals, left: Reals) -> tuple[Reals, Reals]:
    """x of A x = right and y of A' y = left. Few states are solved densely; of many, which hang together loosely, the
    factors would fill up, and iterating to 11 digits takes a hundredth of the time. What does not get there is
    factored all the same."""
    if system.shape[0] <= _DENSE:
        whole = system.toarray()
        return np.linalg.solve(whole, right), np.linalg.solve(whole.T, left)
    found = [_iterated(system, column) for column in right.T]
    back = _iterated(system.T.tocsc(), left)
    if back is None or any(column is None for column in found):
        from scipy.sparse.linalg import splu

        factors = splu(system)
        return factors.solve(right), factors.solve(left, trans="T")
    return np.column_stack(found), back  # type: ignore[arg-type]


def _iterated(system: Any, right: Reals) -> Reals | None:
    from scipy.sparse.linalg import bicgstab

    if not right.any():
        return right
    found, _ = bicgstab(system, right, rtol=1e-14, atol=0.0, maxiter=500)
    off = np.abs(system @ found - right).max()
    return found if off <= _EXACT * np.abs(right).max() else None


def _effects(without: Sequence[_Outcome], whole: _Outcome) -> Effects:
    """Removal effects 1 - without/whole, each over their sum; and by the rules of quotients what a group moves."""
    left = np.array([found.total for found in without])
    effect = np.maximum(1.0 - left / whole.total, 0.0)
    moves = np.array([found.pull for found in without])
    pull = -moves / whole.total + np.outer(left, whole.pull) / whole.total**2
    share = effect / effect.sum()
    return Effects(share, ((pull - np.outer(share, pull.sum(axis=0))) / effect.sum()).T)
