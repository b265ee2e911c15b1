"""Where the models disagree: the channels whose share depends on who shares out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accord.insight.attribution.attribution import Credit

_SPOKEN = 3
_SMALL = 0.005  # of all conversions: less is no difference to speak of


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The models that give least and most to a channel, as shares (0 to 1). `beyond_chance` says whether their 90 %
    intervals keep apart; None where there are no intervals."""

    channel: str
    least_by: str
    least: float
    most_by: str
    most: float
    beyond_chance: bool | None

    @property
    def apart(self) -> float:
        return self.most - self.least

    def to_json(self) -> dict[str, Any]:
        return {
            "channel": self.channel,
            "least_by": self.least_by,
            "least": self.least,
            "most_by": self.most_by,
            "most": self.most,
            "beyond_chance": self.beyond_chance,
        }


def disagreements(models: Mapping[str, Sequence[Credit]]) -> tuple[Disagreement, ...]:
    """One per channel, the widest first."""
    each = (_of(place, models) for place in range(len(next(iter(models.values()), ()))))
    return tuple(sorted(each, key=lambda found: (-found.apart, found.channel)))


def _of(place: int, models: Mapping[str, Sequence[Credit]]) -> Disagreement:
    by_model = {model: given[place] for model, given in models.items()}
    least = min(by_model, key=lambda model: by_model[model].share)
    most = max(by_model, key=lambda model: by_model[model].share)
    low, high = by_model[least], by_model[most]
    ends = low.share_interval, high.share_interval
    apart = None if None in ends else ends[0].high < ends[1].low  # type: ignore[union-attr]
    return Disagreement(low.channel, least, low.share, most, high.share, apart)


def says(found: Sequence[Disagreement], models: Mapping[str, Sequence[Credit]]) -> Iterator[str]:
    """The widest disagreements as sentences, or that there are none."""
    if len(models) < 2:
        return
    told = [each for each in found if each.apart >= _SMALL and each.beyond_chance is not False][:_SPOKEN]
    if not told:
        yield "The models agree: no channel's share differs between them by more than chance or half a percent."
    for each in told:
        sure = "" if each.beyond_chance is None else ", further apart than chance explains"
        yield (
            f"The models disagree on {each.channel}: {100 * each.least:.1f} % by {plain(each.least_by)}, "
            f"{100 * each.most:.1f} % by {plain(each.most_by)}{sure}."
        )


def plain(model: str) -> str:
    """`time decay`, `Markov 1`."""
    return model.replace("_", " ").replace("markov", "Markov").replace("shapley", "Shapley")
