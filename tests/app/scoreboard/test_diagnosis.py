"""The diagnosis: made by the worker, the same page for both teams, each statement opened to its records."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops
from tests.app.handoffs.leads import AGREED, a_lead, in_force, let_seconds_pass
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.handoffs import actions
from accord_app.ledger.carrying import carry
from accord_app.measures.diagnosing import AGAINST, figure_name, measure_diagnosis
from accord_app.measures.models import Figure
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
PAGE = "/scoreboard/diagnosis/"
JANUARY = datetime(2026, 1, 12, 9, tzinfo=UTC)
NOW = JANUARY + timedelta(days=70)


def some_wins(count: int) -> None:
    """So many leads in January and as many in March, all accepted and won, those of March for more."""
    in_force(answers=AGREED["answers"])
    tomas = a_rep()
    for number in range(2 * count):
        at = JANUARY + (number // count) * timedelta(days=60) + number * timedelta(minutes=20)
        handoff = a_lead(f"p{number}", at=at, name=f"Lead {number}")
        actions.accept(handoff=handoff, by=tomas, at=at + timedelta(minutes=5))
        let_seconds_pass(at + timedelta(minutes=5))
        deal = {"deal_id": f"d{number}", "person_id": f"p{number}", "currency": "EUR",
                "amount": 1_000.0 * (1 + number // count)}  # fmt: skip
        rows = [{**deal, "id": f"{event}{number}", "event": event, "occurred_at": at + timedelta(days=day)}
                 for event, day in (("opened", 1), ("won", 5))]  # fmt: skip
        record("deals", rows, at=at + timedelta(days=5), source="crm")
    carry(at=NOW)
    assert measure_diagnosis(at=NOW)


def test_both_teams_read_the_same_split_which_adds_up() -> None:
    some_wins(6)
    pages = [page_of(who(), f"{PAGE}?against=before") for who in (a_rep, a_marketer, a_revops, a_head_of_sales)]
    for page in pages:
        assert "New revenue is 100\N{NO-BREAK SPACE}% more than before." in page
        assert (
            "Deal size" in page and "€1 k" in page and "The price of misalignment" in page and "90 % interval" in page
        )


def test_each_factor_opens_to_the_people_that_it_is_of() -> None:
    some_wins(6)
    page = page_of(a_rep(), f"{PAGE}?against=before")
    people = set(re.findall(r'href="(/people/[^"]+)">(Lead \d+)</a>', page))
    assert {name for _, name in people} == {f"Lead {number}" for number in range(1, 12)}  # the first came too early
    assert "11 people" in page


def test_what_an_earlier_release_kept_is_shown_as_it_was() -> None:
    some_wins(6)
    figure = Figure.objects.get(name=figure_name("before"))
    for row in figure.content["rows"]:
        row.pop("kind")
        row["records"] = row.pop("count")
    figure.save()
    page = page_of(a_rep(), f"{PAGE}?against=before")
    assert '<td class="n hide-s">11</td>' in page
    assert "11 people" not in page


def test_without_a_plan_it_says_so_and_the_rest_still_stands() -> None:
    some_wins(6)
    page = page_of(a_rep(), PAGE)
    assert "The agreement plans no handoffs and no new_revenue" in page
    assert "What we know" in page and "The price of misalignment" in page


def test_before_anything_is_measured_it_says_so() -> None:
    assert measure_diagnosis(at=NOW) is False
    assert "The diagnosis is being made." in page_of(a_rep(), PAGE)


def test_an_old_diagnosis_says_that_it_is_old() -> None:
    some_wins(3)
    assert "older than an hour" in page_of(a_rep(), f"{PAGE}?against=quarter")


def test_what_it_is_held_against_has_three_names() -> None:
    client = client_of(a_rep())
    assert client.get(f"{PAGE}?against=luck").status_code == 404
    assert all(client.get(f"{PAGE}?against={name}").status_code == 200 for name in AGAINST)


def test_records_behind_a_finding_are_opened_by_name_with_the_same_number_of_queries() -> None:
    some_wins(6)
    figure = Figure.objects.get(name=figure_name("before"))
    found = {"rule": "unowned", "title": "Leads without an owner", "says": "Some had none.", "amount": "2 handoffs",
             "who": "Both teams", "also": [], "kind": "deals", "records": ["d1"]}  # fmt: skip
    client, taken = client_of(a_rep()), []
    for records in (["d1"], ["d1", "d2", "d3"]):
        figure.content["known"] = [{**found, "records": records}]
        figure.save()
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"{PAGE}?against=before").content.decode()
        taken.append(len(queries))
        assert 'href="/deals/of/d1/"' in page
    assert taken[0] == taken[1]
