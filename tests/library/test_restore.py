"""What handoffs on record leave behind: the state that a run had in memory, from which it decides alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.agreements import an_agreement
from tests.ledgers import day, ledger, put, us
from tests.library.test_running import AWAY, BUSY, DAYS, Crew, a_history, busy

from accord.agreement.decide import Decisions
from accord.agreement.handoff import HUMAN_EVENTS
from accord.agreement.promise import versions_in_force
from accord.agreement.restore import restore, resume
from accord.agreement.rules import Rules
from accord.agreement.running import advance, watch_again
from accord.agreement.state import FIND_OWNER, OWNER_LEFT, Due, Roster, State, microseconds
from accord.example.company import build
from accord.example.world import moment
from accord.facts.engine import Engine
from accord.facts.lead_view import HOUR_US
from accord.facts.ledger import Ledger
from accord.insight.replay.recorded import Recorded

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


# Going on as if it had never stopped

CHANGES = 13.6
OF_A_HANDOFF = ("account_id", "account_owner", "limits", "route", "owned_since")


@cache
def versions(late: bool = True) -> tuple[Rules, Rules]:
    """Two versions: from day 13.6 on the second has other limits, another line and other waits. With `late` their
    clauses read earlier handoffs."""
    where = {"where": BUSY["qualification"]["where"] if late else "country IN ('DE', 'FR')"}
    first = {**BUSY, "qualification": {**BUSY["qualification"], **where}}
    said = {**first["qualification"], "again": "4d", "score": {"card": "points", "at_least": 30}}
    said["always"] = "attempts > 1 AND touches_7d < 2" if late else "touches_7d > 3"
    second = {**BUSY, "qualification": said, "response": {**BUSY["response"], "answer": {"within": "2h"}}}
    return (
        Rules.of(replace(an_agreement(**first), version=1, in_force_from=_utc(-1))),
        Rules.of(replace(an_agreement(**second), version=2, in_force_from=_utc(CHANGES))),
    )


def _utc(number: float) -> datetime:
    return day(number).replace(tzinfo=UTC)


def lived(engine: Engine, state: State, since: float, until: float, *, late: bool) -> Decisions:
    """The two versions at work in (since, until], each in its time."""
    done, (first, second) = Decisions(), versions(late)
    if since < CHANGES:
        done.add(advance(engine, first, state, since=us(since), until=us(min(until, CHANGES)), colleagues=Crew()))
    if until > CHANGES:
        if since <= CHANGES:
            watch_again(second, state, us(CHANGES))
        started = us(max(since, CHANGES))
        done.add(advance(engine, second, state, since=started, until=us(until), colleagues=Crew()))
    return done


@cache
def a_ledger(seed: int, late: bool = True) -> tuple[Engine, Decisions]:
    """A ledger that has all handoffs and decisions of a run on record, those after every moment too."""
    engine = ledger(**a_history(seed))
    done = lived(engine, State(Roster.from_rows(AWAY)), 0, DAYS, late=late)
    put(engine, "handoffs", _naive(done.handoffs.to_pylist()))
    put(engine, "decisions", _naive(done.decisions.to_pylist()))
    put(engine, "availability", AWAY)
    engine.run("CREATE VIEW availability AS SELECT * FROM availability_revisions")
    return engine, done


def uninterrupted(seed: int, until: float, late: bool) -> State:
    state = State(Roster.from_rows(AWAY))
    lived(a_ledger(seed, late)[0], state, 0, until, late=late)
    return state


def resumed(seed: int, at: float, late: bool) -> State:
    in_force = [one for one in versions(late) if one.agreement.in_force_from < _utc(at)]
    return resume(a_ledger(seed, late)[0], in_force, us(at))


def in_mind(state: State) -> dict[str, Any]:
    """Everything that `decide()` reads, but for what people are about to do."""
    return {
        **shown(state),
        "at offers": {h: {n: getattr(o, n) for n in OF_A_HANDOFF} for h, o in state.open.items()},
        "attempts": {p: s.sales_touches_at_offer for p, s in state.people.items()},
        "clocks": sorted((due.at, due.handoff_id, due.breach) for due in state.due if runs(due)),
        "turning": sorted(set(state.turning)),
        "verdicts": state.verdicts,
        "recorded": state.recorded,
        "turns": {rule: {who: round(n, 9) for who, n in turns.items()} for rule, turns in state.turns.items() if turns},
    }


def runs(due: Due) -> bool:
    """Whether it can still happen: clocks of earlier owners and of answered handoffs are over."""
    handoff = due.handoff
    if due.act is not None or due.stretch != handoff.stretch or not handoff.is_open:
        return False
    return handoff.answered_at is None or due.breach in (FIND_OWNER, OWNER_LEFT)


@pytest.mark.parametrize(("seed", "late"), [(1, True), (2, False)])
@pytest.mark.parametrize("at", MOMENTS)
def test_a_running_agreement_has_the_same_in_mind(seed: int, late: bool, at: float) -> None:
    found, expected = in_mind(resumed(seed, at, late)), in_mind(uninterrupted(seed, at, late))
    for name, value in expected.items():
        assert found[name] == value, name


@pytest.mark.parametrize(("seed", "late"), [(1, True), (2, False)])
@pytest.mark.parametrize("at", MOMENTS)
def test_it_goes_on_as_if_it_had_never_stopped(seed: int, late: bool, at: float) -> None:
    engine, whole = a_ledger(seed, late)
    state = resumed(seed, at, late)
    for handoff in state.open.values():
        for act in Crew().offered(handoff, handoff.owned_since or 0):
            if act.at > us(at):
                state.schedule(handoff, act.at, act=act)
    done = lived(engine, state, at, DAYS, late=late)
    assert done.decisions.to_pylist() == _after(at, whole.decisions)
    assert done.handoffs.to_pylist() == _after(at, whole.handoffs)


def _after(at: float, rows: pa.Table) -> list[dict[str, Any]]:
    return [row for row in rows.to_pylist() if microseconds(row["occurred_at"]) > us(at)]


def test_the_run_that_goes_on_has_something_to_go_on_with() -> None:
    state = resumed(1, 14.4, late=True)
    assert all((state.open, state.due, state.turning, state.verdicts, state.recorded, state.turns))
    assert len({handoff.version for handoff in state.open.values()}) == 2
    assert {due.breach for due in state.due} >= {-1}


def test_a_company_goes_on_from_its_ledger(tmp_path: Path) -> None:
    """A month after its first day; colleagues do what is on record, and a new version comes into force on the way."""
    made = build(tmp_path / "lake", leads=400, months=2)
    engine = Ledger.open(made.lake).connect()
    first, second = (Rules.of(each) for each in versions_in_force(engine, at=moment(made.span.end)))
    at, changes = made.span.at(0.4) + 5 * HOUR_US, microseconds(second.agreement.in_force_from)
    state, recorded = resume(engine, (first,), at), Recorded.of(engine)
    for handoff in state.open.values():
        for act in recorded.offered(handoff, at + 1):
            state.schedule(handoff, act.at, act=act)
    done = advance(engine, first, state, since=at, until=changes, colleagues=recorded)
    watch_again(second, state, changes)
    done.add(advance(engine, second, state, since=changes, until=made.span.end, colleagues=recorded))
    for name, found in (("decisions", done.decisions), ("handoffs", done.handoffs)):
        sql = f"SELECT * FROM {name} WHERE occurred_at > make_timestamp({at})"
        there, here = (_automatic(rows.to_pylist()) for rows in (engine.rows(sql), found))
        assert len(here) > 30, name
        assert here == there, name


def _automatic(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """All but the acts of people, of whom some look again at handoffs that were closed before."""
    return sorted(_said(row) for row in rows if row.get("event") not in HUMAN_EVENTS)


def _said(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("person_id", "outcome", "because", "event", "owner", "rule", "reason", "score")
    return (f"{row['occurred_at']:%Y-%m-%d %H:%M:%S.%f}", *(str(row.get(name)) for name in names))


def test_what_became_known_later_is_not_read() -> None:
    """An answer of day 3 that was told on day 9 is not known on day 4."""
    engine = ledger(
        handoffs=[
            {"handoff_id": "h", "person_id": "p", "event": "offered", "owner": "ada", "version": 1,
             "occurred_at": day(2)},
            {"handoff_id": "h", "person_id": "p", "event": "accepted", "occurred_at": day(3), "known_at": day(9)},
        ],
    )  # fmt: skip
    engine.run("CREATE VIEW availability AS SELECT * FROM availability_revisions")
    first = versions()[:1]
    assert resume(engine, first, us(4)).open["h"].answered_at is None
    assert resume(engine, first, us(10)).open["h"].answered_at == us(3)


def test_an_agreement_goes_on_under_a_version() -> None:
    with pytest.raises(ValueError, match="version"):
        resume(a_ledger(1)[0], (), us(4))
