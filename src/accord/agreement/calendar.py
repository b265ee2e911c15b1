"""How business time is written down: durations, opening hours, public holidays and company days.

What the words mean when a clock runs is in `clock.py`; here they are read and checked.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo, available_timezones

import holidays as public_holidays
from rapidfuzz import process

from accord.facts.errors import AccordError

SECONDS = MappingProxyType({"s": 1, "m": 60, "h": 3_600, "d": 86_400})
DAY = SECONDS["d"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_YEAR, LAST_YEAR = 1900, 2150
CALENDAR_KEYS = ("hours", "holidays", "closed", "time_zone")

Window = tuple[int, int]
Hours = Mapping[int, tuple[Window, ...]]

_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_WINDOW = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s*-\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class ClockError(AccordError):
    """A duration, a calendar or a moment that business time cannot be counted with.

    `path` names the keys below `calendar` that hold the mistake, e.g. `("hours", "mon-thu")`; empty where none does.
    """

    def __init__(self, message: str, *, remedy: str = "", path: tuple[str, ...] = ()) -> None:
        super().__init__(message, remedy=remedy)
        self.path = path


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of seconds, minutes, hours or days: `90s`, `30m`, `4h`, `2d`; `0m` is allowed.

    On a clock s, m and h are open time and d counts working days; `wall` is the reading outside business time.
    """

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in SECONDS or not 0 <= self.amount <= 999_999_999:
            raise ClockError(f"{self.amount}{self.unit} is not a duration.", remedy=_DURATIONS_ALLOWED)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `<whole number><s|m|h|d>`; raises ClockError for anything else."""
        found = _DURATION.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ClockError(f"{_shown(text)} is not a duration.", remedy=_DURATIONS_ALLOWED)
        return cls(int(found[1]), found[2])

    def wall(self) -> timedelta:
        """The same as wall time, where a day has 24 hours."""
        return timedelta(seconds=self.amount * SECONDS[self.unit])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


_DURATIONS_ALLOWED = "Write a whole number up to 999999999 and one of s, m, h, d: 90s, 30m, 4h, 2d."


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a team is at work.

    `hours`: weekday (0 = Monday) to windows `(from, to)` in seconds of the local wall clock since that day's midnight,
    sorted and apart. A window that runs past midnight has `to` above 86400 and belongs to the day on which it starts:
    it is closed when that day is. `holidays` is a code such as `DE-BE`; `closed` are days of the company.
    Raises ClockError for an unknown zone or code, for windows that overlap, and for a calendar that never opens.
    """

    time_zone: str
    hours: Hours = field(hash=False)
    holidays: str | None = None
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _check_zone(self.time_zone)
        _check_hours(self.hours)
        if self.holidays is not None:
            _check_holidays(self.holidays)

    @classmethod
    def read(cls, mapping: Mapping[str, object], *, time_zone: str | None = None) -> Calendar:
        """Read what stands under `calendar` in an agreement; `time_zone` serves a calendar that names none."""
        if not isinstance(mapping, Mapping):
            raise ClockError(f"{_shown(mapping)} is not a calendar.", remedy=f"Give it the keys {_all(CALENDAR_KEYS)}.")
        for key in mapping:
            if key not in CALENDAR_KEYS:
                raise _unknown("a key of a calendar", key, CALENDAR_KEYS, (str(key),))
        zone = mapping.get("time_zone", time_zone)
        if zone is None:
            raise ClockError("The calendar names no time zone.", remedy="Add for example time_zone: Europe/Berlin.")
        return cls(
            time_zone=_text(zone, "time_zone", "Europe/Berlin"),
            hours=_read_hours(mapping.get("hours")),
            holidays=_read_code(mapping.get("holidays")),
            closed=_read_closed(mapping.get("closed")),
        )

    def zone(self) -> ZoneInfo:
        """The rules of the calendar's time zone."""
        return ZoneInfo(self.time_zone)

    def years(self) -> tuple[int, int]:
        """First and last year that can be counted in: the public holidays of other years are not known."""
        if self.holidays is None:
            return FIRST_YEAR, LAST_YEAR
        known = _holidays_of(self.holidays)
        return max(FIRST_YEAR, known.start_year), min(LAST_YEAR, known.end_year)

    def holidays_in(self, year: int) -> Mapping[date, str]:
        """Public holidays of one year with their names, in English where the list has them; observed days included."""
        return _holidays_of(self.holidays, year) if self.holidays else {}


def _read_hours(found: object) -> Hours:
    if not isinstance(found, Mapping) or not found:
        raise ClockError(
            f"{_shown(found)} under hours never opens." if found else "The calendar has no hours, so it never opens.",
            remedy='Write for example hours: {mon-thu: "09:00-12:30, 13:15-17:30", fri: "09:00-15:00"}.',
            path=("hours",),
        )
    hours: dict[int, tuple[Window, ...]] = {}
    named: dict[int, str] = {}
    for key, text in found.items():
        for day in _read_days(key):
            if day in named:
                raise ClockError(
                    f"hours name {WEEKDAYS[day]} twice: in {_shown(named[day])} and in {_shown(key)}.",
                    remedy="Name each day once, with all its windows parted by commas.",
                    path=("hours", str(key)),
                )
            named[day], hours[day] = str(key), _read_windows(text, str(key))
    return hours


def _read_days(key: object) -> list[int]:
    days: list[int] = []
    for part in str(key).split(","):
        first, _, last = part.strip().partition("-")
        start = _weekday(first, str(key))
        end = _weekday(last, str(key)) if last else start
        days += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return days


