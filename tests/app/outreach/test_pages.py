"""The pages of nurture: who is in a track, held back and why, what will be sent, and who may do what."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.intake.bringing import a_client, the_page
from tests.app.outreach.nurture import a_track, steps_pass, where
from tests.app.shield.worlds import a_deal, a_person

from accord_app.outbox.models import Letter
from accord_app.outreach import actions
from accord_app.outreach.models import Task, Track
from accord_app.records.models import Person
from accord_app.shell.models import Company

pytestmark = pytest.mark.django_db


def a_track_with(*people: str, steps: str = "mail warm-1\nwait 14d\nmail warm-2") -> Track:
    now = timezone.now()
    track = a_track(at=now, steps=steps)
    for person in people:
        a_person(person, at=now - 60 * DAY, owner="tomas")
        actions.put_in(track=track, person=Person.objects.get(pk=person), by=cast.a_marketer(), at=now)
    return track


def test_a_track_shows_who_is_held_back_by_which_clause() -> None:
    a_track_with("noor", "ines")
    a_deal("noor", at=timezone.now() - 10 * DAY)
    steps_pass(timezone.now())
    page = the_page(a_client(cast.a_marketer()), "/nurture/tracks/keep-warm/")
    assert "2 people are in it, 1 held back: 1 in negotiation." in page
    assert page.count("Held back: in negotiation") == 1
    listed = the_page(a_client(cast.a_rep()), "/nurture/")
    assert "Keep warm" in listed
    assert "New track" not in listed


def test_the_calendar_names_days_mails_and_people() -> None:
    a_track_with("noor")
    page = the_page(a_client(cast.a_rep()), "/nurture/calendar/")
    assert (page.count("warm-1"), page.count("warm-2")) == (2, 2)  # in the address and as the name
    assert f"{(timezone.now() + 14 * DAY).astimezone(ZoneInfo(Company.objects.get().time_zone)):%A} " in page


def test_the_agreement_names_a_track_that_nobody_wrote() -> None:
    a_track_with()
    Track.objects.get().versions.all().delete()
    Track.objects.all().delete()
    assert "the track keep-warm, which nobody has written yet" in the_page(a_client(cast.a_marketer()), "/nurture/")


def test_a_task_stands_on_today_of_whom_it_is_for_and_of_nobody_else() -> None:
    a_track_with("noor", steps="task owner: Call about the budget")
    tomas, zoe = cast.a_rep(), cast.a_rep("zoe", "Zoë Baumann")
    steps_pass(timezone.now())
    assert Task.objects.get().who == "tomas"
    assert "Call about the budget" in the_page(a_client(tomas), "/")
    assert "Call about the budget" not in the_page(a_client(zoe), "/")
    path = f"/nurture/tasks/{Task.objects.get().pk}/done/"
    assert a_client(zoe).post(path).status_code == 404
    assert a_client(tomas).post(path).status_code == 302
    assert Task.objects.get().done_by == "tomas"


def test_what_is_wrong_with_a_track_is_told_and_stays_typed() -> None:
    a_track_with()
    client = a_client(cast.a_marketer())
    said = {"title": "Keep warm", "steps": "mail warm-1\nwait soon", "entry": ""}
    answer = client.post("/nurture/tracks/keep-warm/write/", said)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Line 2: `wait` needs a duration." in text
    assert "wait soon" in text
    said["steps"], said["entry"] = "mail warm-1", "scoer > 1"
    text = client.post("/nurture/tracks/keep-warm/write/", said).content.decode()
    assert "scoer" in text
    assert Track.objects.get().versions.count() == 1


def test_a_doubtful_mail_waits_for_somebody_who_says_so() -> None:
    a_track_with("noor")
    steps_pass(timezone.now())
    Letter.objects.update(state=Letter.State.UNSURE, begun_at=timezone.now())
    client = a_client(cast.a_marketer())
    assert "Did these mails arrive?" in the_page(client, "/nurture/")
    path = f"/nurture/letters/{Letter.objects.get().pk}/settle/"
    assert a_client(cast.a_rep()).post(path).status_code == 403
    assert client.post(path, {"arrived": "yes"}).status_code == 302
    assert (Letter.objects.get().state, where("noor").place) == ("sent", 1)


def test_a_colleague_records_a_no_and_asks_nobody_who_said_it() -> None:
    a_track_with("noor")
    client: Client = a_client(cast.a_rep())
    assert "Said no to me" in the_page(client, "/people/of/noor/")
    client.post("/nurture/people/noor/no/")
    page = the_page(client, "/people/of/noor/")
    assert "told to a colleague" in page
    assert "Said no to me" not in page
    assert "Said no to marketing mail" in page
