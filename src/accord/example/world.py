"""The worlds of the simulated company: what is planted in each, how strong, and over which stretch of time.

A world is the ordinary company with one thing wrong. Everything else is drawn from the same seeds, so that two worlds
differ by the planted cause alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from accord.agreement.mistake import nearest
from accord.facts.errors import AccordError

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
LAST_DAY = date(2026, 10, 31)
MONTHS = 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ExampleError(AccordError):
    """The simulated company cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to, not including, `end`: microseconds since 1970, UTC, both at midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start >= self.end or self.start % DAY or self.end % DAY:
            raise ValueError(f"a span runs from one midnight to a later one, not from {self.start} to {self.end}")

    @classmethod
    def of(cls, *, last_day: date = LAST_DAY, months: int = MONTHS) -> Span:
        """The `months` calendar months that end with `last_day`. Raises ExampleError for none, or for more than 120."""
        if not 1 <= months <= 120:
            raise ExampleError(f"{months} months cannot be simulated.", remedy="Name 1 to 120 months.")
        if not 2000 <= last_day.year <= 2100:
            raise ExampleError(f"No company is simulated in {last_day.year}.", remedy="Name a day from 2000 to 2100.")
        after = last_day + timedelta(days=1)
        return cls(micros(_months_before(after, months)), micros(after))

    @property
    def days(self) -> int:
        return (self.end - self.start) // DAY

    def at(self, share: float) -> int:
        """The midnight nearest to this share of the span."""
        return self.start + round(share * self.days) * DAY

    def months(self) -> tuple[tuple[int, int], ...]:
        """Stretches that end with a calendar month or with the span."""
        edges = [self.start]
        while edges[-1] < self.end:
            day = moment(edges[-1]).date()
            edges.append(min(micros(_month_after(day)), self.end))
        return tuple(pairwise(edges))


def micros(when: date | datetime) -> int:
    """Microseconds since 1970 of a moment with a zone, or of a day's midnight in UTC."""
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, tzinfo=UTC)
    return (when - EPOCH) // timedelta(microseconds=1)


def moment(us: int) -> datetime:
    """The moment, in UTC."""
    return EPOCH + timedelta(microseconds=us)


def _months_before(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, 28))


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class World:
    """One world. `size` 1.0 is clear to see, 0 is the ordinary company; `since` and `until` are shares of the span.

    The other fields say by how much the ordinary company is changed; each is neutral by default.
    """

    name: str
    sentence: str
    size: float = 1.0
    since: float = 0.0
    until: float = 1.0
    monday_slowness: float = 1.0  # response times on Mondays times this
    misfit_channel: str = ""  # from `since`, leads of this channel look right and are not
    misfit_share: float = 0.0  # of all other leads, these come through that channel too
    misfit_depth: float = 0.0  # log-odds by which they are accepted and won less
    falling_segment: str = ""  # from `since`, this segment is won less
    falling_factor: float = 1.0
    surge: float = 0.0  # share of the leads of the home market that arrive between `since` and `until`
    departed_team: str = ""  # everybody of this team leaves at `since` and nobody follows
    shield_ignored: float = 0.0  # share of campaign mails to people in negotiation that go out all the same
    campaign_harm: float = 1.0  # chance of winning times this for a deal that a campaign mail ran into
    contradicted: float = 0.04  # share of rejections whose reason the facts contradict
    price_drift: float = 0.0  # share of lost deals by which price grows over the span
    defects: float = 0.0  # share of the CRM's facts that are wrong, late, doubled or missing

    def __post_init__(self) -> None:
        if not 0 <= self.size <= 4:
            raise ExampleError(
                f"The size {self.size} is out of range.", remedy="Name a size from 0 to 4; 1.0 is clear."
            )
        if not 0 <= self.since < self.until <= 1:
            raise ValueError("a world begins before it ends, within the span")

    @property
    def planted(self) -> bool:
        return self.name != "none" and self.size > 0


