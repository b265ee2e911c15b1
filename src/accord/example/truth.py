"""What is true about a simulated company: written beside its lake, for tests and for people who judge findings.

Product code never reads this: a finding has to be made from facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accord.example import colleagues, deals
from accord.example.staff import Colleague
from accord.example.world import CHANNELS, ORIGINS, SALES_CHANNEL, ExampleError, Span, World, moment


@dataclass(frozen=True, slots=True)
class Truth:
    """The planted cause with its size and dates, the rates that everything was drawn with, and what came of it."""

    seed: int
    leads: int
    world: Mapping[str, Any]
    starts: str
    ends: str
    planted_from: str | None
    planted_until: str | None
    model: Mapping[str, Any]
    colleagues: tuple[Mapping[str, Any], ...]
    contradicted_handoffs: tuple[str, ...]
    counts: Mapping[str, int]
    simulated: bool = True

    def write(self, lake: Path) -> Path:
        """Writes the truth beside the lake and says where."""
        path = truth_path(lake)
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, lake: Path) -> Truth:
        """The truth beside a lake. Raises ExampleError where there is none."""
        path = truth_path(lake)
        if not path.is_file():
            raise ExampleError(
                f"There is no {path}.", remedy="Only a lake made by `accord example` has a truth beside it."
            )
        found = json.loads(path.read_text("utf-8"))
        found["colleagues"] = tuple(found["colleagues"])
        found["contradicted_handoffs"] = tuple(found["contradicted_handoffs"])
        return cls(**found)


def truth_path(lake: Path) -> Path:
    """Beside the lake, never in it: `LAKE.truth.json`."""
    return lake.with_name(lake.name + ".truth.json")


def truth_of(
    world: World,
    span: Span,
    *,
    seed: int,
    leads: int,
    staff: tuple[Colleague, ...],
    contradicted: tuple[str, ...],
    counts: Mapping[str, int],
) -> Truth:
    """Gathers what was true of one simulated company."""
    planted = world.planted
    return Truth(
        seed=seed,
        leads=leads,
        world=asdict(world),
        starts=moment(span.start).isoformat(),
        ends=moment(span.end).isoformat(),
        planted_from=moment(span.at(world.since)).isoformat() if planted else None,
        planted_until=moment(span.at(world.until)).isoformat() if planted else None,
        model=_model(),
        colleagues=tuple(_colleague(who, span) for who in staff),
        contradicted_handoffs=contradicted,
        counts=dict(counts),
    )


def _model() -> dict[str, Any]:
    return {
        "channels": [*(each.name for each in CHANNELS), SALES_CHANNEL],
        "origins": {
            each.name: {"share": each.share, "interest": each.interest, "log_odds_of_winning": each.readiness}
            for each in ORIGINS
        },
        "median_response_minutes_of_working_time": colleagues.MEDIAN_RESPONSE / 60_000_000,
        "response_spread_log": colleagues.RESPONSE_SPREAD,
        "forgotten_share": colleagues.FORGOTTEN,
        "chance_to_reach_per_attempt": colleagues.REACHED,
        "reason_weights": colleagues.REASONS,
        "winning": {
            "base": deals.WIN_BASE,
            "per_fit": deals.WIN_BY_FIT,
            "per_interest": deals.WIN_BY_INTEREST,
            "per_e_fold_of_response_time": deals.WIN_BY_RESPONSE,
        },
        "price_share_of_lost": deals.PRICE_SHARE,
        "median_amount": deals.MEDIAN_AMOUNT,
        "median_days_from_opened_to_closed": deals.MEDIAN_DAYS_TO_WIN,
    }


def _colleague(who: Colleague, span: Span) -> dict[str, Any]:
    return {
        "handle": who.handle,
        "team": who.team,
        "zone": who.zone,
        "hours": [who.begins, who.ends],
        "pace": who.pace,
        "attempts": who.stamina,
        "joined": moment(who.joined).isoformat(),
        "left": moment(who.left).isoformat() if who.left < span.end else None,
        "away": [[moment(away.since).isoformat(), moment(away.until).isoformat(), away.deputy] for away in who.away],
    }
