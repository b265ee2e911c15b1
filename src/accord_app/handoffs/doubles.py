"""What a handoff says about other open ones of the same person, under whichever id, and of the same account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from accord.agreement.handoff import worked
from accord.agreement.state import microseconds
from accord_app.handoffs import access
from accord_app.handoffs.models import Handoff
from accord_app.handoffs.reads import Desk
from accord_app.ledger.links import links_of
from accord_app.records.models import Person
from accord_app.records.reads import owners

COLLEAGUES, SHOWN = 500, 5
"""Of a larger account so many people are looked at; so many of their handoffs are named."""


@dataclass(frozen=True, slots=True)
class Other:
    """Another open handoff, in words; `url` is empty for who may not open it."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Double:
    """What is to be known about the other open handoffs. `state` is `risk` for a duplicate."""

    state: str
    says: str
    advice: str
    others: tuple[Other, ...]


def of(desk: Desk, handoff: Handoff) -> Double | None:
    """What an open handoff says about others that are open; None where there are none."""
    if handoff.closed_at is not None:
        return None
    links, now = links_of([handoff.person_id]), microseconds(desk.at)
    meant = links.members(links.root(handoff.person_id, now), now)
    same = [each for each in _open(meant) if each.pk != handoff.pk] if len(meant) > 1 else []
    if same:
        first = worked((microseconds(each.offered_at), each.pk) for each in (handoff, *same))
        if first == handoff.pk:
            return Double(
                "", "This person stands in another open handoff, too.",
                "This one was offered first and is worked; the other is its duplicate:", _others(desk, same),
            )  # fmt: skip
        return Double(
            "risk", "This is a duplicate.",
            "The same person stands in an open handoff that was offered before. Work that one, and close this one:",
            _others(desk, [each for each in same if each.pk == first]),
        )  # fmt: skip
    beside = _of_account(handoff)
    if not beside:
        return None
    return Double("", "The account has other open handoffs.", "Talk before both write:", _others(desk, beside))


def _open(people: Sequence[str]) -> list[Handoff]:
    rows = Handoff.objects.filter(person_id__in=people, closed_at=None).select_related("person")
    return list(rows.order_by("offered_at", "handoff_id"))


def _of_account(handoff: Handoff) -> list[Handoff]:
    """Other open handoffs of people who work for the same account now."""
    account = Person.objects.filter(pk=handoff.person_id).values_list("account_id", flat=True).first()
    if not account:
        return []
    people = Person.objects.filter(account_id=account, same_as="").order_by("-known_at", "-person_id")
    ids = list(people.values_list("pk", flat=True)[:COLLEAGUES])
    return [each for each in _open(ids) if each.pk != handoff.pk][:SHOWN]


def _others(desk: Desk, some: Sequence[Handoff]) -> tuple[Other, ...]:
    may_open = set(
        access.visible(desk.user).filter(pk__in=[each.pk for each in some]).values_list("pk", flat=True)
    )  # fmt: skip
    names = owners({each.owner for each in some if each.owner})
    return tuple(
        Other(
            f"{each.person} with {names[each.owner] if each.owner else 'nobody yet'}",
            reverse("handoffs:one", args=[each.pk]) if each.pk in may_open else "",
        )
        for each in some
    )
