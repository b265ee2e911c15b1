"""The models that share one conversion out among the touches of its path, without looking at other paths.

Each gives, for the paths that end in a conversion, rows of (path, channel, weight); the weights of a path sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from accord.insight.attribution.paths import Paths, Reals, Whole

HALF_LIFE = 7.0  # days
ENDS = 0.4  # of a conversion for the first touch, and as much for the last


class Weights(NamedTuple):
    """Rows of one path, one channel and the part of the path's conversion that the channel gets."""

    path: Whole
    channel: Whole
    weight: Reals


def first(paths: Paths, _: float) -> Weights:
    """All to the first touch."""
    return _at(paths, paths.starts[:-1])


def last(paths: Paths, _: float) -> Weights:
    """All to the last touch before the conversion."""
    return _at(paths, paths.starts[1:] - 1)


def linear(paths: Paths, _: float) -> Weights:
    """To every touch the same."""
    return _each(paths, np.repeat(1.0 / paths.lengths, paths.lengths))


def position(paths: Paths, _: float) -> Weights:
    """40 % to the first, 40 % to the last, 20 % evenly to those between; halves to two, all to a single one."""
    length = paths.lengths
    between = (1 - 2 * ENDS) / np.maximum(length - 2, 1)
    ends = np.where(length == 1, 1.0, np.where(length == 2, 0.5, ENDS))
    weight = np.repeat(between, length)
    weight[paths.starts[:-1]] = ends
    weight[paths.starts[1:] - 1] = ends
    return _each(paths, weight)


def time_decay(paths: Paths, half_life: float) -> Weights:
    """To each touch half as much as to one that came `half_life` days later."""
    age = paths.age()
    # counted from the last touch instead of the conversion: the same shares, and years between them vanish in no
    # number that is too small to be told from 0
    since_last = age - np.repeat(age[paths.starts[1:] - 1], paths.lengths)
    weight = np.exp2(-since_last / half_life)
    return _each(paths, weight / np.repeat(np.add.reduceat(weight, paths.starts[:-1]), paths.lengths))


def shapley(paths: Paths, _: float) -> Weights:
    """To every channel of the path the same, however often it touched.

    This is the Shapley value of the game in which a set of channels is worth the conversions of the paths whose
    channels all lie in the set: such a game is a sum of unanimity games, one per path, and each of them is split evenly
    among its members (Shapley 1953). No set has to be enumerated; a test does, and finds the same.
    """
    path = np.repeat(np.arange(len(paths.lengths)), paths.lengths)
    most = int(paths.channel.max(initial=0)) + 1
    met = path * most + paths.channel
    met.sort()
    met = met[np.append(True, met[1:] != met[:-1])[: len(met)]]
    path, channel = np.divmod(met, most)
    return Weights(path, channel, 1.0 / np.bincount(path)[path])


def _at(paths: Paths, touches: Whole) -> Weights:
    count = len(touches)
    return Weights(np.arange(count), paths.channel[touches].astype(np.int64), np.ones(count))


def _each(paths: Paths, weight: Reals) -> Weights:
    path = np.repeat(np.arange(len(paths.lengths)), paths.lengths)
    return Weights(path, paths.channel.astype(np.int64), weight)


SHARING: Mapping[str, Callable[[Paths, float], Weights]] = {
    "first": first,
    "last": last,
    "linear": linear,
    "position": position,
    "time_decay": time_decay,
    "shapley": shapley,
}
