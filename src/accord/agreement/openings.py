"""Every opening of a calendar over some years, laid out in UTC so that business time is a search and a subtraction.

A window is open while the local wall clock shows a time inside it. That one rule decides daylight saving: what the
wall clock skips is never open, so a window that reaches into a gap starts or ends at the gap's far edge; what it shows
twice is open twice, because people who work from 01:00 to 03:00 by the clock on the wall work three hours that night.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from accord.agreement.calendar import DAY, Calendar

Micros = npt.NDArray[np.int64]
Column = TypeVar("Column", Micros, list[int])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
DAY_US = DAY * SECOND_US
SPAN_US = 3 * DAY_US  # wider than any opening reaches from its day's midnight, which is two days

_EPOCH_DAY = EPOCH.toordinal()
_BEFORE_ALL = -(2**62)


@dataclass(frozen=True, slots=True)
class Openings(Generic[Column]):
    """Openings of a span of years. Moments are microseconds since the epoch, UTC; days are days since the epoch.

    In order of time, with one empty opening in front of all others so that every moment has one at or before it:
    `starts`, `ends`, open time `before` and `through` each, wall clock minus UTC as `offset`, and `day`, the index of
    the day that it belongs to. Per day that opens at all: its number in `days`, and `first`, where its openings begin
    in the columns ordered by day (`day_starts`, `day_ends`, `day_offsets`, and `reach`: the day's index times SPAN_US
    plus the latest time that its wall clock has shown by then).
    """

    years: tuple[int, int]
    covers_from: int
    covers_to: int
    starts: Column
    ends: Column
    before: Column
    through: Column
    offset: Column
    day: Column
    days: Column
    first: Column
    day_starts: Column
    day_ends: Column
    day_offsets: Column
    reach: Column


def openings(calendar: Calendar, years: tuple[int, int]) -> Openings[Micros]:
    """All openings that begin or end in the UTC years `years` (both included)."""
    first, last = date(years[0], 1, 1), date(years[1] + 1, 1, 1)
    # A local day begins up to 16 hours from its UTC day, and a window may run past midnight: two days on each side.
    days = np.arange(_number(first) - 2, _number(last) + 2, dtype=np.int64)
    owner, local_starts, local_ends = _wall_windows(calendar, days[_works(calendar, days)])
    zone = _offsets(calendar.zone(), int(days[0]) - 2, int(days[-1]) + 4)
    owner, starts, ends, offset = _in_utc(owner, local_starts, local_ends, zone)
    return _laid_out(years, (_number(first) * DAY_US, _number(last) * DAY_US), owner, starts, ends, offset)


def in_lists(table: Openings[Micros]) -> Openings[list[int]]:
    """The same as lists: searching one moment in a list is many times faster than in an array."""
    columns: dict[str, Any] = {each.name: getattr(table, each.name) for each in fields(table)}
    return Openings(**{name: _plain(column) for name, column in columns.items()})


def open_by(table: Openings[list[int]], moment: int) -> int:
    """Microseconds of open time from the beginning of the table to `moment`."""
    at = bisect_right(table.starts, moment) - 1
    return table.before[at] + min(moment, table.ends[at]) - table.starts[at]


def _plain(value: object) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


def _date(number: int) -> date:
    return date.fromordinal(int(number) + _EPOCH_DAY)


def _works(calendar: Calendar, days: Micros) -> npt.NDArray[np.bool_]:
    """Which of the days neither the public holidays nor the company closes."""
    years = range(_date(days[0]).year, _date(days[-1]).year + 1)
    shut = {_number(day) for year in years for day in calendar.holidays_in(year)}
    shut |= {_number(day) for day in calendar.closed}
    return ~np.isin(days, np.fromiter(shut, dtype=np.int64, count=len(shut)))


def _wall_windows(calendar: Calendar, days: Micros) -> tuple[Micros, Micros, Micros]:
    """Day, start and end of each window, in microseconds of a wall clock that never changed, in order."""
    weekdays = (days + EPOCH.weekday()) % 7
    rows = [
        (numbers, numbers * DAY_US + opens * SECOND_US, numbers * DAY_US + closes * SECOND_US)
        for weekday, windows in calendar.hours.items()
        for numbers in [days[weekdays == weekday]]
        for opens, closes in windows
    ]
    owner, starts, ends = (np.concatenate([row[part] for row in rows]) for part in range(3))
    order = np.argsort(starts, kind="stable")
    return owner[order], starts[order], ends[order]


def _offsets(zone: tzinfo, first_day: int, last_day: int) -> list[tuple[int, int, int]]:
    """Stretches of UTC with one offset each: from, to, wall clock minus UTC. No zone changes twice within a day."""
    stretches: list[tuple[int, int, int]] = []
    begun, seen, offset = first_day * DAY, first_day * DAY, _offset(zone, first_day * DAY)
    for moment in range((first_day + 1) * DAY, (last_day + 1) * DAY, DAY):
        if (now := _offset(zone, moment)) != offset:
            change = _change(zone, seen, moment)
            stretches.append((begun * SECOND_US, change * SECOND_US, offset * SECOND_US))
            begun, offset = change, now
        seen = moment
    return [*stretches, (begun * SECOND_US, seen * SECOND_US, offset * SECOND_US)]


def _offset(zone: tzinfo, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _change(zone: tzinfo, low: int, high: int) -> int:
    """The second in (low, high] from which the later offset holds."""
    later = _offset(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(zone, middle) == later else (middle, high)
    return high


def _in_utc(
    owner: Micros, starts: Micros, ends: Micros, zone: list[tuple[int, int, int]]
) -> tuple[Micros, Micros, Micros, Micros]:
    """Each window cut into the stretches of one offset: day, start, end (UTC) and offset of each part."""
    parts = []
    for begins, stops, offset in zone:
        left, right = np.searchsorted(ends, begins + offset, "right"), np.searchsorted(starts, stops + offset, "left")
        reached = slice(left, right)
        opened = np.maximum(starts[reached] - offset, begins)
        closed = np.minimum(ends[reached] - offset, stops)
        parts.append((owner[reached], opened, closed, np.full(len(opened), offset, dtype=np.int64)))
    days, opened, closed, offsets = (np.concatenate([part[column] for part in parts]) for column in range(4))
    real = opened < closed
    return days[real], opened[real], closed[real], offsets[real]


def _laid_out(
    years: tuple[int, int], covers: tuple[int, int], owner: Micros, starts: Micros, ends: Micros, offset: Micros
) -> Openings[Micros]:
    days, day = np.unique(owner, return_inverse=True)
    by_time, by_day = np.argsort(starts, kind="stable"), np.lexsort((starts, day))
    through = np.cumsum((ends - starts)[by_time])
    first = np.searchsorted(day[by_day], np.arange(len(days) + 1))
    shown = (ends + offset - owner * DAY_US + day * SPAN_US)[by_day]
    return Openings(
        years=years,
        covers_from=covers[0],
        covers_to=covers[1],
        starts=_fronted(starts[by_time], _BEFORE_ALL),
        ends=_fronted(ends[by_time], _BEFORE_ALL),
        before=_fronted(through - (ends - starts)[by_time], 0),
        through=_fronted(through, 0),
        offset=_fronted(offset[by_time], 0),
        day=_fronted(day[by_time], -1),
        days=days,
        first=first,
        day_starts=starts[by_day],
        day_ends=ends[by_day],
        day_offsets=offset[by_day],
        # In a fold the wall clock runs back, so a later opening may end at an earlier wall time than the one before
        # it; the running maximum keeps the column sorted and still finds the first opening that reaches a wall time.
        reach=np.maximum.accumulate(shown) if len(shown) else shown,
    )


def _fronted(values: Micros, front: int) -> Micros:
    return np.concatenate([np.array([front], dtype=np.int64), values.astype(np.int64)])
