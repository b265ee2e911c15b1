"""Facts in words: what a touch, an event or a word of consent says, blameless and without codes where words exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_app.shell.words import money

Fact = Mapping[str, Any]
Names = Mapping[str, str]

_TOUCHES = {
    "form.contact": "Contact form",
    "form.newsletter": "Newsletter sign-up",
    "email.clicked": "Mail clicked",
    "email.opened": "Mail opened",
    "email.sent": "Mail sent",
    "email.bounced": "Mail came back",
    "call.connected": "Call, reached",
    "call.no-answer": "Call, no answer",
    "call.logged": "Call",
    "meeting.held": "Meeting",
    "meeting.demo": "Demo",
}
_HANDOFFS = {
    "mql": "Declared qualified by the source",
    "accepted": "Accepted",
    "contacted": "First contact",
    "qualified": "Qualified as an SQL",
    "rejected": "Rejected",
    "recycled": "Recycled",
    "returned": "Came back from nurture",
    "replied": "Reply to the rejection",
    "looked_again": "Looked at again",
}
_DECISIONS = {
    "offered": "Handed over",
    "held": "Not handed over, because something required is missing",
    "again": "Not handed over, because it was handed over before",
    "open": "Not handed over, because a handoff is open",
    "excluded": "Not handed over, because the agreement excludes it",
    "outside": "Not handed over, because it is outside the agreed profile",
    "below": "Not handed over, because it is below the agreed line",
    "waiting": "Not handed over, because it is in nurture and waits to come back",
}
_DEALS = {
    "opened": "Deal opened",
    "stage": "Deal moved",
    "won": "Deal won",
    "lost": "Deal lost",
    "reopened": "Deal opened again",
    "amount": "Deal is worth",
    "activity": "Deal worked on",
    "deleted": "Deal deleted at its source",
}
_CONSENT = {"granted": "Said yes", "withdrawn": "Said no", "bounced": "Mail came back", "complained": "Complained"}
_PURPOSES = {"marketing.email": "to marketing mail", "sales.call": "to sales calls", "all": "to everything"}


def touch(row: Fact) -> str:
    """`Price request`, `Pricing page`, `Download: buyers guide`."""
    thing, _, act = str(row["kind"]).partition(".")
    plain = {"page": f"{act} page", "form": act}.get(thing, f"{thing} {act}")
    said = _TOUCHES.get(row["kind"]) or _plain(plain)
    return f"{said}: {_plain(row['asset'])}" if row["asset"] and thing != "page" else said


def handoff(row: Fact, names: Names) -> str:
    """`Handed over to Tomás Rivera`, `Rejected by Tomás Rivera: timing`."""
    owner, by = _name(row["owner"], names), _name(row["by"], names)
    match row["event"]:
        case "offered":
            return f"Handed over to {owner}" if owner else "Handed over, nobody was there to own it"
        case "rerouted":
            return f"Moved to {owner}" if owner else "Left without an owner"
        case "reminded":
            return f"{owner or 'The owner'} was reminded"
        case "escalated":
            return f"{by or 'The next in line'} was told"
    said = f"{_HANDOFFS.get(row['event'], _plain(row['event']))}{f' by {by}' if by else ''}"
    return f"{said}: {_plain(row['reason']).lower()}" if row["reason"] else said


def decision(row: Fact) -> str:
    """`Not handed over, because it is below the agreed line`."""
    return _DECISIONS[row["outcome"]]


def deal(row: Fact) -> str:
    """`Deal moved to offer`, `Deal lost: price`."""
    said = _DEALS[row["event"]]
    match row["event"]:
        case "stage":
            return f"{said} to {_plain(row['stage']).lower()}" if row["stage"] else said
        case "amount":
            return f"{said} {money(row['amount'], row['currency'] or 'EUR')}"
        case "lost":
            return f"{said}: {_plain(row['reason']).lower()}" if row["reason"] else said
    return said


def consent(row: Fact) -> str:
    """`Said no to marketing mail`."""
    about = _PURPOSES.get(row["purpose"], f"to {_plain(row['purpose']).lower()}")
    return (
        f"{_CONSENT[row['status']]} {about}" if row["status"] in ("granted", "withdrawn") else _CONSENT[row["status"]]
    )


def content(row: Fact) -> str:
    """`Buyers guide opened`."""
    return f"{_plain(row['asset'])} {row['kind'] or 'used'}"


_ARTICLES = {
    "qualification": "Qualification", "explore": "Qualification", "cards": "Points", "personas": "Personas",
    "response": "Response", "calendar": "Business time", "routing": "Routing", "capacity": "Routing",
    "answers": "Rejecting and recycling",
}  # fmt: skip


def article(path: str) -> str:
    """The article in which a clause stands: `qualification.score` is in `article Qualification`."""
    title = _ARTICLES.get(path.partition(".")[0])
    return f"article {title}" if title else f"clause {path}"


def _plain(code: Any) -> str:
    text = str(code or "").replace("-", " ").replace("_", " ").replace(".", " ").strip()
    return f"{text[:1].upper()}{text[1:]}"


def _name(handle: str | None, names: Names) -> str:
    return names.get(handle, handle) if handle else ""
