"""What the worker does with messages that are due."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accord_app.outbox import carrier, composing
from accord_app.outbox.actions import plan_digest
from accord_app.outbox.carrier import DelayedError, Line, RefusedError
from accord_app.outbox.composing import Composed
from accord_app.outbox.hours import mail_hours
from accord_app.outbox.kinds import KINDS
from accord_app.outbox.models import Message
from accord_app.work import claim

AT_ONCE, LEASE_SECONDS = 5, 300
GIVE_UP_AFTER = 15  # about six hours
TOO_OLD = timedelta(days=7)  # after so long without a mail server it would only confuse


def waiting() -> QuerySet[Message]:
    """The messages that a worker takes; none while there is no mail server, so that none is given up for that."""
    rows = Message.objects.filter(state=Message.State.WAITING).select_related("to")
    return rows if carrier.is_set_up() else rows.none()


def deliver(messages: Sequence[Message], at: datetime) -> None:
    """Send each message, or say why not yet. When the server is down, or time runs short, the rest goes back."""
    begun = time.monotonic()
    with carrier.line() as line:
        for place, message in enumerate(messages):
            late = time.monotonic() - begun > LEASE_SECONDS / 2
            if late or not _deliver(message, line, at=at):
                _put_back(messages[place if late else place + 1 :], at=at)
                return


def _put_back(messages: Sequence[Message], *, at: datetime) -> None:
    for message in messages:
        claim.put_back(message, due_at=at + claim.FIRST_WAIT)


def _deliver(message: Message, line: Line, *, at: datetime) -> bool:
    """Gives whether there is any use in trying the next one."""
    if (quiet_until := _quiet_until(message, at)) > at:
        claim.put_back(message, due_at=quiet_until)
        return True
    try:
        composed = composing.compose(message) if _is_needed(message, at) else Composed(None)
        if composed.mail:
            line.send(composed.mail)
    except RefusedError as error:
        claim.give_up(message, error=error, at=at)
    except DelayedError as error:
        claim.fail(message, error=error, at=at, give_up_after=GIVE_UP_AFTER)
        return not error.is_down
    except Exception as error:
        claim.fail(message, error=error, at=at, give_up_after=GIVE_UP_AFTER)
    else:
        _end(message, composed, at=at)
    return True


def _quiet_until(message: Message, at: datetime) -> datetime:
    return at if KINDS[message.kind].asked_for else mail_hours(message.to).after_quiet(at)


def _is_needed(message: Message, at: datetime) -> bool:
    return message.to.is_active and at - message.due_at < TOO_OLD


def _end(message: Message, composed: Composed, *, at: datetime) -> None:
    state = Message.State.SENT if composed.mail else Message.State.CANCELLED
    with claim.held([message]) as ours:
        if not ours:
            return
        done = {"state": state, "sent_at": at if composed.mail else None, "last_error": ""}
        Message.objects.filter(pk=message.pk).update(lease="", leased_until=None, **done)
        if message.kind == "digest":
            _end_digest(message, composed, at=at)


def _end_digest(digest: Message, composed: Composed, *, at: datetime) -> None:
    """What the digest carried has been sent. What was written meanwhile waits for the next."""
    unsent = Message.objects.filter(to=digest.to_id, state=Message.State.DIGEST)
    unsent.filter(pk__in=composed.carried).update(state=Message.State.SENT, sent_at=at)
    unsent.filter(pk__in=composed.gone).update(state=Message.State.CANCELLED)
    if unsent.exists():
        plan_digest(to=digest.to, at=at)
