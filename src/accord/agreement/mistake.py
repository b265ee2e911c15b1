"""What is wrong with an agreement, where it stands, and what would be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process

from accord.facts.errors import AccordError

CLOSE_ENOUGH = 55.0  # similarity in per cent; below it a suggestion confuses more than it helps


class MistakeKind(StrEnum):
    """How grave it is: the first two keep an agreement from being signed, the others are for information."""

    MISTAKE = "mistake"
    CONTRADICTION = "contradiction"
    NOT_YET_ENFORCED = "not_yet_enforced"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One finding about an agreement. `line` and `column` count from 1; 0 means that no place is known."""

    line: int
    column: int
    path: str
    found: str
    allowed: str
    nearest: str | None
    message: str
    kind: MistakeKind = MistakeKind.MISTAKE

    @property
    def blocks(self) -> bool:
        """Whether the agreement cannot be signed with it."""
        return self.kind in (MistakeKind.MISTAKE, MistakeKind.CONTRADICTION)

    def as_json(self) -> dict[str, object]:
        """The finding as plain values, for `--json`."""
        return {
            "kind": self.kind.value,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "found": self.found,
            "allowed": self.allowed,
            "nearest": self.nearest,
            "message": self.message,
        }

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.message}"


class AgreementError(AccordError):
    """An agreement that cannot be used; `mistakes` holds all of them, in the order of the text."""

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        self.mistakes = mistakes
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(
            f"{name} has {counted(len(mistakes), 'mistake')}:\n{listed}\n",
            remedy="Correct them and run `accord check` on the file.",
        )


def nearest(word: str, names: Iterable[str], least: float = CLOSE_ENOUGH) -> str | None:
    """The valid name that `word` was most likely meant to be, or None when nothing is `least` per cent alike."""
    known = {name.casefold(): name for name in sorted(names)}
    match = process.extractOne(word.casefold()[:200], list(known), scorer=fuzz.ratio, score_cutoff=least)
    return known[match[0]] if match else None


def counted(number: int, noun: str) -> str:
    """`1 mistake`, `12 mistakes`, `no mistakes`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and not noun.endswith("ey") else f"{noun}s"
    return f"1 {noun}" if number == 1 else f"{number or 'no'} {plural}"


def listed(names: Iterable[str], last: str = "and", most: int = 24) -> str:
    """`a, b and c`, cut off after `most` names."""
    words = list(names)
    if len(words) > most:
        return f"{', '.join(words[:most])} {last} {len(words) - most} more"
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def in_order(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """By place in the text; each said once."""
    unique = Counter(mistakes)
    return tuple(sorted(unique, key=lambda m: (m.line, m.column, m.path, m.message)))
