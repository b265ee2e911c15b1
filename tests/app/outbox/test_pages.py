"""The pages of messages: one's own, and everybody's."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.app.cast import a_marketer, a_rep, a_revops
from tests.app.html import faults
from tests.app.outbox.posting import NOW, tell, work
from tests.post_office import PostOffice

from accord_app.members.models import User
from accord_app.outbox.actions import send
from accord_app.outbox.models import Message

pytestmark = pytest.mark.django_db


def as_somebody(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, address: str) -> str:
    answer = as_somebody(user).get(address)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert faults(text) == []
    return text


def a_dead_message(user: User) -> Message:
    message = tell(user)
    Message.objects.update(state="dead", died_at=NOW, last_error="RefusedError: 550 no such user", attempts=1)
    return message


def test_whoever_was_never_written_to_reads_what_will_come() -> None:
    assert "No messages" in page(a_rep(), "/messages/")


def test_one_reads_one_s_own_messages_and_nobody_else_s() -> None:
    tell(a_rep(), lead="1")
    tell(a_marketer(), lead="2")
    text = page(a_rep(), "/messages/")
    assert 'href="/leads/1"' in text
    assert "For you: Birgit Sommer" in text
    assert "Noor Haddad" not in text


def test_a_secret_link_is_on_no_page() -> None:
    send(kind="password_reset", to=a_rep(), key="reset", about="member:tomas", context={}, at=NOW)
    text = page(a_rep(), "/messages/")
    assert "Choose a new password" in text
    assert "/account/password" not in text.partition("<main")[2].partition("</main>")[0]


def test_a_message_about_somebody_erased_shows_no_name(leads: dict[str, str]) -> None:
    tell(a_rep(), lead="1")
    del leads["1"]
    text = page(a_rep(), "/messages/")
    assert "Birgit" not in text
    assert "Handoff for you" in text


def test_revops_sees_everybody_s_by_state(post_office: PostOffice) -> None:
    tell(a_rep(), lead="1")
    work()
    tell(a_marketer(), lead="2")
    text = page(a_revops(), "/messages/all/")
    assert "1 message waits to leave." in text
    assert "Birgit Sommer" in text
    assert "Noor Haddad" in text
    sent = page(a_revops(), "/messages/all/?state=sent")
    assert "Birgit Sommer" in sent
    assert "Noor Haddad" not in sent


def test_without_a_mail_server_the_page_says_what_to_set(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_URL = "django.core.mail.backends.smtp.EmailBackend", ""
    text = page(a_revops(), "/messages/all/")
    assert "Mail cannot leave yet." in text
    assert "ACCORD_MAIL_URL" in text


def test_what_was_given_up_can_be_sent_again(post_office: PostOffice) -> None:
    message = a_dead_message(a_rep())
    ada = a_revops()
    text = page(ada, "/messages/all/?state=dead")
    assert "1 message could not be sent." in text
    assert "550 no such user" in text
    answer = as_somebody(ada).post(reverse("outbox:send_again", args=[message.pk]), follow=True)
    assert "It will be sent again in a moment." in answer.content.decode()
    message.refresh_from_db()
    assert (message.state, message.attempts, message.died_at) == ("waiting", 0, None)
    work(message.due_at)
    assert len(post_office.came) == 1
    assert as_somebody(ada).post(reverse("outbox:send_again", args=[message.pk])).status_code == 404


def test_others_neither_see_nor_send_everybody_s() -> None:
    message = a_dead_message(a_rep())
    rep = as_somebody(a_rep())
    assert rep.get("/messages/all/").status_code == 403
    assert rep.post(reverse("outbox:send_again", args=[message.pk])).status_code == 403
    assert "Send again" not in page(a_rep(), "/messages/")


@pytest.mark.parametrize(
    "query", ["?before=x", "?before=-1", "?before=99999999999999999999999", "?state=<b>", "?before=²"]
)
def test_hostile_addresses_show_the_page(query: str) -> None:
    tell(a_rep())
    assert "Birgit Sommer" in page(a_revops(), f"/messages/all/{query}")


def test_a_long_list_has_pages_and_asks_no_more_of_the_database() -> None:
    rep = a_rep()
    client = as_somebody(rep)
    counts = []
    for more in (2, 120):
        for number in range(more):
            tell(rep, lead=str(1 + number % 3), key=f"{more}-{number}")
        with CaptureQueriesContext(connection) as asked:
            first = client.get("/messages/").content.decode()
        counts.append(len(asked))
    assert counts[0] == counts[1]
    oldest_shown = Message.objects.order_by("-pk")[49].pk
    assert f"?before={oldest_shown}" in first
    rest = client.get(f"/messages/?before={Message.objects.order_by('pk')[3].pk}").content.decode()
    assert rest.count("For you:") == 3
