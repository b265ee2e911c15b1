"""How handoffs were dealt out among the people of a team, as the page shows it: counted by the worker, nothing is
counted here.

Whose figures the viewer may see stands there by name. All others are dots without a name on a scale that does not give
them away: how far somebody lies from the agreed share, measured by what a fair lot would give that person. Where fewer
than three would be left without a name, not even that, for their colleagues would know who they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accord.agreement import prose
from accord.agreement.dealing import ACCOUNT, DEPUTY, HAND, OTHERWISE
from accord.insight.result import ENOUGH, LEVEL
from accord_app.agreements.reads import with_names
from accord_app.ledger.reads import agreement_in_force
from accord_app.measures import reads as measures
from accord_app.members.access import whose_figures
from accord_app.members.models import Team, User
from accord_app.scoreboard.reads import period_words
from accord_app.shell.components import View, share_of, step

FEWEST_UNNAMED = 3
WIDEST = 2
"""So many times the range of a fair lot fit on the scale, to either side."""
BESIDES = {
    ACCOUNT: "as owner of the account",
    HAND: "given by somebody",
    DEPUTY: "as deputy of who left",
    OTHERWISE: "without a rule on record",
}
VERDICTS = {
    "chance": "as agreed, within chance",
    "more": "more than a fair lot would give",
    "fewer": "fewer than a fair lot would give",
    "too_few": "too few to tell",
}
_CSV = (
    "period", "team", "person", "first", "moved", "in_line", "agreed", "expected", "low", "high", "p", "verdict",
    ACCOUNT, HAND, DEPUTY, OTHERWISE, "points", "points_expected", "points_low", "points_high", "points_p",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dot:
    """One colleague on the scale of the team: the place 0 to 100 and the level above the line. The viewer's own is
    marked."""

    x: int
    h: int
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """A team on one scale. The middle half of it is what a fair lot gives; `says` tells the same in words."""

    title: str
    dots: tuple[Dot, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Mixed:
    """One band of what somebody got, and of the share that was theirs: in words, and how wide."""

    band: str
    count: int
    expected: str
    got_width: int
    expected_width: int
    shade: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose figures the viewer may see. Places are steps of the scale of all who are shown."""

    name: str
    got: int
    expected: str
    low: int
    zero: int
    middle: int
    high: int
    words: str
    verdict: str
    is_clear: bool
    points: str
    points_verdict: str
    bands: tuple[Mixed, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One team over one quarter. `cannot` says why there is nothing to show."""

    title: str
    context: str
    quarters: tuple[View, ...]
    teams: tuple[View, ...]
    promised: tuple[str, ...]
    article_url: str
    spreads: tuple[Spread, ...]
    people: tuple[Person, ...]
    whole: str
    hidden: str
    csv_url: str
    definition: str
    sql: str
    age: measures.Age


Told = Mapping[str, Any]


def page(*, team: str, quarter: str, viewer: User, at: datetime) -> Page | None:
    """The team and the quarter that are asked for; empty for the viewer's own team and the running quarter. None before
    anything was counted."""
    found = measures.fairness(at=at)
    if found is None:
        return None
    chosen = _Chosen.of(found.content, team, quarter, viewer)
    shown = [each for each in chosen.people if each["person"] in chosen.named]
    rest = [each for each in chosen.people if each["person"] not in chosen.named]
    seen = [*shown, *(rest if len(rest) >= FEWEST_UNNAMED else ())]
    agreement = agreement_in_force(at)
    return Page(
        title=_title(chosen, seen, hidden=len(chosen.people) - len(seen)),
        context=_context(chosen),
        quarters=tuple(chosen.quarters()),
        teams=tuple(chosen.views()),
        promised=prose.dealing(with_names(agreement), chosen.team) if agreement else (),
        article_url=f"{reverse('agreements:agreement')}#c-routing",
        spreads=tuple(_spreads(seen, viewer)) if not chosen.needed else (),
        people=tuple(_people(shown, chosen.named)),
        whole=f"{_top(shown):,.0f}",
        hidden=_hidden(len(chosen.people) - len(shown), len(seen) - len(shown)),
        csv_url=f"{reverse('scoreboard:fairness_csv')}?{chosen.query()}" if shown else "",
        definition=found.content["definition"],
        sql=found.sql,
        age=found.age,
    )


def rows(*, team: str, quarter: str, viewer: User, at: datetime) -> Sequence[dict[str, Any]] | None:
    """The figures of a team and a quarter as plain values, of those whose figures the viewer may see."""
    found = measures.fairness(at=at)
    if found is None:
        return None
    chosen = _Chosen.of(found.content, team, quarter, viewer)
    about = {"period": chosen.quarter, "team": chosen.team}
    return [
        {name: {**each, **about}[name] for name in _CSV} for each in chosen.people if each["person"] in chosen.named
    ]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the viewer looks at: of all teams of all quarters one."""

    team: str
    quarter: str
    labels: tuple[str, ...]
    titles: Mapping[str, str]
    told: Told
    named: Mapping[str, str]

    @classmethod
    def of(cls, content: Told, team: str, quarter: str, viewer: User) -> _Chosen:
        labels = tuple(each["label"] for each in content["quarters"])
        here = quarter if quarter in labels else labels[-1]
        titles = dict(Team.objects.values_list("name", "title"))
        names = sorted({each["team"] for each in content["teams"]}, key=lambda name: titles.get(name, name))
        own = viewer.team.name if viewer.team else ""
        wanted = next((name for name in (team, own, *names) if name in names), "")
        nothing: Told = {"people": [], "n": 0}
        found: Told = next((t for t in content["teams"] if (t["team"], t["period"]) == (wanted, here)), nothing)
        handles = [each["person"] for each in found["people"]]
        known = whose_figures(viewer).filter(handle__in=handles)
        return cls(
            wanted, here, labels, {name: titles.get(name, name) for name in names}, found,
            dict(known.values_list("handle", "name")),
        )  # fmt: skip

    @property
    def people(self) -> Sequence[Told]:
        people: Sequence[Told] = self.told["people"]
        return people

    @property
    def needed(self) -> int:
        return int(self.told.get("records_needed", ENOUGH))

    @property
    def title(self) -> str:
        return self.titles.get(self.team, self.team)

    def query(self, **other: str) -> str:
        return urlencode({"team": self.team, "quarter": self.quarter, **other})

    def quarters(self) -> Iterator[View]:
        for label in self.labels:
            url = f"{reverse('scoreboard:fairness')}?{self.query(quarter=label)}"
            yield View(period_words(label), url, is_current=label == self.quarter)

    def views(self) -> Iterator[View]:
        for name, title in self.titles.items():
            url = f"{reverse('scoreboard:fairness')}?{self.query(team=name)}"
            yield View(title, url, is_current=name == self.team)


def _title(chosen: _Chosen, seen: Sequence[Told], *, hidden: int) -> str:
    if not chosen.team:
        return "No handoff was dealt out yet."
    if not chosen.people or not chosen.told["n"]:
        return f"{chosen.title}: no handoff came by turn in {period_words(chosen.quarter)}."
    if chosen.needed:
        return f"{chosen.title}: too few handoffs to tell whether shares are as agreed."
    if not seen:
        return f"{chosen.title} is too small to show shares without names."
    clear = sum(each["verdict"] in ("more", "fewer") for each in seen)
    whose = "of those shown here " if hidden else ""
    if clear:
        return f"{chosen.title}: {whose}{clear} of {len(seen)} got more or fewer handoffs than a fair lot would give."
    points = sum(_clear_points(each) for each in seen)
    if points:
        leads = "stands out by the points of the leads" if points == 1 else "stand out by the points of the leads"
        return f"{chosen.title}: numbers are as agreed, but {points} of {len(seen)} {leads}."
    if hidden:
        return f"{chosen.title}: the shares shown here are as agreed, within chance."
    return f"{chosen.title}: everybody’s share is as agreed, within chance."


def _context(chosen: _Chosen) -> str:
    if not chosen.people:
        return "What the agreement promises stands below."
    n = chosen.told["n"]
    turns = f"{n:,} {'handoff' if n == 1 else 'handoffs'} came by the turn of a rule in {period_words(chosen.quarter)}"
    more = f"; {chosen.needed} more would tell" if chosen.needed else ""
    return f"{turns}{more}."


def _clear_points(each: Told) -> bool:
    return each["points_p"] is not None and bool(each["points_p"] < 1 - LEVEL)


# The team without names


def _spreads(seen: Sequence[Told], viewer: User) -> Iterator[Spread]:
    numbers = [(_aside(each["first"] + each["moved"], each["expected"], each["low"], each["high"]), each)
               for each in seen]  # fmt: skip
    if numbers:
        verdicts = Counter(each["verdict"] for each in seen)
        yield Spread("Number of handoffs", tuple(_dots(numbers, viewer)), _said(numbers, verdicts))
    points = [(_aside(each["points"], each["points_expected"], each["points_low"], each["points_high"]), each)
              for each in seen if each["points"] is not None]  # fmt: skip
    if points:
        told = Counter(_direction(each) for _, each in points)
        yield Spread("Points of the leads", tuple(_dots(points, viewer)), _said(points, told))


def _direction(each: Told) -> str:
    if not _clear_points(each):
        return "chance"
    return "more" if each["points"] > each["points_expected"] else "fewer"


def _said(placed: Sequence[tuple[float, Told]], verdicts: Mapping[str, int]) -> str:
    parts = [f"{verdicts['chance']} of {len(placed)} as agreed, within chance"]
    parts += [f"{verdicts[name]} clearly {word}" for name, word in (("more", "above"), ("fewer", "below"))
              if verdicts[name]]  # fmt: skip
    beside = sum(abs(aside) > 1 for aside, _ in placed) > verdicts["more"] + verdicts["fewer"]
    return ", ".join(parts) + ("; of several, one may stand outside by chance alone" if beside else "")


def _aside(value: float, expected: float, low: float, high: float) -> float:
    """How far from the middle, where 1 is the edge of what a fair lot gives."""
    edge = high - expected if value > expected else expected - low
    return 0.0 if edge <= 0 else (value - expected) / edge


def _dots(placed: Sequence[tuple[float, Told]], viewer: User) -> Iterator[Dot]:
    levels: Counter[int] = Counter()
    for aside, each in sorted(placed, key=lambda pair: pair[0]):
        x = 2 * round(step(50 + 50 * aside / WIDEST) / 2)  # dots that would touch stand above each other
        level = max(levels[x - 2], levels[x])
        yield Dot(x, min(100, 10 * level), each["person"] == viewer.handle)
        levels[x] = level + 1


def _hidden(without_name: int, dots: int) -> str:
    if not without_name:
        return ""
    others = "One colleague" if without_name == 1 else f"{without_name} colleagues"
    if dots:
        return f"{others} without a name: figures about one person are for that person and their manager."
    verb = "is" if without_name == 1 else "are"
    return f"{others} {verb} not shown: with so few it would be known who is who."


# Those with a name


def _top(shown: Sequence[Told]) -> float:
    ends: list[float] = [max(each["first"] + each["moved"], each["high"] or each["expected"]) for each in shown]
    return max([1.0, *ends])


def _people(shown: Sequence[Told], named: Mapping[str, str]) -> Iterator[Person]:
    top = _top(shown)
    for each in sorted(shown, key=lambda one: named[one["person"]]):
        got, expected = each["first"] + each["moved"], each["expected"]
        low, high = (each["low"], each["high"]) if each["low"] is not None else (expected, expected)
        yield Person(
            name=named[each["person"]],
            got=got,
            expected=f"{expected:,.1f}",
            low=share_of(low, top),
            zero=share_of(expected, top),
            middle=share_of(got, top),
            high=share_of(high, top),
            words=_words(each, got),
            verdict=VERDICTS[each["verdict"]],
            is_clear=each["verdict"] in ("more", "fewer"),
            points=_points(each),
            points_verdict=_points_verdict(each),
            bands=tuple(_bands(each, got)),
            notes=tuple(_notes(each)),
        )


def _words(each: Told, got: int) -> str:
    if each["low"] is None:
        return f"{got:,}, {each['expected']:,.1f} agreed"
    return f"{got:,}, {each['expected']:,.1f} agreed, a fair lot gives {each['low']:,.0f} to {each['high']:,.0f}"


def _points(each: Told) -> str:
    if each["points"] is None:
        return ""
    return (
        f"{each['points']:.0f} points on average, {each['points_low']:.0f} to {each['points_high']:.0f} by a fair lot"
    )


def _points_verdict(each: Told) -> str:
    if each["points"] is None or not _clear_points(each):
        return ""
    return "higher than a fair lot would give" if _direction(each) == "more" else "lower than a fair lot would give"


def _bands(each: Told, got: int) -> Iterator[Mixed]:
    expected = each["bands_expected"]
    whole = sum(expected.values())
    names = sorted({*each["bands"], *expected})
    for place, band in enumerate(names):
        count, fair = each["bands"].get(band, 0), expected.get(band, 0.0)
        shade = min(place, 3)
        yield Mixed(
            band or "no band",
            count,
            f"{fair:,.0f}" if fair >= 10 else f"{fair:.1f}",
            share_of(count, got),
            share_of(fair, whole),
            shade,
        )


def _notes(each: Told) -> Iterator[str]:
    yield f"in line at {each['in_line']:,} turns"
    if each["moved"]:
        yield f"{each['moved']:,} moved on from others"
    if abs(each["agreed"] - each["expected"]) >= 1:
        yield f"{each['agreed']:,.0f} by weight alone, before room and load"
    for way, words in BESIDES.items():
        if each[way]:
            yield f"{each[way]:,} more {words}"
