"""The articles of an agreement as types: what both teams sign, and nothing else.

`reading.py` makes these from YAML and refuses what is wrong with line and remedy; `checking.py` finds what is well
formed and still cannot work. Conditions stay text here, because the text is what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from accord.agreement.clock import Calendar, Duration


class Side(StrEnum):
    """Whose promise or role it is."""

    MARKETING = "marketing"
    SALES = "sales"
    BOTH = "both"
    LEADERSHIP = "leadership"


class Period(StrEnum):
    """Over which stretch of time a promise is counted."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Method(StrEnum):
    """How a team shares out its handoffs."""

    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    LEAST_LOADED = "least_loaded"


class Missing(StrEnum):
    """What happens to a qualified lead with a required field empty."""

    HOLD = "hold"
    HAND_OVER = "hand_over"


class Act(StrEnum):
    """What a clock does when it has run out."""

    REMIND = "remind"
    ESCALATE = "escalate"
    REROUTE = "reroute"


@dataclass(frozen=True, slots=True)
class Signatories:
    """Handles of those who sign for each side; a deputy signs when the signatory is away."""

    marketing: tuple[str, ...]
    sales: tuple[str, ...]
    deputies: Mapping[Side, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preamble:
    purpose: str = ""
    values: tuple[str, ...] = ()
    story: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    role: str
    side: Side
    owner: str
    scope: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    """Who answers handoffs; without a calendar of its own it keeps the company's."""

    people: tuple[str, ...]
    deputy: str | None = None
    calendar: Calendar | None = None
    hours: Mapping[str, Calendar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Persona:
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class FitRow:
    """Points for what somebody is."""

    when: str
    points: float
    because: str = ""


@dataclass(frozen=True, slots=True)
class IntentRow:
    """Points per touch, halving every `half_life` of wall time, together `at_most`."""

    touch: str
    points: float
    half_life: Duration | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """The agreed table of points. `bands` run from the highest line down."""

    name: str
    fit: tuple[FitRow, ...]
    intent: tuple[IntentRow, ...]
    bands: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ScoreLine:
    card: str
    at_least: float
    fit_at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Requires:
    fields: tuple[str, ...]
    missing: Missing


@dataclass(frozen=True, slots=True)
class Qualification:
    """Lead to MQL: (score and where, or always and where) unless; then `requires`; not `again` within."""

    score: ScoreLine | None = None
    where: str | None = None
    unless: str | None = None
    always: str | None = None
    requires: Requires | None = None
    again: Duration | None = None
    tick: int = 6 * 3600  # seconds after local midnight


@dataclass(frozen=True, slots=True)
class RouteRule:
    team: str
    when: str | None = None
    method: Method = Method.ROUND_ROBIN
    weights: Mapping[str, int] = field(default_factory=dict)
    in_hours: bool = False


@dataclass(frozen=True, slots=True)
class Routing:
    rules: tuple[RouteRule, ...]
    owner_first: bool = False
    including_parent: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    open_per_person: int | None = None
    new_per_person_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """A limit in business time, possibly only for some leads; the first that fits counts."""

    within: Duration
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    at_least: int
    within: Duration


@dataclass(frozen=True, slots=True)
class Breach:
    """What happens `after` the answer clock has run out."""

    after: Duration
    do: Act
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    answer: tuple[Within, ...] = ()
    first_touch: tuple[Within, ...] = ()
    attempts: Attempts | None = None
    outcome: tuple[Within, ...] = ()
    on_breach: tuple[Breach, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectReason:
    """`check` is the fact that the reason is held against."""

    code: str
    label: str
    check: str | None = None


@dataclass(frozen=True, slots=True)
class RecycleReason:
    """`returns` is what brings the lead back from its nurture track."""

    code: str
    label: str
    track: str | None = None
    returns: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    by: Side
    within: Duration
    to: str = "reject"


TELL, OFFER_AGAIN = "tell", "offer_again"


@dataclass(frozen=True, slots=True)
class SecondLook:
    share: float
    by: str
    within: Duration
    when_good: str = TELL  # what follows when the lead was good after all


@dataclass(frozen=True, slots=True)
class Answers:
    reject: tuple[RejectReason, ...] = ()
    recycle: tuple[RecycleReason, ...] = ()
    reply: Reply | None = None
    second_look: SecondLook | None = None


@dataclass(frozen=True, slots=True)
class Explore:
    """A random few up to `points_below` the line are handed over, so that the line can be judged."""

    share: float
    points_below: float


@dataclass(frozen=True, slots=True)
class Shield:
    when: str
    side: str  # marketing, sales or any: who may not write
    exempt: tuple[str, ...] = ()
    including_family: bool = False  # also where it is true of the deals of an account above or below theirs


@dataclass(frozen=True, slots=True)
class Frequency:
    side: str  # marketing, sales or any
    at_most: int
    per: Duration


@dataclass(frozen=True, slots=True)
class Contact:
    never: str | None = None
    consent: Mapping[str, str] = field(default_factory=dict)  # purpose -> opt_in | opt_out
    shield: tuple[Shield, ...] = ()
    frequency: tuple[Frequency, ...] = ()


@dataclass(frozen=True, slots=True)
class Brand:
    voice: str = ""
    must_include: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """A measured clause: whose, which metric, which target, over which period."""

    id: str
    side: Side
    metric: str
    per: Period
    at_least: float | None = None
    at_most: float | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Incentive:
    metric: str
    pool: float
    per: Period
    pays: Mapping[str, float]
    split: Mapping[Side, float]


@dataclass(frozen=True, slots=True)
class Review:
    starts: datetime | None = None
    meeting: str | None = None
    retune_score: str | None = None
    pulse: str | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of what marketing and sales agreed. `text` is exactly what was read, `digest` its SHA-256."""

    version: int
    in_force_from: datetime
    company: str
    currency: str
    time_zone: str
    calendar: Calendar
    teams: Mapping[str, Team]
    fiscal_year_start: tuple[int, int] = (1, 1)  # month, day
    signatories: Signatories = Signatories((), ())
    preamble: Preamble = Preamble()
    roles: tuple[Role, ...] = ()
    personas: tuple[Persona, ...] = ()
    cards: Mapping[str, Card] = field(default_factory=dict)
    qualification: Qualification = Qualification()
    routing: Routing = Routing(())
    capacity: Mapping[str, Capacity] = field(default_factory=dict)
    response: Response = Response()
    answers: Answers = Answers()
    explore: Explore | None = None
    contact: Contact = Contact()
    brand: Brand = Brand()
    promises: tuple[Promise, ...] = ()
    plan: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # "2027-Q1" -> metric -> number
    incentive: Incentive | None = None
    review: Review = Review()
    text: str = ""
    digest: str = ""

    def calendar_of(self, team: str | None) -> Calendar:
        """The calendar on which a team's clocks run; the company's for a team without one, or for no team."""
        if team is not None and team in self.teams:
            return self.teams[team].calendar or self.calendar
        return self.calendar
