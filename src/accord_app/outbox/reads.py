"""Messages as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accord_app.outbox import carrier, composing
from accord_app.outbox.kinds import KINDS
from accord_app.outbox.models import Message

PAGE, MOST = 50, 1_000
State = Message.State


@dataclass(frozen=True)
class Shown:
    """One message in a list."""

    message_id: int
    to: str
    subject: str
    kind: str
    path: str
    state: str
    word: str
    moment: datetime
    last_error: str


@dataclass(frozen=True)
class Listed:
    """A page of messages, latest first, and where the next begins."""

    rows: Sequence[Shown]
    before: int | None
    is_set_up: bool


@dataclass(frozen=True)
class Standing:
    """How many messages of everybody wait and were given up; counts stop at MOST."""

    waiting: int
    dead: int


def standing() -> Standing:
    """For the head of the page of all messages."""
    return Standing(waiting=_count(State.WAITING), dead=_count(State.DEAD))


def listed(messages: QuerySet[Message], *, state: str = "", before: int | None = None) -> Listed:
    """The page of `messages` that ends before a number; of one state, if named."""
    chosen = messages.filter(state=state) if state else messages
    earlier = chosen.filter(pk__lt=before) if before else chosen
    found = list(earlier.order_by("-pk")[: PAGE + 1])
    rows = found[:PAGE]
    return Listed(rows=_shown(rows), before=rows[-1].pk if len(found) > PAGE else None, is_set_up=carrier.is_set_up())


def dead_count() -> int:
    """How many messages were given up; stops at MOST."""
    return _count(State.DEAD)


def _count(state: State) -> int:
    return Message.objects.filter(state=state)[:MOST].count()


def _shown(messages: Sequence[Message]) -> list[Shown]:
    lines = composing.lines(messages)
    return [
        Shown(
            message_id=message.pk,
            to=message.to.name,
            subject=lines[message.pk].subject,
            kind=KINDS[message.kind].title,
            path=lines[message.pk].path,
            state=message.state,
            word=State(message.state).label,
            moment=_moment(message),
            last_error=message.last_error,
        )
        for message in messages
    ]


def _moment(message: Message) -> datetime:
    """The one that matters: when it left or was given up, or else when it will leave."""
    return message.sent_at or message.died_at or message.due_at
