"""Who must not be written to: facts in, the clause of the example agreement that holds the message back out.

Marketing wants to write to Ann, who has opted in and works for Acme, on Monday, 11 January 2027, at noon; ages are days
before that. Nothing else is known about her unless a line says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.ledgers import Row, day, ledger

from accord.agreement.contact import held_back_sql
from accord.agreement.reading import load
from accord.agreement.rules import Rules

NOW = 7.5


@cache
def example() -> Rules:
    return Rules.of(load(Path(__file__).parents[2] / "examples/agreement.yaml"))


def mail(age: float, side: str = "marketing") -> Row:
    return {"person_id": "ann", "kind": "email.sent", "side": side, "occurred_at": day(NOW - age)}


def heard(kind: str, age: float) -> Row:
    return {"person_id": "ann", "kind": kind, "occurred_at": day(NOW - age)}


def said(status: str, age: float = 20) -> Row:
    return {"person_id": "ann", "purpose": "marketing.email", "status": status, "occurred_at": day(NOW - age)}


def deal(stage: str, age: float, event: str = "stage") -> Row:
    return {"deal_id": "d", "account_id": "acme", "event": event, "stage": stage, "occurred_at": day(NOW - age)}


def event(what: str, age: float) -> Row:
    return {"handoff_id": "h", "person_id": "ann", "event": what, "occurred_at": day(NOW - age)}


ANN: Row = {"subject": "person", "subject_id": "ann", "account_id": "acme", "occurred_at": day(NOW - 90)}
YES = [said("granted")]
NEVER, CONSENT = "contact.never", "contact.consent.marketing.email"
NEGOTIATION, OPEN = "contact.shield.0", "contact.shield.1"
WEEK, EITHER = "contact.frequency.0", "contact.frequency.1"

# What is known, the message, and the clause that holds it back.
CASES: dict[str, tuple[Mapping[str, list[Row]], str | None, str | None]] = {
    "opted in and nothing else": ({"consent": YES}, None, None),
    "never asked: no opt-in": ({}, None, CONSENT),
    "unsubscribed": ({"consent": [*YES, said("withdrawn", 3)]}, None, NEVER),
    "unsubscribed and opted in again": ({"consent": [said("withdrawn"), said("granted", 3)]}, None, None),
    "bounced": ({"consent": YES, "touches": [heard("email.bounced", 3)]}, None, NEVER),
    "never comes before the shield": (
        {"consent": [*YES, said("withdrawn", 3)], "handoffs": [event("offered", 1)]}, None, NEVER
    ),
    "consent comes before the shield": ({"handoffs": [event("offered", 1)]}, None, CONSENT),
    "in negotiation, moved 45 days ago": ({"consent": YES, "deals": [deal("negotiation", 45)]}, None, NEGOTIATION),
    "in negotiation, stale since": ({"consent": YES, "deals": [deal("negotiation", 45.001)]}, None, None),
    "stale, and then something happened": (
        {"consent": YES, "deals": [deal("negotiation", 60), deal("", 2, "activity")]}, None, NEGOTIATION
    ),
    "a deal in no stage that we know: careful": (
        {"consent": YES, "deals": [deal("", 2, "opened")]}, None, NEGOTIATION
    ),
    "a deal in an earlier stage": ({"consent": YES, "deals": [deal("discovery", 2)]}, None, None),
    "negotiated, and lost": ({"consent": YES, "deals": [deal("proposal", 9), deal("", 2, "lost")]}, None, None),
    "negotiation lets no message through": (
        {"consent": YES, "deals": [deal("proposal", 9)]}, "event-invitation", NEGOTIATION
    ),
    "with sales": ({"consent": YES, "handoffs": [event("offered", 1)]}, None, OPEN),
    "accepted: still with sales": (
        {"consent": YES, "handoffs": [event("offered", 2), event("accepted", 1)]}, None, OPEN
    ),
    "recycled: no longer": ({"consent": YES, "handoffs": [event("offered", 2), event("recycled", 1)]}, None, None),
    "handed over once more": (
        {"consent": YES, "handoffs": [event("offered", 9), event("rejected", 8), event("offered", 1)]}, None, OPEN
    ),
    "with sales, but invited": ({"consent": YES, "handoffs": [event("offered", 1)]}, "event-invitation", None),
    "with sales, another message": ({"consent": YES, "handoffs": [event("offered", 1)]}, "newsletter", OPEN),
    "one mail this week": ({"consent": YES, "touches": [mail(1)]}, None, None),
    "two mails this week": ({"consent": YES, "touches": [mail(1), mail(6.999)]}, None, WEEK),
    "one of two a week ago": ({"consent": YES, "touches": [mail(1), mail(7)]}, None, None),
    "an invitation counts as any other": (
        {"consent": YES, "touches": [mail(1), mail(2)]}, "event-invitation", WEEK
    ),
    "four by sales and one by marketing": (
        {"consent": YES, "touches": [mail(1), *(mail(age, "sales") for age in (1, 2, 3, 4))]}, None, EITHER
    ),
    "four by sales": ({"consent": YES, "touches": [mail(age, "sales") for age in (1, 2, 3, 4)]}, None, None),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "message", "expected"), CASES.values(), ids=list(CASES))
def test_who_must_not_be_written_to(facts: Mapping[str, list[Row]], message: str | None, expected: str | None) -> None:
    assert held_by(facts, message) == expected


def held_by(facts: Mapping[str, list[Row]], message: str | None) -> Any:
    engine = ledger(**facts, profiles=[ANN])
    engine.run("CREATE VIEW handoffs AS SELECT * FROM handoffs_revisions")
    asked = {"person_id": ["ann"], "moment": pa.array([day(NOW)], pa.timestamp("us"))}
    engine.register("moments", pa.table({**asked, "message": pa.array([message], pa.string())}))
    (row,) = engine.rows(held_back_sql(example())).to_pylist()
    return row["held_by"]
