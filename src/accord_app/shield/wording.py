"""Clauses in a few words, and the sentence of the agreement that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from accord_app.ledger.reads import Version
from accord_app.records.clauses import clause as found
from accord_app.shell.words import whole

_BY_COLUMN = {"account_deal_stage": "in negotiation", "open_handoff": "with sales"}


def words(version: Version, path: str) -> str:
    """`in negotiation`, `over the frequency`, `without consent`: what holds somebody back."""
    kind, _, place = path.removeprefix("contact.").partition(".")
    match kind:
        case "never":
            return "never to be written to"
        case "consent":
            return "without consent"
        case "frequency":
            return "over the frequency"
    columns = version.rules.shields[int(place)].columns
    return next((said for name, said in _BY_COLUMN.items() if name in columns), "shielded")


def sentence(version: Version, path: str) -> str:
    """What the agreement says there."""
    clause = found(version, path)
    return clause.text if clause else ""


def summed(version: Version, counts: Mapping[str, int]) -> str:
    """`61 held back: 44 in negotiation, 12 over the frequency, 5 without consent`."""
    by_words: Counter[str] = Counter()
    for path, number in counts.items():
        by_words[words(version, path)] += number
    said = ", ".join(f"{whole(number)} {what}" for what, number in by_words.most_common())
    return f"{whole(sum(by_words.values()))} held back: {said}" if by_words else "Nobody is held back"
