"""The test bench: one lead, one moment, and what `decide()` decides about it under some version, a draft too.

A lead is somebody whose facts an engine holds, or one that is typed: values of the columns that the conditions read,
and how often which touch of the card happened how long ago. Nothing is recorded. The lot of the explore clause is left
out, since nobody is to know who is drawn; `without_lot` gives the rules for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from accord.agreement import card, contact
from accord.agreement.condition_terms import Among, Constant
from accord.agreement.decide import FACT, decide
from accord.agreement.explain import Explanation, explain, explained, explained_sql
from accord.agreement.handoff import OFFERED, QUALIFIED, RECYCLED, REJECTED, Handoff
from accord.agreement.kinship import tell_relatives
from accord.agreement.needs import Need, needs
from accord.agreement.qualify import judged_sql, scored_sql
from accord.agreement.rules import Rules
from accord.agreement.running import look
from accord.agreement.standing import ask_about
from accord.agreement.state import Standing, State, microseconds
from accord.facts.engine import Engine
from accord.facts.kinds import Kind
from accord.facts.lead_view import COLUMNS, Origin
from accord.facts.lead_view_few import few_sql
from accord.facts.tables import TABLES, TIME

TYPED = "typed"
"""The id of a lead that is typed; no person has it, for theirs are longer."""

_MOMENT = pa.timestamp("us")
_ARROW = {Kind.TEXT: pa.string(), Kind.NUMBER: pa.float64(), Kind.TRUTH: pa.bool_(), Kind.TIME: _MOMENT}
_EARLIER = {
    "open_handoff": pa.bool_(), "handoffs": pa.float64(), "days_since_handoff": pa.float64(),
    "days_since_recycle": pa.float64(), "days_since_reject": pa.float64(), "recycle_reason": pa.string(),
    "reject_reason": pa.string(), "attempts": pa.float64(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Touched:
    """That a touch happened so often, the last time so many days ago (wall time)."""

    kind: str
    times: int
    days_ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Typed:
    """A lead that is typed: values by column of the lead view, what is not named is unknown or none; and its touches,
    which give the points for intent."""

    values: Mapping[str, Any]
    touched: tuple[Touched, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What was decided: the decision and, if handed over, the event with owner, team and clocks, as they would be
    recorded; why; and by which clause mail from marketing is held back, if by any. `until` is the next moment at which
    time alone may change that; of a typed lead nobody knows what was written to it."""

    rules: Rules
    person_id: str
    at: datetime
    decision: Mapping[str, Any]
    offer: Mapping[str, Any] | None
    explanation: Explanation
    needs: tuple[Need, ...]
    held_by: str | None
    until: datetime | None = None

    @property
    def is_offered(self) -> bool:
        """Whether it is handed over."""
        return self.offer is not None


def without_lot(rules: Rules) -> Rules:
    """The same rules without the explore clause."""
    if rules.agreement.explore is None:
        return rules
    return Rules.of(replace(rules.agreement, explore=None))


def columns_read(rules: Rules) -> tuple[str, ...]:
    """The columns that a lead has to be typed in for these rules to decide about it, in the order of the lead view."""
    asked = {*rules.base_columns, *contact.columns_read(rules)}
    asked |= {name for condition in rules.conditions() for name in condition.columns}
    if rules.agreement.qualification.again is not None:
        asked.add("days_since_handoff")
    if rules.returns:
        asked |= {"days_since_recycle", "recycle_reason"}
    return tuple(name for name in COLUMNS if name in asked)


def words_read(rules: Rules) -> Mapping[str, tuple[str, ...]]:
    """The words that conditions compare a column with, by column: what may be worth typing."""
    found: dict[str, dict[str, None]] = {}
    for condition in (*rules.conditions(), *rules.contact_conditions()):
        for part in condition.parts:
            terms = (*part.test.terms, *(part.test.values if isinstance(part.test, Among) else ()))
            said = [t.value for t in terms if isinstance(t, Constant) and isinstance(t.value, str)]
            if len(part.columns) == 1 and said:
                found.setdefault(part.columns[0], {}).update(dict.fromkeys(said))
    return {name: tuple(words) for name, words in found.items()}


