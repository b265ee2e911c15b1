"""A calendar says that somebody is away: the next lead goes to the deputy, and to the owner once they are back."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.app import cast
from tests.app.handoffs.leads import a_lead, in_force
from tests.app.members.feed_server import serving
from tests.app.members.test_calendars import OUT, calendar

from accord_app.members import feeds
from accord_app.work import calendar_feeds
from accord_app.work.worker import Worker

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AWAY = f"UID:1\nDTSTART:20260302T100000Z\nDTEND:20260302T160000Z\n{OUT}"


def worker(at: datetime) -> None:
    Worker(clock=lambda: at, only=(calendar_feeds.FIND, calendar_feeds.READ)).run_once()


def test_a_lead_goes_to_the_deputy_while_the_calendar_says_that_its_owner_is_away(settings: LazySettings) -> None:
    settings.CALENDAR_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    tomas, zoe = cast.a_rep(), cast.a_rep("zoe", "Zoë Baumann")
    in_force(teams={"sales-dach": {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}})
    assert a_lead("birgit", at=NOON).owner == "tomas"
    with serving() as server:
        feeds.follow(of=tomas, wanted=feeds.Wanted(server.address, True, "", zoe), at=NOON)
        server.text = calendar(AWAY)
        worker(NOON + HOUR)
        to_zoe = a_lead("laurent", at=NOON + 2 * HOUR)
        assert (to_zoe.owner, to_zoe.rule) == ("zoe", "routing.rules.1")
        server.text = calendar(AWAY + "\nSTATUS:CANCELLED")
        worker(NOON + 3 * HOUR)
        assert a_lead("noor", at=NOON + 3 * HOUR + timedelta(minutes=50)).owner == "tomas"
    client = Client()
    client.force_login(zoe)
    assert "Tomás Rivera was away, Zoë Baumann stood in" in client.get(f"/handoffs/{to_zoe.pk}/").content.decode()
