"""The only ways to fetch an asking or an override on somebody's behalf."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.shield.models import Inquiry, Override

LARGEST = 2**63 - 1


def inquiry(viewer: User, number: int) -> Inquiry:
    """One asking with its answers; 404 for those who may not check lists."""
    if not viewer.may(Right.CHECK_CONTACT) or number > LARGEST:
        raise Http404("There is no such check.")
    return get_object_or_404(Inquiry, pk=number)


def override(viewer: User, number: int) -> Override:
    """One override to take back; 404 for those who may not give any."""
    if not viewer.may(Right.OVERRIDE_SHIELD) or number > LARGEST:
        raise Http404("There is no such override.")
    return get_object_or_404(Override, pk=number)
