"""Consent: a yes counts from its confirmation, a no at once, and the shield reads both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.intake.bringing import a_client, brought, do_work
from tests.app.outreach.nurture import mail_leaves
from tests.app.shield.worlds import a_person, agreed

from accord_app.ledger import lake
from accord_app.ledger.models import ConsentWord
from accord_app.outbox.models import Letter
from accord_app.outreach import consents, tokens
from accord_app.outreach.models import Check
from accord_app.records.actions import record
from accord_app.records.models import Person
from accord_app.shield.asking import Question, may_contact

pytestmark = pytest.mark.django_db
TEXT = "I want to hear from Kestrel Robotics about robots, by mail, at most twice a week."


def held(person: str, at: datetime | None = None) -> str | None:
    return may_contact([person], Question(), at=at or timezone.now())[person].clause


def asked(person: str = "shy") -> str:
    """Somebody who never said anything is asked; the path of the link in the mail."""
    now = timezone.now()
    agreed()
    a_person(person, at=now - 60 * DAY, said="")
    consents.write_text(text=TEXT, by=cast.a_marketer(), at=now)
    consents.ask(person=Person.objects.get(pk=person), by=cast.a_marketer(), at=now)
    mail_leaves(now)
    found = re.search(r"http://127.0.0.1:8000(/mail/confirm/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_only_the_confirmation_makes_a_yes_count() -> None:
    path = asked()
    assert held("shy") == "contact.consent.marketing.email"
    assert TEXT in str(mail.outbox[0].body)
    assert Client().get(path).status_code == 200
    assert held("shy") == "contact.consent.marketing.email"
    assert b"on the list" in Client().post(path).content
    assert held("shy") is None
    word = ConsentWord.facts().get(status="granted")
    assert (word.wording, word.evidence, word.source) == ("marketing.email 1", "evidenced", "accord")


def test_confirmed_twice_is_confirmed_once() -> None:
    path = asked()
    Client().post(path)
    Client().post(path)
    assert ConsentWord.facts().count() == 1


def test_a_link_to_confirm_is_over_after_two_weeks_and_after_a_no() -> None:
    said = tokens.of_request(asked().split("/")[3])
    assert said
    request = {"request_id": said.request, "person_id": "shy"}
    assert not consents.confirm(**request, at=timezone.now() + timedelta(days=15))  # type: ignore[arg-type]
    consents.heard_no(person=Person.objects.get(pk="shy"), by=cast.a_rep(), at=timezone.now())
    assert not consents.confirm(**request, at=timezone.now() + timedelta(minutes=1))  # type: ignore[arg-type]
    assert held("shy") == "contact.never"


def test_who_was_asked_lately_is_not_asked_again() -> None:
    asked()
    consents.ask(person=Person.objects.get(pk="shy"), by=cast.a_rep(), at=timezone.now())
    assert Letter.objects.count() == 1


def test_who_said_no_is_not_even_asked() -> None:
    now = timezone.now()
    agreed()
    a_person("gone", at=now - 60 * DAY, said="withdrawn")
    consents.write_text(text=TEXT, by=cast.a_marketer(), at=now)
    consents.ask(person=Person.objects.get(pk="gone"), by=cast.a_marketer(), at=now)
    mail_leaves(now)
    assert not mail.outbox
    assert Check.objects.get().clause == "contact.never"


def test_one_click_unsubscribes_without_a_sign_in_and_a_look_changes_nothing() -> None:
    agreed()
    a_person("free", at=timezone.now() - 60 * DAY)
    path = tokens.unsubscribe_url("free").removeprefix("http://127.0.0.1:8000")
    strict = Client(enforce_csrf_checks=True)
    cast.a_company()
    assert strict.get(path).status_code == 200
    assert held("free") is None
    said = strict.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert said.status_code == 200
    assert held("free") == "contact.never"
    strict.post(path)
    assert ConsentWord.facts().filter(status="withdrawn").count() == 1


def test_a_link_that_was_not_made_here_tells_nothing() -> None:
    cast.a_company()
    a_person("free", at=timezone.now())
    good = tokens.for_person("free")
    answers = {
        Client().post(f"/mail/unsubscribe/{token}/").content
        for token in ("p.free~x", "p.nobody~x", good[:-1] + ("a" if good[-1] != "a" else "b"), "free", good + "x")
    }
    assert len(answers) == 1
    assert not ConsentWord.facts().filter(status="withdrawn").exists()
    assert Client().post(f"/mail/confirm/{good}/").status_code == 404
    unknown = Client().post(f"/mail/unsubscribe/{tokens.for_person('nobody')}/")
    known = Client().post(f"/mail/unsubscribe/{good}/")
    assert (unknown.status_code, known.status_code) == (200, 200)


def test_preferences_say_no_yes_and_no_to_everything() -> None:
    now = timezone.now()
    agreed()
    cast.a_company()
    a_person("free", at=now - 60 * DAY)
    consents.write_text(text=TEXT, by=cast.a_marketer(), at=now)
    path = f"/mail/preferences/{tokens.for_person('free')}/"
    assert b"You get marketing mail." in Client().get(path).content
    for word, clause in (
        ("no", "contact.never"),
        ("yes", None),
        ("nothing", "contact.never"),
        ("yes", "contact.never"),
    ):
        Client().post(path, {"say": word})
        assert held("free") == clause, word


CONSENTS = "email,purpose,status,when\nfree@site.example,marketing.email,granted,2026-02-01T10:00:00Z\n"
MAPPING = """table: consent
source: crm
columns:
  person_id: {from: email}
  purpose: {from: purpose}
  status: {from: status}
  occurred_at: {from: when}
"""


def test_an_import_cannot_weaken_a_no_that_came_by_a_link() -> None:
    agreed()
    cast.a_company()
    person = lake.person_id("", "free@site.example")
    when = datetime(2026, 1, 10, tzinfo=UTC)
    profile = {"id": "p", "subject": "person", "subject_id": person, "email": "free@site.example", "name": "Free"}
    record("profiles", [profile | {"occurred_at": when}], at=when, source="crm")
    consents.unsubscribe(person_id=person, at=when)
    ada = a_client(cast.a_revops())
    upload = brought(ada, CONSENTS, "consents.csv")
    assert ada.post(f"/imports/{upload.pk}/mapping/", {"act": "import", "mapping": MAPPING}).status_code == 302
    do_work()
    upload.refresh_from_db()
    assert (upload.stored, upload.refused) == (0, 1)
    assert held(person) == "contact.never"
