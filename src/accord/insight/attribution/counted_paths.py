"""Paths that somebody has counted already: how often each led to a conversion, with which value, how often to none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accord.insight.attribution.draws import SEED
from accord.insight.attribution.paths import Paths, Reals, Whole, from_lengths

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, slots=True)
class CountedPath:
    """The channels of a path in order, and its counts. Nobody is told apart: each way is one journey of somebody."""

    channels: tuple[str, ...]
    conversions: float
    value: float = 0.0
    nulls: float = 0.0


def by_lot(counted: Sequence[CountedPath], channels: Sequence[str], groups: int) -> Paths:
    """The paths with their journeys dealt into groups by lot, so that chance can be told as with single people.

    A conversion that is a fraction goes whole into one group. The deal is the same for the same paths.
    """
    dice = np.random.default_rng(SEED)
    dealt = min(groups, max(1, _MOST_PAIRS // max(1, 2 * len(counted))))
    won = [_deal(path.conversions, dealt, dice) for path in counted]
    lost = [_deal(path.nulls, dealt, dice) for path in counted]
    pairs = [
        (path, group) for path, (a, b) in enumerate(zip(won, lost, strict=True)) for group in np.flatnonzero(a + b)
    ]
    code = {channel: place for place, channel in enumerate(channels)}
    coded = [[code[channel] for channel in path.channels] for path in counted]
    lengths = np.array([len(coded[path]) for path, _ in pairs], dtype=np.int64)
    conversions = np.array([won[path][group] for path, group in pairs])
    each = np.array([path.value / path.conversions if path.conversions else 0.0 for path in counted])
    of = np.array([path for path, _ in pairs], dtype=np.int64)
    return Paths(
        channel=np.array([channel for path, _ in pairs for channel in coded[path]], dtype=np.uint32),
        moment=None,
        end=np.zeros(len(pairs), dtype=np.int64),
        starts=from_lengths(lengths),
        conversions=conversions,
        value=conversions * each[of],
        nulls=np.array([lost[path][group] for path, group in pairs]),
        group=np.array([group for _, group in pairs], dtype=np.int64),
        people=_whole(sum(path.conversions + path.nulls for path in counted)),
        converters=_whole(sum(path.conversions for path in counted)),
    )


def _whole(count: float) -> int:
    return int(np.floor(count))


def _deal(count: float, groups: int, dice: np.random.Generator) -> Reals:
    whole = int(count)
    dealt: Whole = (
        dice.multinomial(whole, np.full(groups, 1.0 / groups))
        if whole > groups
        else np.bincount(dice.integers(0, groups, whole), minlength=groups)
    )
    out = dealt.astype(np.float64)
    if count > whole:
        out[dice.integers(0, groups)] += count - whole
    return out
