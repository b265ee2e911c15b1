"""Touches by person, in files that are looked into without being read: what an attribution keeps for the next one.

A piece holds at most some millions of touches in the order of hashed people, so that those of somebody are found by
bisection. Every day adds a piece; pieces of like size are put together, so that there are only as many as the logarithm
of the days and no touch is written again more often than that.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from accord.insight.attribution.paths import Codes, Hashes, Whole, by_person, from_lengths

MOST = 4_000_000  # touches of a piece that was put together from others


class Piece(NamedTuple):
    """`person` (hashes) rises and has everybody once; touches `starts[p]` to `starts[p + 1]` are those of person p, in
    the order in which they arrived: `moment` (µs) and `channel` (code)."""

    person: Hashes
    starts: Whole
    moment: Whole
    channel: Codes


class Touches(NamedTuple):
    """Touches of some people: one entry of each array per touch."""

    person: Hashes
    moment: Whole
    channel: Codes


def piece(touches: Touches) -> Piece:
    """The touches in the order of their people."""
    order, ends = by_person(touches.person)
    last = np.flatnonzero(ends)
    lengths = np.diff(np.append(-1, last))
    return Piece(
        touches.person[order[last]], from_lengths(lengths), touches.moment[order], touches.channel[order]
    )  # fmt: skip


def of_people(pieces: Sequence[Piece], people: Hashes) -> Touches:
    """The touches of these people (rising, each once), piece by piece. Only theirs are read."""
    found = [_of(each, people) for each in pieces if len(each.person)]
    if not found:
        return Touches(people[:0], np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8))
    return Touches(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _of(piece: Piece, people: Hashes) -> Touches:
    place = np.searchsorted(piece.person, people)
    place = place[(place < len(piece.person)) & (piece.person.take(place, mode="clip") == people)]
    begin = piece.starts[place]
    lengths = piece.starts[place + 1] - begin
    rows = np.repeat(begin - from_lengths(lengths)[:-1], lengths) + np.arange(lengths.sum())
    return Touches(np.repeat(piece.person[place], lengths), piece.moment[rows], piece.channel[rows])


def whole(pieces: Sequence[Piece]) -> Piece:
    """Several pieces as one; of one person the touches of the first piece stand first."""
    people = np.concatenate([np.repeat(each.person, np.diff(each.starts)) for each in pieces])
    moment, channel = (np.concatenate([each[place] for each in pieces]) for place in (2, 3))
    return piece(Touches(people, moment, channel))


def write(folder: Path, what: Piece) -> str:
    """Write a piece; gives the name to read it by."""
    name = f"touches-{secrets.token_hex(6)}"
    for part, values in what._asdict().items():
        with (folder / f"{name}-{part}.npy").open("wb") as file:
            np.save(file, values)
            file.flush()
            os.fsync(file.fileno())
    return name


def read(folder: Path, name: str) -> Piece:
    """A piece whose files stay on the disk. Raises OSError or ValueError for what is missing or cut off."""
    parts = (np.load(folder / f"{name}-{part}.npy", mmap_mode="r") for part in Piece._fields)
    found = Piece(*parts)
    if len(found.starts) != len(found.person) + 1 or found.starts[-1] != len(found.moment):
        raise ValueError(f"{name} is damaged")
    return found


def with_one_more(folder: Path, names: Sequence[str], more: Piece) -> list[str]:
    """The names of the pieces when one is added: it takes in those before it as long as they are not twice as large."""
    taken, left = [more], list(names)
    size = len(more.moment)
    while left:
        before = read(folder, left[-1])
        if len(before.moment) > 2 * size or len(before.moment) + size > MOST:
            break
        left.pop()
        size += len(before.moment)
        taken.insert(0, before)
    return [*left, write(folder, more if len(taken) == 1 else whole(taken))]
