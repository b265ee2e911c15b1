"""For whom a condition holds: the few by index and everybody over the lake agree, and names do no harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.ledgers import Row, day, ledger

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import parse
from accord.agreement.holding import all_holding, holding
from accord.agreement.reading import load
from accord.agreement.rules import Rules

AT = datetime(2027, 1, 11, 12, tzinfo=UTC)
HOSTILE = "o'neill\"; DROP TABLE profiles; --"


def person(name: str, **known: object) -> Row:
    return {"subject": "person", "subject_id": name, "occurred_at": day(-30), **known}


FACTS: dict[str, list[Row]] = {
    "profiles": [
        person("ann", country="DE", title="Plant manager"), person("bob", country="FR"), person("cleo"),
        person(HOSTILE, country="DE"),
    ],
    "touches": [
        {"person_id": "ann", "kind": "form.price-request", "side": "marketing", "occurred_at": day(6)},
        {"person_id": "bob", "kind": "email.sent", "side": "marketing", "occurred_at": day(6)},
    ],
    "handoffs": [
        {"handoff_id": "h", "person_id": "bob", "event": "recycled", "occurred_at": day(1), "reason": "timing"},
    ],
}  # fmt: skip

# A condition, and for whom it holds; unknown is not met.
CASES = [
    ("country = 'DE'", {"ann", HOSTILE}),
    ("country <> 'DE'", {"bob"}),
    ("NOT country = 'DE'", {"bob"}),
    ("country IS NULL", {"cleo"}),
    ("score >= 30", {"ann"}),
    ("recycle_reason = 'timing' AND days_since_recycle >= 3", {"bob"}),
    ("title ILIKE '%o''neill%'", set()),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_for_whom_a_condition_holds(text: str, expected: set[str]) -> None:
    rules = Rules.of(load(Path(__file__).parents[2] / "examples/agreement.yaml"))
    engine, condition = ledger(**FACTS), parse(text, LEAD_COLUMNS)
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    assert all_holding(engine, rules, condition, at=AT) == expected
    assert holding(engine, rules, condition, people=["ann", "bob", "cleo", HOSTILE], at=AT) == expected
    assert holding(engine, rules, condition, people=[], at=AT) == frozenset()
