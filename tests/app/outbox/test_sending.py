"""Mail by real SMTP: what arrives, what is tried again, what is given up."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import transaction
from tests.app.cast import a_marketer, a_rep, a_revops
from tests.app.outbox.posting import NOW, states, tell, work
from tests.post_office import PostOffice, a_free_port, html_of, text_of

from accord_app.outbox.actions import cancel, send
from accord_app.outbox.kinds import KINDS
from accord_app.outbox.models import Message

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def reload(message: Message) -> Message:
    message.refresh_from_db()
    return message


def test_a_mail_arrives_with_its_one_link_in_both_parts(post_office: PostOffice) -> None:
    message = tell(a_rep(), lead="3")
    work()
    (mail,) = post_office.came
    assert (mail["To"], mail["Subject"]) == ("tomas@kestrel.example", "For you: Miles O’Neill & Sons")
    assert "http://127.0.0.1:8000/leads/3" in text_of(mail)
    assert "Miles O’Neill & Sons waits for your answer." in text_of(mail)
    assert 'href="http://127.0.0.1:8000/leads/3"' in html_of(mail)
    assert "Miles O’Neill &amp; Sons waits for your answer." in html_of(mail)
    assert "{{" not in html_of(mail) + text_of(mail)
    assert (reload(message).state, message.sent_at) == ("sent", NOW)


def test_the_same_cause_twice_is_one_mail(post_office: PostOffice) -> None:
    tell(a_rep(), key="one cause")
    tell(a_rep(), key="one cause")
    work()
    work(NOW + HOUR)
    assert len(post_office.came) == 1


def test_what_is_rolled_back_is_not_sent(post_office: PostOffice) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(a_rep())
        raise RuntimeError
    work()
    assert (post_office.came, states()) == ([], {})


def test_an_unknown_mailbox_is_given_up_at_once_and_holds_up_nobody(post_office: PostOffice) -> None:
    post_office.to_recipient["tomas"] = "550 5.1.1 <tomas@kestrel.example> is not known here"
    refused, fine = tell(a_rep()), tell(a_marketer())
    work()
    assert reload(refused).state == "dead"
    assert refused.died_at == NOW
    assert refused.last_error.startswith("RefusedError: 550 5.1.1")
    assert "@kestrel" not in refused.last_error
    assert reload(fine).state == "sent"


def test_content_that_the_server_dislikes_is_given_up(post_office: PostOffice) -> None:
    post_office.to_content["tomas"] = "554 no"
    message = tell(a_rep())
    work()
    assert reload(message).state == "dead"


def test_a_full_mailbox_is_tried_again_until_it_is_not(post_office: PostOffice) -> None:
    post_office.to_recipient["tomas"] = "451 come back later"
    message, fine = tell(a_rep()), tell(a_marketer())
    work()
    assert (reload(message).state, message.attempts, message.due_at > NOW) == ("waiting", 1, True)
    assert reload(fine).state == "sent"
    del post_office.to_recipient["tomas"]
    work(NOW + HOUR)
    assert (reload(message).state, len(post_office.to("tomas"))) == ("sent", 1)


def test_a_mailbox_that_stays_full_is_given_up_after_hours(post_office: PostOffice) -> None:
    post_office.to_recipient["tomas"] = "452 full"
    message, at = tell(a_rep()), NOW
    for _ in range(30):
        work(at)
        at += 2 * HOUR
    assert (reload(message).state, message.attempts) == ("dead", 15)


def test_a_server_that_is_away_costs_no_message_and_is_not_asked_for_each(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_URL, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp://x", "127.0.0.1", a_free_port()
    messages = [tell(a_rep(), lead=lead) for lead in ("1", "2", "3")]
    work()
    assert [reload(message).state for message in messages] == ["waiting"] * 3
    assert sorted(message.attempts for message in messages) == [0, 0, 1]
    assert "ConnectionRefusedError" in "".join(message.last_error for message in messages)


@pytest.mark.parametrize(("hang_up", "arrivals"), [("before", 1), ("after", 2)])
def test_a_connection_lost_while_the_mail_is_handed_over_loses_nothing(
    post_office: PostOffice, hang_up: str, arrivals: int
) -> None:
    """Whether the server had taken the mail cannot be told, so it can arrive twice, but then under one message id."""
    post_office.hang_up = hang_up
    message = tell(a_rep())
    work()
    assert reload(message).state == "waiting"
    work(NOW + HOUR)
    assert (reload(message).state, len(post_office.came)) == ("sent", arrivals)
    assert len({mail["Message-ID"] for mail in post_office.came}) == 1


def test_several_mails_share_a_connection(post_office: PostOffice) -> None:
    for lead in ("1", "2", "3"):
        tell(a_rep(), lead=lead)
    work()
    assert (len(post_office.came), post_office.connections) == (3, 1)


def test_without_a_mail_server_messages_wait_and_old_ones_are_dropped(
    settings: LazySettings, post_office: PostOffice
) -> None:
    url, settings.EMAIL_URL = settings.EMAIL_URL, ""
    old = tell(a_rep(), lead="1")
    work()
    assert (reload(old).state, old.attempts) == ("waiting", 0)
    settings.EMAIL_URL = url
    later = NOW + timedelta(days=8)
    fresh = tell(a_rep(), lead="2", at=later)
    work(later)
    assert (reload(old).state, reload(fresh).state, len(post_office.came)) == ("cancelled", "sent", 1)


def test_what_is_not_needed_any_more_is_not_sent(post_office: PostOffice) -> None:
    one, other = tell(a_rep(), lead="1"), tell(a_rep(), lead="2")
    third = tell(a_marketer(), lead="2")
    assert cancel(key=one.key) == 1
    assert cancel(about="lead:2") == 2
    assert cancel() == 0
    work()
    assert [reload(each).state for each in (one, other, third)] == ["cancelled"] * 3
    assert post_office.came == []


def test_nothing_is_said_about_a_lead_that_was_erased(post_office: PostOffice, leads: dict[str, str]) -> None:
    message = tell(a_rep(), lead="1")
    assert "Birgit" not in str(Message.objects.values().get())
    del leads["1"]
    work()
    assert (reload(message).state, post_office.came) == ("cancelled", [])


def test_whoever_has_left_gets_nothing(post_office: PostOffice) -> None:
    rep = a_rep()
    message = tell(rep)
    rep.is_active, rep.left_at = False, NOW
    rep.save()
    work()
    assert (reload(message).state, post_office.came) == ("cancelled", [])


def test_logs_hold_no_address_and_no_name(post_office: PostOffice, caplog: pytest.LogCaptureFixture) -> None:
    post_office.to_recipient["tomas"] = "451 tomas@kestrel.example is over quota"
    with caplog.at_level(logging.DEBUG):
        tell(a_rep())
        work()
        del post_office.to_recipient["tomas"]
        work(NOW + HOUR)
    ours = "\n".join(
        f"{record.name} {record.getMessage()}" for record in caplog.records if "mail.log" not in record.name
    )
    assert "kestrel.example" not in ours
    assert "Birgit" not in ours


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"digest", "invitation"}))
@pytest.mark.parametrize("full", [True, False])
def test_every_mail_can_be_read_with_all_that_it_can_say_and_with_nothing(
    post_office: PostOffice, kind: str, full: bool
) -> None:
    context = {
        name: NOW.isoformat() if name.endswith("_at") else f"<{name}> & co"
        for name in (KINDS[kind].uses if full else ())
    }
    send(kind=kind, to=a_revops(), key="k", about="lead:1", context=context, at=NOW)
    work()
    (mail,) = post_office.came
    whole = text_of(mail) + html_of(mail)
    assert "{{" not in whole
    assert "{%" not in whole
    assert KINDS[kind].button in text_of(mail)
    assert KINDS[kind].button in html_of(mail)
    if full:
        words = [name for name in KINDS[kind].uses if not name.endswith("_at") and name != "company"]
        assert all(f"<{name}> & co" in text_of(mail) for name in words)
        assert all(f"&lt;{name}&gt; &amp; co" in html_of(mail) for name in words)
        assert ("2 March, 10:00" in text_of(mail)) is any(name.endswith("_at") for name in KINDS[kind].uses)


def test_a_reader_s_own_time_zone_counts(post_office: PostOffice) -> None:
    rep = a_rep()
    rep.time_zone = "America/New_York"
    rep.save()
    at: datetime = NOW
    send(kind="clock_reminder", to=rep, key="k", about="lead:1", context={"ends_at": at.isoformat()}, at=at)
    work()
    assert "2 March, 04:00" in text_of(post_office.came[0])
