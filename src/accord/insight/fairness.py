"""How handoffs were dealt out to the people of a team over a quarter, held against what the routing clause promises.

Each time a turn of a rule gave a handoff to somebody, everybody in line had an agreed share of it: by weight, for those
who were there and at work. Adding those shares up gives what each should have got. Whether the difference can be chance
is asked of a fair lot with the same shares: the number that falls to one person then follows the Poisson binomial
distribution, which is computed exactly from its characteristic function (Hong 2013, Computational Statistics & Data
Analysis 59). Of a team everybody is asked at once, so the answers are corrected for it (Holm 1979). Real turns scatter
less than a lot, so the range is a wide one: what lies outside it no lot would give.

The points of the leads are held against the mean of all leads that a person stood in line for, each by its share. How
far that mean scatters in a lot is Hájek's estimate (1971) for samples with unequal chances.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.agreement.dealing import TURN, WAYS, Dealt, dealt, events_sql
from accord.agreement.periods import Span
from accord.agreement.rules import Rules
from accord.agreement.state import microseconds
from accord.facts.engine import Engine
from accord.insight.result import ENOUGH, LEVEL, Interval, Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

BESIDES = tuple(way for way in WAYS if way != TURN)
PLACES = 9  # shares that differ by less are one share
_DEFINITION = (
    "Handoffs that came to each colleague by the turn of a routing rule, against the share that was agreed for whoever "
    "stood in line each time: by weight, among those who were there, at work and had room."
)
_SCHEMA = pa.schema([
    ("period", pa.string()), ("team", pa.string()), ("person", pa.string()), ("first", pa.int64()),
    ("moved", pa.int64()), ("in_line", pa.int64()), ("agreed", pa.float64()), ("expected", pa.float64()),
    ("low", pa.float64()), ("high", pa.float64()), ("p", pa.float64()),
    *((way, pa.int64()) for way in BESIDES),
    ("points", pa.float64()), ("points_expected", pa.float64()), ("points_low", pa.float64()),
    ("points_high", pa.float64()), ("points_p", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Points:
    """The mean score of what somebody got by turn, what it should have been, and from where to where it scatters in a
    fair lot; `p` is corrected for all people of the team."""

    mean: float
    expected: float
    range: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Share:
    """What came to one person of a team in a period.

    `first` were offered by turn, `moved` came by turn from somebody else; `besides` came in other ways, which no turn
    decides. Of `in_line` turns the person stood in line; `agreed` of them were theirs by weight, `expected` after room
    and loads had their say. `range` is what a fair lot gives nine times of ten, `p` how often it is as far off as this,
    corrected for all people of the team; both None where the team had too few to tell.
    """

    person: str
    first: int
    moved: int
    besides: Mapping[str, int]
    in_line: int
    agreed: float
    expected: float
    bands: Mapping[str, int]
    bands_expected: Mapping[str, float]
    range: Interval | None = None
    p: float | None = None
    points: Points | None = None

    @property
    def got(self) -> int:
        """How many came by turn."""
        return self.first + self.moved

    @property
    def verdict(self) -> str:
        """more, fewer, chance or too_few."""
        if self.p is None:
            return "too_few"
        if self.p >= 1 - LEVEL:
            return "chance"
        return "more" if self.got > self.expected else "fewer"


@dataclass(frozen=True, slots=True)
class TeamShares:
    """How one period's handoffs were dealt out among one team, in the order of the people's handles."""

    period: str
    team: str
    people: tuple[Share, ...]

    @property
    def n(self) -> int:
        """How many were dealt by turn."""
        return sum(each.got for each in self.people)

    @property
    def needed(self) -> int:
        """How many more would tell; 0 where there are enough."""
        return max(0, ENOUGH - self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness(Result):
    """How handoffs were dealt out, by period and team. Unit: handoffs."""

    teams: tuple[TeamShares, ...]

    def table(self) -> pa.Table:
        """One row per period, team and person."""
        return pa.Table.from_pylist([_row(team, each) for team in self.teams for each in team.people], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {**Result.to_json(self), "teams": [_told(team) for team in self.teams]}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """What each got as a point on the range of a fair lot, by period and team."""
        import altair as alt

        rows = [
            {**row, "got": row["first"] + row["moved"], "place": f"{row['period']} {row['team']}: {row['person']}"}
            for row in self.table().to_pylist()
        ]
        base = alt.Chart(alt.Data(values=rows))
        place = alt.Y("place:N", sort=None, title=None, axis=alt.Axis(grid=False))
        rule = base.mark_rule(style="interval").encode(y=place, x=alt.X("low:Q", title="Handoffs"), x2="high:Q")
        point = base.mark_point(filled=True, opacity=1).encode(y=place, x="got:Q")
        return alt.layer(rule, point).properties(config=theme_config(theme))


def fairness(
    engine: Engine, versions: Mapping[int, Rules], *, spans: Sequence[Span], at: datetime | None = None
) -> Fairness:
    """How handoffs were dealt out in each of these periods, which follow one another, oldest first, up to `at`."""
    bounds = [(microseconds(span.start), microseconds(span.end)) for span in spans]
    tallies: list[dict[str, _Tally]] = [defaultdict(_Tally) for _ in spans]
    place = 0
    until = bounds[-1][1] if at is None else min(bounds[-1][1], microseconds(at) + 1)
    for each in dealt(engine, versions, since=bounds[0][0], until=until):
        while each.at >= bounds[place][1]:
            place += 1
        if each.team is not None:
            tallies[place][each.team].add(each)
    teams = tuple(_teams(spans, tallies))
    return Fairness(
        unit="handoffs",
        n=sum(team.n for team in teams),
        definition=_DEFINITION,
        sql=events_sql(),
        teams=teams,
    )


def _teams(spans: Sequence[Span], tallies: Sequence[Mapping[str, _Tally]]) -> Iterator[TeamShares]:
    for span, tally in zip(spans, tallies, strict=True):
        for team in sorted(tally):
            yield TeamShares(span.label, team, tally[team].shares())


@dataclass(slots=True)
class _Person:
    """What is added up for one person: how often which share was theirs, and the moments of the points. `drawn` are
    sums over everybody in line: of the share, and of what a lot scatters by."""

    ways: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    in_line: int = 0
    agreed: float = 0.0
    chances: Counter[float] = field(default_factory=Counter)
    bands: Counter[str] = field(default_factory=Counter)
    bands_expected: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    scored: int = 0
    points: float = 0.0
    weight: float = 0.0
    weighted: float = 0.0
    spread: tuple[float, float, float] = (0.0, 0.0, 0.0)


class _Tally:
    """One team in one period."""

    def __init__(self) -> None:
        self.people: dict[str, _Person] = defaultdict(_Person)

    def add(self, each: Dealt) -> None:
        owner = self.people[each.owner]
        owner.ways[each.way] += 1
        if each.way != TURN:
            return
        owner.moved += each.moved
        owner.bands[each.band or ""] += 1
        if each.score is not None:
            owner.scored += 1
            owner.points += each.score
        self._line_up(each)

    def _line_up(self, each: Dealt) -> None:
        of_all, of_next = sum(each.line.there.values()), sum(each.line.next.values())
        for person, share in each.line.there.items():
            one = self.people[person]
            one.in_line += 1
            one.agreed += share / of_all
            if person in each.line.next:
                self._chance(one, each, share / of_next)

    def _chance(self, one: _Person, each: Dealt, chance: float) -> None:
        one.chances[round(chance, PLACES)] += 1
        one.bands_expected[each.band or ""] += chance
        if each.score is not None:
            one.weight += chance
            one.weighted += chance * each.score
            scatter, (a, b, c) = chance * (1 - chance), one.spread
            one.spread = (a + scatter, b + scatter * each.score, c + scatter * each.score**2)

    def shares(self) -> tuple[Share, ...]:
        """What came to everybody; with too few turns without what chance allows for."""
        named = sorted(self.people.items())
        found = [_share(name, each) for name, each in named]
        if sum(each.got for each in found) < ENOUGH:
            return tuple(found)
        lots = [lot(each.chances, share.got) for (_, each), share in zip(named, found, strict=True)]
        corrected = holm([p for _, p in lots])
        points = _corrected([_points(each) for _, each in named])
        parts = zip(found, lots, corrected, points, strict=True)
        return tuple(replace(share, range=span, p=p, points=of) for share, (span, _), p, of in parts)


def _share(name: str, each: _Person) -> Share:
    first = each.ways[TURN] - each.moved
    besides = {way: each.ways[way] for way in BESIDES}
    expected = sum(chance * count for chance, count in each.chances.items())
    return Share(
        name, first, each.moved, besides, each.in_line, each.agreed, expected, dict(sorted(each.bands.items())),
        dict(sorted(each.bands_expected.items())),
    )  # fmt: skip


def lot(chances: Mapping[float, int], count: int) -> tuple[Interval, float]:
    """How many a fair lot gives nine times of ten, when each chance was there so often; and how often it is as far off
    as `count`, to either side: twice the smaller tail of the exact distribution."""
    odds = poisson_binomial(chances)
    below = np.cumsum(odds)
    tail = (1 - LEVEL) / 2
    low, high = (int(np.searchsorted(below, share - 1e-12)) for share in (tail, 1 - tail))
    at_most = float(below[min(count, len(odds) - 1)])
    at_least = 1 - float(below[count - 1]) if 0 < count <= len(odds) else float(count == 0)
    return Interval(low, min(high, len(odds) - 1)), min(1.0, max(0.0, 2 * min(at_most, at_least)))


def poisson_binomial(chances: Mapping[float, int]) -> npt.NDArray[np.float64]:
    """How likely 0, 1, 2 ... successes are, exactly, from the characteristic function (Hong 2013)."""
    size = sum(chances.values()) + 1
    turn = np.exp(-2j * np.pi * np.arange(size) / size)
    together = np.ones(size, dtype=complex)
    for chance, times in chances.items():
        together *= (1 - chance + chance * np.conj(turn)) ** times
    odds = np.clip(np.fft.fft(together).real / size, 0.0, 1.0)
    return np.asarray(odds / odds.sum(), dtype=np.float64)


def holm(found: Sequence[float]) -> list[float]:
    """Probabilities of several questions that are asked at once, corrected for it (Holm 1979)."""
    corrected, worst = [1.0] * len(found), 0.0
    for rank, place in enumerate(sorted(range(len(found)), key=lambda place: found[place])):
        worst = max(worst, min(1.0, found[place] * (len(found) - rank)))
        corrected[place] = worst
    return corrected


def _points(each: _Person) -> Points | None:
    """With too few leads of one person, or none in line, there is no mean to speak of."""
    if each.scored < ENOUGH or each.weight <= 0:
        return None
    mean, expected = each.points / each.scored, each.weighted / each.weight
    scatter, a, b = each.spread
    deviation = sqrt(max(0.0, b - 2 * expected * a + expected**2 * scatter)) / each.scored
    if deviation < 1e-9:  # everything was theirs, or all leads have the same points
        return Points(mean, expected, Interval(expected, expected), 1.0)
    reach = _NORMAL.inv_cdf((1 + LEVEL) / 2) * deviation
    p = 2 * (1 - _NORMAL.cdf(abs(mean - expected) / deviation))
    return Points(mean, expected, Interval(expected - reach, expected + reach), p)


_NORMAL = NormalDist()


def _corrected(points: Sequence[Points | None]) -> Iterator[Points | None]:
    corrected = iter(holm([each.p for each in points if each]))
    return (replace(each, p=next(corrected)) if each else None for each in points)


def _row(team: TeamShares, each: Share) -> dict[str, Any]:
    points = each.points
    return {
        "period": team.period, "team": team.team, "person": each.person, "first": each.first, "moved": each.moved,
        "in_line": each.in_line, "agreed": each.agreed, "expected": each.expected,
        "low": each.range.low if each.range else None, "high": each.range.high if each.range else None, "p": each.p,
        **each.besides,
        "points": points.mean if points else None, "points_expected": points.expected if points else None,
        "points_low": points.range.low if points else None, "points_high": points.range.high if points else None,
        "points_p": points.p if points else None,
    }  # fmt: skip


def _told(team: TeamShares) -> dict[str, Any]:
    people = [
        {**_row(team, each), "verdict": each.verdict, "bands": each.bands, "bands_expected": each.bands_expected}
        for each in team.people
    ]
    return {"period": team.period, "team": team.team, "n": team.n, "records_needed": team.needed, "people": people}
