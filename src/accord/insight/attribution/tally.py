"""What each channel gets, added up by group of people, so that the groups can be drawn again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from accord.insight.attribution.chain import MOST_CHANNELS, ORDERS, Shape, Steps, count_steps, merged
from accord.insight.attribution.models import SHARING, Weights
from accord.insight.attribution.paths import Paths, Reals

MODELS = ("first", "last", "linear", "position", "time_decay", "markov_1", "markov_2", "markov_3", "shapley")
_GROUPS, _FEWEST_GROUPS, _CELLS = 1024, 128, 512_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be added up: which models, over how many channels, for how many groups of people."""

    models: tuple[str, ...]
    channels: int
    groups: int
    half_life: float

    def shape(self, model: str) -> Shape:
        return Shape(self.channels, ORDERS[model])


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over people. `credits[model]` is (2, groups, channels): conversions, then value. `totals` is (2, groups)."""

    credits: dict[str, Reals]
    totals: Reals
    steps: dict[str, Steps]
    people: int = 0
    converters: int = 0
    touches: int = 0
    nulls: float = 0.0
    alone: int = 0
    outside: int = 0
    rows: int = 0  # that were read


def how_many_groups(channels: int) -> int:
    """Groups of people that are drawn together: as many as sums by channel leave room for. Whoever has fewer people
    draws each by itself."""
    return max(_FEWEST_GROUPS, min(_GROUPS, _CELLS // max(channels, 1)))


def planned(channels: Sequence[str], models: Sequence[str], half_life: float) -> Plan:
    """What these models need, without those that so many channels are too many for."""
    kept = tuple(model for model in models if model not in ORDERS or len(channels) <= MOST_CHANNELS)
    return Plan(kept, len(channels), how_many_groups(len(channels)), half_life)


def tally(paths: Paths, plan: Plan) -> Tally:
    """Everything that the models need of these paths."""
    won = paths.chosen(paths.conversions > 0)
    sharing = [model for model in plan.models if model in SHARING]
    return Tally(
        credits={model: _credits(won, SHARING[model](won, plan.half_life), plan) for model in sharing},
        totals=np.stack([np.bincount(won.group, part, plan.groups) for part in (won.conversions, won.value)]),
        steps={m: count_steps(paths, plan.shape(m), plan.groups) for m in plan.models if m in ORDERS},
        people=paths.people,
        converters=paths.converters,
        touches=len(paths.channel),
        nulls=float(paths.nulls.sum()),
        alone=paths.alone,
        outside=paths.outside,
    )


def _credits(won: Paths, given: Weights, plan: Plan) -> Reals:
    cell = won.group[given.path] * plan.channels + given.channel
    cells = plan.groups * plan.channels
    out = np.zeros((2, cells))
    out[0] = np.bincount(cell, given.weight * won.conversions[given.path], cells)
    if won.value.any():
        out[1] = np.bincount(cell, given.weight * won.value[given.path], cells)
    return out.reshape(2, plan.groups, plan.channels)


def together(parts: Sequence[Tally], plan: Plan) -> Tally:
    """The sum of tallies of different people, in the order in which they are given."""

    def added(number: Callable[[Tally], float]) -> float:
        return sum(map(number, parts))

    return Tally(
        credits={model: np.sum([part.credits[model] for part in parts], axis=0) for model in parts[0].credits},
        totals=np.sum([part.totals for part in parts], axis=0),
        steps={
            model: merged([part.steps[model] for part in parts], plan.shape(model), plan.groups)
            for model in parts[0].steps
        },
        people=int(added(lambda part: part.people)),
        converters=int(added(lambda part: part.converters)),
        touches=int(added(lambda part: part.touches)),
        nulls=added(lambda part: part.nulls),
        alone=int(added(lambda part: part.alone)),
        outside=int(added(lambda part: part.outside)),
    )


def without(part: Tally) -> Tally:
    """What takes these people out again when it is added."""
    return Tally(
        credits={model: -given for model, given in part.credits.items()},
        totals=-part.totals,
        steps={model: each._replace(times=-each.times, value=-each.value) for model, each in part.steps.items()},
        people=-part.people,
        converters=-part.converters,
        touches=-part.touches,
        nulls=-part.nulls,
        alone=-part.alone,
        outside=-part.outside,
        rows=-part.rows,
    )
