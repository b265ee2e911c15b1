"""For whom a condition over the lead view holds at a moment: the same columns and the same meaning as in an agreement,
for conditions that stand outside of one, as in nurture tracks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pyarrow as pa

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import ClauseKind, Condition, met_sql
from accord.agreement.rules import Rules
from accord.agreement.standing import ask_about, whole_view_sql
from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, Origin


def holding(
    engine: Engine, rules: Rules, condition: Condition, *, people: Collection[str], at: datetime
) -> frozenset[str]:
    """Those of a few people for whom the condition is met, as known at `at`; unknown is not met. Reads the revisions of
    their facts and `handoffs`."""
    asked = sorted(set(people))
    if not asked:
        return frozenset()
    moment = at.astimezone(UTC).replace(tzinfo=None)
    moments = pa.array([moment] * len(asked), pa.timestamp("us"))
    ask_about(engine, pa.table({"person_id": pa.array(asked, pa.string()), "moment": moments}))
    rows = engine.rows(_sql(rules, condition, few=True))
    return frozenset(rows["person_id"].to_pylist())


def all_holding(engine: Engine, rules: Rules, condition: Condition, *, at: datetime) -> frozenset[str]:
    """The same of everybody whom a profile of the ledger tells of. Registers `moments` at the engine while it asks."""
    moment = at.astimezone(UTC).replace(tzinfo=None)
    people = engine.rows("SELECT DISTINCT subject_id AS person_id FROM profiles_revisions WHERE subject = 'person'")
    moments = pa.array([moment] * len(people), pa.timestamp("us"))
    engine.register("moments", pa.table({"person_id": people["person_id"], "moment": moments}))
    try:
        return frozenset(engine.rows(_sql(rules, condition, few=False))["person_id"].to_pylist())
    finally:
        engine.unregister("moments")


def _sql(rules: Rules, condition: Condition, *, few: bool) -> str:
    names = set(condition.columns)
    scored = any(LEAD_COLUMNS[name].origin is Origin.CARD for name in names)
    view = whole_view_sql(rules, {name for name in names if name in COLUMNS}, few=few, scored=scored)
    return f"SELECT person_id FROM ({view}) WHERE {met_sql(condition.sql, ClauseKind.WHEN)}"
