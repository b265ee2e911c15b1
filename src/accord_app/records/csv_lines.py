"""Rows as a CSV file that spreadsheets read rightly: UTF-8 with its mark, ISO times, raw numbers, no formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file line by line."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(columns))
    for row in rows:
        yield str(writer.writerow([cell(value) for value in row]))


def cell(value: object) -> object:
    """A value as it stands in the file. Text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


class _Echo:
    """Hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line
