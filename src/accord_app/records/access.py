"""The only ways to fetch a person, an account or a deal on somebody's behalf. Both teams see the same records."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records.models import Account, Deal, Person


def person(viewer: User, person_id: str) -> Person:
    """One person; 404 for nobody known and for those who may not see records."""
    _may(viewer)
    return get_object_or_404(Person.objects.select_related("account"), person_id=person_id)


def account(viewer: User, account_id: str) -> Account:
    """One account; 404 as for a person."""
    _may(viewer)
    return get_object_or_404(Account, account_id=account_id)


def deal(viewer: User, deal_id: str) -> Deal:
    """One deal; 404 as for a person."""
    _may(viewer)
    return get_object_or_404(Deal, deal_id=deal_id)


def _may(viewer: User) -> None:
    if not viewer.may(Right.SEE_RECORDS):
        raise Http404("There is no such record.")
