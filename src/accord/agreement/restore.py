"""How things stand at a moment, read back from recorded handoffs: the state from which `decide()` goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accord.agreement import route
from accord.agreement.decide import local_day
from accord.agreement.handoff import ANSWERS, CLOSING, RECYCLED, REJECTED, TRANSITIONS, Handoff
from accord.agreement.rules import Rules
from accord.agreement.state import Roster, State
from accord.facts.engine import Engine

_COLUMNS = (
    "handoff_id", "person_id", "event", "owner", "team", "reason", "rule", "version", "band", "score", "in_capacity",
    "complete",
)  # fmt: skip
_ROUTING = "routing.rules."
_DUES = ("answer_due", "first_touch_due", "attempts_due", "outcome_due")


def restore(engine: Engine, rules: Rules, at: int) -> State:
    """The state at a moment (microseconds since 1970): open handoffs, loads, turns, what each person's last came to."""
    state = State(roster_of(engine))
    known: dict[str, Handoff] = {}
    for row in _events(engine, at):
        _apply(state, rules, known, row)
    return state


def roster_of(engine: Engine) -> Roster:
    """Who is there when, from availability facts."""
    rows = engine.rows("SELECT person, event, occurred_at, known_at, until, deputy FROM availability")
    return Roster.from_rows(rows.to_pylist())


def _events(engine: Engine, at: int) -> Iterable[Mapping[str, Any]]:
    dues = ", ".join(f"epoch_us({name}) AS {name}" for name in _DUES)
    table = engine.rows(
        f"SELECT epoch_us(occurred_at) AS us, {', '.join(_COLUMNS)}, {dues} FROM handoffs"
        " WHERE occurred_at <= make_timestamp($1::BIGINT) AND event <> 'mql'"
        " ORDER BY occurred_at, event = 'offered', person_id, handoff_id, recorded_at",
        [at],
    )
    return (row for batch in table.to_batches() for row in batch.to_pylist())


def _apply(state: State, rules: Rules, known: dict[str, Handoff], row: Mapping[str, Any]) -> None:
    handoff = known.get(row["handoff_id"])
    if row["event"] == "offered" and handoff is None:
        handoff = known[row["handoff_id"]] = _offered(state, row)
        _owned(state, rules, handoff, row)
    elif handoff is not None and row["event"] == "rerouted":
        _released(state, handoff)
        _owned(state, rules, handoff, row)
    elif handoff is not None:
        _happened(state, handoff, row)


def _offered(state: State, row: Mapping[str, Any]) -> Handoff:
    handoff = Handoff(
        row["handoff_id"],
        row["person_id"],
        row["us"],
        row["version"] or 0,
        row["band"],
        row["score"],
        bool(row["complete"]),
    )
    standing = state.standing(handoff.person_id)
    standing.open, standing.closed, standing.offered_us = handoff, None, handoff.offered_at
    standing.handoffs += 1
    standing.stamp += 1
    state.open[handoff.handoff_id] = handoff
    return handoff


def _owned(state: State, rules: Rules, handoff: Handoff, row: Mapping[str, Any]) -> None:
    handoff.owner, handoff.team, handoff.in_capacity = row["owner"], row["team"], row["in_capacity"] is not False
    handoff.stretch += 1
    for name in _DUES:
        setattr(handoff, name, row[name])
    if handoff.owner is not None:
        state.loads[handoff.owner] += 1
        state.today[handoff.owner, local_day(row["us"] // 3_600_000_000, rules.agreement.time_zone)] += 1
        path = _routed_by(rules, handoff, row)
        route.note_turn(rules, state, path=path, owner=handoff.owner, at=row["us"], but=handoff.passed)


def _routed_by(rules: Rules, handoff: Handoff, row: Mapping[str, Any]) -> str | None:
    """The routing rule whose turn was taken. A breach names itself; then the rule of the offer chose again."""
    path: str | None = row["rule"]
    if path is not None and path.startswith(_ROUTING):
        handoff.route = int(path.removeprefix(_ROUTING))
    elif row["event"] == "rerouted":
        routes = rules.agreement.routing.rules
        fits = [n for n, rule in enumerate(routes) if rule.team == row["team"]]
        chosen = handoff.route if handoff.route >= 0 else next(iter(fits), -1)
        return f"{_ROUTING}{chosen}" if chosen >= 0 else None
    return path


def _released(state: State, handoff: Handoff) -> None:
    if handoff.owner is not None:
        state.loads[handoff.owner] -= 1
        handoff.passed = handoff.passed | {handoff.owner}


def _happened(state: State, handoff: Handoff, row: Mapping[str, Any]) -> None:
    event = row["event"]
    handoff.status = TRANSITIONS[handoff.status].get(event, handoff.status)
    if event in ANSWERS and handoff.answered_at is None:
        handoff.answered_at = row["us"]
    if event in CLOSING and handoff.handoff_id in state.open:
        _closed(state, handoff, row)


def _closed(state: State, handoff: Handoff, row: Mapping[str, Any]) -> None:
    del state.open[handoff.handoff_id]
    if handoff.owner is not None:
        state.loads[handoff.owner] -= 1
    standing = state.standing(handoff.person_id)
    standing.open, standing.closed = None, row["event"]
    standing.stamp += 1
    if row["event"] == RECYCLED:
        standing.recycled_us, standing.recycle_reason = row["us"], row["reason"]
    elif row["event"] == REJECTED:
        standing.rejected_us, standing.reject_reason = row["us"], row["reason"]
