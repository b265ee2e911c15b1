"""The card: points for what somebody is and for what somebody did, as SQL over the lead view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.agreement.condition import ClauseKind, met_sql
from accord.agreement.document import Agreement, Card, IntentRow
from accord.facts.lead_view import Decay

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

PLACES = 6
"""Points are rounded to this many places before they are compared, so that the order of a sum never decides."""


def of(agreement: Agreement) -> Card | None:
    """The card that qualification names, else the only one, else None."""
    line = agreement.qualification.score
    if line is not None:
        return agreement.cards.get(line.card)
    return next(iter(agreement.cards.values())) if len(agreement.cards) == 1 else None


def decays(agreement: Agreement) -> tuple[Decay, ...]:
    """One running sum per row of intent."""
    card = of(agreement)
    return tuple(_decay(i, row) for i, row in enumerate(card.intent if card else ()))


def _decay(index: int, row: IntentRow) -> Decay:
    half_life = int(row.half_life.wall().total_seconds() * 1e6) if row.half_life else None
    return Decay(f"weight_{index}", row.touch, half_life)


def fit_sql(rules: Rules) -> str:
    """Points for fit: the sum of the rows whose condition is met."""
    rows = [f"CASE WHEN {met_sql(c.sql, ClauseKind.WHEN)} THEN {points} ELSE 0 END" for c, points in rules.fit]
    return f"({' + '.join(rows) or '0'})::DOUBLE"


def intent_rows_sql(rules: Rules) -> tuple[str, ...]:
    """Points per row of intent: points x the decayed count of touches, in size at most the row's ceiling."""
    card = of(rules.agreement)
    return tuple(_intent_sql(i, row) for i, row in enumerate(card.intent if card else ()))


def _intent_sql(index: int, row: IntentRow) -> str:
    earned = f"weight_{index} * {row.points}"
    if row.at_most is None:
        return f"round({earned}, {PLACES})"
    ceiling, limit = ("greatest", -row.at_most) if row.points < 0 else ("least", row.at_most)
    return f"round({ceiling}({earned}, {limit}), {PLACES})"


def intent_sql(rules: Rules) -> str:
    """Points for intent: the sum over its rows."""
    return f"round({' + '.join(intent_rows_sql(rules)) or '0'}, {PLACES})::DOUBLE"


def band_sql(rules: Rules) -> str:
    """The highest band whose line the score reaches; NULL below all of them or without a card."""
    card = of(rules.agreement)
    if card is None or not card.bands:
        return "NULL::VARCHAR"
    lines = " ".join(f"WHEN score >= {line} THEN '{name}'" for name, line in card.bands)
    return f"CASE {lines} END"


def persona_sql(rules: Rules) -> str:
    """The name of the first persona that matches; NULL for none."""
    if not rules.personas:
        return "NULL::VARCHAR"
    rows = (
        f"WHEN {met_sql(condition.sql, ClauseKind.WHERE)} THEN '{name.replace(chr(39), chr(39) * 2)}'"
        for name, condition in rules.personas
    )
    return f"CASE {' '.join(rows)} END"
