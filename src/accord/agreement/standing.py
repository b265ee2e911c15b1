"""How each person stood at a moment, from handoff events; and the whole lead view with it, for answers and reasons."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import pyarrow as pa

from accord.agreement.qualify import STANDING_SQL, scored_sql
from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, Origin
from accord.facts.lead_view_few import few_sql
from accord.facts.lead_view_whole import view_sql
from accord.facts.same import members_sql

if TYPE_CHECKING:
    from accord.agreement.rules import Rules

FEW = "few_moments"
"""The relation of `ask_about`, which queries read that are planned once for a session."""

STANDINGS_SQL = """SELECT m.person_id, m.moment,
        coalesce(max(epoch_us(h.occurred_at)) FILTER (event = 'offered')
            > coalesce(max(epoch_us(h.occurred_at)) FILTER (event IN ('qualified', 'rejected', 'recycled')), -1), FALSE)
            AS open_handoff,
        count(*) FILTER (event = 'offered') AS handoffs,
        max(epoch_us(h.occurred_at)) FILTER (event = 'offered') AS offered_us,
        max(epoch_us(h.occurred_at)) FILTER (event = 'recycled') AS recycled_us,
        max(epoch_us(h.occurred_at)) FILTER (event = 'rejected') AS rejected_us,
        arg_max_null(h.reason, h.occurred_at) FILTER (event = 'recycled') AS recycle_reason,
        arg_max_null(h.reason, h.occurred_at) FILTER (event = 'rejected') AS reject_reason
    FROM (SELECT person_id, k AS moment, id FROM members) m LEFT JOIN {handoffs} h ON h.person_id = m.id AND {when}
    GROUP BY m.person_id, m.moment"""

_ATTEMPTS_SQL = """SELECT s.person_id, s.moment, count(t.person_id)::DOUBLE AS attempts
    FROM standings_at s JOIN members m ON m.person_id = s.person_id AND m.k = s.moment
    JOIN touches_revisions t ON t.person_id = m.id AND t.side = 'sales'
        AND t.superseded_at IS NULL AND epoch_us(least(t.occurred_at, t.known_at)) >= s.offered_us
        AND least(t.occurred_at, t.known_at) <= s.moment
    GROUP BY s.person_id, s.moment"""


def ask_about(engine: Engine, asked: pa.Table) -> None:
    """Let `few_moments` hold these moments: person_id, moment, and where asked for a trigger, or what is to be sent and
    until when it is let through."""
    of_message = "message VARCHAR, let_until TIMESTAMP"
    engine.once(f"CREATE TEMP TABLE {FEW} (person_id VARCHAR, moment TIMESTAMP, trigger VARCHAR, {of_message})")
    engine.run(f"DELETE FROM {FEW}")
    engine.insert(FEW, asked)


def standings_sql(*, before: bool = False, handoffs: str = "handoffs") -> str:
    """SQL over `handoffs` and the `members` of the asked moments: how each person stood at each of them, under all ids;
    with `before`, just before it."""
    when = "h.occurred_at < m.moment" if before else "h.occurred_at <= m.moment"
    return STANDINGS_SQL.format(when=when, handoffs=handoffs)


def whole_view_sql(
    rules: Rules,
    columns: Collection[str],
    *,
    before: bool = False,
    handoffs: str = "handoffs",
    carry: Collection[str] = (),
    few: bool = False,
    scored: bool = True,
) -> str:
    """SQL for the lead view with every named column, standing and points, a row per moment; without points, and what
    they need, where `scored` is False.

    Reads `moments(person_id, moment)`, or with `few` what `ask_about` was given, the revisions of facts and `handoffs`.
    A touch by sales counts as an attempt from the moment it happened, even if it became known later: who tried did try.
    """
    named, decays = ({*columns, *rules.base_columns}, rules.decays) if scored else ({*columns}, ())
    tried = scored or "attempts" in named
    base = tuple(c for c in COLUMNS if c in named and COLUMNS[c].origin is not Origin.STANDING)
    moments = FEW if few else "moments"
    view = few_sql(base, decays, carry=carry, moments=FEW) if few else view_sql(base, decays, carry=carry)
    attempts, beside = ", coalesce(a.attempts, 0) AS attempts", " LEFT JOIN attempts_at a USING (person_id, moment)"
    rows = f"""SELECT b.*, {STANDING_SQL}{attempts if tried else ""}
        FROM ({view}) b LEFT JOIN standings_at s USING (person_id, moment){beside if tried else ""}"""
    return (
        f"WITH RECURSIVE {members_sql(moments)}, standings_at AS ({standings_sql(before=before, handoffs=handoffs)}),"
        f" attempts_at AS ({_ATTEMPTS_SQL}) {scored_sql(rules, f'({rows})') if scored else rows}"
    )


def checks_sql(rules: Rules) -> str:
    """SQL over what `ask_about` was given: for each reject reason with a check, by its code, whether the facts known
    just before the moment say otherwise."""
    view = whole_view_sql(
        rules, {name for each in rules.checks.values() for name in each.columns}, before=True, few=True
    )
    said = ", ".join(f'NOT ({each.sql}) AS "{code}"' for code, each in rules.checks.items())
    return f"SELECT {said} FROM ({view})"
