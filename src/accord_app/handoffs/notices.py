"""What people are told about a handoff: one message per event and person, put into the outbox with the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accord_app.members.models import User
from accord_app.outbox.actions import send as put

KINDS = {
    "offered": "handoff_offered",
    "rerouted": "handoff_rerouted",
    "reminded": "clock_reminder",
    "escalated": "clock_escalated",
}


def send(events: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Tell the owner of an offer, a move or a reminder, and whom a breach names of an escalation."""
    told = [(event, _whom(event)) for event in events if event["event"] in KINDS]
    people = {user.handle: user for user in User.objects.filter(handle__in={who for _, who in told if who})}
    for event, who in told:
        if who in people:
            put(
                kind=KINDS[event["event"]],
                to=people[who],
                key=f"{event['id']}:{who}",
                about=f"handoff:{event['handoff_id']}",
                context=_told(event),
                at=at,
                urgent=event["event"] in ("reminded", "escalated"),
            )


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the mail says beside the name, which is looked up when it leaves."""
    told = {"handoff": event["handoff_id"], "clause": event["rule"] or ""}
    if event["event"] in ("offered", "rerouted") and event["answer_due"]:
        told["answer_by_at"] = event["answer_due"].isoformat()
    if event["event"] in ("reminded", "escalated"):
        told |= {"clock": "answer", "ended_at": event["occurred_at"].isoformat()}
    return told


def _whom(event: Mapping[str, Any]) -> str | None:
    who: str | None = event["by"] if event["event"] == "escalated" else event["owner"]
    return who