def _weekday(name: str, key: str) -> int:
    if (day := name.strip().lower()) not in WEEKDAYS:
        raise _unknown("a day or a span of days such as mon-thu", name.strip(), WEEKDAYS, ("hours", key))
    return WEEKDAYS.index(day)


def _read_windows(text: object, key: str) -> tuple[Window, ...]:
    if not isinstance(text, str):
        raise _bad_window(text, key)
    return tuple(sorted(_read_window(part.strip(), key) for part in text.split(",")))


def _read_window(text: str, key: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise _bad_window(text, key)
    numbers = [int(number or 0) for number in found.groups()]
    opens, closes = _time_of_day(numbers[:3]), _time_of_day(numbers[3:])
    if opens is None or closes is None or opens in (closes, DAY):
        raise _bad_window(text, key)
    return opens, closes if closes > opens else closes + DAY


def _time_of_day(parts: list[int]) -> int | None:
    hour, minute, second = parts
    seconds = hour * 3_600 + minute * 60 + second
    return seconds if minute < 60 and second < 60 and seconds <= DAY else None


def _bad_window(found: object, key: str) -> ClockError:
    return ClockError(
        f"{_shown(found)} is not a window of opening hours.",
        remedy='Write "09:00-17:30", several parted by commas; "22:00-06:00" runs past midnight, '
        'and the whole day is "00:00-24:00".',
        path=("hours", key),
    )


def _read_code(found: object) -> str | None:
    return None if found is None else _text(found, "holidays", "DE-BE")


def _read_closed(found: object) -> frozenset[date]:
    if found is None:
        return frozenset()
    if not isinstance(found, list | tuple | set | frozenset):
        raise _bad_closed(found)
    return frozenset(_read_day(day) for day in found)


def _read_day(found: object) -> date:
    try:
        day = date.fromisoformat(found) if isinstance(found, str) else found
    except ValueError:
        raise _bad_closed(found) from None
    if isinstance(day, datetime) or not isinstance(day, date):
        raise _bad_closed(found)
    return day


def _bad_closed(found: object) -> ClockError:
    remedy = "Write a list of days such as closed: [2026-12-24, 2026-12-31]."
    return ClockError(f"{_shown(found)} under closed is not a day.", remedy=remedy, path=("closed",))


def _text(found: object, key: str, example: str) -> str:
    if not isinstance(found, str):
        raise ClockError(f"{_shown(found)} under {key} is not a text.", remedy=f"Write {example}.", path=(key,))
    return found


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise _unknown("a time zone", name, sorted(available_timezones()), ("time_zone",)) from None


def _check_hours(hours: Hours) -> None:
    for day, windows in hours.items():
        _check_day(day, windows)
    week = sorted((day * DAY + opens, day * DAY + closes) for day in hours for opens, closes in hours[day])
    if not week:
        raise ClockError(
            "The calendar never opens.", remedy="Give at least one day a window such as 09:00-17:00.", path=("hours",)
        )
    following = (week[0][0] + 7 * DAY, week[0][1] + 7 * DAY)
    for earlier, later in pairwise([*week, following]):
        if later[0] < earlier[1]:
            raise ClockError(
                f"The windows {_written(earlier)} and {_written(later)} overlap.",
                remedy="Open time is counted once: write one window, or part the two.",
                path=("hours",),
            )


def _check_day(day: int, windows: tuple[Window, ...]) -> None:
    sound = all(0 <= opens < DAY and opens < closes <= opens + DAY for opens, closes in windows)
    if day not in range(7) or not sound or list(windows) != sorted(windows):
        raise ClockError(
            f"The hours {_shown(windows)} of weekday {_shown(day)} cannot be read.",
            remedy="A weekday is 0 to 6, a window (from, to) in seconds of its day, at most a day long, in order.",
            path=("hours",),
        )


def _written(window: Window) -> str:
    opens, closes = (f"{second % DAY // 3_600:02}:{second % 3_600 // 60:02}" for second in window)
    return f"{WEEKDAYS[window[0] // DAY % 7]} {opens}-{'24:00' if closes == '00:00' else closes}"


@functools.cache
def _check_holidays(code: str) -> None:
    country, _, part = code.partition("-")
    countries = public_holidays.list_supported_countries(include_aliases=True)
    if country not in countries:
        raise _unknown("a country with known public holidays", country, sorted(countries), ("holidays",))
    if part and part not in countries[country]:
        known = [f"{country}-{each}" for each in countries[country]]
        raise _unknown("a region with known public holidays", code, known or [country], ("holidays",), whole=True)
    if code.endswith("-"):
        raise _unknown("a country with known public holidays", code, [country], ("holidays",))


@functools.lru_cache(maxsize=4096)
def _holidays_of(code: str, *years: int) -> public_holidays.HolidayBase:
    country, _, part = code.partition("-")
    return public_holidays.country_holidays(country, subdiv=part or None, years=years or None, language="en_US")


def _unknown(
    what: str, found: object, allowed: Iterable[str], path: tuple[str, ...], *, whole: bool = False
) -> ClockError:
    names = list(allowed)
    nearest = process.extractOne(str(found)[:100], names, processor=str.lower)[0]
    remedy = f"The nearest valid name is {nearest}."
    if whole or len(names) <= 12:
        remedy += f" Allowed are {_all(names)}."
    return ClockError(f"{_shown(found)} is not {what}.", remedy=remedy, path=path)


def _all(names: Iterable[str]) -> str:
    return ", ".join(names)


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}..."
