"""Mails to people outside: written in the transaction of the act that causes them, handed over at most once.

Before a letter is handed over it is marked as leaving, in a transaction of its own. Whoever finds it marked so after
the lease has run out does not know what became of it, and neither does anybody else: it is marked `unsure` and asked
about, never sent again by itself. The room that wrote it says at the last moment whether it may go and what it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet

from accord_app.outbox import carrier
from accord_app.outbox.carrier import DelayedError, Line, RefusedError, UnsureError
from accord_app.outbox.models import Letter
from accord_app.work import claim

State = Letter.State
AT_ONCE, LEASE_SECONDS = 5, 300
GIVE_UP_AFTER = 15  # about six hours
OPEN = (State.WAITING, State.LEAVING)


@dataclass(frozen=True, slots=True)
class Held:
    """It must not go now: by which clause, and when to ask again."""

    clause: str
    ask_again: datetime


@dataclass(frozen=True, slots=True)
class Needless:
    """It need not go any more."""


Written = EmailMultiAlternatives | Held | Needless


class Writer(Protocol):
    """A room that writes letters."""

    def write(self, letter: Letter, at: datetime) -> Written:
        """What leaves now. Called just before it does; what it keeps is kept before the letter is handed over."""

    def ended(self, letter: Letter, at: datetime) -> None:
        """The letter has come to an end, told by its state, or nobody knows: in the transaction that says so."""


_WRITERS: dict[str, Writer] = {}


def register(name: str, writer: Writer) -> None:
    """Let a room write letters under a name. Raises ValueError for one that is taken."""
    if name in _WRITERS:
        raise ValueError(f"{name} writes letters already")
    _WRITERS[name] = writer


def put(
    *, writer: str, person_id: str, key: str, context: Mapping[str, Any], at: datetime, due_at: datetime | None = None
) -> Letter:
    """Write a letter in the caller's transaction: it leaves after that commits, and never if it does not. The same
    `key` twice is one letter."""
    letter = Letter(
        key=key, writer=writer, person_id=person_id, context=dict(context), at=at, due_at=due_at or at
    )  # fmt: skip
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    return Letter.objects.get(key=key)


def cancel(*, person_ids: Sequence[str] = (), key: str = "") -> int:
    """Withdraw what has not left: the letter of an occasion, or everything to some people. What is just leaving leaves.
    Gives how many there were."""
    meant = Letter.objects.filter(key=key) if key else Letter.objects.filter(person_id__in=person_ids)
    unsent = meant.filter(state__in=[State.WAITING, State.DEAD])
    return unsent.update(state=State.CANCELLED, died_at=None, held_by="")


@transaction.atomic
def settle(*, letter: Letter, has_left: bool, at: datetime) -> bool:
    """A person says of a letter whether it has arrived; one that has not is sent again. False: it was settled
    before."""
    now = {"state": State.SENT, "sent_at": letter.begun_at or at} if has_left else {
        "state": State.WAITING, "due_at": at, "attempts": 0, "begun_at": None
    }  # fmt: skip
    changed = Letter.objects.filter(pk=letter.pk, state=State.UNSURE).update(lease="", leased_until=None, **now)
    if changed and has_left:
        letter.refresh_from_db()
        _WRITERS[letter.writer].ended(letter, at)
    return bool(changed)


def waiting() -> QuerySet[Letter]:
    """What a worker takes; nothing while there is nowhere to send it, so that nothing is given up for that."""
    rows = Letter.objects.filter(state__in=OPEN)
    return rows if carrier.is_set_up() else rows.none()


def post(letters: Sequence[Letter], at: datetime) -> None:
    """Hand each letter over, or say why not. When the server is down the rest goes back."""
    with carrier.line() as line:
        for place, letter in enumerate(letters):
            if not _post(letter, line, at=at):
                for rest in letters[place + 1 :]:
                    claim.put_back(rest, due_at=at + claim.FIRST_WAIT)
                return


def _post(letter: Letter, line: Line, *, at: datetime) -> bool:
    """Gives whether there is any use in trying the next one."""
    if letter.state == State.LEAVING:
        _end(letter, State.UNSURE, at=at, last_error="The worker ended while it handed the mail over.")
        return True
    try:
        mail = _begin(letter, at)
    except claim.LeaseLostError:
        return True
    except Exception as error:
        claim.fail(letter, error=error, at=at, give_up_after=GIVE_UP_AFTER)
        return True
    return mail is None or _hand_over(letter, mail, line, at=at)


def _begin(letter: Letter, at: datetime) -> EmailMultiAlternatives | None:
    """What leaves, marked as leaving before it does; None where nothing leaves now."""
    with claim.held([letter]) as ours:
        if not ours:
            raise claim.LeaseLostError(str(letter))
        written = _WRITERS[letter.writer].write(letter, at)
        if isinstance(written, Held):
            Letter.objects.filter(pk=letter.pk).update(held_by=written.clause)
            claim.put_back(letter, due_at=max(written.ask_again, at + timedelta(minutes=1)))
            return None
        if isinstance(written, Needless):
            _close(letter, State.CANCELLED, at=at)
            return None
        Letter.objects.filter(pk=letter.pk).update(state=State.LEAVING, begun_at=at, held_by="")
        letter.state = State.LEAVING
        return written


def _hand_over(letter: Letter, mail: EmailMultiAlternatives, line: Line, *, at: datetime) -> bool:
    try:
        called = line.send_once(mail)
    except RefusedError as error:
        ended = State.BOUNCED if error.is_address else State.REFUSED
        _end(letter, ended, at=at, last_error=claim.in_short(error))
    except DelayedError as error:
        _back(letter, error, at=at)
        return not error.is_down
    except UnsureError as error:
        _end(letter, State.UNSURE, at=at, last_error=claim.in_short(error))
    else:
        _end(letter, State.SENT, at=at, sent_at=at, provider_id=called, last_error="")
    return True


def _back(letter: Letter, error: Exception, *, at: datetime) -> None:
    """It has certainly not left: another time."""
    with claim.held([letter]) as ours:
        if ours:
            Letter.objects.filter(pk=letter.pk).update(state=State.WAITING, begun_at=None)
            claim.fail(letter, error=error, at=at, give_up_after=GIVE_UP_AFTER)


def _end(letter: Letter, state: Letter.State, *, at: datetime, **said: Any) -> None:
    """Say what became of it. Also where the lease was lost meanwhile, if nobody has said so otherwise: who handed it
    over knows best."""
    with transaction.atomic():
        held = Letter.objects.select_for_update().get(pk=letter.pk)
        if held.state in (State.LEAVING, State.UNSURE) and held.state != state:
            _close(letter, state, at=at, **said)


def _close(letter: Letter, state: Letter.State, *, at: datetime, **said: Any) -> None:
    Letter.objects.filter(pk=letter.pk).update(state=state, lease="", leased_until=None, held_by="", **said)
    letter.refresh_from_db()
    _WRITERS[letter.writer].ended(letter, at)
