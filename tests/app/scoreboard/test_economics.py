"""What leads cost and customers bring: measured by the worker, the same page for both teams, each figure opened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops
from tests.app.handoffs.leads import a_lead, in_force
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.ledger.carrying import carry
from accord_app.measures.counting_money import measure_economics
from accord_app.measures.models import Figure
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
PAGE = "/scoreboard/economics/"
JANUARY = datetime(2026, 1, 12, 9, tzinfo=UTC)
NOW = JANUARY + timedelta(days=60)


def business(*, wins: int = 2) -> None:
    """Three leads, so many wins of 9,000, and 600 spent on marketing in January."""
    in_force()
    for number in range(3):
        a_lead(f"p{number}", at=JANUARY + timedelta(days=number), name=f"Lead {number}")
    for number in range(wins):
        at = JANUARY + timedelta(days=20 + number)
        deal = {"deal_id": f"d{number}", "person_id": f"p{number}", "amount": 9000.0, "currency": "EUR"}
        record("deals", [{**deal, "id": f"{number}", "event": "won", "occurred_at": at}], at=at, source="crm")
    spent = {"channel": "email", "side": "marketing", "kind": "media", "amount": 600.0, "currency": "EUR"}
    month = {"occurred_at": JANUARY, "until": JANUARY + timedelta(days=30), "id": "s"}
    record("spend", [{**spent, **month}], at=JANUARY, source="finance")
    carry(at=NOW)
    assert measure_economics(at=NOW)


def test_both_teams_read_the_same_figures() -> None:
    business()
    for who in (a_rep, a_marketer, a_revops, a_head_of_sales):
        page = page_of(who(), PAGE)
        assert "€600 were spent; a new customer cost €300." in page
        assert "Cost per MQL" in page and "€200" in page
        assert "No interval: 3 MQL; 17 more would give one." in page


def test_a_figure_opens_to_its_definition_its_query_and_its_deals() -> None:
    business()
    page = page_of(a_rep(), f"{PAGE}new_revenue/")
    assert "New revenue: €18 k" in page
    assert "The last stated amounts of won deals" in page and "closings" in page
    assert page.count("€9,000") == 2 and 'href="/deals/of/d0/"' in page
    spent = page_of(a_marketer(), f"{PAGE}cost_per_lead/")
    assert "email" in spent and f"<td>January {JANUARY.year}</td>" in spent
    assert ".." not in page_of(a_marketer(), f"{PAGE}cost_per_engagement/").split("<main")[1].split("<pre")[0]


def test_without_wins_the_costs_are_told() -> None:
    business(wins=0)
    page = page_of(a_rep(), PAGE)
    assert "€600 were spent; nobody is a customer yet." in page
    assert "No deal with an amount was won in this stretch." in page
    assert "No use of an asset is recorded here." in page


def test_before_anything_is_measured_it_says_so() -> None:
    assert "is being measured" in page_of(a_rep(), PAGE)
    assert client_of(a_rep("amy", "Amy Clarke")).get(f"{PAGE}new_revenue/").status_code == 404


def test_a_word_that_is_no_figure_is_not_found() -> None:
    business()
    for word in ("profit", "new_revenue%00", "%F0%9F%92%B6"):
        assert client_of(a_rep()).get(f"{PAGE}{word}/").status_code == 404


def test_a_deal_of_nobody_known_here_is_named_so() -> None:
    business()
    figure = Figure.objects.get(name="economics")
    figure.content["behind"]["deals"][0]["deal_id"] = "gone"
    figure.save()
    assert "A deal that is not recorded here by name" in page_of(a_rep(), f"{PAGE}new_revenue/")


def test_twice_the_deals_take_the_same_number_of_queries() -> None:
    business()
    client, taken = client_of(a_rep()), []
    figure = Figure.objects.get(name="economics")
    deals = figure.content["behind"]["deals"]
    for times in (1, 20):
        figure.content["behind"]["deals"] = deals * times
        figure.save()
        client.get(f"{PAGE}new_revenue/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{PAGE}new_revenue/")
        taken.append(len(queries))
    assert taken[0] == taken[1]
