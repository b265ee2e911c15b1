"""What counts as reproduced: the same row at the same moment, as often as it was recorded; not what people did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import facts_in_hand

from accord.facts.tables import TABLES
from accord.insight.replay.replay import Replay
from accord.insight.replay.reproduction import Reproduction, reproduction

MONDAY = datetime.fromisoformat("2026-01-05T09:00")
Row = dict[str, Any]


def a_decision(person: str, minute: int = 0, **more: Any) -> Row:
    at = MONDAY + timedelta(minutes=minute)
    return {"occurred_at": at, "person_id": person, "outcome": "below", "because": "score", "version": 1, **more}


def an_event(handoff: str, event: str = "offered", minute: int = 0, **more: Any) -> Row:
    at = MONDAY + timedelta(minutes=minute)
    return {"occurred_at": at, "handoff_id": handoff, "person_id": handoff, "event": event, **more}


def compared(recorded: dict[str, list[Row]], again: dict[str, list[Row]]) -> Reproduction:
    return reproduction(facts_in_hand(**recorded), a_replay(again))


def a_replay(again: dict[str, list[Row]]) -> Replay:
    return Replay(
        versions=(1,),
        since=MONDAY.replace(tzinfo=UTC),
        until=(MONDAY + timedelta(days=1)).replace(tzinfo=UTC),
        decisions=shaped("decisions", again),
        handoffs=shaped("handoffs", again),
        unanswered=(),
        acts_without_handoff=0,
        inferred=0.0,
        moments=0,
        sql="",
    )


def shaped(table: str, rows: dict[str, list[Row]]) -> pa.Table:
    columns = [("occurred_at", pa.timestamp("us", tz="UTC")), *((c.name, c.type) for c in TABLES[table].own)]
    zoned = [{**row, "occurred_at": row["occurred_at"].replace(tzinfo=UTC)} for row in rows.get(table, [])]
    return pa.Table.from_pylist(zoned, pa.schema(columns))


def test_the_same_rows_are_reproduced() -> None:
    rows = {"decisions": [a_decision("ada"), a_decision("bob", 5)], "handoffs": [an_event("h1")]}
    found = compared(rows, rows)
    assert (found.recorded, found.replayed, found.same, found.exact) == (3, 3, 3, True)
    assert len(found.differing) == 0


def test_another_outcome_is_told_from_both_sides() -> None:
    found = compared({"decisions": [a_decision("ada")]}, {"decisions": [a_decision("ada", outcome="offered")]})
    assert (found.recorded, found.replayed, found.same, found.exact) == (1, 1, 0, False)
    assert sorted(found.differing["where"].to_pylist()) == ["recorded", "replayed"]


def test_another_moment_is_another_decision() -> None:
    assert not compared({"decisions": [a_decision("ada")]}, {"decisions": [a_decision("ada", 1)]}).exact


def test_a_row_too_many_is_seen_though_an_equal_one_was_recorded() -> None:
    found = compared({"decisions": [a_decision("ada")]}, {"decisions": [a_decision("ada")] * 2})
    assert (found.recorded, found.replayed, found.same) == (1, 2, 1)


def test_scores_that_differ_by_the_order_of_adding_are_the_same() -> None:
    found = compared({"decisions": [a_decision("ada", score=0.1 + 0.2)]}, {"decisions": [a_decision("ada", score=0.3)]})
    assert found.exact


def test_what_colleagues_did_is_given_and_does_not_count() -> None:
    offered = an_event("h1")
    found = compared({"handoffs": [offered, an_event("h1", "accepted", 30)]}, {"handoffs": [offered]})
    assert (found.recorded, found.exact) == (1, True)


def test_what_was_recorded_after_the_end_of_the_replay_does_not_count() -> None:
    late = a_decision("bob", 2 * 24 * 60)
    assert compared({"decisions": [a_decision("ada"), late]}, {"decisions": [a_decision("ada")]}).exact


def test_owners_and_due_times_count() -> None:
    due = (MONDAY + timedelta(hours=4)).replace(tzinfo=UTC)
    recorded = an_event("h1", owner="tomas", answer_due=due.replace(tzinfo=None))
    assert compared({"handoffs": [recorded]}, {"handoffs": [an_event("h1", owner="tomas", answer_due=due)]}).exact
    assert not compared({"handoffs": [recorded]}, {"handoffs": [an_event("h1", owner="sara", answer_due=due)]}).exact


ROWS = st.lists(st.builds(a_decision, st.sampled_from("ab"), st.integers(0, 2)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(ROWS, ROWS)
def test_counted_like_by_hand(recorded: list[Row], again: list[Row]) -> None:
    left, same = [str(row) for row in again], 0
    for row in map(str, recorded):
        if row in left:
            left.remove(row)
            same += 1
    found = compared({"decisions": recorded}, {"decisions": again})
    assert (found.recorded, found.replayed, found.same) == (len(recorded), len(again), same)
