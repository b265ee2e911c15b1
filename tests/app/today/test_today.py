"""The first page of the day, for each role."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.app.cast import a_head_of_marketing, a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.handoffs.test_desk import arrives, in_force, the_handoff
from tests.app.html import faults

from accord_app.handoffs.models import Handoff
from accord_app.members.models import User
from accord_app.today.reads import spelt

pytestmark = pytest.mark.django_db
LONG_AGO = "2026-01-01T00:00:00+00:00"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def handed_over(count: int, start: int = 0) -> None:
    if not start:
        in_force(in_force_from=LONG_AGO, teams={"sales-dach": {"people": ["tomas"]}},
                 routing={"rules": [{"team": "sales-dach", "method": "round_robin"}]})  # fmt: skip
    for number in range(start, start + count):
        arrives(f"p{number}", at=timezone.now() - timedelta(minutes=5), employees=30)


def the_page(user: User) -> str:
    answer = signed_in(user).get("/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert faults(page) == []
    return page


@pytest.mark.parametrize("who", [a_rep, a_marketer, a_revops, a_head_of_sales, a_head_of_marketing, an_administrator])
def test_every_role_has_a_page_on_an_empty_workspace(who: object) -> None:
    assert callable(who)
    page = the_page(who())
    assert "Good " in page


def test_a_workspace_that_is_not_set_up_leads_to_its_first_steps() -> None:
    page = the_page(an_administrator())
    assert "The workspace is still being set up." in page
    assert 'href="/setup/"' in page.split("<main")[1]
    assert "left until the first lead is handed over." in page
    assert 'href="/setup/"' not in the_page(a_rep()).split("<main")[1]


def test_a_rep_is_told_what_waits_and_can_accept_at_once() -> None:
    tomas = a_rep()
    handed_over(2)
    page = the_page(tomas)
    assert "Two handoffs wait for you." in page
    assert "The first clock ends" in page
    assert f'action="/handoffs/{the_handoff("p0").pk}/accept/' in page


def test_a_marketer_is_told_what_became_of_the_handoffs() -> None:
    handed_over(3)
    page = the_page(a_marketer())
    assert "Three leads were handed over since yesterday, none accepted." in page


def test_operations_see_the_unowned_first() -> None:
    handed_over(1)
    Handoff.objects.update(owner=None, owned_since=None)
    page = the_page(a_revops())
    assert "handoffs without an owner" in page
    assert "Without an owner" in page


def test_numbers_are_spelt_up_to_ten() -> None:
    assert [spelt(n) for n in (0, 1, 10, 11, 99, 100)] == ["No", "One", "Ten", "11", "99", "99+"]


def test_more_handoffs_make_no_more_queries() -> None:
    client = signed_in(a_rep())
    handed_over(3)
    client.get("/")
    counts = []
    for start in (3, 6):
        handed_over(3, start)
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
