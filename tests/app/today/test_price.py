"""The price of misalignment on the first page of the day: worked out before, a range, opened to its records (M63)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.app.cast import a_head_of_marketing, a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.html import faults
from tests.app.scoreboard.test_diagnosis import NOW, some_wins

from accord_app.ledger.models import Touch
from accord_app.measures.diagnosing import MOST_SHOWN, PRICE, QUARTER, measure_diagnosis
from accord_app.measures.models import Figure
from accord_app.members.models import User
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
LEADING = (a_revops, a_head_of_sales, a_head_of_marketing)
OTHERS = (a_rep, a_marketer, an_administrator)


def today_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    page = client.get("/").content.decode()
    assert faults(page) == []
    return page


def part(
    name: str, *records: str, kind: str = "handoffs", amount: str = "€40 k", share: float = 0.5
) -> dict[str, object]:
    return {"name": name, "title": name.replace("_", " ").capitalize(), "count": str(len(records)), "amount": amount,
            "share": share, "span": "€10 k to €70 k", "says": "So it was.", "kind": kind,
            "records": list(records)}  # fmt: skip


def a_price(*rows: dict[str, object], at: datetime | None = None, against: str = QUARTER) -> None:
    """A price as the worker keeps it."""
    content = {"title": "The price of misalignment is €104 k to €196 k, in that time.", "span": "€104 k to €196 k",
               "middle": "€148 k", "period": "1 July 2026 to 12 August 2026", "count": "164", "against": against,
               "says": "What comparable records brought.", "definition": "", "rows": list(rows)}  # fmt: skip
    at = at or timezone.now()
    Figure.objects.update_or_create(name=PRICE, defaults={"content": content, "as_known": at, "measured_at": at})


@pytest.mark.parametrize("who", LEADING)
def test_whoever_leads_sees_it_as_a_range_with_its_period_and_its_age(who: Callable[[], User]) -> None:
    a_price(part("late_touch", "d1"))
    page = today_of(who())
    assert "Price of misalignment, this quarter so far" in page
    assert "€104 k to €196 k" in page
    assert '1 July 2026 to 12 August 2026, around <span class="nowrap">€148 k</span>; 90 % interval.' in page
    assert "Measured 0\u00a0s ago." in page or "Measured 1\u00a0s ago." in page
    assert "164 records" in page
    assert 'href="/scoreboard/diagnosis/?against=quarter#price"' in page


@pytest.mark.parametrize("who", OTHERS)
def test_others_have_it_on_the_diagnosis_and_not_here(who: Callable[[], User]) -> None:
    a_price(part("late_touch", "d1"))
    assert "misalignment" not in today_of(who())


def test_before_it_is_worked_out_the_page_says_when_it_comes() -> None:
    page = today_of(a_revops())
    assert "It stands here within half an hour of the first facts" in page
    assert "How this is worked out" not in page


def test_an_old_price_says_that_it_is_old() -> None:
    a_price(part("late_touch", "d1"), at=timezone.now() - timedelta(hours=2))
    assert "older than an hour" in today_of(a_revops())


def test_without_a_quarter_only_the_dates_name_the_period() -> None:
    a_price(part("late_touch", "d1"), against="before")
    page = today_of(a_revops())
    assert "this quarter so far" not in page
    assert "1 July 2026 to 12 August 2026" in page


def test_each_part_opens_to_its_records_with_the_same_number_of_queries() -> None:
    some_wins(6)
    client, taken = Client(), []
    client.force_login(a_head_of_sales())
    calls = [{"id": f"c{place}", "person_id": f"p{place}", "kind": "call.connected", "side": "sales", "by": "tomas",
              "occurred_at": NOW} for place in range(3)]  # fmt: skip
    record("touches", calls, at=NOW, source="phone")
    told = [f"phone:{each}" for each in Touch.facts().filter(source="phone").values_list("source_id", flat=True)]
    for deals, assets, touches in (
        (["d1"], ["case"], told[:1]),
        (["d1", "d2", "d3"], ["case", "buyers-guide"], told),
    ):
        a_price(
            part("campaigns", *deals, kind="deals"), part("unused_content", *assets, kind="assets"),
            part("double_work", *touches, kind="touches"),
        )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/").content.decode()
        taken.append(len(queries))
        assert 'href="/deals/of/d1/"' in page
        assert assets[-1].replace("-", " ") in page
        assert page.count("Call, reached, 23 March 2026") == len(touches)
    assert taken[0] == taken[1]


def test_the_worker_keeps_the_price_of_the_quarter_with_few_of_its_records() -> None:
    some_wins(6)
    kept = Figure.objects.get(name=PRICE)
    assert kept.content["against"] == QUARTER
    assert kept.content["period"].startswith("1 January 2026 to ")
    assert all(len(row["records"]) <= MOST_SHOWN for row in kept.content["rows"])
    assert [row["name"] for row in kept.content["rows"]] == [
        "never_touched", "late_touch", "campaigns", "unused_content", "double_work",
    ]  # fmt: skip
    page = today_of(a_revops())
    assert kept.content["title"] in page or kept.content["span"] in page


def test_without_any_fact_nothing_is_kept() -> None:
    assert not measure_diagnosis(at=NOW)
    assert not Figure.objects.filter(name=PRICE).exists()
