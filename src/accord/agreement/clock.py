"""The clock: business time of one calendar, in closed form.

Open time is a table of openings in UTC with running sums, so a due moment is found by searching twice and never by
stepping. The rules, each with its table in `tests/spec/test_clock.py`:

- Counting starts at `start`, or at the next opening when `start` lies outside open time.
- `s`, `m` and `h` are open time. What runs out exactly when a window closes is due at that closing.
- `d` are working days: the same time of day on the n-th following day that opens at all. A time in a break or before
  the opening becomes the next opening of that day, a time after closing becomes its closing.
- Nothing to wait for (`0m`, `0d`) is due at once.
- A pause moves what is due by the open time that fell into it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from accord.agreement.calendar import FIRST_YEAR, SECONDS, Calendar, ClockError, Duration
from accord.agreement.clock_steps import Step, explain_days, explain_time, written
from accord.agreement.openings import DAY_US, EPOCH, SECOND_US, SPAN_US, Micros, Openings, in_lists, open_by, openings

__all__ = ["Calendar", "Clock", "ClockError", "Duration", "Pause", "Step"]

Pause = tuple[datetime, datetime | None]
_Span = tuple[int, int]

LONGEST_YEARS = 50
LONGEST_US = LONGEST_YEARS * 36_525 * DAY_US // 100
_MICROSECOND = timedelta(microseconds=1)
_UNIT_US = {unit: seconds * SECOND_US for unit, seconds in SECONDS.items()}
_NEVER = 2**62


class _Laid(NamedTuple):
    """The openings laid out so far. Methods keep hold of the one they began with, so that threads may share a clock."""

    lists: Openings[list[int]]
    columns: Openings[Micros]


class Clock:
    """Business time of one calendar. Build it once and keep it: it lays out the years that it was asked about.

    Moments are aware datetimes, or microseconds since the epoch (UTC) where the name ends in `_us` or `_many`.
    ClockError is raised for moments outside the years that the calendar knows, for what would be due more than
    50 years later, and for times without a zone.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = calendar.zone()
        first, last = calendar.years()
        self._years = (first, last)
        self._from, self._to = _year_us(first), _year_us(last + 1)
        self._laid: _Laid | None = None

    def due_at(self, start: datetime, within: Duration, pauses: Sequence[Pause] = ()) -> datetime:
        """When `within` has run out, in UTC; an end of a pause that is None has not come yet."""
        begins = _us(start)
        return _moment(self._due(begins, within, _spans(pauses)) if pauses else self.due_at_us(begins, within))

    def elapsed(self, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> int:
        """Whole seconds of open time from `start` to `end` outside the pauses; ClockError if `end` is earlier."""
        begins, ends = _us(start), _us(end)
        if ends < begins:
            raise ClockError(f"The end {end} is before the start {start}.", remedy="Give the earlier moment first.")
        paused = ((max(a, begins), min(b, ends)) for a, b in _spans(pauses))
        lost = sum(self._open_between(a, b) for a, b in paused if a < b)
        return (self._open_between(begins, ends) - lost) // SECOND_US

    def explain(self, start: datetime, within: Duration, pauses: Sequence[Pause] = ()) -> tuple[Step, ...]:
        """How `due_at` came out, step by step from `start` to the due moment."""
        begins, spans = _us(start), _spans(pauses)
        due = self._due(begins, within, spans)
        table = self._covering(begins, due).lists
        if within.unit != "d" or not within.amount:
            return explain_time(self.calendar, table, begins, due, spans)
        marks = [self._after_days(begins, days) for days in range(1, within.amount + 1)]
        return explain_days(self.calendar, table, (begins, *marks, due), spans)

    def explain_elapsed(self, start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> tuple[Step, ...]:
        """How `elapsed` came out, step by step."""
        self.elapsed(start, end, pauses)
        begins, ends = _us(start), _us(end)
        return explain_time(self.calendar, self._covering(begins, ends).lists, begins, ends, _spans(pauses))

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in an opening; the very moment of closing does not."""
        return self.is_open_us(_us(at))

    def is_open_us(self, moment: int) -> bool:
        """`is_open` for a moment in microseconds."""
        table = self._covering(moment, moment).lists
        return moment < table.ends[bisect_right(table.starts, moment) - 1]

    def next_open(self, at: datetime) -> datetime:
        """`at` itself when that is open, else the next opening, in UTC."""
        return _moment(self._begin(_us(at))[1])

    def due_at_us(self, start_us: int, within: Duration) -> int:
        """`due_at` without pauses for one moment in microseconds: the short way for a hot loop."""
        if within.unit == "d":
            return self._after_days(start_us, within.amount)
        return self._after(start_us, within.amount * _UNIT_US[within.unit])

    def due_at_many(self, starts: Micros, within: Duration) -> Micros:
        """`due_at_us` for a whole array, int64 in and out, of the same shape."""
        moments = _checked(starts)
        if not moments.size:
            return moments
        latest = int(moments.max())
        laid = self._covering(int(moments.min()), latest)
        if not within.amount:
            return moments
        if within.amount * _UNIT_US[within.unit] > LONGEST_US + DAY_US:
            raise _too_long(latest)
        while (due := _due_many(laid.columns, moments, within)) is None:
            laid = self._grow(laid, latest)
        if int((due - moments).max()) > LONGEST_US:
            raise _too_long(latest)
        return due

    def elapsed_many(self, starts_us: Micros, ends_us: Micros) -> Micros:
        """Whole seconds of open time between each start and its end, int64; ClockError if an end is earlier."""
        starts, ends = _checked(starts_us), _checked(ends_us)
        if (starts > ends).any():
            raise ClockError("An end is before its start.", remedy="Give the earlier moment of each pair first.")
        if not starts.size:
            return starts
        table = self._covering(int(starts.min()), int(ends.max())).columns
        return (_open_by_many(table, ends) - _open_by_many(table, starts)) // SECOND_US

    def _due(self, start: int, within: Duration, pauses: list[_Span]) -> int:
        due = self.due_at_us(start, within)
        for begins, ends in pauses:
            if max(begins, start) >= due:
                break
            if ends == _NEVER:
                raise ClockError(
                    f"The clock is paused since {written(_moment(begins), self.zone)} with no end, so nothing is due.",
                    remedy="Give the end of the pause, or ask for the elapsed time.",
                )
            if ends > start:
                due = self._after(due, self._open_between(max(begins, start), ends))
        return due

    def _after(self, start: int, need: int) -> int:
        """The first moment by which `need` microseconds of open time have passed since `start`."""
        laid = self._laid
        if laid is None or not laid.lists.covers_from <= start < laid.lists.covers_to:
            laid = self._covering(start, start)
        if not need:
            return start
        table = laid.lists
        at = bisect_right(table.starts, start) - 1
        target = table.before[at] + min(start, table.ends[at]) - table.starts[at] + need
        found = bisect_left(table.through, target)
        if found < len(table.through):
            due = table.starts[found] + target - table.before[found]
            if due < table.covers_to and due - start <= LONGEST_US:
                return due
        self._grow(laid, start, need)
        return self._after(start, need)

    def _after_days(self, start: int, days: int) -> int:
        if not days:
            return self._after(start, 0)
        laid, begin, at = self._begin(start)
        table = laid.lists
        target = table.day[at] + days
        if target < len(table.days):
            due = _on_day(table, target, begin + table.offset[at] - table.days[table.day[at]] * DAY_US)
            if due < table.covers_to and due - start <= LONGEST_US:
                return due
        self._grow(laid, start, days * DAY_US)
        return self._after_days(start, days)

    def _begin(self, start: int) -> tuple[_Laid, int, int]:
        """Where counting starts, and the opening that it lies in."""
        laid = self._laid
        if laid is None or not laid.lists.covers_from <= start < laid.lists.covers_to:
            laid = self._covering(start, start)
        table = laid.lists
        at = bisect_right(table.starts, start) - 1
        if start < table.ends[at]:
            return laid, start, at
        if at + 1 < len(table.starts) and table.starts[at + 1] < min(table.covers_to, start + LONGEST_US):
            return laid, table.starts[at + 1], at + 1
        self._grow(laid, start)
        return self._begin(start)

    def _open_between(self, start: int, end: int) -> int:
        table = self._covering(start, end).lists
        return open_by(table, end) - open_by(table, start)

    def _covering(self, first: int, last: int) -> _Laid:
        """The openings of all years from `first` to `last`."""
        laid = self._laid
        if laid is not None and laid.lists.covers_from <= first and last < laid.lists.covers_to:
            return laid
        for moment in (first, last):
            if not self._from <= moment < self._to:
                raise _outside(moment, self._years)
        return self._lay_out(_moment(first).year, min(_moment(last).year + 1, self._years[1]))

    def _grow(self, laid: _Laid, start: int, need: int = 0) -> _Laid:
        """Lay out more years after those laid out, twice as many each time; refuse beyond the longest time."""
        first, last = laid.lists.years
        if need > LONGEST_US + DAY_US or laid.lists.covers_to > start + LONGEST_US:
            raise _too_long(start)
        if last >= self._years[1]:
            raise ClockError(
                f"Nothing is due before the end of {last}, the last year whose calendar is known.",
                remedy="Ask for a shorter time, or begin earlier.",
            )
        return self._lay_out(first, min(2 * last - first + 1, self._years[1]))

    def _lay_out(self, first: int, last: int) -> _Laid:
        if self._laid is not None:
            first, last = min(first, self._laid.lists.years[0]), max(last, self._laid.lists.years[1])
        columns = openings(self.calendar, (first, last))
        self._laid = _Laid(in_lists(columns), columns)
        return self._laid


def _on_day(table: Openings[list[int]], target: int, time_of_day: int) -> int:
    """The first moment of a day at which its wall clock shows `time_of_day` or later while open; else its closing."""
    found = bisect_right(table.reach, target * SPAN_US + time_of_day)
    if found >= table.first[target + 1]:
        return table.day_ends[table.first[target + 1] - 1]
    return max(table.day_starts[found], table.days[target] * DAY_US + time_of_day - table.day_offsets[found])


def _due_many(table: Openings[Micros], starts: Micros, within: Duration) -> Micros | None:
    """What is due, or None where the years laid out do not reach."""
    found = _days_many(table, starts, within.amount) if within.unit == "d" else _time_many(table, starts, within)
    return None if found is None or int(found.max()) >= table.covers_to else found


def _open_by_many(table: Openings[Micros], moments: Micros) -> Micros:
    at = np.searchsorted(table.starts, moments, "right") - 1
    return table.before[at] + np.minimum(moments, table.ends[at]) - table.starts[at]


def _days_many(table: Openings[Micros], starts: Micros, days: int) -> Micros | None:
    """`_after_days` on columns; None where the table ends too early."""
    at = np.searchsorted(table.starts, starts, "right") - 1
    at += starts >= table.ends[at]
    if int(at.max()) >= len(table.starts) or int(table.day[at].max()) + days >= len(table.days):
        return None
    time_of_day = np.maximum(starts, table.starts[at]) + table.offset[at] - table.days[table.day[at]] * DAY_US
    target = table.day[at] + days
    found = np.searchsorted(table.reach, target * SPAN_US + time_of_day, "right")
    beyond = table.first[target + 1]
    inside = np.minimum(found, beyond - 1)
    shown = table.days[target] * DAY_US + time_of_day - table.day_offsets[inside]
    return np.where(found < beyond, np.maximum(table.day_starts[inside], shown), table.day_ends[inside])


def _time_many(table: Openings[Micros], starts: Micros, within: Duration) -> Micros | None:
    """`_after` on columns; None where the table ends too early."""
    at = np.searchsorted(table.starts, starts, "right") - 1
    target = table.before[at] + np.minimum(starts, table.ends[at]) - table.starts[at]
    target += within.amount * _UNIT_US[within.unit]
    found = np.searchsorted(table.through, target, "left")
    if int(found.max()) >= len(table.through):
        return None
    return table.starts[found] + target - table.before[found]


def _checked(moments: Micros) -> Micros:
    found = np.asarray(moments)
    if found.size and not np.can_cast(found.dtype, np.int64):
        raise ClockError(
            f"Moments of type {found.dtype} cannot be counted with.",
            remedy="Give microseconds since the epoch as int64.",
        )
    return found.astype(np.int64)


def _spans(pauses: Sequence[Pause]) -> list[_Span]:
    """Pauses in order, those that touch or overlap joined."""
    spans: list[_Span] = []
    for begins, ends in sorted((_us(a), _NEVER if b is None else _us(b)) for a, b in pauses):
        if ends < begins:
            raise ClockError(
                f"A pause ends at {_moment(ends)}, before it begins at {_moment(begins)}.",
                remedy="Give each pause as its beginning and its end.",
            )
        if spans and begins <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(ends, spans[-1][1]))
        else:
            spans.append((begins, ends))
    return spans


def _us(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ClockError(f"The time {moment} names no time zone.", remedy="Give it an offset, such as +02:00 or Z.")
    return (moment - EPOCH) // _MICROSECOND


def _moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def _year_us(year: int) -> int:
    return _us(datetime(year, 1, 1, tzinfo=UTC))


def _outside(us: int, years: tuple[int, int]) -> ClockError:
    reason = "" if years[0] == FIRST_YEAR else ", the years whose public holidays are known"
    try:
        shown = written(_moment(us), UTC)
    except OverflowError:
        shown = f"{us} microseconds since 1970"
    return ClockError(f"{shown} lies outside {years[0]} to {years[1]}{reason}.", remedy="Give a moment in those years.")


def _too_long(start: int) -> ClockError:
    return ClockError(
        f"Counted from {written(_moment(start), UTC)}, this is not due within {LONGEST_YEARS} years.",
        remedy="Give a shorter time, or a calendar that opens more often.",
    )
