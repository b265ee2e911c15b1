"""Absences that are read from a calendar by the worker, from a real server: they follow it, and people win over it."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.app import cast
from tests.app.members.conftest import Letters, availability
from tests.app.members.feed_server import Feeds, serving
from tests.app.members.test_calendars import calendar

from accord.agreement.state import Roster, microseconds
from accord.facts.errors import AccordError
from accord_app.ledger.models import FACTS
from accord_app.members import absences, actions, feeds, reads
from accord_app.members.feeds import Wanted
from accord_app.members.models import Absence, CalendarFeed, User
from accord_app.work import calendar_feeds
from accord_app.work.models import Job
from accord_app.work.worker import Worker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

NEVER = [
    f"UID:{n}\nDTSTART;VALUE=DATE:20261101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30" for n in range(90)
]  # days that never come, for which a reader of rules looks until the year 9999


@pytest.fixture(autouse=True)
def own_net(settings: LazySettings) -> None:
    settings.CALENDAR_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def server() -> Iterator[Feeds]:
    with serving() as found:
        yield found


def days(first: int, last: int, *, uid: str = "1", more: str = "") -> str:
    """Whole days in the member's zone, counted from 23 November; the last one is not in it."""
    begins, ends = NOW + first * DAY, NOW + last * DAY
    return f"UID:{uid}\nDTSTART;VALUE=DATE:{begins:%Y%m%d}\nDTEND;VALUE=DATE:{ends:%Y%m%d}{more}"


def midnight(day: int) -> datetime:
    """Berlin's, in winter."""
    return NOW.replace(hour=0) + day * DAY - HOUR


def follow(of: User, server: Feeds, *, deputy: User | None = None, at: datetime = NOW) -> None:
    feeds.follow(of=of, wanted=Wanted(server.address, True, "out of office", deputy), at=at)


def read(at: datetime = NOW) -> CalendarFeed:
    """What the worker does at a moment; gives the one calendar there is."""
    Worker(clock=lambda: at, only=(calendar_feeds.FIND, calendar_feeds.READ)).run_once()
    return CalendarFeed.objects.get()


def says(server: Feeds, *events: str, at: datetime) -> CalendarFeed:
    server.text = calendar(*events)
    return read(at)


def away(of: User) -> list[tuple[float, float]]:
    """The stretches, in days from the midnight before now, as the pages have them."""
    rows = [row for row in of.absences.order_by("begins_at") if row.over_at > row.begins_at]
    return [((row.begins_at - midnight(0)) / DAY, (row.over_at - midnight(0)) / DAY) for row in rows]


def there(of: User, *, at: datetime, until: int = 12) -> list[tuple[int, str | None]]:
    """At noon of which days somebody is away, as routing will know, and who stands in."""
    rows = FACTS["availability"].facts().values("person", "event", "occurred_at", "known_at", "until", "deputy")
    roster = Roster.from_rows([row for row in rows if row["known_at"] <= at + HOUR])
    noons = [(day, microseconds(midnight(day) + 12 * HOUR)) for day in range(until)]
    return [(day, found.deputy) for day, noon in noons if (found := roster.absence(of.handle, noon))]


def test_the_worker_reads_and_routing_knows(server: Feeds, letters: Letters) -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    follow(tomas, server, deputy=sara)
    feed = says(server, days(2, 4), days(5, 6, uid="2", more="\nSTATUS:CANCELLED"), at=NOW)
    assert (feed.problem, feed.events, feed.counted, feed.failures) == ("", 2, 1, 0)
    assert [row[:3] + row[3:] for row in availability()] == [("tomas", "absent", "sara", midnight(2), midnight(4))]
    assert there(tomas, at=NOW) == [(2, "sara"), (3, "sara")]
    assert [(mail["kind"], mail["to"]) for mail in letters] == [("absence_set", sara)]
    assert feed.next_at - NOW >= feeds.EVERY
    assert not Job.objects.filter(kind=calendar_feeds.READ).exists()


