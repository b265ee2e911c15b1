"""Attribution as anyone would do it by hand: loops over rows, paths, states and sets of channels. Slow and readable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, groupby
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from accord.facts.engine import Engine

Row = Mapping[str, Any]
SQL = "SELECT person_id AS person, occurred_at AS moment, channel, converted, value FROM invented"
_SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("channel", pa.string()),
        ("converted", pa.bool_()),
        ("value", pa.float64()),
    ]
)


def invented(rows: Sequence[Row]) -> Engine:
    """An engine that holds these rows as `invented`, to be asked with `SQL`."""
    engine = Engine()
    engine.register("invented", pa.Table.from_pylist([dict(row) for row in rows], _SCHEMA))
    return engine


class Touch(NamedTuple):
    channel: str
    at: datetime


@dataclass
class Path:
    """One way, as a reader would write it down."""

    touches: list[Touch]
    end: datetime
    conversions: int = 0
    value: float = 0.0

    @property
    def channels(self) -> list[str]:
        return [touch.channel for touch in self.touches]


def paths(rows: Sequence[Row], *, since: datetime | None = None, window: float | None = None) -> list[Path]:
    """Person by person, touch by touch. Paths without a touch are among them."""
    found: list[Path] = []
    placed = sorted(
        enumerate(rows), key=lambda e: (e[1]["person_id"], e[1]["occurred_at"], e[1]["channel"] is None, e[0])
    )
    for _, group in groupby((row for _, row in placed), key=lambda row: row["person_id"]):
        walking: list[Touch] = []
        last: Path | None = None
        for row in group:
            at = row["occurred_at"]
            if row["channel"] is None and last and last.end == at and not walking:
                last.conversions += 1
                last.value += row["value"]
                continue
            if row["channel"] is not None:
                walking.append(Touch(row["channel"], at))
                last = None
            if row["converted"]:
                last = Path(walking, at, 1, row["value"])
                found.append(last)
                walking = []
        if walking:
            found.append(Path(walking, walking[-1].at))
    kept = [path for path in found if since is None or path.end >= since]
    for path in kept:
        path.touches = [
            touch for touch in path.touches if window is None or path.end - touch.at <= timedelta(days=window)
        ]
    return kept


def with_touches(found: Sequence[Path]) -> list[Path]:
    return [path for path in found if path.touches]


def weights(model: str, path: Path, half_life: float) -> list[float]:
    """How one conversion is shared out among the touches of its path."""
    n = len(path.touches)
    if model == "first":
        return [1.0] + [0.0] * (n - 1)
    if model == "last":
        return [0.0] * (n - 1) + [1.0]
    if model == "linear":
        return [1 / n] * n
    if model == "position":
        return [1.0] if n == 1 else [0.5, 0.5] if n == 2 else [0.4, *[0.2 / (n - 2)] * (n - 2), 0.4]
    days = [(path.end - touch.at) / timedelta(days=1) for touch in path.touches]
    raw = [2 ** (-(day - min(days)) / half_life) for day in days]
    return [each / sum(raw) for each in raw]


def shared(model: str, found: Sequence[Path], half_life: float = 7.0) -> tuple[dict[str, float], dict[str, float]]:
    """Conversions and value by channel, by a model that looks at one path at a time."""
    conversions: dict[str, float] = defaultdict(float)
    value: dict[str, float] = defaultdict(float)
    for path in with_touches(found):
        for channel, weight in zip(path.channels, weights(model, path, half_life), strict=True):
            conversions[channel] += weight * path.conversions
            value[channel] += weight * path.value
    return conversions, value


def shapley(found: Sequence[Path], what: str = "conversions") -> dict[str, float]:
    """By the definition: over all sets of channels, what a channel adds to the set."""
    channels = sorted({channel for path in found for channel in path.channels})

    def worth(members: frozenset[str]) -> float:
        return float(sum(getattr(path, what) for path in with_touches(found) if set(path.channels) <= members))

    out = dict.fromkeys(channels, 0.0)
    n = len(channels)
    for channel in channels:
        others = [each for each in channels if each != channel]
        for size in range(n):
            for chosen in combinations(others, size):
                members = frozenset(chosen)
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                out[channel] += weight * (worth(members | {channel}) - worth(members))
    return out


def markov(found: Sequence[Path], order: int, what: str = "conversions") -> dict[str, float]:
    """Removal effects of an explicit absorbing chain: every channel is taken out of the paths' steps in turn, and the
    chain without it is solved anew. Shares of all conversions (or value)."""
    kept = with_touches(found)
    channels = sorted({channel for path in kept for channel in path.channels})
    whole = _expected(kept, order, what, None)
    effects = {channel: 1 - _expected(kept, order, what, channel) / whole for channel in channels}
    total = sum(getattr(path, what) for path in kept)
    return {channel: effect / sum(effects.values()) * total for channel, effect in effects.items()}


def _expected(found: Sequence[Path], order: int, what: str, removed: str | None) -> float:
    """What one path brings on average; a step into the removed channel ends without anything."""
    steps: dict[tuple[str, ...], dict[tuple[str, ...], float]] = defaultdict(lambda: defaultdict(float))
    brought: dict[tuple[str, ...], float] = defaultdict(float)
    for path in found:
        times = float(max(path.conversions, 1))
        state: tuple[str, ...] = ()
        for channel in path.channels:
            following = (*state, channel)[-order:]
            steps[state][following] += times
            state = following
        steps[state][("an end",)] += times
        brought[state] += path.conversions if what == "conversions" else path.value
    states = list(steps)
    chance = np.zeros((len(states), len(states)))
    reward = np.zeros(len(states))
    for row, state in enumerate(states):
        leaving = sum(steps[state].values())
        reward[row] = brought[state] / leaving
        for following, often in steps[state].items():
            if following in steps and following[-1] != removed:
                chance[row, states.index(following)] = often / leaving
    return float(np.linalg.solve(np.eye(len(states)) - chance, reward)[states.index(())])
