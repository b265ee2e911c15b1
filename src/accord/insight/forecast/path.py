"""New revenue from week to week: what was won by the end of each, and the range for the weeks to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from accord.agreement.periods import Span
from accord.insight.forecast import pipeline, reading
from accord.insight.forecast.arrivals import flow
from accord.insight.forecast.outlook import FEWER_FUTURES, Outlook, Room, Target
from accord.insight.forecast.ranges import range_of
from accord.insight.result import iso

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Step:
    """The end of a week of the period: `won` since the period began (None for one to come), and the range there."""

    ends: datetime
    won: float | None
    low: float | None
    middle: float | None
    high: float | None

    def to_json(self) -> dict[str, Any]:
        return {"ends": iso(self.ends), "won": self.won, "low": self.low, "middle": self.middle, "high": self.high}


def path(room: Room, target: Target, period: Span, told: Outlook) -> tuple[Step, ...]:
    """Every week's end of the period, the moment of the forecast itself, and the period's end with the range `told`;
    nothing where revenue cannot be foretold."""
    if told.interval is None or told.middle is None:
        return ()
    complete = room.complete(target.definition)
    found = room.deals(target.where, complete)
    so_far = told.so_far or 0.0
    won = (found.state == pipeline.WON) & ~np.isnan(found.worth) & (found.closed >= reading.us(period.start))
    steps = []
    for ends in _edges(period, room.at):
        if ends < room.at:
            steps.append(
                Step(ends, float(found.worth[won & (found.closed < reading.us(ends))].sum()), None, None, None)
            )
        elif ends == room.at:
            steps.append(Step(ends, so_far, so_far, so_far, so_far))
        elif ends == period.end:
            steps.append(Step(ends, None, told.interval.low, told.middle, told.interval.high))
        else:
            steps.append(_to_come(room, found, won, complete, ends, so_far))
    return tuple(steps)


def _edges(period: Span, at: datetime) -> list[datetime]:
    weeks = int((period.end - period.start) / _WEEK)
    return sorted({*(period.start + _WEEK * number for number in range(weeks + 1)), at, period.end})


def _to_come(
    room: Room,
    found: pipeline.Deals,
    won: np.ndarray[Any, np.dtype[np.bool_]],
    complete: datetime,
    ends: datetime,
    so_far: float,
) -> Step:
    now = reading.us(complete)
    known = pipeline.hazards(found, now=now)
    coming = flow(found.opened, since=int(found.opened.min()), now=now, until=reading.us(ends))
    assert known is not None and coming is not None  # noqa: S101 - the whole period was foretold from them
    dice = room.dice("path", ends)
    played = pipeline.play(dice, found, known, coming, now=now, until=reading.us(ends), size=FEWER_FUTURES)
    values = np.maximum(played.revenue + found.worth[won].sum(), so_far)
    span = range_of(values)
    return Step(ends, None, span.low, float(np.median(values)), span.high)
