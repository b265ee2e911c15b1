"""Figures as pages show them: with their age, and a word when they are older than agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accord_app.measures.attributing import attribution_name
from accord_app.measures.colliding import COLLISIONS
from accord_app.measures.counting_money import ECONOMICS
from accord_app.measures.dealing import DRAWN, FAIRNESS
from accord_app.measures.diagnosing import BEFORE, PRICE, figure_name
from accord_app.measures.foretelling import FORECAST
from accord_app.measures.measuring import GIVEN_BACK, SCOREBOARD
from accord_app.measures.models import Figure, PromiseFigure

OLDEST = timedelta(minutes=1)
OLDEST_BOARD = timedelta(minutes=10)
OLDEST_DIAGNOSIS = timedelta(hours=1)
OLDEST_SELDOM = timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Age:
    """When something was measured, and whether that is longer ago than agreed."""

    measured_at: datetime
    seconds: int
    is_old: bool

    @property
    def words(self) -> str:
        """`measured 12 s ago`, `measured 5 min ago`."""
        if self.seconds < 90:
            return f"measured {self.seconds}\u00a0s ago"
        if self.seconds < 5_400:
            return f"measured {round(self.seconds / 60)}\u00a0min ago"
        return f"measured {self.measured_at:%d %B, %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A measured thing with its query and its age."""

    content: dict[str, Any]
    sql: str
    age: Age


def scoreboard(*, at: datetime) -> Snapshot | None:
    """The page of both teams as last measured; None before anything was."""
    return _kept(SCOREBOARD, at, OLDEST_BOARD)


def given_back(*, at: datetime) -> Snapshot | None:
    """What became of leads that were given back, as last measured; None before anything was."""
    return _kept(GIVEN_BACK, at, OLDEST_BOARD)


def forecast(*, at: datetime) -> Snapshot | None:
    """Where the running periods will end, as last foretold; None before anything was."""
    return _kept(FORECAST, at, OLDEST_SELDOM)


def attribution(*, by: str, at: datetime) -> Snapshot | None:
    """What stood on the way to wins, as last measured; None before anything was."""
    return _kept(attribution_name(by), at, OLDEST_SELDOM)


def _kept(name: str, at: datetime, agreed: timedelta) -> Snapshot | None:
    row = Figure.objects.filter(name=name).first()
    return Snapshot(row.content, row.sql, age_of(row.measured_at, at, agreed=agreed)) if row else None


def economics(*, at: datetime) -> Snapshot | None:
    """What leads and customers cost and bring, as last measured; None before anything was."""
    row = Figure.objects.filter(name=ECONOMICS).first()
    return Snapshot(row.content, row.sql, age_of(row.measured_at, at, agreed=OLDEST_SELDOM)) if row else None


def collisions(*, at: datetime) -> Snapshot | None:
    """Where work met other work, as last looked for; None before anybody looked."""
    return _kept(COLLISIONS, at, OLDEST_SELDOM)


def fairness(*, at: datetime) -> Snapshot | None:
    """How handoffs were dealt out, as last looked at; None before anybody looked."""
    return _kept(FAIRNESS, at, OLDEST_SELDOM)


def drawn(*, at: datetime) -> Snapshot | None:
    """What became of leads drawn by lot below the line, as last looked at; None before anybody looked."""
    return _kept(DRAWN, at, OLDEST_SELDOM)


def diagnosis(against: str = BEFORE, *, at: datetime) -> Snapshot | None:
    """The diagnosis against one thing, as last measured; None before anything was."""
    return _kept(figure_name(against), at, OLDEST_DIAGNOSIS)


def price(*, at: datetime) -> Snapshot | None:
    """What misalignment went with in the running quarter, as last worked out; None before anything was."""
    return _kept(PRICE, at, OLDEST_DIAGNOSIS)


def promises(*, side: str | None = None) -> list[list[PromiseFigure]]:
    """Every promise with its periods, oldest first."""
    rows = PromiseFigure.objects.all()
    if side is not None:
        rows = rows.filter(side=side)
    grouped: dict[str, list[PromiseFigure]] = {}
    for row in rows.order_by("begins_at"):
        grouped.setdefault(row.promise, []).append(row)
    return list(grouped.values())


JUDGED = frozenset({"kept", "at_risk", "missed", "open"})
ON_COURSE = frozenset({"kept", "open"})


def headline(periods: Sequence[PromiseFigure]) -> PromiseFigure:
    """The period that a line speaks of: the running one once it can be judged, else the last full one."""
    last = periods[-1]
    return last if last.state in JUDGED - {"open"} or len(periods) == 1 else periods[-2]


def said(shown: PromiseFigure) -> str:
    """How a period stands, without the id of the promise and the label before it: `Kept. 80.9 % (76 of 94), …`."""
    words = shown.sentence.partition(": ")[2] or shown.sentence
    return words[:1].upper() + words[1:]


def on_course(grouped: Sequence[Sequence[PromiseFigure]]) -> tuple[int, int]:
    """How many promises are on course, of how many that can be judged."""
    states = [headline(periods).state for periods in grouped]
    return sum(state in ON_COURSE for state in states), sum(state in JUDGED for state in states)


def age_of(measured_at: datetime, at: datetime, *, agreed: timedelta = OLDEST) -> Age:
    """How old something is at a moment, and whether that is older than `agreed`."""
    seconds = max(0, int((at - measured_at).total_seconds()))
    return Age(measured_at, seconds, timedelta(seconds=seconds) > agreed)