def test_it_is_read_again_in_its_time_and_only_what_changed_is_told(server: Feeds) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    server.headers = {"ETag": '"1"'}
    says(server, days(2, 4), at=NOW)
    read(NOW + timedelta(minutes=5))
    assert len(server.asked) == 1
    read(NOW + timedelta(minutes=20))
    assert server.asked[1]["If-None-Match"] == '"1"'
    server.headers = {}
    read(NOW + timedelta(minutes=40))  # the same text without a mark
    assert len(availability()) == Absence.objects.count() == 1


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([days(2, 4)], [2, 3]),
        ([days(3, 8)], [3, 4, 5, 6, 7]),
        ([days(1, 6)], [1, 2, 3, 4, 5]),
        ([days(1, 3)], [1, 2]),
        ([days(2, 6), days(9, 10, uid="2")], [2, 3, 4, 5, 9]),
        ([days(2, 3), days(4, 5, uid="2"), days(5, 9, uid="3")], [2, 4, 5, 6, 7, 8]),
    ],
)
def test_moved_shortened_and_gone(server: Feeds, events: list[str], expected: list[int]) -> None:
    """And back again: whatever was taken back before does not shorten what comes later."""
    tomas = cast.a_rep()
    follow(tomas, server)
    says(server, days(2, 6), at=NOW)
    later = NOW + 2 * HOUR
    says(server, *events, at=later)
    assert [day for day, _ in there(tomas, at=later)] == expected
    again = NOW + 5 * HOUR
    says(server, days(1, 7), at=again)
    assert [day for day, _ in there(tomas, at=again)] == [1, 2, 3, 4, 5, 6]


def test_what_has_begun_ends_when_the_calendar_says_so(server: Feeds) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    says(server, days(0, 4), at=NOW)
    says(server, at=NOW + DAY)
    assert [day for day, _ in there(tomas, at=NOW + DAY)] == [0]
    assert away(tomas)[0][0] == 0
    assert 1.4 < away(tomas)[0][1] < 1.5


def test_absences_typed_by_hand_stay_and_win(server: Feeds) -> None:
    tomas, sara, ada = cast.a_rep(), cast.a_rep("sara", "Sara Lind"), cast.a_revops()
    typed = absences.begin(of=tomas, begins_at=midnight(3), ends_at=midnight(4), deputy=sara, by=tomas, at=NOW)
    follow(tomas, server, deputy=ada)
    says(server, days(2, 6), at=NOW)
    assert there(tomas, at=NOW) == [(2, "ada"), (3, "sara"), (4, "ada"), (5, "ada")]
    says(server, at=NOW + HOUR)
    assert there(tomas, at=NOW + HOUR) == [(3, "sara")]
    says(server, days(2, 6), at=NOW + 2 * HOUR)
    absences.end(absence=typed, at=NOW + 3 * HOUR)
    read(NOW + 4 * HOUR)  # unchanged, yet what it says counts now
    assert there(tomas, at=NOW + 4 * HOUR) == [(day, "ada") for day in (2, 3, 4, 5)]


def test_what_a_person_ended_does_not_come_back(server: Feeds) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    says(server, days(2, 4), at=NOW)
    says(server, days(2, 6), at=NOW + HOUR)
    (shown,) = reads.absences_of(User.objects.filter(pk=tomas.pk), at=NOW + HOUR)
    assert (shown.begins_at, shown.ends_at, shown.from_calendar) == (midnight(2), midnight(6), True)
    absences.end(absence=Absence.objects.get(pk=shown.number), at=NOW + 2 * HOUR)
    says(server, days(2, 7), at=NOW + 3 * HOUR)
    assert [day for day, _ in there(tomas, at=NOW + 3 * HOUR)] == [6]
    with pytest.raises(AccordError, match="over already"):
        absences.end(absence=Absence.objects.get(pk=shown.number), at=NOW + 4 * HOUR)


