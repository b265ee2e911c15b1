"""Write a message, withdraw it, send it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from accord_app.members.models import User
from accord_app.outbox import access
from accord_app.outbox.hours import mail_hours
from accord_app.outbox.kinds import KINDS
from accord_app.outbox.models import Message
from accord_app.work import claim

State = Message.State


def send(
    *, kind: str, to: User, key: str, about: str, context: Mapping[str, Any], at: datetime, urgent: bool = False
) -> None:
    """Write a message in the caller's transaction: it leaves after that commits, and never if it does not.

    The same `key` twice is one message. `about` is the record that it links to (`handoff:ID`); `context` holds what
    the templates of the kind use, as JSON, and of leads only ids. Who reads a daily digest finds it there, unless
    it is urgent.
    """
    hours, known = mail_hours(to), KINDS[kind]
    for_digest = not (to.mail_at_once or urgent or known.asked_for)
    message = Message(
        key=key,
        kind=kind,
        to=to,
        about=about,
        context=dict(context),
        at=at,
        urgent=urgent,
        state=State.DIGEST if for_digest else State.WAITING,
        due_at=at if known.asked_for else hours.next_digest(at) if for_digest else hours.after_quiet(at),
    )
    with transaction.atomic():
        Message.objects.bulk_create([message], ignore_conflicts=True)
        if for_digest:
            plan_digest(to=to, at=at)


def plan_digest(*, to: User, at: datetime) -> None:
    """See that a digest waits for whoever reads one, and that it is not sent before the caller has committed."""
    hours, due_at = mail_hours(to), at
    while True:
        due_at = hours.next_digest(due_at)
        key = f"digest:{to.pk}:{due_at:%Y-%m-%dT%H:%M}"
        digest = Message(key=key, kind="digest", to=to, at=at, due_at=hours.after_quiet(due_at))
        Message.objects.bulk_create([digest], ignore_conflicts=True)
        # Changing it locks it: the worker that sends it waits, or has marked it as sent and the next is looked for.
        if Message.objects.filter(key=key, state=State.WAITING).update(state=State.WAITING):
            return


def cancel(*, key: str = "", about: str = "") -> int:
    """Withdraw the message of a cause, or all about a record, that have not left. Gives how many there were."""
    if not (key or about):
        return 0
    meant = Q(key=key) if key else Q(about=about)
    unsent = Message.objects.filter(meant, state__in=[State.WAITING, State.DIGEST, State.DEAD])
    return unsent.update(state=State.CANCELLED, died_at=None)


def send_again(*, message_id: int, by: User, at: datetime) -> None:
    """Try a message that was given up once more."""
    claim.do_again(access.given_up(by, message_id), at=at)