def touches_read(rules: Rules) -> tuple[str, ...]:
    """The kinds of touches that give points for intent, in the order of the card."""
    agreed = card.of(rules.agreement)
    return tuple(dict.fromkeys(row.touch for row in agreed.intent)) if agreed else ()


def try_person(engine: Engine, rules: Rules, state: State, person_id: str, at: datetime) -> Trial:
    """What these rules decide about somebody at a moment (aware), as if a fact were looked at. `engine` holds the facts
    of the person, `state` how things stand then; it is changed."""
    asked = _asked(person_id, at)
    decision, offer = _decided(look(engine, rules, asked), rules, state, person_id, at)
    explanation = explain(engine, rules, person_id, at.astimezone(UTC))
    ask_about(engine, asked.drop_columns(["trigger"]))
    tell_relatives(engine, rules, few=True)
    (held,) = engine.rows(contact.held_back_sql(rules, few=True)).to_pylist()
    until = held["until"].replace(tzinfo=UTC) if held["until"] else None
    found = needs(rules, explanation)
    return Trial(rules, person_id, at, decision, offer, explanation, found, held["held_by"], until)


def try_typed(rules: Rules, state: State, typed: Typed, at: datetime) -> Trial:
    """The same about a lead that is typed."""
    engine = _desk(typed, at)
    values = {name: typed.values.get(name) for name in columns_read(rules)}
    engine.register("typed", _row(values, at))
    weights = f"(SELECT * EXCLUDE (moment, account_id) FROM ({few_sql((), rules.decays)}))"
    base = f"(SELECT * FROM typed JOIN {weights} USING (person_id))"
    engine.register("earlier", _earlier(typed.values))
    state.people[TYPED] = _standing(typed.values, at)
    decision, offer = _decided(engine.rows(judged_sql(rules, base)), rules, state, TYPED, at)
    whole = f"({scored_sql(rules, f'(SELECT b.*, e.* FROM {base} b CROSS JOIN earlier e)')})"
    held = f"SELECT *, {contact.held_by_sql(rules)} AS held_by FROM ({explained_sql(rules, whole)})"
    (row,) = engine.rows(held).to_pylist()
    engine.close()
    explanation = explained(rules, TYPED, at.astimezone(UTC), row)
    return Trial(rules, TYPED, at, decision, offer, explanation, needs(rules, explanation), row["held_by"])


def _asked(person_id: str, at: datetime) -> pa.Table:
    moments = pa.array([at.astimezone(UTC).replace(tzinfo=None)], _MOMENT)
    return pa.table({"person_id": [person_id], "moment": moments, "trigger": [FACT]})


