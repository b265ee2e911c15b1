"""The list that somebody brings: lines as they were typed, or a CSV file with a column of addresses or ids. It is read
in memory and never stored."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from accord.facts.errors import AccordError

MOST, LARGEST = 20_000, 5 * 1024 * 1024
_HEADS = ("email", "emailaddress", "mail", "address", "personid", "id", "contactid", "person")
"""What a column of addresses or ids is called, the better first; spaces and dashes aside."""


class UnreadableListError(AccordError):
    """The list holds nothing that can be asked about."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the line it stands on, and what it says in the column that counts."""

    number: int
    said: str


def lines_of(content: bytes) -> list[Line]:
    """The rows of a list. Raises UnreadableListError."""
    rows = [(number, row) for number, row in enumerate(_rows(_text(content)), 1) if any(cell.strip() for cell in row)]
    if not rows:
        raise UnreadableListError("The list is empty.", remedy="Paste a line for each person, or choose a file.")
    head = [_plain(cell) for cell in rows[0][1]]
    named = next((head.index(name) for name in _HEADS if name in head), None)
    place = _most_addresses([row for _, row in rows[:200]]) if named is None else named
    body = rows if named is None else rows[1:]
    if not body:
        raise UnreadableListError("The list has a heading and no rows.", remedy="Add a line for each person.")
    if len(body) > MOST:
        raise UnreadableListError(f"{len(body):,} rows are too many.", remedy=f"Check up to {MOST:,} at once.")
    return [Line(number, row[place].strip() if place < len(row) else "") for number, row in body]


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace").replace("\0", "")
    try:
        return content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").replace("\0", "")


def _rows(text: str) -> list[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise UnreadableListError(f"The list cannot be read: {error}.", remedy="Save it as CSV in UTF-8.") from None


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z]", "", cell.lower())


def _most_addresses(rows: Sequence[Sequence[str]]) -> int:
    width = max(len(row) for row in rows)
    return max(range(width), key=lambda place: sum("@" in row[place] for row in rows if place < len(row)))
