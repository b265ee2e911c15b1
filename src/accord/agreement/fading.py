"""Conditions that come true because points halve: time passes, and nobody is looked at for that alone.

Elapsed times have a lead looked at again at the tick after they pass a number (`Rules.waits`). Points do not: a score
falls a little with every day for everybody, and most of that changes no answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import Condition, ConditionError, parse
from accord.agreement.document import Agreement
from accord.agreement.finding import Finding, Known, Rule, conditions, notice

_OPENS = ("qualification.where", "qualification.always", "answers.recycle")
_CLOSES = "qualification.unless"
_FADING = ("score", "intent")
_BELOW, _ABOVE = ("<", "<="), (">", ">=")


def _true_by_fading(agreement: Agreement, _: Known) -> Iterator[Finding]:
    if not any(row.half_life for card in agreement.cards.values() for row in card.intent):
        return
    for where in conditions(agreement):
        if where.path.startswith((*_OPENS, _CLOSES)) and (name := _faded(where.path, where.text)):
            message = (
                f"{name} falls as time passes, and for that alone nobody is looked at: the lead comes up at its next "
                "fact, or when an elapsed time of the agreement passes."
            )
            yield notice(where.path, name, message)


def _faded(path: str, text: str) -> str | None:
    """The points of which a fall would let somebody through."""
    try:
        condition: Condition = parse(text, LEAD_COLUMNS)
    except ConditionError:  # another rule reports it
        return None
    operators = _ABOVE if path.startswith(_CLOSES) else _BELOW
    found = (each.column for each in condition.thresholds() if each.operator in operators)
    return next((column for column in found if column in _FADING), None)


RULES: tuple[Rule, ...] = (Rule(_true_by_fading, ("cards",)),)
