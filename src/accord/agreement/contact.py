"""The shield: who must not be written to by whom now, and by which clause. As SQL over the lead view.

Unknown is careful here: `never` and `shield` block when their condition cannot be decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accord.agreement.condition import ClauseKind, met_sql
from accord.agreement.document import Frequency
from accord.agreement.standing import whole_view_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

OPT_IN = "opt_in"
WRITTEN = "t.kind IN ('email.sent', 'mail.sent', 'message.sent')"


def held_back_sql(
    rules: Rules, *, side: str = "marketing", purpose: str = "marketing.email", handoffs: str = "handoffs"
) -> str:
    """SQL that answers person_id, moment and held_by: the path of the first clause that forbids the contact, or NULL.

    Reads `moments(person_id, moment, message)`, where `message` names what is to be sent (a shield may let some
    through) and each moment is just before the sending; the revisions of facts; and the relation `handoffs`.
    """
    columns = {*rules.contact_columns, *({"opted_in", "unsubscribed"} if rules.agreement.contact.consent else ())}
    view = whole_view_sql(rules, columns, handoffs=handoffs, carry=("message",))
    limits = [(n, f) for n, f in enumerate(rules.agreement.contact.frequency) if f.side in (side, "any")]
    joins = "".join(f" LEFT JOIN ({_written_sql(f)}) AS f{n} USING (person_id, moment)" for n, f in limits)
    clauses = " ".join(f"WHEN {sql} THEN '{path}'" for sql, path in _steps(rules, side, purpose))
    held = f"CASE {clauses} END" if clauses else "NULL::VARCHAR"
    return f"SELECT person_id, moment, {held} AS held_by FROM ({view}){joins}"


def _steps(rules: Rules, side: str, purpose: str) -> Iterator[tuple[str, str]]:
    """Clauses in the order in which they are named: never, consent, shield, frequency."""
    contact = rules.agreement.contact
    if rules.never is not None:
        yield met_sql(rules.never.sql, ClauseKind.NEVER), "contact.never"
    if (asked := contact.consent.get(purpose)) is not None:
        yield f"NOT ({'opted_in' if asked == OPT_IN else 'NOT unsubscribed'})", f"contact.consent.{purpose}"
    for number, (clause, condition) in enumerate(zip(contact.shield, rules.shields, strict=True)):
        if clause.side in (side, "any"):
            let_through = f" AND NOT coalesce(message IN ({_listed(clause.exempt)}), FALSE)" if clause.exempt else ""
            yield met_sql(condition.sql, ClauseKind.SHIELD) + let_through, f"contact.shield.{number}"
    for number, limit in enumerate(contact.frequency):
        if limit.side in (side, "any"):
            yield f"coalesce(f{number}.written, 0) >= {limit.at_most}", f"contact.frequency.{number}"


def _written_sql(limit: Frequency) -> str:
    """How many messages a person got from a side, or from both, in the wall time before each moment."""
    seconds = int(limit.per.wall().total_seconds())
    of_side = "" if limit.side == "any" else f" AND t.side = '{limit.side}'"
    known = "t.known_at <= m.moment AND (t.superseded_at IS NULL OR t.superseded_at > m.moment)"
    lately = f"least(t.occurred_at, t.known_at) > m.moment - to_seconds({seconds})"
    return f"""SELECT m.person_id, m.moment, count(*) AS written
        FROM (SELECT DISTINCT person_id, moment FROM moments) m JOIN touches_revisions t
        ON t.person_id = m.person_id AND {WRITTEN}{of_side} AND {known} AND {lately} GROUP BY m.person_id, m.moment"""


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)
