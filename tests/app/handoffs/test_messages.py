"""What a mail about a handoff says: the lead's name as it is now, and the page of the handoff."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.app.cast import a_rep

from accord_app.handoffs.models import Handoff
from accord_app.outbox import composing
from accord_app.outbox.actions import send
from accord_app.outbox.models import Message
from accord_app.records.models import Person

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def an_offer() -> Message:
    Person.objects.create(
        person_id="p1", name="Birgit Sommer", company="Kestrel Foods", known_at=NOW, first_known_at=NOW
    )
    Handoff.objects.create(
        handoff_id="h1", person_id="p1", offered_at=NOW, version=1, complete=True, status="offered", band="A", score=88
    )
    send(kind="handoff_offered", to=a_rep(), key="k", about="handoff:h1", context={"clause": "routing.1"}, at=NOW)
    return Message.objects.get()


def test_a_mail_names_the_lead_and_leads_to_the_handoff() -> None:
    mail = composing.compose(an_offer()).mail
    assert mail is not None
    assert mail.subject == "For you: Birgit Sommer"
    assert "Kestrel Foods · Score 88, band A" in mail.text
    assert "http://127.0.0.1:8000/handoffs/h1/" in mail.text


def test_the_message_itself_holds_no_name_and_after_an_erasure_there_is_nothing_to_send() -> None:
    message = an_offer()
    assert "Birgit" not in str(Message.objects.values().get())
    Person.objects.update(name="", company="", erased_at=NOW)
    assert composing.compose(message).mail is None
