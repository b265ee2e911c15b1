"""Every column that a condition of the agreement may use: the lead view's, and what the agreement itself adds."""

from __future__ import annotations

from collections.abc import Mapping

from accord.facts.kinds import Kind
from accord.facts.lead_view import COLUMNS, Column, Origin

JUDGED_COLUMNS = (
    Column("persona", Kind.TEXT, "name", "The first persona that matches.", Origin.CARD),
    Column("fit", Kind.NUMBER, "points", "Points of the card for what somebody is.", Origin.CARD),
    Column("intent", Kind.NUMBER, "points", "Points of the card for what somebody did.", Origin.CARD),
    Column("score", Kind.NUMBER, "points", "Fit and intent together.", Origin.CARD),
    Column("band", Kind.TEXT, "letter", "The band of the score.", Origin.CARD),
)
LEAD_COLUMNS: Mapping[str, Column] = {**COLUMNS, **{column.name: column for column in JUDGED_COLUMNS}}

STANDING = frozenset(name for name, column in COLUMNS.items() if column.origin is Origin.STANDING)
"""Columns that speak of a person's earlier handoffs."""

FOR_PERSONAS: Mapping[str, Column] = COLUMNS
FOR_FIT: Mapping[str, Column] = {**COLUMNS, "persona": LEAD_COLUMNS["persona"]}
