"""From rows in any order to paths: the touches of one person that led to one conversion, or to none.

A path begins with a person's first touch, or after a conversion, and ends with the next conversion. What follows the
last conversion is a path without one. Conversions of one person at the same moment share their path.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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

    Per touch: `channel` (code) and `moment` (µs), None where nothing is known of time. Per path: when it ended, how
    often it ended in a conversion, the value of these, how often it ended without, and in which group its people are
    drawn. `people` counts everybody, `converters` those with a conversion that has a touch before it; `alone` are
    conversions without a touch; `outside` are touches before the window.
    """

    channel: Codes
    moment: Whole | None
    end: Whole
    starts: Whole
    conversions: Reals
    value: Reals
    nulls: Reals
    group: Whole
    people: int
    converters: int
    alone: int = 0
    outside: int = 0

    @property
    def lengths(self) -> Whole:
        """Touches per path."""
        return np.diff(self.starts)

    def age(self) -> Reals:
        """Days from each touch to the end of its path."""
        if self.moment is None:
            raise ValueError("nothing is known of when the touches were")
        return np.asarray((np.repeat(self.end, self.lengths) - self.moment) / DAY)

    def chosen(self, keep: Flags) -> Paths:
        """Some of the paths."""
        if keep.all():
            return self
        touches = np.repeat(keep, self.lengths)
        return replace(
            self,
            channel=self.channel[touches],
            moment=None if self.moment is None else self.moment[touches],
            end=self.end[keep],
            starts=from_lengths(self.lengths[keep]),
            conversions=self.conversions[keep],
            value=self.value[keep],
            nulls=self.nulls[keep],
            group=self.group[keep],
        )


def from_lengths(lengths: Whole) -> Whole:
    """Where each path starts, and at last where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def cut(
    rows: Rows, *, groups: int, since: int | None = None, window: float | None = None, by_lot: bool = False
) -> Paths:
    """The paths of all people in `rows`. Their groups are in turn, or `by_lot` where not all people are here.

    Paths that end before `since` (µs) are left out. `window` leaves out touches more days before the end of their path;
    the end of a path without conversion is its last touch.
    """
    if not len(rows.person):
        return no_paths()
    order, moment, ends_person = _in_order(rows)
    channel, converted = rows.channel[order], rows.converted[order]
    touch = None if not (channel == rows.nothing).any() else channel != rows.nothing
    begins = np.append(True, ends_person[:-1] | converted[:-1])
    if touch is not None:
        begins[1:] &= ends_person[:-1] | touch[1:] | (moment[1:] != moment[:-1])
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(order)))
    end = moment[starts + lengths - 1]
    number = np.cumsum(np.append(True, ends_person[:-1])[starts]) - 1  # of the person
    group = lot(rows.person[order[starts]], groups) if by_lot else number % groups
    conversions, value = _conversions(rows, order, converted, starts)
    near = None if window is None else np.repeat(end, lengths) - moment <= window * DAY
    inside = near if touch is None else touch if near is None else near & touch
    touches = _counted(inside, starts, lengths)
    in_time = np.ones(len(starts), dtype=np.bool_) if since is None else end >= since
    told = touches > 0
    found = Paths(
        channel=channel if inside is None else channel[inside],
        moment=moment if inside is None else moment[inside],
        end=end[told],
        starts=from_lengths(touches[told]),
        conversions=conversions[told],
        value=value[told],
        nulls=(conversions[told] == 0).astype(np.float64),
        group=group[told],
        people=int(ends_person.sum()),
        converters=len(np.unique(number[told & in_time & (conversions > 0)])),
        alone=int(conversions[in_time & ~told].sum()),
        outside=int((_counted(touch, starts, lengths) - touches)[in_time].sum()),
    )
    return found.chosen(in_time[told])


def lot(person: Hashes, groups: int) -> Whole:
    """The group of each person: by the hash alone, so that it stays the same whoever else comes. The bits are not the
    last ones, which deal people out into parts."""
    return ((person >> np.uint64(20)) % np.uint64(groups)).astype(np.int64)


def _conversions(rows: Rows, order: Whole, converted: Flags, starts: Whole) -> tuple[Reals, Reals]:
    """How many conversions each path has, and their value."""
    won = np.flatnonzero(converted)
    path = np.searchsorted(starts, won, side="right") - 1
    value = rows.value[np.searchsorted(np.flatnonzero(rows.converted), order[won])]
    times = np.bincount(path, minlength=len(starts)).astype(np.float64)
    return times, np.bincount(path, value, len(starts)).astype(np.float64)


def _counted(flags: Flags | None, starts: Whole, lengths: Whole) -> Whole:
    """How many rows of each path are meant; None means all."""
    return lengths if flags is None else np.add.reduceat(flags, starts, dtype=np.int64)


def no_paths() -> Paths:
    """Of nobody."""
    reals, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Paths(
        np.zeros(0, dtype=np.uint8), whole, whole, np.zeros(1, dtype=np.int64), reals, reals, reals, whole, 0, 0
    )


def _in_order(rows: Rows) -> tuple[Whole, Whole, Flags]:
    """Where the rows come from when they are sorted by person, moment and arrival; their moments; which end a person's.

    A conversion without a touch comes after the touches of its moment. Logs arrive in the order of time, and files
    that were sorted by person in that order within each; then no moments need to be compared.
    """
    alone = rows.channel == rows.nothing
    rank = rows.moment * 2 + alone if alone.any() else rows.moment
    order, ends = by_person(rows.person)
    later = rank[order]
    if not np.all((later[1:] >= later[:-1]) | ends[:-1]):
        in_time = np.argsort(rank, kind="stable")
        order, ends = by_person(rows.person[in_time])
        order = in_time[order]
        later = rank[order]
    return order, later if rank is rows.moment else rows.moment[order], ends


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
