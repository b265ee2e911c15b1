"""What this room puts on pages of other rooms: its entry in the navigation, and on a person's page whether marketing
may write."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from accord_app.members.access import signed_in
from accord_app.members.roles import Right
from accord_app.records.models import Person
from accord_app.shell import navigation, panels
from accord_app.shell.navigation import Entry
from accord_app.shield import reads


def put_everywhere() -> None:
    """Register everything; called once, when Django starts."""
    entry = Entry("Run", "shield", "Shield", "shield-check", "shield:check", Right.CHECK_CONTACT, order=30)
    navigation.register(entry)
    met = Entry("See", "collisions", "Collisions", "affiliate", "shield:collisions", Right.SEE_SCOREBOARD, order=80)
    navigation.register(met)
    panels.register("person", 10, of_person)


def of_person(request: HttpRequest, record: Person) -> SafeString | None:
    """Whether marketing may mail this person now, by which clause not, and whom owners let through."""
    found = reads.standing(record, signed_in(request), at=timezone.now())
    if found is None:
        return None
    return render_to_string("shield/_panel.html", {"standing": found, "person": record}, request)
