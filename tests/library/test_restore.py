"""What handoffs on record leave behind: the state that a run had in memory, from which it decides alike."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from tests.ledgers import ledger, put, us
from tests.library.test_running import AWAY, DAYS, Crew, a_history, busy

from accord.agreement.decide import Decisions
from accord.agreement.restore import restore
from accord.agreement.running import advance
from accord.agreement.state import Roster, State
from accord.facts.engine import Engine

MOMENTS = (3, 8.25, 14.4, 21, 29.9)
KNOWN_OF_A_HANDOFF = (
    "person_id", "offered_at", "version", "band", "score", "complete", "status", "owner", "team", "in_capacity",
    "answered_at", "answer_due", "first_touch_due", "attempts_due", "outcome_due", "stretch", "passed",
)  # fmt: skip
KNOWN_OF_A_PERSON = (
    "handoffs", "offered_us", "closed", "recycled_us", "rejected_us", "recycle_reason", "reject_reason",
)  # fmt: skip


@cache
def an_engine(seed: int) -> Engine:
    """A ledger that has the handoffs of a whole run on record."""
    engine = ledger(**a_history(seed))
    state, done = State(Roster.from_rows(AWAY)), Decisions()
    done.add(advance(engine, busy(), state, since=us(0), until=us(DAYS), colleagues=Crew()))
    put(engine, "handoffs", _naive(done.handoffs.to_pylist()))
    put(engine, "availability", AWAY)
    for name in ("handoffs", "availability"):
        engine.run(f"CREATE VIEW {name} AS SELECT * FROM {name}_revisions")
    return engine


def _naive(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{n: v.replace(tzinfo=None) if hasattr(v, "tzinfo") else v for n, v in row.items()} for row in rows]


def stood(seed: int, until: float) -> State:
    """How the uninterrupted run stood."""
    state = State(Roster.from_rows(AWAY))
    advance(an_engine(seed), busy(), state, since=us(0), until=us(until), colleagues=Crew())
    return state


def shown(state: State) -> dict[str, Any]:
    """What both must agree in."""
    return {
        "open": {h: {n: getattr(o, n) for n in KNOWN_OF_A_HANDOFF} for h, o in state.open.items()},
        "people": {p: {n: getattr(s, n) for n in KNOWN_OF_A_PERSON} for p, s in state.people.items()},
        "loads": {person: load for person, load in state.loads.items() if load},
        "today": {key: count for key, count in state.today.items() if count},
    }


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("at", MOMENTS)
def test_the_record_tells_how_things_stood(seed: int, at: float) -> None:
    assert shown(restore(an_engine(seed), busy(), us(at))) == shown(stood(seed, at))


@pytest.mark.parametrize("seed", [1, 2])
def test_turns_go_on_from_where_they_stood(seed: int) -> None:
    found, expected = restore(an_engine(seed), busy(), us(29.9)).turns, stood(seed, 29.9).turns
    assert {rule: dict(turns) for rule, turns in found.items()} == {
        rule: pytest.approx(dict(turns)) for rule, turns in expected.items()
    }
