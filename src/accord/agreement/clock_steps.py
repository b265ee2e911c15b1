"""The arithmetic of a clock, told step by step: what counts, what does not, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from accord.agreement.calendar import Calendar
from accord.agreement.openings import EPOCH, SECOND_US, Openings, open_by

Span = tuple[int, int]
Table = Openings[list[int]]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of time: `starts` and `ends` in the calendar's zone, the open `seconds` that it counts, the `total`
    counted by its end, and `why` in words."""

    starts: datetime
    ends: datetime
    seconds: int
    total: int
    why: str


def explain_time(
    calendar: Calendar, table: Table, begins: int, ends: int, pauses: Sequence[Span], *, counted: int = 0
) -> tuple[Step, ...]:
    """Every stretch from `begins` to `ends` (microseconds), after `counted` microseconds that count already."""
    steps = []
    for start, end, reason in _stretches(calendar, table, begins, ends, pauses):
        worth = 0 if reason else end - start
        seconds = (counted + worth) // SECOND_US - counted // SECOND_US
        counted += worth
        opens, closes = _local(calendar, start), _local(calendar, end)
        words = f"{_range(opens, closes)} {reason or f'counts {spoken(seconds)}'}"
        steps.append(Step(opens, closes, seconds, counted // SECOND_US, words))
    return tuple(steps)


def explain_days(calendar: Calendar, table: Table, marks: Sequence[int], pauses: Sequence[Span]) -> tuple[Step, ...]:
    """Working days: `marks` are the start, what would be due after one day, two days and so on, and what is due."""
    begins, *days, due = marks
    at = bisect_right(table.starts, begins) - 1
    opening = begins if begins < table.ends[at] else table.starts[at + 1]
    steps = list(explain_time(calendar, table, begins, opening, ()))
    earlier, counted = opening, 0
    for number, mark in enumerate(days, 1):
        worth = _counted(table, earlier, mark, pauses)
        seconds = (counted + worth) // SECOND_US - counted // SECOND_US
        counted += worth
        since, until = _local(calendar, earlier), _local(calendar, mark)
        words = f"{written(until)} is working day {number} of {len(days)}"
        words += _skipped(calendar, since.date(), until.date()) + _moved(_local(calendar, opening), until)
        steps.append(Step(since, until, seconds, counted // SECOND_US, words))
        earlier = mark
    return (*steps, *explain_time(calendar, table, earlier, due, pauses, counted=counted))


def written(moment: datetime, zone: tzinfo | None = None) -> str:
    """A moment in words: `Mon 4 May 2026 13:15`, with seconds only where there are some."""
    local = moment.astimezone(zone) if zone else moment
    return f"{_day(local.date())} {_time(local)}"


def spoken(seconds: int) -> str:
    """A length of time in words: `4 h 15 m`."""
    hours, minutes, rest = seconds // 3_600, seconds % 3_600 // 60, seconds % 60
    parts = [f"{amount} {unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if amount]
    return " ".join(parts) or "0 s"


def _stretches(
    calendar: Calendar, table: Table, begins: int, ends: int, pauses: Sequence[Span]
) -> Iterator[tuple[int, int, str]]:
    """From, to, and why it does not count (empty where it does)."""
    reached = begins
    for opens, closes in _opened(table, begins, ends):
        yield from _closed(calendar, reached, opens)
        yield from _worked(opens, closes, pauses)
        reached = closes
    yield from _closed(calendar, reached, ends)


def _opened(table: Table, begins: int, ends: int) -> Iterator[Span]:
    """Openings within the two moments; the parts of one window that daylight saving parted are one."""
    at = bisect_right(table.starts, begins) - 1
    while at < len(table.starts) and table.starts[at] < ends:
        last = at
        while last + 1 < len(table.starts) and _continues(table, last):
            last += 1
        opens, closes = max(table.starts[at], begins), min(table.ends[last], ends)
        if opens < closes:
            yield opens, closes
        at = last + 1


def _continues(table: Table, at: int) -> bool:
    return table.starts[at + 1] == table.ends[at] and table.day[at + 1] == table.day[at]


def _worked(opens: int, closes: int, pauses: Sequence[Span]) -> Iterator[tuple[int, int, str]]:
    for begins, ends in pauses:
        if begins < closes and ends > opens:
            if opens < begins:
                yield opens, begins, ""
            yield max(opens, begins), min(closes, ends), "paused"
            opens = min(closes, ends)
    if opens < closes:
        yield opens, closes, ""


def _closed(calendar: Calendar, begins: int, ends: int) -> Iterator[tuple[int, int, str]]:
    if begins >= ends:
        return
    day, last = _local(calendar, begins).date(), _local(calendar, ends).date()
    while day <= last:
        if reason := _why_shut(calendar, day):
            opens, closes = max(begins, _midnight(calendar, day)), min(ends, _midnight(calendar, day + _ONE_DAY))
            if begins < opens:
                yield begins, opens, "closed"
            if opens < closes:
                yield opens, closes, reason
            begins = max(begins, closes)
        day += _ONE_DAY
    if begins < ends:
        yield begins, ends, "closed"


def _why_shut(calendar: Calendar, day: date) -> str:
    """Why a day with hours does not open; empty where it opens, or has no hours anyway."""
    names = calendar.holidays_in(day.year)
    if not calendar.hours.get(day.weekday()):
        return ""
    if day in names:
        return f"holiday ({names[day]})"
    return "closed (company)" if day in calendar.closed else ""


def _skipped(calendar: Calendar, earlier: date, later: date) -> str:
    """The days between two working days, and why they were none."""
    between = []
    while (earlier := earlier + _ONE_DAY) < later:
        between.append(f"{_day(earlier)} {_why_shut(calendar, earlier) or 'closed'}")
    return f", after {', '.join(between)}" if between else ""


def _moved(opening: datetime, mark: datetime) -> str:
    same = opening.time() == mark.time()
    return "" if same else f" (not open at {_time(opening)} on that day)"


def _counted(table: Table, begins: int, ends: int, pauses: Sequence[Span]) -> int:
    cut = ((max(begins, a), min(ends, b)) for a, b in pauses)
    paused = sum(open_by(table, b) - open_by(table, a) for a, b in cut if a < b)
    return open_by(table, ends) - open_by(table, begins) - paused


def _local(calendar: Calendar, us: int) -> datetime:
    return (EPOCH + timedelta(microseconds=us)).astimezone(calendar.zone())


def _midnight(calendar: Calendar, day: date) -> int:
    midnight = datetime.combine(day, time(), calendar.zone()).astimezone(UTC)
    return (midnight - EPOCH) // timedelta(microseconds=1)


def _range(opens: datetime, closes: datetime) -> str:
    if (opens.time(), closes.time()) == (time(), time()) and closes.date() - opens.date() == _ONE_DAY:
        return _day(opens.date())
    zones = ("", "") if opens.utcoffset() == closes.utcoffset() else (f" {opens:%Z}", f" {closes:%Z}")
    return f"{written(opens)}{zones[0]} to {_until(opens, closes)}{zones[1]}"


def _until(opens: datetime, closes: datetime) -> str:
    if opens.date() == closes.date():
        return _time(closes)
    if closes.time() == time():
        return "24:00" if closes.date() - opens.date() == _ONE_DAY else f"{_day(closes.date() - _ONE_DAY)} 24:00"
    return written(closes)


def _day(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _time(moment: datetime | time) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
