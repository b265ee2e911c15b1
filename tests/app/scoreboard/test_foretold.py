"""Forecast and attribution: measured by the worker, the same pages for both teams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from tests.app.cast import a_head_of_sales, a_marketer, a_rep
from tests.app.handoffs.leads import in_force
from tests.app.handoffs.test_pages import client_of, page_of

from accord_app.ledger.carrying import carry
from accord_app.measures.attributing import measure_attribution
from accord_app.measures.foretelling import measure_forecast
from accord_app.measures.models import Figure
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
FORECAST, ATTRIBUTION = "/scoreboard/forecast/", "/scoreboard/attribution/"
FIRST = datetime(2026, 1, 12, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def sold(count: int = 100) -> None:
    """Every three days a deal is opened, and two of three are won after eight days; all were touched by mail."""
    in_force(plan={"2026-Q4": {"new_revenue": 300_000}})
    deals, touches = [], []
    for number in range(count):
        began = FIRST + timedelta(days=3 * number)
        deal = {"deal_id": f"d{number}", "person_id": f"p{number}", "amount": 10_000.0, "currency": "EUR"}
        event = "lost" if number % 3 == 0 else "won"
        for name, when in (("opened", began), (event, began + timedelta(days=8))):
            if when < NOW:
                deals.append({**deal, "id": f"{name}{number}", "event": name, "occurred_at": when})
        channel = "email" if number % 2 else "search"
        touches.append({"id": f"t{number}", "person_id": f"p{number}", "kind": "email.clicked", "channel": channel,
                        "side": "marketing", "occurred_at": began - timedelta(days=1)})  # fmt: skip
    record("deals", deals, at=NOW, source="crm")
    record("touches", touches, at=NOW, source="crm")
    carry(at=NOW)


def test_before_anything_was_foretold_the_pages_say_what_will_be_there() -> None:
    assert "Nothing has been foretold yet." in page_of(a_rep(), FORECAST)
    assert "Nothing has been shared out yet." in page_of(a_marketer(), ATTRIBUTION)
    assert client_of(a_head_of_sales()).get(reverse("scoreboard:forecast_csv")).status_code == 404


def test_both_teams_read_the_same_ranges_with_their_goal_and_the_record() -> None:
    sold()
    assert measure_forecast(at=NOW)
    pages = [page_of(who(), FORECAST) for who in (a_rep, a_marketer, a_head_of_sales)]
    for page in pages:
        assert "New revenue will most likely end 2026-Q4 between €" in page
        assert "plan €300 k" in page and "Ranges are made to hold what comes in 8 of 10 cases." in page
        assert "New revenue, week by week" in page and "Past forecasts as CSV" in page
    rows = Figure.objects.get(name="forecast").content["rows"]
    revenue = next(row for row in rows if row["target"] == "new_revenue")
    assert revenue["so_far"] <= revenue["low"] < revenue["high"]
    assert 0 <= revenue["chance"] <= 1


def test_the_record_grows_run_by_run_and_what_was_foretold_then_stays() -> None:
    sold()
    measure_forecast(at=NOW, most=1)
    first = Figure.objects.get(name="forecast").content["record"]
    measure_forecast(at=NOW + timedelta(minutes=15), most=1)
    second = Figure.objects.get(name="forecast").content["record"]
    assert 0 < len(first) < len(second)
    told = [(each["target"], each["period"], each["low"], each["high"]) for each in first]
    assert set(told) <= {(each["target"], each["period"], each["low"], each["high"]) for each in second}


def test_numbers_come_as_csv_for_both_teams() -> None:
    sold()
    measure_forecast(at=NOW, most=1)
    text = client_of(a_marketer()).get(reverse("scoreboard:forecast_csv")).getvalue().decode()
    assert text.startswith("\ufefftarget,metric,side,unit,period")
    assert "new_revenue,new_revenue,both,money,2026-Q4" in text
    past = client_of(a_rep()).get(reverse("scoreboard:record_csv")).getvalue().decode()
    assert "new_revenue" in past


def test_without_an_agreement_there_is_nothing_to_foretell() -> None:
    assert measure_forecast(at=NOW) is False


def test_both_teams_read_nine_models_where_they_disagree_and_the_wins_behind_them() -> None:
    sold()
    assert measure_attribution(at=NOW)
    for page in (page_of(a_rep(), ATTRIBUTION), page_of(a_head_of_sales(), ATTRIBUTION)):
        assert "shared out among 2 channels" in page
        assert "Shares are descriptions, not causes." in page and "The models agree" in page
        assert all(f">{name}</th>" in page for name in ("first", "last", "Markov 3", "Shapley"))
    newest = Figure.objects.get(name="attribution by channel").content["records"][0]
    assert newest["touched_by"] in ("email", "search")
    assert reverse("records:deal", args=[newest["deal_id"]]) in page_of(a_marketer(), ATTRIBUTION)


def test_wins_are_shared_out_by_side_too_and_what_is_not_recorded_is_called_so() -> None:
    sold()
    measure_attribution(at=NOW)
    assert "<td>marketing</td>" in page_of(a_rep(), f"{ATTRIBUTION}side/")
    assert "<td>no asset</td>" in page_of(a_marketer(), f"{ATTRIBUTION}asset/")
    csv = client_of(a_head_of_sales()).get(reverse("scoreboard:attribution_csv", args=["side"]))
    assert b"first,marketing" in csv.getvalue()


def test_with_no_win_the_page_says_so_and_there_is_no_file() -> None:
    in_force()
    carry(at=NOW)
    assert measure_attribution(at=NOW) is False
    assert "There is nothing to share out yet." in page_of(a_rep(), ATTRIBUTION)
    assert client_of(a_marketer()).get(reverse("scoreboard:attribution_csv", args=["channel"])).status_code == 404


@pytest.mark.parametrize("by", ["persona", "a%00b", "CHANNEL"])
def test_another_way_to_share_out_is_not_found(by: str) -> None:
    assert client_of(a_rep()).get(f"{ATTRIBUTION}{by}/").status_code == 404
