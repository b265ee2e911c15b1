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
                context={"handoff": event["handoff_id"], "clause": event["rule"] or ""},
                at=at,
                urgent=event["event"] in ("reminded", "escalated"),
            )


def _whom(event: Mapping[str, Any]) -> str | None:
    who: str | None = event["by"] if event["event"] == "escalated" else event["owner"]
    return who