def test_another_deputy_stands_in_from_then_on(server: Feeds) -> None:
    tomas, sara, ada = cast.a_rep(), cast.a_rep("sara", "Sara Lind"), cast.a_revops()
    follow(tomas, server, deputy=sara)
    says(server, days(0, 3), at=NOW)
    feeds.follow(of=tomas, wanted=Wanted("", True, "", ada), at=NOW + DAY)
    read(NOW + DAY)
    assert there(tomas, at=NOW + DAY) == [(0, "sara"), (1, "ada"), (2, "ada")]
    says(server, days(0, 2), at=NOW + DAY + HOUR)
    assert there(tomas, at=NOW + DAY + HOUR) == [(0, "sara"), (1, "ada")]


def test_stopping_forgets_the_address_and_ends_its_absences(server: Feeds) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    says(server, days(2, 4), at=NOW)
    feeds.stop(of=tomas, at=NOW + HOUR)
    assert not CalendarFeed.objects.exists()
    assert there(tomas, at=NOW + HOUR) == []
    with pytest.raises(AccordError, match="No calendar"):
        feeds.read_soon(of=tomas, at=NOW)


def test_of_whom_leaves_no_calendar_is_read(server: Feeds) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    says(server, days(2, 4), at=NOW)
    actions.leave(member=tomas, at=NOW + HOUR)
    assert not CalendarFeed.objects.exists()
    actions.come_back(member=tomas, at=NOW + 2 * HOUR)
    assert there(tomas, at=NOW + 2 * HOUR) == []


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (b"<html>Sign in</html>", 200, "gives a web page, not a calendar. Copy the address"),
        (b"x" * 10 * 1024 * 1024, 200, "larger than 5 MB. Give a calendar"),
        (b"", 500, "has trouble (500). It is tried again by itself"),
        (b"", 404, "no such calendar (404). Copy the address"),
        (calendar(*NEVER), 200, "too much time or memory"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_to_its_owner_and_absences_stay(
    server: Feeds,
    text: bytes,
    status: int,
    says: str,
    caplog: pytest.LogCaptureFixture,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "COMPUTING_SECONDS", 3)
    tomas = cast.a_rep()
    follow(tomas, server)
    server.text = calendar(days(2, 4))
    read(NOW)
    server.text, server.status = text, status
    pauses = []
    with caplog.at_level(logging.DEBUG):
        for hours in (1, 2):
            feed = read(NOW + hours * HOUR)
            pauses.append(feed.next_at - NOW - hours * HOUR)
    assert says in f"{feed.problem} {feed.remedy}"
    assert feed.failures == 2
    assert timedelta(minutes=15) <= pauses[0] < timedelta(minutes=30) <= pauses[1]
    assert [day for day, _ in there(tomas, at=NOW + 2 * HOUR)] == [2, 3]
    assert "s3cret" not in caplog.text
    client.force_login(tomas)
    for page in ("/absences/", "/absences/calendar/"):
        assert feed.problem in client.get(page).content.decode()
    server.text, server.status = calendar(days(2, 3)), 200
    feed = read(feed.next_at)
    assert (feed.problem, feed.failures) == ("", 0)
    assert [day for day, _ in there(tomas, at=feed.next_at)] == [2]


def test_a_lasting_failure_is_told_by_mail_once_until_it_works_again(server: Feeds, letters: Letters) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    told = []
    for hours, status in [(0, 500), (23, 500), (25, 500), (60, 404), (90, 200), (120, 500), (140, 500), (150, 500)]:
        server.text, server.status = calendar(), status
        CalendarFeed.objects.update(next_at=NOW + hours * HOUR)
        read(NOW + hours * HOUR)
        told.append(len(letters))
    assert told == [0, 0, 1, 1, 1, 1, 1, 2]
    first, second = letters
    assert (first["kind"], first["to"], first["context"]["path"]) == ("calendar_fails", tomas, "/absences/calendar/")
    assert "(500)" in first["context"]["problem"]
    assert first["context"]["host"] == "127.0.0.1"
    assert first["key"] != second["key"]
    assert "s3cret" not in repr(letters)


def test_a_lasting_failure_is_told_a_day_after_it_began_and_no_reading_later(server: Feeds, letters: Letters) -> None:
    """Read only when it is due, with pauses that double."""
    tomas = cast.a_rep()
    follow(tomas, server)
    server.status, at, readings = 500, NOW, 0
    while not letters:
        at, readings = max(at, CalendarFeed.objects.get(user=tomas).next_at), readings + 1
        read(at)
    began = CalendarFeed.objects.get(user=tomas).failing_since
    assert began is not None and timedelta(hours=24) <= at - began < timedelta(hours=24, minutes=1)
    assert readings == 8
    server.headers = {"Retry-After": "172800"}
    read(CalendarFeed.objects.get(user=tomas).next_at)
    feed = CalendarFeed.objects.get(user=tomas)
    assert feed.next_at - at > timedelta(hours=24)


def test_a_new_address_has_its_own_day(server: Feeds, letters: Letters) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    server.status = 500
    read(NOW)
    feeds.follow(of=tomas, wanted=Wanted(f"{server.address}2", True, "", None), at=NOW + 25 * HOUR)
    read(NOW + 25 * HOUR)
    assert not letters
    feeds.follow(of=tomas, wanted=Wanted("", False, "", None), at=NOW + 50 * HOUR)  # the same address
    read(NOW + 50 * HOUR)
    assert [mail["kind"] for mail in letters] == ["calendar_fails"]


def test_the_address_is_a_secret(server: Feeds, client: Client, settings: LazySettings) -> None:
    tomas = cast.a_rep()
    client.force_login(tomas)
    form = {"address": server.address, "all_day": "on", "words": "Urlaub", "deputy": ""}
    assert client.post("/absences/calendar/", form).status_code == 302
    server.text = calendar(days(2, 4))
    read(datetime.now(UTC))
    for page in ("/absences/", "/absences/calendar/"):
        shown = client.get(page).content.decode()
        assert "127.0.0.1" in shown
        assert "s3cret" not in shown
    kept = CalendarFeed.objects.values().get()
    assert "s3cret" not in repr(kept)
    settings.SECRET_KEY = "another"  # noqa: S105
    CalendarFeed.objects.update(next_at=NOW)
    assert "secret key of this workspace has changed" in read(datetime.now(UTC) + 2 * timedelta(minutes=1)).problem


def test_the_page_of_ones_own_calendar(server: Feeds, client: Client) -> None:
    tomas, sara = cast.a_rep(), cast.a_rep("sara", "Sara Lind")
    client.force_login(tomas)
    assert "No calendar is read for you." in client.get("/absences/calendar/").content.decode()
    refused = client.post("/absences/calendar/", {"address": "http://calendar.example/a", "deputy": tomas.pk})
    assert refused.status_code == 422
    assert not CalendarFeed.objects.exists()
    client.post("/absences/calendar/", {"address": server.address, "words": "Urlaub", "deputy": sara.pk})
    client.post("/absences/calendar/", {"address": "", "all_day": "on", "words": "", "deputy": ""})
    kept = CalendarFeed.objects.get()
    assert (kept.host, kept.all_day, kept.words, kept.deputy) == ("127.0.0.1", True, "", None)
    client.post("/absences/calendar/read/")
    assert "read within a minute" in client.get("/absences/calendar/").content.decode()
    client.force_login(sara)
    assert "No calendar is read for you." in client.get("/absences/calendar/").content.decode()
    client.force_login(tomas)
    client.post("/absences/calendar/stop/")
    assert not CalendarFeed.objects.exists()


def test_what_changed_while_it_was_read_is_read_anew(server: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    tomas = cast.a_rep()
    follow(tomas, server)
    server.text = calendar(days(2, 4))
    get = feeds._get

    def meanwhile(ask: feeds._Ask) -> feeds._Answer:
        answer = get(ask)
        changed = CalendarFeed.objects.filter(pk=ask.feed).update(all_day=False, next_at=NOW)
        assert changed == 1
        return answer

    asks = [feeds._ask(feed, "UTC", NOW) for feed in CalendarFeed.objects.select_related("user")]
    for ask in asks:
        feeds._keep(ask, meanwhile(ask), at=NOW)
    assert not availability()
    assert CalendarFeed.objects.get().next_at == NOW
