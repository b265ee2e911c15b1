"""A letter is handed over at most once: what is not known to have left waits for a person."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core import mail
from tests.app import cast
from tests.app.handoffs.leads import DAY
from tests.app.outreach.nurture import a_track, mail_leaves, steps_pass, where
from tests.app.shield.worlds import a_person
from tests.post_office import PostOffice, open_post_office

from accord_app.outbox import carrier, letters
from accord_app.outbox.models import Letter
from accord_app.outreach import actions
from accord_app.records.models import Person
from accord_app.work import claim

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def office(settings: LazySettings) -> Iterator[PostOffice]:
    with open_post_office() as opened:
        settings.EMAIL_BACKEND = carrier.SMTP
        settings.EMAIL_URL = f"smtp://127.0.0.1:{opened.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", opened.port, 2
        yield opened


def a_letter(*people: str) -> Letter:
    track = a_track(at=NOW)
    for person in people or ("noor",):
        a_person(person, at=NOW - 60 * DAY)
        actions.put_in(track=track, person=Person.objects.get(pk=person), by=cast.a_marketer(), at=NOW)
    steps_pass(NOW)
    return Letter.objects.earliest("id")


def state() -> str:
    return Letter.objects.earliest("id").state


def test_the_mail_says_how_to_say_no_by_one_click(office: PostOffice) -> None:
    a_letter()
    mail_leaves(NOW)
    (came,) = office.to("noor")
    assert came["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert came["List-Unsubscribe"].strip().startswith("<http://127.0.0.1:8000/mail/unsubscribe/p.noor~")
    assert state() == "sent"


def test_a_connection_that_breaks_after_the_text_leaves_it_unknown(office: PostOffice) -> None:
    letter = a_letter()
    office.hang_up = "after"
    mail_leaves(NOW)
    assert state() == "unsure"
    mail_leaves(LATER)
    assert len(office.came) == 1
    assert where("noor").awaits == "mail"
    letters.settle(letter=letter, has_left=True, at=LATER)
    assert state() == "sent"
    assert where("noor").place == 1


def test_a_person_who_says_that_it_has_not_arrived_has_it_sent_again(office: PostOffice) -> None:
    letter = a_letter()
    office.hang_up = "before"
    mail_leaves(NOW)
    assert (state(), office.came) == ("unsure", [])
    assert letters.settle(letter=letter, has_left=False, at=LATER)
    assert not letters.settle(letter=letter, has_left=False, at=LATER)
    mail_leaves(LATER)
    assert (state(), len(office.came)) == ("sent", 1)


def test_a_server_that_refuses_the_connection_is_tried_again(settings: LazySettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        settings.EMAIL_BACKEND, settings.EMAIL_HOST = carrier.SMTP, "127.0.0.1"
        settings.EMAIL_PORT, settings.EMAIL_URL = taken.getsockname()[1], "smtp://x"
        a_letter()
        mail_leaves(NOW)
    assert state() == "waiting"
    assert Letter.objects.get().due_at > NOW


def test_a_server_that_takes_the_connection_and_says_nothing_is_tried_again(settings: LazySettings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = carrier.SMTP, "127.0.0.1", 0.3
        settings.EMAIL_PORT, settings.EMAIL_URL = silent.getsockname()[1], "smtp://x"
        a_letter()
        mail_leaves(NOW)
    assert state() == "waiting"


def test_an_answer_for_later_is_tried_again_and_one_for_ever_is_told(office: PostOffice) -> None:
    a_letter()
    office.to_content["noor"] = "451 greylisted"
    mail_leaves(NOW)
    assert state() == "waiting"
    office.to_content["noor"] = "554 we do not like it"
    mail_leaves(LATER)
    assert state() == "refused"
    assert where("noor").place == 1  # it is not the address: the track goes on


def test_no_such_mailbox_is_a_bounce(office: PostOffice) -> None:
    a_letter()
    office.to_recipient["noor"] = "550 no such user"
    mail_leaves(NOW)
    assert (state(), where("noor").left) == ("bounced", "bounced")


def test_a_worker_that_ended_while_it_sent_leaves_it_unknown() -> None:
    letter = a_letter()
    (held,) = claim.claim(letters.waiting(), at=NOW, limit=1, lease_seconds=300)
    assert letters._begin(held, NOW) is not None  # and here the worker is killed
    assert mail_leaves(NOW + timedelta(seconds=299)) == 0
    mail_leaves(NOW + timedelta(seconds=301))
    assert (state(), mail.outbox) == ("unsure", [])
    assert letter.key == f"track:{where('noor').pk}:1:0"


def test_who_was_slow_and_says_at_last_that_it_has_left_is_believed() -> None:
    a_letter()
    (held,) = claim.claim(letters.waiting(), at=NOW, limit=1, lease_seconds=300)
    letters._begin(held, NOW)
    mail_leaves(NOW + timedelta(seconds=301))
    letters._end(held, Letter.State.SENT, at=LATER, sent_at=LATER)
    assert (state(), where("noor").place) == ("sent", 1)


def test_a_connection_that_fell_asleep_between_two_mails_is_opened_anew(office: PostOffice) -> None:
    a_letter("noor", "ines")
    rows = claim.claim(letters.waiting(), at=NOW, limit=2, lease_seconds=300)
    with carrier.line() as line:
        letters._post(rows[0], line, at=NOW)
        assert isinstance(line.connection.connection, smtplib.SMTP)
        assert line.connection.connection.sock is not None
        line.connection.connection.sock.shutdown(socket.SHUT_RDWR)
        letters._post(rows[1], line, at=NOW)
    assert sorted(Letter.objects.values_list("state", flat=True)) == ["sent", "sent"]


def test_the_same_occasion_is_one_letter() -> None:
    letter = a_letter()
    again = letters.put(writer=letter.writer, person_id="noor", key=letter.key, context={}, at=LATER)
    assert (again.pk, Letter.objects.count()) == (letter.pk, 1)
