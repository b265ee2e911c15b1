"""What became of leads that were given back: measured by the worker, the same page for both teams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops, a_team
from tests.app.handoffs.leads import AGREED, a_lead, in_force, let_seconds_pass
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.handoffs import actions
from accord_app.ledger.carrying import carry
from accord_app.measures.measuring import measure
from accord_app.measures.models import Figure
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
PAGE = "/scoreboard/given-back/"
JANUARY = datetime(2026, 1, 12, 9, tzinfo=UTC)
NOW = JANUARY + timedelta(days=200)


def given_back(count: int) -> None:
    """So many leads that were rejected as without fit in January; the first of them was won in March."""
    in_force(answers=AGREED["answers"])
    tomas = a_rep()
    for number in range(count):
        at = JANUARY + number * timedelta(minutes=20)
        handoff = a_lead(f"p{number}", at=at, name=f"Lead {number}")
        actions.reject(handoff=handoff, reason="no_fit", by=tomas, at=at + timedelta(minutes=5))
        let_seconds_pass(at + timedelta(minutes=5))
    deal = {"deal_id": "d", "person_id": "p0", "amount": 10.0, "currency": "EUR"}
    march = JANUARY + timedelta(days=60)
    rows = [{**deal, "id": e, "event": e, "occurred_at": march} for e in ("opened", "won")]
    record("deals", rows, at=march, source="crm")
    carry(at=NOW)
    assert measure(at=NOW)


def test_both_teams_read_the_same_shares_with_their_intervals_down_to_the_handoffs() -> None:
    given_back(20)
    pages = [page_of(who(), PAGE) for who in (a_rep, a_marketer, a_revops, a_head_of_sales)]
    for page in pages:
        assert "Of 20 leads that were given back, 1 was won within 180 days." in page
        assert "Does not need what we make" in page and "5 %" in page and "became a deal, won" in page
    (won,) = [r for r in Figure.objects.get(name="given back").content["records"] if r["won"]]
    link, person = reverse("handoffs:one", args=[won["handoff_id"]]), reverse("records:person", args=["p0"])
    for page in pages:
        assert f'href="{link}">Lead 0</a>' in page and "given back 12 January 2026" in page
    stranger = page_of(a_rep("amy", "Amy Clarke", team=a_team("sales-uk", "Sales UK")), PAGE)
    assert link not in stranger and f'href="{person}">Lead 0</a>' in stranger


def test_with_too_few_it_says_how_many_more_are_needed() -> None:
    given_back(3)
    assert "too few to tell, 17 more needed" in page_of(a_rep(), PAGE)


def test_before_anything_is_measured_it_says_so() -> None:
    assert "is being measured" in page_of(a_rep(), PAGE)


def test_twice_the_rows_take_the_same_number_of_queries() -> None:
    client, taken = client_of(a_rep()), []
    given_back(3)
    figure = Figure.objects.get(name="given back")
    for times in (10, 20):
        content = {**figure.content, "records": figure.content["records"] * times}
        Figure.objects.filter(pk=figure.pk).update(content=content)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        taken.append(len(queries))
    assert taken[0] == taken[1]
