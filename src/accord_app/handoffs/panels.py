"""What this room puts on pages of other rooms: its entry in the navigation, handoffs of a person, search."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accord_app.handoffs import access, reads
from accord_app.handoffs.models import Handoff
from accord_app.ledger.reads import version_in_force
from accord_app.members.access import signed_in
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records import finding
from accord_app.records.models import Account, Person, SearchTerm
from accord_app.shell import navigation, panels, search
from accord_app.shell.search import Found

FEW, LOOKED_AT = 10, 200


def put_everywhere() -> None:
    """Register everything; called once, when Django starts."""
    navigation.register(
        navigation.Entry(
            section="Run", key="handoffs", title="Handoffs", icon="inbox", url_name="handoffs:list", count=waiting,
            order=10, go="h", tab=2,
        )
    )  # fmt: skip
    navigation.belongs("handoffs:bench", to="agreement")
    panels.register("person", 20, of_person)
    panels.register("account", 20, of_account)
    panels.register("person", 15, why_not)
    panels.register("agreement", 10, to_the_bench)
    search.register("Handoffs", find)


def waiting(user: User) -> navigation.Count | None:
    """How many handoffs wait for the reader, at risk once a clock has run out."""
    number, is_late = reads.waiting_for(user, at=timezone.now())
    return navigation.Count(reads.counted(number), "risk" if is_late else "") if number else None


def of_person(request: HttpRequest, record: Person) -> SafeString | None:
    """The handoffs of a person."""
    return _panel(request, access.visible(signed_in(request)).filter(person_id=record.pk))


def of_account(request: HttpRequest, record: Account) -> SafeString | None:
    """The handoffs of everybody at an account."""
    people = Person.objects.filter(account_id=record.pk).values("pk")
    newest = Handoff.objects.filter(person_id__in=people).order_by("-offered_at", "-handoff_id")
    ids = list(newest.values_list("pk", flat=True)[:LOOKED_AT])  # by themselves: else all of the reader's are looked at
    return _panel(request, access.visible(signed_in(request)).filter(pk__in=ids))


def why_not(request: HttpRequest, record: Person) -> SafeString | None:
    """The way to every rule that a person did not meet. It is a link: to try the rules takes longer than the page.
    Nothing where a handoff is open, and before an agreement is in force."""
    if not signed_in(request).may(Right.SEE_AGREEMENT) or record.erased_at is not None:
        return None
    is_open = Handoff.objects.filter(person_id=record.pk, closed_at=None).exists()
    if is_open or version_in_force(timezone.now()) is None:
        return None
    context = {"bench": f"{reverse('handoffs:bench')}?{urlencode({'person': record.pk})}"}
    return render_to_string("handoffs/_why_not.html", context, request)


def to_the_bench(request: HttpRequest, record: Any) -> SafeString | None:
    """The way from the agreement, or from a draft of it, to the test bench."""
    if not signed_in(request).may(Right.SEE_RECORDS):
        return None
    return render_to_string("handoffs/_to_bench.html", {"url": reverse("handoffs:bench")}, request)


def find(user: Any, words: str) -> list[Found]:
    """Open and past handoffs of people whose name begins with a word that was asked for."""
    people = finding.refs(SearchTerm.Kind.PERSON, words, 5 * FEW)
    desk = reads.Desk(user, timezone.now())
    theirs = Handoff.objects.filter(person_id__in=people).values_list("pk", flat=True)
    found = _newest(access.visible(user).filter(pk__in=list(theirs[:LOOKED_AT])))
    return [
        Found(row.name, ", ".join(part for part in (row.company, _standing(row)) if part), row.url, "handoff")
        for row in reads.rows(desk, found)
    ]


def _panel(request: HttpRequest, which: QuerySet[Handoff]) -> SafeString | None:
    found = _newest(which)
    if not found:
        return None
    rows = reads.rows(reads.Desk(signed_in(request), timezone.now()), found)
    return render_to_string("handoffs/_panel.html", {"rows": rows, "url": reverse("handoffs:list")}, request)


def _newest(which: QuerySet[Handoff]) -> list[Handoff]:
    return list(which.select_related("pending").order_by("-offered_at", "-handoff_id")[:FEW])


def _standing(row: reads.Row) -> str:
    return row.state.text if row.state else row.clock.words if row.clock else ""
