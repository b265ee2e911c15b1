"""Refused rows come back as a file: line, field, value, reason, remedy, and the row as it stood."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HEADER = ("line", "field", "value", "reason", "remedy")
_NUMBER = re.compile(r"[+-]?(\d[\d.,' ]*)?\d%?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused row: where it stands in the file, what was wrong with it, and what to do."""

    line: int
    field: str
    value: str
    reason: str
    remedy: str


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. Numbers such as -5 stay numbers."""
    risky = cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell)
    return "'" + cell if risky else cell


def write_refused(path: Path, columns: Sequence[str], refusals: Iterable[tuple[Refusal, Sequence[str | None]]]) -> int:
    """Writes refusals with their rows as CSV, in UTF-8 with the mark that spreadsheets need. Gives how many."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEADER, *map(as_text, columns)])
        for refusal, row in refusals:
            told = (str(refusal.line), refusal.field, refusal.value, refusal.reason, refusal.remedy)
            writer.writerow([as_text(cell or "") for cell in (*told, *row)])
            count += 1
    return count