def world(name: str = "none", size: float = 1.0) -> World:
    """The world of this name with its cause planted at this size. Raises ExampleError for an unknown name or size."""
    if name not in _GROWN:
        near = nearest(name, _GROWN)
        hint = f"Did you mean {near}? " if near else ""
        raise ExampleError(f"There is no world called {name!r}.", remedy=f"{hint}There are: {', '.join(_GROWN)}.")
    plain = World(name, SENTENCES[name], size)
    return replace(plain, **_GROWN[name](size)) if size else plain


SENTENCES = {
    "none": "The ordinary company; nothing is planted.",
    "slow-mondays": "Handoffs that are offered on a Monday are answered several times more slowly.",
    "misfit-source": "One channel brings more leads from the middle on; they look right on paper and do not fit.",
    "falling-segment": "Deals with mid-sized accounts are won less often from a date on.",
    "over-capacity": "For some weeks the home market brings far more leads than its team agreed to answer.",
    "unowned": "Everybody in the team for large accounts leaves at a date; their handoffs find no owner.",
    "campaigns-in-negotiation": "Campaign mails go to people in negotiation, and cost deals.",
    "contradicted-reasons": "Rejections name reasons that the recorded facts contradict.",
    "price-objections": "More and more deals are lost on price.",
    "untrusted-data": "Facts of the CRM are wrong, late, doubled or missing.",
}

_GROWN = {
    "none": lambda size: {"size": size},
    "slow-mondays": lambda size: {"monday_slowness": 1 + 9 * size},
    "misfit-source": lambda size: {
        "since": 0.5,
        "misfit_channel": "content syndication",
        "misfit_share": min(0.5, 0.15 * size),
        "misfit_depth": 2.2 * size,
    },
    "falling-segment": lambda size: {
        "since": 0.5,
        "falling_segment": "mid",
        "falling_factor": max(0.0, 1 - 0.6 * size),
    },
    "over-capacity": lambda size: {"since": 0.5, "until": 0.56, "surge": min(0.9, 0.45 * size)},
    "unowned": lambda size: {"since": max(0.2, 0.8 - 0.2 * size), "departed_team": "enterprise"},
    "campaigns-in-negotiation": lambda size: {"shield_ignored": min(1.0, 0.9 * size), "campaign_harm": 0.6**size},
    "contradicted-reasons": lambda size: {"contradicted": min(0.95, 0.04 + 0.46 * size)},
    "price-objections": lambda size: {"price_drift": min(0.7, 0.5 * size)},
    "untrusted-data": lambda size: {"defects": min(0.6, 0.15 * size)},
}

WORLDS = tuple(_GROWN)


@dataclass(frozen=True, slots=True)
class Channel:
    """One of the governed channels: how many leads it brings, how interested and how ready to buy they are."""

    name: str
    share: float  # of all leads
    interest: float  # standard deviations above the average lead
    readiness: float  # log-odds of winning above the average lead
    monthly_spend: float  # EUR for every 500 leads a month
    first_touch: str


CHANNELS = (
    Channel("organic search", 0.19, 0.05, 0.10, 3_000, "page.product"),
    Channel("paid search", 0.16, 0.05, 0.00, 16_000, "ad.clicked"),
    Channel("direct", 0.10, 0.10, 0.05, 0, "page.home"),
    Channel("referral", 0.06, 0.10, 0.05, 1_200, "form.contact"),
    Channel("email", 0.06, 0.05, 0.00, 1_500, "email.clicked"),
    Channel("event", 0.06, 0.00, -0.20, 9_000, "event.visited"),
    Channel("webinar", 0.06, 0.10, 0.05, 2_500, "webinar.registered"),
    Channel("social", 0.11, -0.15, -0.25, 6_000, "page.case-study"),
    Channel("display", 0.05, -0.05, -0.20, 5_000, "ad.clicked"),
    Channel("partner", 0.05, 0.10, 0.00, 2_000, "form.contact"),
    Channel("content syndication", 0.04, -0.05, -0.15, 4_000, "form.download"),
)
UNKNOWN_ORIGIN = Channel("unknown", 0.04, 0.25, 0.30, 0, "form.contact")
NO_ORIGIN = Channel("", 0.02, 0.05, 0.00, 0, "page.home")
ORIGINS = (*CHANNELS, UNKNOWN_ORIGIN, NO_ORIGIN)
SALES_CHANNEL = "call"  # the twelfth channel: sales' own touches
