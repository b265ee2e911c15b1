"""The shield: who must not be written to by whom now, and by which clause. As SQL over the lead view.

Unknown is careful here: `never` and `shield` block when their condition cannot be decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.agreement.condition import ClauseKind, met_sql
from accord.agreement.qualify import STANDING_SQL
from accord.facts.lead_view import view_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

OPT_IN = "opt_in"


def held_back_sql(rules: Rules, *, side: str = "marketing", purpose: str = "marketing.email") -> str:
    """SQL that answers person_id, moment and held_by: the path of the first clause that forbids the contact, or NULL.

    Reads `moments(person_id, moment)`, the revisions of facts, and `standings_at(person_id, moment, open_handoff,
    handoffs, offered_us, recycled_us, rejected_us, recycle_reason, reject_reason)`: how each person stood then.
    """
    columns = {*rules.contact_columns, *_needed(rules, side, purpose)}
    base = view_sql([c for c in columns if c not in ("attempts",)], ())
    rows = f"""SELECT b.*, {STANDING_SQL}, NULL::DOUBLE AS attempts FROM ({base}) b
        LEFT JOIN standings_at s USING (person_id, moment)"""
    steps = list(_steps(rules, side, purpose))
    clauses = " ".join(f"WHEN {sql} THEN '{path}'" for sql, path in steps)
    held = f"CASE {clauses} END" if steps else "NULL::VARCHAR"
    return f"SELECT person_id, moment, {held} AS held_by FROM ({rows})"


def _needed(rules: Rules, side: str, purpose: str) -> set[str]:
    contact = rules.agreement.contact
    needed = {_recent(side) for f in contact.frequency if f.side in (side, "any")} if contact.frequency else set()
    if contact.frequency:
        needed |= {"mails_7d", "marketing_mails_7d"}
    if purpose in contact.consent:
        needed |= {"opted_in", "unsubscribed"}
    return needed


def _recent(side: str) -> str:
    return "marketing_mails_7d" if side == "marketing" else "mails_7d"


def _steps(rules: Rules, side: str, purpose: str) -> list[tuple[str, str]]:
    """Clauses in the order in which they are named: never, consent, shield, frequency."""
    contact = rules.agreement.contact
    steps: list[tuple[str, str]] = []
    if rules.never is not None:
        steps.append((met_sql(rules.never.sql, ClauseKind.NEVER), "contact.never"))
    if (asked := contact.consent.get(purpose)) is not None:
        allowed = "opted_in" if asked == OPT_IN else "NOT unsubscribed"
        steps.append((f"NOT ({allowed})", f"contact.consent.{purpose}"))
    for number, (clause, condition) in enumerate(zip(contact.shield, rules.shields, strict=True)):
        if clause.side in (side, "any"):
            steps.append((met_sql(condition.sql, ClauseKind.SHIELD), f"contact.shield.{number}"))
    for number, limit in enumerate(contact.frequency):
        if limit.side in (side, "any") and limit.per.wall().days == 7:
            counted = "mails_7d" if limit.side == "any" else _recent(limit.side)
            steps.append((f"{counted} > {limit.at_most}", f"contact.frequency.{number}"))
    return steps
