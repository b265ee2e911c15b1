"""What a report shows, as values: every text is written, every width is computed; templates compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accord.agreement.promise import Measured
from accord.insight.funnel import Funnel

STATES = ("kept", "risk", "missed", "open", "few", "none")


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as SVG in both themes and two widths, with the sentence that says what it shows."""

    label: str
    wide_light: str
    wide_dark: str
    narrow_light: str
    narrow_dark: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One period of a strip: its state and what a reader hears of it."""

    state: str
    title: str

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"no state is called {self.state}")


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One promise: what, how it stands, its last periods, and its definition."""

    id: str
    team: str  # mkt, sls, both
    team_name: str
    title: str
    value: str
    target: str
    state: str
    word: str
    period: str
    strip: tuple[Cell, ...]
    strip_says: str
    definition: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Side:
    """What one side promised."""

    team: str
    name: str
    summary: str
    rows: tuple[PromiseRow, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the first row: value, range, target on one rail (positions in % of its width)."""

    title: str
    team: str
    team_name: str
    value: str
    beside: str
    says: str
    now: float
    low: float | None
    high: float | None
    target: float | None
    state: str
    word: str
    definition: str
    of: str = ""  # what stands small beside the value
    period: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage of the funnel; `width` in %. Where the stage is not recorded, `count` says so."""

    name: str
    team: str
    width: float
    count: str
    beside: str
    recorded: bool
    step: str = ""
    step_says: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts; columns named in `right` stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    hide_small: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One article: its sentences as (text, is it a marked quantity) and the promises measured under it."""

    no: int
    title: str
    text: tuple[tuple[str, bool], ...]
    rows: tuple[PromiseRow, ...]


@dataclass(frozen=True, slots=True)
class FunnelView:
    """The funnel as bars, with its definition, notices and query."""

    summary: str
    bars: tuple[Bar, ...]
    definition: str
    notices: tuple[str, ...]
    sql: str
    chart: Chart | None = None
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a page shows of plan and pace. `says` is its finding, `chart` the picture, `grid` the same as a table."""

    says: str
    beside: str
    chart: Chart
    grid: Grid
    definition: str
    sql: str


@dataclass(frozen=True, slots=True)
class Report:
    """One page for both teams, with the numbers that it was written from (`counted`, `measured`)."""

    title: str
    context: str
    simulated: bool
    tiles: tuple[Tile, ...]
    sides: tuple[Side, ...]
    both: tuple[PromiseRow, ...]
    funnel: FunnelView
    kept: Chart | None
    kept_grid: Grid | None
    wins: Grid | None
    wins_says: str
    agreement: str
    clauses: tuple[Clause, ...]
    health: Grid
    health_says: str
    made: str
    at: datetime
    counted: Funnel
    measured: tuple[Measured, ...]
    unowned: int = 0
    missing: tuple[str, ...] = ()
    plan: PlanView | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What stands before any number: people who wait without an owner, and what is not there to be measured."""
        return (*unowned_says(self.unowned), *self.missing)


def unowned_says(unowned: int) -> tuple[str, ...]:
    """A sentence on handoffs without an owner, none when there are none."""
    if unowned == 1:
        return ("1 handoff has no owner. Somebody is waiting, and no clock runs.",)
    return (f"{unowned:,} handoffs have no owner. People are waiting, and no clock runs.",) if unowned else ()
