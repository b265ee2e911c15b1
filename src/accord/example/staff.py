"""Who works at the simulated company, when they are at their desk, and when they are away, join or leave."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from accord.agreement.calendar import Calendar
from accord.example.columns import facts
from accord.example.people import Registry
from accord.example.world import DAY, HOUR, MINUTE, Span, World, micros, moment

LEADS_PER_MONTH = 500  # what the six colleagues of the plain company are there for
MARKETERS = ("mia", "jonas")
LIAISON, HEAD_OF_SALES, SPONSOR = "lena", "sam", "eva"
_BEYOND = 120  # days after the span for which shifts are known, so that acts can be planned past its end


@dataclass(frozen=True, slots=True)
class Away:
    """From `since` until `until`; known some time before."""

    since: int
    until: int
    known: int
    deputy: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody in a sales team, with habits. Hours are minutes after local midnight; `pace` 2.0 is twice as slow."""

    handle: str
    team: str
    zone: str
    begins: int
    ends: int
    pace: float
    saturdays: float  # share of Saturdays with a morning at the desk
    stamina: int  # attempts before giving up
    joined: int = 0
    left: int = 2**62
    heir: str = ""  # who takes over what is open when they leave
    away: tuple[Away, ...] = ()


_HABITS = (
    Colleague("tomas", "dach-sdr", "Europe/Berlin", 510, 1_020, 1.0, 0.2, 6),
    Colleague("sara", "dach-sdr", "Europe/Berlin", 630, 1_140, 1.1, 0.1, 7),  # starts late
    Colleague("noor", "dach-sdr", "Europe/Berlin", 540, 1_050, 0.8, 0.3, 6),  # joins with the second version
    Colleague("amy", "emea-sdr", "Europe/London", 480, 1_020, 0.7, 0.2, 6),
    Colleague("raj", "emea-sdr", "Europe/London", 540, 1_080, 1.5, 0.0, 5),  # leaves late in the span
    Colleague("ada", "enterprise", "Europe/Berlin", 540, 1_050, 0.9, 0.1, 7),
    Colleague("ines", "enterprise", "Europe/Berlin", 540, 1_020, 1.3, 0.0, 6),
    Colleague("sam", "", "Europe/Berlin", 540, 1_110, 1.6, 0.2, 5),  # heads sales, and stands in for a whole team
)
JOINER, LEAVER = "noor", "raj"
CHANGE = 5 / 12  # share of the span after which the second version is in force
_LEAVES = 0.75


def handles(base: str, scale: int) -> tuple[str, ...]:
    """The colleagues who share the habits of `base`: themselves, and one more for every further 500 leads a month."""
    return (base, *(f"{base}-{number}" for number in range(2, scale + 1)))


def old_hands(scale: int) -> list[str]:
    """Colleagues who are there from the start; some accounts are theirs from before."""
    return [handle for each in _HABITS if each.team and each.handle != JOINER for handle in handles(each.handle, scale)]


