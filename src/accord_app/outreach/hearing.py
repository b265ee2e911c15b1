"""What the mail provider tells of mails that left: bounces and complaints become words of consent, by which the shield
holds the address back; opened and clicked mails become touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models.functions import Lower

from accord_app.outbox.models import Letter
from accord_app.outreach import consents
from accord_app.records.actions import record
from accord_app.records.models import Person
from accord_app.work.actions import enqueue

WORDS = {
    "bounced": consents.BOUNCED,
    "complained": consents.COMPLAINED,
    "unsubscribed": consents.WITHDRAWN,
}
TOUCHES = {"opened": "email.opened", "clicked": "email.clicked"}
FOR_GOOD = frozenset({"bounced", "invalid", "blocked", None})
"""Why a mail came back for good, as django-anymail names reasons; others are full mailboxes and the like."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a provider: what happened, to which mail, to whom. `event_id`: told twice is one fact."""

    kind: str
    event_id: str
    message_id: str
    recipient: str
    at: datetime
    reason: str | None = None


@transaction.atomic
def hear(told: Told, *, provider: str, at: datetime) -> bool:
    """Record what an event says about a person. False: it says nothing that is kept, or nobody here is meant."""
    word, touch = WORDS.get(told.kind), TOUCHES.get(told.kind)
    if word == consents.BOUNCED and told.reason not in FOR_GOOD:
        return False
    if word is None and touch is None:
        return False
    people = _whom(told)
    when, occasion = min(told.at, at), f"{provider}:{told.event_id or told.message_id}"
    for person in people:
        if word is not None:
            consents.say(person_id=person, purpose=consents.MAIL, status=word, at=when, what=f"{occasion}:{person}")
        else:
            _touch(person, touch or "", occasion, when, at)
    return bool(people)


def _touch(person: str, kind: str, occasion: str, when: datetime, at: datetime) -> None:
    row = {"id": f"{occasion}:{kind}", "person_id": person, "kind": kind, "side": "marketing", "channel": "email",
           "occurred_at": when}  # fmt: skip
    record("touches", [row], at=at, source=consents.SOURCE)
    enqueue(kind=consents.LOOK, at=at, payload={"people": [person]})


def _whom(told: Told) -> list[str]:
    """Who got the mail; of a mail that is not known here, everybody with that address."""
    called = told.message_id.strip("<>")
    if called and (letter := Letter.objects.filter(provider_id=called).first()) is not None:
        return [letter.person_id]
    if not told.recipient:
        return []
    same = Person.objects.alias(address=Lower("email")).filter(address=told.recipient.lower(), erased_at=None)
    return list(same.values_list("pk", flat=True)[:20])


def of_event(event: object, *, at: datetime) -> Told:
    """An event as django-anymail hands it over, whichever provider sent it."""
    timestamp = getattr(event, "timestamp", None) or at
    return Told(
        kind=str(getattr(event, "event_type", "") or ""),
        event_id=str(getattr(event, "event_id", "") or ""),
        message_id=str(getattr(event, "message_id", "") or ""),
        recipient=str(getattr(event, "recipient", "") or ""),
        at=timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC),
        reason=getattr(event, "reject_reason", None),
    )
