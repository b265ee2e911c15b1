"""What components of a page are given: values that refuse to be built wrong. Positions are whole numbers 0 to 100, as
`steps.css` knows them; `share_of` gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["mkt", "sls", "both"]
State = Literal["", "kept", "risk", "missed"]
SIDES: dict[str, Side] = {"marketing": "mkt", "sales": "sls", "both": "both", "mkt": "mkt", "sls": "sls"}
"""Our words for a side, and how the style sheet calls it."""

TITLES: dict[Side, str] = {"mkt": "Marketing", "sls": "Sales", "both": "Both"}
"""A side in words."""

AT_RISK = 25
"""A clock is at risk below this share of its business time, in percent."""


def step(value: float) -> int:
    """A position on a scale of 0 to 100 as the nearest step; what lies outside stands at the edge."""
    return round(min(100.0, max(0.0, value)))


def share_of(part: float, whole: float) -> int:
    """`part` of `whole` in steps; 0 where the whole is nothing."""
    return step(100 * part / whole) if whole > 0 else 0


def side_of(side: str) -> Side:
    """`marketing` or `mkt` as the style sheet calls it. Raises LookupError."""
    if side not in SIDES:
        raise LookupError(f"There is no side {side!r}; there are {', '.join(SIDES)}.")
    return SIDES[side]


@dataclass(frozen=True, slots=True)
class ClockFace:
    """Business time left on a clock, as the server counted it. `minutes` below zero is late, `whole` is the agreed
    time in minutes. `prefix` stands before the words ("Contact in"). `key` names the clock on its page, so that it can
    be brought up to date every minute; `about` says whose it is when ten minutes are left."""

    minutes: int
    whole: int
    prefix: str = ""
    key: str = ""
    about: str = ""

    @property
    def left(self) -> int:
        """Share of the agreed time that is left, in steps."""
        return share_of(self.minutes, self.whole)

    @property
    def state(self) -> State:
        """missed once it is late, risk below a quarter."""
        if self.minutes < 0:
            return "missed"
        return "risk" if 100 * self.minutes < AT_RISK * self.whole else ""

    @property
    def words(self) -> str:
        """`38 min`, `3 h 20 m`, `1 h 20 m late`."""
        hours, minutes = divmod(abs(self.minutes), 60)
        time = (f"{hours} h {minutes:02d} m" if minutes else f"{hours} h") if hours else f"{minutes} min"
        if self.minutes < 0:
            return f"{time} late"
        return f"{self.prefix} {time}".strip()


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate on a scale of 0 to 100. `words` say it all: `+4.2, 90 % interval 1.8 to 6.6`. Weak: zero inside."""

    low: float
    middle: float
    high: float
    words: str
    zero: float = 50
    is_weak: bool = False
    side: str = ""

    def __post_init__(self) -> None:
        if not self.low <= self.middle <= self.high:
            raise ValueError(f"{self.low}, {self.middle}, {self.high} is no interval.")


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure with its target, its pace and its forecast on one rail; positions 0 to 100 of the rail."""

    title: str
    side: str
    figure: str
    of: str
    now: float
    words: str
    target: float | None = None
    low: float | None = None
    high: float | None = None
    caption: str = ""
    state: State = ""
    state_words: str = ""
    url: str = ""

    @property
    def team(self) -> Side:
        """The side as the style sheet calls it."""
        return side_of(self.side)

    @property
    def party(self) -> str:
        """The side in words."""
        return TITLES[side_of(self.side)]


@dataclass(frozen=True, slots=True)
class Point:
    """One reason of a score: what it is, how many points, its share of the longest bar."""

    what: str
    points: float
    width: float
    side: str = ""

    @property
    def team(self) -> Side:
        """The side as the style sheet calls it."""
        return side_of(self.side)


@dataclass(frozen=True, slots=True)
class LaneTouch:
    """A touch on the axis of both teams. `at` is its place 0 to 100, `height` its level in rem (0 to 10)."""

    side: str
    words: str
    at: float
    height: float = 1.0
    url: str = ""

    @property
    def h(self) -> int:
        """The height in steps of a tenth."""
        return step(10 * self.height)

    @property
    def is_late(self) -> bool:
        """Whether its words stand left of it, because there is no room to the right."""
        return self.at > 60


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis of a lane."""

    words: str
    at: float


@dataclass(frozen=True, slots=True)
class Lane:
    """What both teams did on one axis: marketing above, sales below. `listed` tells the same in words, oldest first."""

    touches: tuple[LaneTouch, ...]
    ticks: tuple[Tick, ...]
    listed: tuple[str, ...]

    def of(self, side: str) -> tuple[LaneTouch, ...]:
        """The touches of one side."""
        return tuple(touch for touch in self.touches if side_of(touch.side) == side)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the funnel and the step that leads on from it, if there is one."""

    title: str
    side: str
    count: str
    width: float
    rate: str = ""
    pace: str = ""
    state: State = ""
    url: str = ""
    beside: str = ""

    @property
    def team(self) -> Side:
        """The side as the style sheet calls it."""
        return side_of(self.side)


@dataclass(frozen=True, slots=True)
class View:
    """A saved view or tab: a link with a count."""

    title: str
    url: str
    count: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column head. With a `sort_url` it sorts; `sorted` says how it is sorted now."""

    title: str
    is_number: bool = False
    sort_url: str = ""
    sorted: Literal["", "ascending", "descending"] = ""
    hide_small: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One promise beside its article."""

    what: str
    side: str
    figure: str
    of: str
    state: Literal["kept", "risk", "missed"]
    strip: str = ""
    strip_words: str = ""
    state_words: str = ""
    url: str = ""

    @property
    def party(self) -> str:
        """The side in words."""
        return TITLES[side_of(self.side)]


@dataclass(frozen=True, slots=True)
class Sign:
    """A signature, or the place for one."""

    side: str
    title: str
    name: str = ""
    caption: str = ""

    @property
    def team(self) -> Side:
        """The side as the style sheet calls it."""
        return side_of(self.side)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the matrix: how many, how well covered (0 to 3), one line; a gap is covered by nothing."""

    count: int
    cover: Literal[0, 1, 2, 3]
    caption: str = ""
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of the matrix under its head."""

    title: str
    caption: str
    cells: tuple[Cell, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Option:
    """A choice in a popover: its value, what it says, what follows from it."""

    value: str
    title: str
    consequence: str = ""
    is_chosen: bool = False
