"""A story with everything that a page of records shows: Birgit of Kestrel Foods, from first advert to a lost deal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from accord_app.records.actions import record

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BIRGIT, LAURENT, KESTREL, DEAL = "birgit", "laurent", "kestrel", "deal"


def days(count: float) -> datetime:
    return NOON + timedelta(days=count)


def fact(raw: str, at: float, **more: Any) -> dict[str, Any]:
    return {"id": raw, "occurred_at": days(at), "known_at": days(at), **more}


def a_profile(raw: str, subject_id: str, at: float = 0, subject: str = "person", **more: Any) -> None:
    row = fact(raw, at, subject=subject, subject_id=subject_id, **more)
    record("profiles", [row], at=days(at), source="hubspot")


def the_story() -> None:
    """Profiles, touches of both sides, decisions, a handoff, consent, content and a deal."""
    a_profile("k", KESTREL, subject="account", name="Kestrel Foods", domain="kestrel.example", industry="Food",
              employees=1400.0, country="DE", city="Regensburg", segment="mid-market", owner="tomas")  # fmt: skip
    a_profile("b1", BIRGIT, name="Birgit Sommer", email="birgit@kestrel.example", title="Engineer", country="DE",
              company="Kestrel Foods", account_id=KESTREL, origin="trade fair", lifecycle="lead", owner="tomas",
              evidence="claimed", more='{"hobby": "sailing"}')  # fmt: skip
    a_profile("b2", BIRGIT, 20, title="Plant manager", evidence="inferred")
    a_profile("l", LAURENT, 1, name="Laurent Picard", email="laurent@kestrel.example", account_id=KESTREL, country="FR")
    _touches()
    _handoff()
    _deal()


def _touches() -> None:
    def touch(raw: str, at: float, kind: str, side: str = "marketing", **more: Any) -> dict[str, Any]:
        return fact(raw, at, **{"person_id": BIRGIT, "kind": kind, "side": side, **more})

    rows = [
        touch("t1", 1, "ad.clicked", channel="paid search", campaign="cold chain"),
        touch("t2", 9, "form.price-request", asset="price-list"),
        touch("t3", 12, "page.pricing"),
        touch("t4", 15, "call.no-answer", "sales", by="tomas", evidence="claimed"),
        touch("t5", 18, "meeting.demo", "sales", by="tomas"),
        touch("t6", 16, "email.clicked", person_id=LAURENT),
    ]
    record("touches", rows, at=days(20), source="web")
    record("consent", [fact("c", 9, person_id=BIRGIT, purpose="marketing.email", status="granted", wording="v2")],
           at=days(20), source="web")  # fmt: skip
    record("content", [fact("u", 17, asset="roi-sheet", person_id=BIRGIT, kind="opened", by="tomas", side="sales")],
           at=days(20), source="web")  # fmt: skip


def _handoff() -> None:
    def event(raw: str, at: float, name: str, **more: Any) -> dict[str, Any]:
        return fact(raw, at, handoff_id="h", person_id=BIRGIT, event=name, version=1, **more)

    decided = {"person_id": BIRGIT, "version": 1, "because": "qualification.where", "score": 42.0, "band": "B"}
    record("decisions", [fact("d1", 2, outcome="below", **decided)], at=days(20), source="accord")
    rows = [
        event("h1", 9, "offered", owner="tomas", rule="routing.rules.0", score=88.0, band="A"),
        event("h2", 10, "accepted", owner="tomas", by="tomas"),
        event("h3", 26, "recycled", owner="tomas", by="tomas", reason="not-this-quarter"),
    ]
    record("handoffs", rows, at=days(26), source="accord")


def _deal() -> None:
    def event(raw: str, at: float, name: str, **more: Any) -> dict[str, Any]:
        return fact(raw, at, **{"deal_id": DEAL, "account_id": KESTREL, "person_id": BIRGIT, "event": name, **more})

    rows = [
        event("e1", 18, "opened", stage="meeting", amount=48_200.0, currency="EUR", owner="tomas"),
        event("e2", 21, "stage", stage="offer"),
        event("e3", 25, "lost", reason="price"),
    ]
    record("deals", rows, at=days(26), source="hubspot")