def scale_of(leads: int, span: Span) -> int:
    """How many colleagues there are for each of the plain company."""
    months = max(1, len(span.months()))
    return max(1, -(-leads // (months * LEADS_PER_MONTH)))


def staff(*, seed: int, span: Span, world: World, scale: int, change: int) -> tuple[Colleague, ...]:
    """Everybody in the sales teams with their absences; `change` is when the joiner starts."""
    team = [
        replace(each, handle=handle) for each in _HABITS for handle in handles(each.handle, scale if each.team else 1)
    ]
    return tuple(_with_absences(each, team, Random(f"{seed} {each.handle}"), span, world, change) for each in team)  # noqa: S311


def _with_absences(
    who: Colleague, team: Sequence[Colleague], chance: Random, span: Span, world: World, change: int
) -> Colleague:
    base = who.handle.split("-")[0]
    joined = change if base == JOINER else span.start - chance.randrange(100, 1_500) * DAY
    left = span.at(_LEAVES) if base == LEAVER else 2**62
    mates = [each.handle for each in team if who.team and each.team == who.team and each.handle != who.handle]
    heir = mates[0] if base == LEAVER and mates else ""
    if world.departed_team and who.team == world.departed_team:
        left, heir = span.at(world.since), ""
    away = tuple(_vacations(chance, span, mates, (joined, left)))
    return replace(who, joined=joined, left=left, heir=heir, away=away)


def _vacations(chance: Random, span: Span, mates: Sequence[str], here: tuple[int, int]) -> Iterable[Away]:
    """About every four months a week or two, and now and then a few days at short notice."""
    at = span.start + chance.randrange(10, 100) * DAY
    while at < span.end:
        ill = chance.random() < 0.3
        days = chance.randrange(1, 5) if ill else chance.choice((7, 7, 14))
        since = at - (0 if ill else (at // DAY + 3) % 7 * DAY)  # vacations begin on a Monday
        if here[0] < since and since + days * DAY < here[1]:
            known = since + 5 * HOUR if ill else since - 14 * DAY
            yield Away(since + 5 * HOUR, since + days * DAY, known, chance.choice(list(mates)) if mates else "")
        at += chance.randrange(60, 170) * DAY


class Shifts:
    """When one colleague works: windows in microseconds, in order, without days away."""

    def __init__(self, windows: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in windows]
        self._ends = [end for _, end in windows]
        lengths = np.array([end - start for start, end in windows] or [0])
        self._worked: list[int] = [0, *np.cumsum(lengths).tolist()]

    def after(self, at: int, work: int) -> int | None:
        """When `work` microseconds at the desk have passed since `at`; None when they never do."""
        index = bisect_right(self._starts, at) - 1
        done = self._worked[index] + min(at, self._ends[index]) - self._starts[index] if index >= 0 else 0
        target = done + max(work, 1)
        window = bisect_right(self._worked, target - 1) - 1
        if window >= len(self._starts):
            return None
        return self._starts[window] + target - self._worked[window]


def shifts(who: Colleague, calendar: Calendar, *, seed: int, span: Span) -> Shifts:
    """The colleague's own hours on weekdays and some Saturdays, without public holidays and days away."""
    chance = Random(f"{seed} saturdays {who.handle}")  # noqa: S311
    zone = ZoneInfo(who.zone)
    windows = []
    day = moment(span.start).date()
    for _ in range(span.days + _BEYOND):
        saturday = chance.random() < who.saturdays
        if day.weekday() < 5 or (day.weekday() == 5 and saturday):
            windows.append(_window(who, day, zone))
        day += timedelta(days=1)
    holidays = _holidays(calendar, span)
    return Shifts([each for each in windows if _there(who, each) and moment(each[0]).date() not in holidays])


def _window(who: Colleague, day: date, zone: ZoneInfo) -> tuple[int, int]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    offset = midnight.replace(hour=12).utcoffset() or timedelta()
    start = micros(day) - offset // timedelta(microseconds=1)
    ends = who.ends if day.weekday() < 5 else 780
    return start + who.begins * MINUTE, start + max(ends, who.begins + 60) * MINUTE


def _there(who: Colleague, window: tuple[int, int]) -> bool:
    return who.joined <= window[0] < who.left and not any(a.since - DAY // 2 < window[0] < a.until for a in who.away)


def _holidays(calendar: Calendar, span: Span) -> frozenset[date]:
    years = range(moment(span.start).year, moment(span.end).year + 1)
    return frozenset(day for year in years for day in calendar.holidays_in(year)) | calendar.closed


def availability(team: Sequence[Colleague], *, span: Span, ids: Registry) -> pa.Table:
    """Who joined, left and was absent with which deputy, as facts. People outside the teams are always there."""
    rows = [row for who in team for row in _availability(who, span)]
    own = {name: [row[name] for row in rows] for name in ("person", "event", "team", "deputy", "until")}
    own["until"] = pa.array(own["until"], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    occurred = np.array([row["occurred"] for row in rows], np.int64)
    known = np.array([row["known"] for row in rows], np.int64)
    code = ids.facts.column((np.arange(len(rows), dtype=np.int64) << 16) + 60_001)
    return facts("availability", own, source="hr", source_id=code, occurred=occurred, known=known)


def _availability(who: Colleague, span: Span) -> Iterable[dict[str, object]]:
    plain = {"person": who.handle, "team": who.team or None, "deputy": None, "until": None}
    known = who.joined if who.joined < span.start else who.joined - 30 * DAY
    yield {**plain, "event": "joined", "occurred": who.joined, "known": known}
    if who.left < span.end:
        heir = {"deputy": who.heir or None}
        yield {**plain, **heir, "event": "left", "occurred": who.left, "known": who.left - 30 * DAY}
    for away in who.away:
        until = {"deputy": away.deputy or None, "until": away.until}
        yield {**plain, **until, "event": "absent", "occurred": away.since, "known": away.known}
