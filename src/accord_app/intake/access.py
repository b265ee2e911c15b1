"""The only ways to fetch a file, a key or an event on somebody's behalf."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from accord_app.intake.models import Arrival, Token, Upload
from accord_app.members.models import User
from accord_app.members.roles import Right

LARGEST = 2**63 - 1


def upload(viewer: User, number: int) -> Upload:
    """A file that was brought; 404 for those who may not import."""
    return get_object_or_404(Upload, pk=_allowed(viewer, Right.IMPORT_FACTS, number))


def token(viewer: User, number: int) -> Token:
    """A key for events; 404 for those who may not give any."""
    return get_object_or_404(Token, pk=_allowed(viewer, Right.SEND_EVENTS, number))


def set_aside(viewer: User, number: int) -> Arrival:
    """An event that could not be taken in; 404 for one that could, or for those who may not decide."""
    waiting = Arrival.objects.exclude(problem="")
    return get_object_or_404(waiting, pk=_allowed(viewer, Right.SEND_EVENTS, number))


def _allowed(viewer: User, right: Right, number: int) -> int:
    if not viewer.may(right) or number > LARGEST:
        raise Http404("There is nothing of that number.")
    return number
