"""The only ways to messages on somebody's behalf: one's own, or everybody's for those who keep the work going."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accord_app.members.access import require
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.outbox.models import Message


def everybodys(user: User) -> QuerySet[Message]:
    """All messages."""
    require(user, Right.SEE_WORK)
    return Message.objects.select_related("to")


def own(user: User) -> QuerySet[Message]:
    """What was written to the user, but not the digests, which only gather it."""
    return Message.objects.filter(to=user).exclude(kind="digest").select_related("to")


def given_up(user: User, message_id: int) -> Message:
    """A message that could not be sent, for somebody who may decide about it."""
    require(user, Right.RETRY_WORK)
    return get_object_or_404(Message, pk=message_id, state=Message.State.DEAD)
