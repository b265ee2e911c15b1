"""The only ways to fetch a person, an account or a deal on somebody's behalf. Both teams see the same records."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records.models import Account, Deal, Kind, Merge, Person


def person(viewer: User, person_id: str) -> Person:
    """One person; 404 for nobody known and for those who may not see records."""
    may_see(viewer)
    return get_object_or_404(Person.objects.select_related("account"), person_id=person_id)


def account(viewer: User, account_id: str) -> Account:
    """One account; 404 as for a person."""
    may_see(viewer)
    return get_object_or_404(Account, account_id=account_id)


def deal(viewer: User, deal_id: str) -> Deal:
    """One deal; 404 as for a person."""
    may_see(viewer)
    return get_object_or_404(Deal, deal_id=deal_id)


def pair(viewer: User, kind: str, left: str, right: str) -> tuple[Person | Account, Person | Account]:
    """Two records to be compared; 404 for one that is not there, and for those who may not merge."""
    if not viewer.may(Right.MERGE_RECORDS):
        raise Http404("There is no such record.")
    if kind == Kind.PERSON:
        return get_object_or_404(Person, pk=left), get_object_or_404(Person, pk=right)
    return get_object_or_404(Account, pk=left), get_object_or_404(Account, pk=right)


def merge(viewer: User, merge_id: int) -> Merge:
    """One merge; 404 as for a pair."""
    if not viewer.may(Right.MERGE_RECORDS):
        raise Http404("There is no such merge.")
    return get_object_or_404(Merge, pk=merge_id)


def may_see(viewer: User) -> None:
    """Raises Http404 for those who may not see records."""
    if not viewer.may(Right.SEE_RECORDS):
        raise Http404("There is no such record.")
