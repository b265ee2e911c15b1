"""One mail a day for those who want that, and no mail at night."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from tests.app.cast import a_rep
from tests.app.outbox.posting import NOW, states, tell, work
from tests.post_office import PostOffice, html_of, text_of

from accord_app.members.models import User
from accord_app.outbox.actions import cancel, send
from accord_app.outbox.models import Message

pytestmark = pytest.mark.django_db

TOMORROW_MORNING = NOW.replace(hour=7) + timedelta(days=1)  # eight in Berlin


def a_reader_of_digests(**wishes: time) -> User:
    rep = a_rep()
    rep.mail_at_once, rep.digest_at = False, time(8)
    for name, value in wishes.items():
        setattr(rep, name, value)
    rep.save()
    return rep


def to(office: PostOffice, at: datetime) -> int:
    """How many mails have come once the worker has worked at `at`."""
    work(at)
    return len(office.came)


def test_a_digest_lists_what_came_since_the_last_with_links(post_office: PostOffice) -> None:
    rep = a_reader_of_digests()
    tell(rep, lead="1")
    tell(rep, lead="3", at=NOW + timedelta(hours=2))
    assert to(post_office, TOMORROW_MORNING - timedelta(minutes=1)) == 0
    assert to(post_office, TOMORROW_MORNING) == 1
    (mail,) = post_office.came
    assert mail["Subject"] == "2 messages for you"
    assert "For you: Birgit Sommer\nhttp://127.0.0.1:8000/leads/1" in text_of(mail)
    assert 'href="http://127.0.0.1:8000/leads/3"' in html_of(mail)
    assert set(states().values()) == {"sent"}
    assert to(post_office, TOMORROW_MORNING + timedelta(days=2)) == 1


def test_the_next_day_has_the_next_digest(post_office: PostOffice) -> None:
    rep = a_reader_of_digests()
    tell(rep, lead="1")
    work(TOMORROW_MORNING)
    tell(rep, lead="2", at=TOMORROW_MORNING + timedelta(minutes=5))
    assert to(post_office, TOMORROW_MORNING + timedelta(hours=23)) == 1
    assert to(post_office, TOMORROW_MORNING + timedelta(days=1)) == 2
    assert post_office.came[1]["Subject"] == "1 message for you"


def test_what_is_urgent_or_asked_for_does_not_wait_for_it(post_office: PostOffice) -> None:
    rep = a_reader_of_digests()
    tell(rep, urgent=True)
    send(kind="password_reset", to=rep, key="reset", about="member:tomas", context={}, at=NOW)
    assert to(post_office, NOW) == 2


def test_a_digest_of_nothing_is_not_sent(post_office: PostOffice, leads: dict[str, str]) -> None:
    rep = a_reader_of_digests()
    tell(rep, lead="1")
    tell(rep, lead="2")
    cancel(about="lead:1")
    del leads["2"]
    assert to(post_office, TOMORROW_MORNING) == 0
    assert set(states().values()) == {"cancelled"}


def test_what_is_written_while_a_digest_is_sent_is_in_the_next(post_office: PostOffice) -> None:
    rep = a_reader_of_digests()
    tell(rep, lead="1")
    Message.objects.filter(kind="digest").update(state="sent")
    tell(rep, lead="2", at=NOW + timedelta(minutes=1))
    assert Message.objects.filter(kind="digest", state="waiting").count() == 1
    assert to(post_office, TOMORROW_MORNING + timedelta(days=1)) == 1
    assert post_office.came[0]["Subject"] == "2 messages for you"


def test_quiet_hours_hold_for_urgent_mail_and_for_digests(post_office: PostOffice) -> None:
    rep = a_reader_of_digests(quiet_from=time(18), quiet_until=time(9))
    evening = NOW.replace(hour=20)
    tell(rep, lead="1", at=evening, urgent=True)
    tell(rep, lead="2", at=evening)
    assert to(post_office, TOMORROW_MORNING) == 0
    assert to(post_office, TOMORROW_MORNING + timedelta(hours=1)) == 2


def test_quiet_hours_that_were_set_afterwards_hold_too(post_office: PostOffice) -> None:
    rep = a_rep()
    evening = NOW.replace(hour=20)
    tell(rep, at=evening)
    rep.quiet_from, rep.quiet_until = time(18), time(8)
    rep.save()
    assert to(post_office, evening) == 0
    assert Message.objects.get().attempts == 0
    assert to(post_office, TOMORROW_MORNING) == 1


def test_somebody_who_asks_for_a_password_at_night_gets_it(post_office: PostOffice) -> None:
    rep = a_reader_of_digests(quiet_from=time(18), quiet_until=time(9))
    evening = NOW.replace(hour=20)
    send(kind="password_reset", to=rep, key="reset", about="member:tomas", context={}, at=evening)
    assert to(post_office, evening) == 1
    assert "/account/" in text_of(post_office.came[0])
