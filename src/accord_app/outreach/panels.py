"""What this room puts on pages of others: its entry in the navigation, the consent and the tracks of a person, the
track that a handoff went through, and the tasks of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accord_app.members.access import signed_in
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.outbox.abouts import About
from accord_app.outreach import consents, reads
from accord_app.outreach.models import Request, Task
from accord_app.records.models import Person
from accord_app.shell import asked, navigation, panels
from accord_app.shell.navigation import Count, Entry

FEW = 5


def put_everywhere() -> None:
    """Register everything; called once, when Django starts."""
    entry = Entry("Run", "nurture", "Nurture", "recycle", "outreach:tracks", Right.SEE_NURTURE, waiting, order=20)
    navigation.register(entry)
    panels.register("person", 12, of_person)
    panels.register("handoff", 20, of_handoff)
    panels.register("today", 10, of_today)


def waiting(user: User) -> Count | None:
    """How many tasks and doubtful mails wait for the reader."""
    number = reads.waiting_for(user)
    return Count(f"{number:,}") if number else None


def of_person(request: HttpRequest, record: Person) -> SafeString | None:
    """What a person allowed, with where each word comes from, and the tracks they went through."""
    viewer, now = signed_in(request), timezone.now()
    may_run = viewer.may(Right.RUN_NURTURE)
    words = consents.words_of(record.pk)
    asked = Request.objects.filter(person_id=record.pk, confirmed_at=None, until__gt=now).order_by("-at").first()
    shown = {
        "person": record,
        "words": words,
        "asked": asked,
        "is_no": bool(words) and words[0].is_no,
        "may_ask": may_run and bool(record.email) and record.erased_at is None,
        "may_record": viewer.may(Right.RECORD_CONSENT) and record.erased_at is None,
        "journeys": reads.journeys(person_id=record.pk, at=now),
        "tracks": reads.tracks_to_enter(viewer, [record.pk]) if record.email else (),
    }
    return render_to_string("outreach/_person.html", shown, request)


def of_handoff(request: HttpRequest, record: object) -> SafeString | None:
    """The track that the lead went through before it came back, or went to when it was recycled."""
    person_id, handoff_id = str(getattr(record, "person_id", "")), str(getattr(record, "handoff_id", ""))
    found = [
        each
        for each in reads.journeys(person_id=person_id, at=timezone.now())
        if each.entered_at <= (getattr(record, "offered_at", None) or each.entered_at)
    ]
    found = found or list(reads.journeys(handoff_id=handoff_id, at=timezone.now()))
    return render_to_string("outreach/_handoff.html", {"journeys": found}, request) if found else None


def of_today(request: HttpRequest, record: User) -> SafeString | None:
    """Tasks of nurture tracks, and mails of which nobody knows whether they have left."""
    rows, doubts = reads.task_rows(record, most=FEW), reads.doubts(record)
    if not rows and not doubts:
        return None
    return render_to_string("outreach/_today.html", {"rows": rows, "doubts": len(doubts)}, request)


def tasks(ids: Collection[str]) -> Mapping[str, About]:
    """The tasks that messages are about, by the lead's name; those of an erased person are left out."""
    numbers = [number for each in ids if (number := asked.number(each)) is not None]
    found = Task.objects.filter(pk__in=numbers, is_dropped=False).select_related("membership")
    people = Person.objects.select_related("account").in_bulk([each.membership.person_id for each in found])
    return {
        str(each.pk): About(str(person), person.employer, reverse("outreach:tasks"))
        for each in found
        if (person := people.get(each.membership.person_id)) is not None and person.erased_at is None
    }
