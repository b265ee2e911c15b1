"""From rows in any order to paths: the touches of one person that led to one conversion, or to none.

A path begins with a person's first touch, or after a conversion, and ends with the next conversion. What follows the
last conversion is a path without one. Conversions of one person at the same moment share their path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.unsignedinteger]
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of some people as they arrived: hashed person, moment in µs, code of the channel, converted or not.

    The code `nothing` is no channel: the row is a conversion and no touch. `value` has an entry per converted row.
    """

    person: Hashes
    moment: Whole
    channel: Codes
    converted: Flags
    value: Reals
    nothing: int


@dataclass(frozen=True, slots=True)
class Paths:
    """Touches in the order of their paths: path p has those from `starts[p]` to `starts[p + 1]`, at least one.

    Per touch: `channel` (code) and `age`, the days until the path ends, None where nothing is known of time. Per path:
    how often it ended in a conversion, the value of these, how often it ended without, and in which group its people
    are drawn. `people` counts everybody, `converters` those with a conversion that has a touch before it; `alone` are
    conversions without a touch, with their value; `outside` are touches before the window.
    """

    channel: Codes
    age: Reals | None
    starts: Whole
    conversions: Reals
    value: Reals
    nulls: Reals
    group: Whole
    people: int
    converters: int
    alone: int = 0
    alone_value: float = 0.0
    outside: int = 0

    @property
    def lengths(self) -> Whole:
        """Touches per path."""
        return np.diff(self.starts)


def cut(rows: Rows, *, groups: int, since: int | None = None, window: float | None = None, first: int = 0) -> Paths:
    """The paths of all people in `rows`, whose groups are counted from `first` on.

    Paths that end before `since` (µs) are left out. `window` leaves out touches more days before the end of their path;
    the end of a path without conversion is its last touch.
    """
    if not len(rows.person):
        return no_paths()
    order, ends_person = _in_order(rows)
    moment, channel, converted = rows.moment[order], rows.channel[order], rows.converted[order]
    number: Whole = np.cumsum(ends_person) - ends_person  # of the person
    starts = np.flatnonzero(_begins(rows, moment, channel, converted, ends_person))
    value = _value_per_row(rows, order, converted)
    ended = _count(converted, starts)
    last = np.append(starts[1:], len(order)) - 1
    is_touch = channel != rows.nothing
    rows_of = np.diff(np.append(starts, len(order)))
    keep = np.ones(len(starts), dtype=np.bool_) if since is None else moment[last] >= since
    inside = is_touch & np.repeat(keep, rows_of)
    outside = 0
    age = (np.repeat(moment[last], rows_of) - moment) / DAY
    if window is not None:
        outside = int((inside & (age > window)).sum())
        inside &= age <= window
    touches = _count(inside, starts)
    told = touches > 0
    alone = keep & ~told & (ended > 0)
    per_path = np.add.reduceat(value, starts) if value is not None else np.zeros(len(starts))
    return Paths(
        channel=channel[inside],
        age=age[inside],
        starts=np.concatenate([[0], np.cumsum(touches[told])]).astype(np.int64),
        conversions=ended[told].astype(np.float64),
        value=per_path[told],
        nulls=(ended[told] == 0).astype(np.float64),
        group=(number[starts[told]] + first) % groups,
        people=int(ends_person.sum()),
        converters=len(np.unique(number[starts[told & (ended > 0)]])),
        alone=int(ended[alone].sum()),
        alone_value=float(per_path[alone].sum()),
        outside=outside,
    )


def no_paths() -> Paths:
    """Of nobody."""
    nothing, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Paths(
        np.zeros(0, dtype=np.uint8), nothing, np.zeros(1, dtype=np.int64), nothing, nothing, nothing, whole, 0, 0
    )


def _begins(rows: Rows, moment: Whole, channel: Codes, converted: Flags, ends_person: Flags) -> Flags:
    """Which rows begin a path: the first of a person, and whatever follows a conversion, but for a conversion without
    a touch of its own at the very same moment."""
    again = (channel[1:] == rows.nothing) & (moment[1:] == moment[:-1])
    return np.concatenate([[True], ends_person[:-1] | (converted[:-1] & ~again)])


def _count(flags: Flags, starts: Whole) -> Whole:
    return np.add.reduceat(flags, starts, dtype=np.int64)


def _value_per_row(rows: Rows, order: Whole, converted: Flags) -> Reals | None:
    if not rows.value.any():
        return None
    place = np.cumsum(rows.converted) - 1  # of each converted row's value, in the order of arrival
    value = np.zeros(len(order))
    value[converted] = rows.value[place[order[converted]]]
    return value


def _in_order(rows: Rows) -> tuple[Whole, Flags]:
    """Where the rows come from when they are sorted by person, moment and arrival; and which end a person's.

    A conversion without a touch comes after the touches of its moment. Logs arrive in the order of time, and files
    that were sorted by person in that order within each; then no moments need to be compared.
    """
    alone = bool((rows.channel == rows.nothing).any())
    moment = rows.moment * 2 + (rows.channel == rows.nothing) if alone else rows.moment
    order, ends = by_person(rows.person)
    later = moment[order]
    if np.all((later[1:] >= later[:-1]) | ends[:-1]):
        return order, ends
    in_time = np.argsort(moment, kind="stable")
    order, ends = by_person(rows.person[in_time])
    return in_time[order], ends


def by_person(person: Hashes) -> tuple[Whole, Flags]:
    """The rows by person and within a person as they stand; and which row is the last of its person.

    Sorting one number is several times faster than sorting one by another, so the top of the hash and the place of the
    row are put into one. Where two people share that top, and only there, the whole hashes are looked at again.
    """
    size = len(person)
    bits = np.uint64(max(1, (size - 1).bit_length() if size else 1))
    below = (np.uint64(1) << bits) - np.uint64(1)
    key = (person & ~below) | np.arange(size, dtype=np.uint64)
    key.sort()
    order = (key & below).astype(np.int64)
    whole = person[order]
    differs = whole[1:] != whole[:-1]
    mixed = np.flatnonzero(differs & ((key[1:] & ~below) == (key[:-1] & ~below)))
    for top in np.unique(key[mixed] & ~below):
        some = slice(np.searchsorted(key, top), np.searchsorted(key, top | below, side="right"))
        order[some] = order[some][np.argsort(whole[some], kind="stable")]
    if len(mixed):
        whole = person[order]
        differs = whole[1:] != whole[:-1]
    return order, np.append(differs, True) if size else np.zeros(0, dtype=np.bool_)
