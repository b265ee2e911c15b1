"""Rejections held against facts: as known when the handoff was rejected, contradicted, borne out or unknown."""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests.agreements import an_agreement
from tests.ledgers import Row, day, ledger

from accord.agreement.answers import checked

AGREEMENT = an_agreement(
    answers={
        "reject": [
            {"code": "too_small", "label": "Too small", "check": "employees < 20"},
            {"code": "unreachable", "label": "Cannot be reached", "check": "attempts >= 5"},
            {"code": "no_interest", "label": "Not interested"},
        ]
    }
)


def contradicted(reason: str | None, **facts: list[Row]) -> list[bool | None]:
    """Ann is offered on day 2 and rejected on day 9 for a reason; what is held against that, per rejection."""
    common = {"handoff_id": "h", "person_id": "ann"}
    events: list[Row] = [
        {**common, "event": "offered", "occurred_at": day(2)},
        {**common, "event": "rejected", "reason": reason, "occurred_at": day(9)},
    ]
    engine = ledger(**facts, handoffs=events)
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    found = checked(engine, AGREEMENT)
    assert found["handoff_id"].to_pylist() == ["h"] * len(found)
    return [None if one is None else bool(one) for one in found["contradicted"].to_pylist()]


def size(employees: float | None, at: float = 0) -> Row:
    return {"subject": "person", "subject_id": "ann", "employees": employees, "occurred_at": day(at)}


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ([size(19)], False),
        ([size(20)], True),
        ([size(None)], None),
        ([], None),
        ([size(12), size(400, at=8)], True),
        ([size(12), size(400, at=10)], False),  # what became known after the rejection was no fact then
        ([size(400, at=10)], None),
    ],
)
def test_too_small_is_held_against_the_employees_known_at_the_rejection(
    profiles: list[Row], expected: bool | None
) -> None:
    assert contradicted("too_small", profiles=profiles) == [expected]


def calls(*days: float, side: str = "sales") -> list[Row]:
    return [{"person_id": "ann", "kind": "call.tried", "side": side, "occurred_at": day(at)} for at in days]


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        (calls(3, 4, 5), True),
        (calls(3, 4, 5, 6, 7), False),
        (calls(0, 1, 3, 4, 5), True),  # before the offer
        (calls(3, 4, 5, 10, 11), True),  # after the rejection
        ([*calls(3, 4, 5), *calls(6, 7, side="marketing")], True),
        ([*calls(3, 4, 5, 6), *({**c, "known_at": day(20)} for c in calls(7))], False),  # tried, though told later
        ([], True),
    ],
)
def test_unreachable_is_held_against_the_attempts_by_sales(touches: list[Row], expected: bool) -> None:
    assert contradicted("unreachable", touches=touches) == [expected]


@pytest.mark.parametrize("reason", ["no_interest", "of an older version", None])
def test_reasons_without_a_check_are_not_held_against_anything(reason: str | None) -> None:
    assert contradicted(reason, profiles=[size(400)]) == []


def test_what_was_held_before_is_taken_over_and_what_is_new_is_added() -> None:
    events: list[Row] = [
        {"handoff_id": handoff, "person_id": person, "event": event, "reason": reason, "occurred_at": day(at)}
        for handoff, person, at in (("h1", "ann", 2), ("h2", "ben", 4))
        for event, reason, at in (("offered", None, at), ("rejected", "too_small", at + 1))
    ]
    firms = [size(19), {**size(400), "subject_id": "ben"}]
    engine = ledger(profiles=firms, handoffs=events)
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    known = pa.table({"handoff_id": ["h1"], "contradicted": [True]})
    found = checked(engine, AGREEMENT, known=known).to_pylist()
    assert {row["handoff_id"]: row["contradicted"] for row in found} == {"h1": True, "h2": True}
    assert {row["handoff_id"]: row["contradicted"] for row in checked(engine, AGREEMENT).to_pylist()} == {
        "h1": False,
        "h2": True,
    }
