"""Answers held against facts: does the employee count bear out "too small"?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa

from accord.agreement.document import Agreement
from accord.agreement.rules import Rules
from accord.agreement.standing import ask_about, whole_view_sql
from accord.facts.engine import Answers, Engine
from accord.facts.shares import Found, shares_of

_CHECKED = pa.schema([("handoff_id", pa.string()), ("contradicted", pa.bool_())])


def checked(engine: Answers, agreement: Agreement, *, known: pa.Table | None = None) -> pa.Table:
    """Every rejection whose reason names a check: handoff_id, contradicted.

    The check is evaluated on the lead view as known at the rejection. True means that the facts say otherwise, empty
    that they do not say. What `known` holds of an earlier answer under the same agreement is taken over, for what was
    known at a moment stays so while nobody imports facts of the past.
    """
    if isinstance(engine, Engine):
        return _checked_here(engine, agreement, known)
    if not any(reason.check for reason in agreement.answers.reject):
        return _CHECKED.empty_table()
    found = shares_of(engine).ask(partial(_checked_in_share, agreement=agreement))
    return pa.concat_tables([_CHECKED.empty_table(), *(each.rows for each in found)])


def _checked_in_share(engine: Engine, _people: pa.Array, *, agreement: Agreement) -> Iterator[Found]:
    yield Found("checked", 0, _checked_here(engine, agreement, None))


def _checked_here(engine: Engine, agreement: Agreement, known: pa.Table | None) -> pa.Table:
    rules = Rules.of(agreement)
    held = _CHECKED.empty_table() if known is None else known
    parts = [held, *(_one(engine, rules, code, held) for code in rules.checks)]
    return pa.concat_tables(parts)


def _one(engine: Engine, rules: Rules, code: str, held: pa.Table) -> pa.Table:
    condition = rules.checks[code]
    engine.register("held_already", held)
    rejected = engine.rows(
        "SELECT handoff_id, person_id, occurred_at AS moment FROM handoffs WHERE event = 'rejected' AND reason = $1"
        " AND handoff_id NOT IN (SELECT handoff_id FROM held_already)",
        [code],
    )
    engine.unregister("held_already")
    if not len(rejected):
        return _CHECKED.empty_table()
    engine.register("rejected_now", rejected)
    engine.register("moments", rejected.select(["person_id", "moment"]).group_by(["person_id", "moment"]).aggregate([]))
    view = whole_view_sql(rules, condition.columns, before=True)
    found = engine.rows(
        f"SELECT r.handoff_id, NOT ({condition.sql}) AS contradicted FROM ({view})"
        " JOIN rejected_now r USING (person_id, moment)"
    )
    engine.unregister("moments")
    engine.unregister("rejected_now")
    return found.cast(_CHECKED)


def known(engine: Engine, rules: Rules, *, person_id: str, at: datetime) -> Mapping[str, object]:
    """What was known of a person just before a moment: every column that a reject reason is held against, by name."""
    names = sorted({name for condition in rules.checks.values() for name in condition.columns})
    if not names:
        return {}
    moment = pa.array([at.astimezone(UTC).replace(tzinfo=None)], pa.timestamp("us"))
    ask_about(engine, pa.table({"person_id": [person_id], "moment": moment}))
    view = whole_view_sql(rules, names, before=True, few=True)
    (found,) = engine.rows(f"SELECT {', '.join(names)} FROM ({view})").to_pylist()
    return dict(found)


def contradicted(engine: Engine, rules: Rules, *, person_id: str, at: datetime) -> Mapping[str, bool | None]:
    """For each reject reason with a check, whether the facts known at a moment say otherwise; None: they do not say."""
    if not rules.checks:
        return {}
    moment = pa.array([at.astimezone(UTC).replace(tzinfo=None)], pa.timestamp("us"))
    ask_about(engine, pa.table({"person_id": [person_id], "moment": moment}))
    (found,) = engine.planned(rules.checks_sql).to_pylist()
    return dict(found)