def _decided(
    view: pa.Table, rules: Rules, state: State, person_id: str, at: datetime
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The decision about one row, told even if it is the same as last time, and the offer that follows from it."""
    state.recorded.pop(person_id, None)
    state.verdicts.pop(person_id, None)
    done = decide(view, rules, state, microseconds(at.astimezone(UTC)))
    (decision,) = done.decisions.to_pylist()
    events = done.handoffs.to_pylist() if decision["handoff_id"] else []
    its = (e for e in events if e["handoff_id"] == decision["handoff_id"] and e["event"] == OFFERED)
    return decision, next(its, None)


# a lead that is typed


def _desk(typed: Typed, at: datetime) -> Engine:
    """An engine of its own that holds the typed touches and nothing else."""
    engine = Engine(threads=1, memory="256MB")
    for name in ("touches", "profiles", "identities"):
        fields = [pa.field(c.name, _MOMENT if c.type == TIME else c.type) for c in TABLES[name].columns]
        shape = pa.schema([*fields, pa.field("superseded_at", _MOMENT)])
        rows = list(_touches(typed, at)) if name == "touches" else []
        engine.register(f"{name}_revisions", pa.Table.from_pylist(rows, schema=shape))
    engine.register("moments", _asked(TYPED, at))
    return engine


def _touches(typed: Typed, at: datetime) -> Iterator[Mapping[str, Any]]:
    for number, touched in enumerate(typed.touched):
        when = (at - timedelta(days=touched.days_ago)).astimezone(UTC).replace(tzinfo=None)
        for nth in range(touched.times):
            said = {"person_id": TYPED, "kind": touched.kind, "side": "marketing", "occurred_at": when}
            yield {**said, "known_at": when, "revision": 1, "source": TYPED, "source_id": f"{number}.{nth}"}


def _row(values: Mapping[str, Any], at: datetime) -> pa.Table:
    """The typed values as one row of the lead view; what facts count is none unless it is typed."""
    columns: dict[str, pa.Array] = {
        "person_id": pa.array([TYPED]),
        "account_id": pa.array([None], pa.string()),
        "message": pa.array([None], pa.string()),
        "moment": _asked(TYPED, at)["moment"],
        "trigger": pa.array([FACT]),
    }
    for name, value in values.items():
        if COLUMNS[name].origin is not Origin.STANDING:
            columns[name] = pa.array([_or_none(name, value)], _ARROW[COLUMNS[name].kind])
    return pa.table(columns)


def _or_none(name: str, value: Any) -> Any:
    """What the lead view says where there are no facts: no touch is none of them, a flag is not set."""
    column = COLUMNS[name]
    if value is None and column.unit == "count":
        return 0.0
    if value is None and column.kind is Kind.TRUTH:
        return False
    return "none" if value is None and name == "account_deal_stage" else value


def _earlier(values: Mapping[str, Any]) -> pa.Table:
    """How the typed lead stands, as the lead view says it."""
    known = {name: values.get(name) for name in _EARLIER}
    known["open_handoff"] = bool(known["open_handoff"])
    known["handoffs"] = float(_handoffs(values))
    return pa.table({name: pa.array([known[name]], type_) for name, type_ in _EARLIER.items()})


def _standing(values: Mapping[str, Any], at: datetime) -> Standing:
    """The same as `decide()` remembers it."""

    def ago(name: str) -> int | None:
        days = values.get(name)
        return None if days is None else microseconds((at - timedelta(days=days)).astimezone(UTC))

    times = {
        OFFERED: ago("days_since_handoff"),
        REJECTED: ago("days_since_reject"),
        RECYCLED: ago("days_since_recycle"),
    }
    offered = times[OFFERED] or microseconds(at.astimezone(UTC))
    return Standing(
        handoffs=_handoffs(values),
        open=Handoff(TYPED, TYPED, offered, 0, None, None, complete=True) if values.get("open_handoff") else None,
        offered_us=times[OFFERED],
        closed=_closed(values),
        recycled_us=times[RECYCLED],
        rejected_us=times[REJECTED],
        recycle_reason=values.get("recycle_reason"),
        reject_reason=values.get("reject_reason"),
        sales_touches_at_offer=max(0.0, (values.get("sales_touches") or 0.0) - (values.get("attempts") or 0.0)),
    )


def _handoffs(values: Mapping[str, Any]) -> int:
    """How often it was handed over: as typed, else once where something is told of it."""
    told = values.get("handoffs")
    names = ("days_since_handoff", "days_since_recycle", "days_since_reject")
    some = bool(values.get("open_handoff")) or any(values.get(name) is not None for name in names)
    return int(told) if told is not None else int(some)


def _closed(values: Mapping[str, Any]) -> str | None:
    """What its last handoff came to."""
    offered = values.get("days_since_handoff")
    ends = {RECYCLED: values.get("days_since_recycle"), REJECTED: values.get("days_since_reject")}
    told = {end: days for end, days in ends.items() if days is not None and (offered is None or days <= offered)}
    if values.get("open_handoff"):
        return None
    if told:
        return min(told, key=lambda end: told[end])
    return QUALIFIED if _handoffs(values) else None
