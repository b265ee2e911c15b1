"""A form that is sent twice is done once: what somebody has just said is not said again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accord_app.handoffs import actions
from accord_app.handoffs.deciding import desk
from accord_app.handoffs.models import Handoff, Note
from accord_app.handoffs.reads import pending
from accord_app.ledger.models import Touch
from accord_app.members.models import User

AGAIN = timedelta(minutes=1)
"""The same words of the same person within this time are a second click."""


def is_answered(handoff: Handoff, event: str, reason: str, by: User) -> bool:
    """Whether somebody has just given this very answer."""
    waiting = pending(handoff)
    return waiting is not None and (waiting.event, waiting.reason, waiting.by) == (event, reason, by.handle)


@transaction.atomic
def note(*, handoff: Handoff, text: str, by: User, at: datetime) -> None:
    """Write a note, once."""
    Handoff.objects.select_for_update().get(pk=handoff.pk)
    if not _is_written(handoff, text, by, at):
        actions.note(handoff=handoff, text=text, by=by, at=at)


def reply(*, handoff: Handoff, text: str, second_look: bool, by: User, at: datetime) -> None:
    """Reply to a rejection, once."""
    with desk(at):
        if not _is_written(handoff, text, by, at):
            actions.reply(handoff=handoff, text=text, second_look=second_look, by=by, at=at)


def look_again(*, handoff: Handoff, verdict: str, text: str, by: User, at: datetime) -> None:
    """Give the verdict of a second look, once."""
    with desk(at):
        if not _is_written(handoff, text, by, at):
            actions.look_again(handoff=handoff, verdict=verdict, text=text, by=by, at=at)


def log_touch(*, handoff: Handoff, kind: str, by: User, at: datetime, occurred_at: datetime | None) -> None:
    """Log what somebody did, once: at most one of a kind in a minute."""
    when = occurred_at or at.replace(second=0, microsecond=0)
    with desk(at):
        same = Touch.facts().filter(person_id=handoff.person_id, kind=kind, by=by.handle, occurred_at=when)
        if not same.exists():
            actions.log_touch(handoff=handoff, kind=kind, by=by, at=at, occurred_at=when)


def _is_written(handoff: Handoff, text: str, by: User, at: datetime) -> bool:
    written = Note.objects.filter(handoff=handoff, by=by.handle, text=text.strip(), at__gt=at - AGAIN)
    return written.exists()
