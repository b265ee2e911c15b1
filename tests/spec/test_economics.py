"""What leads and customers cost and bring. Every expectation is counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.tables import facts_in_hand, text_table

from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.economics.economics import Economics, NothingSpentOrWonError, economics

MARCH = datetime.fromisoformat("2026-03-01")


def lake(**tables: str) -> Engine:
    return facts_in_hand(**{name: text_table(text) for name, text in tables.items()})


def value(found: Economics, name: str) -> float | None:
    return found.figure(name).value


TWO_CHANNELS = {
    "spend": """
    channel     | side      | kind   | amount | currency | occurred_at | until      | clicks | engagements
    paid search | marketing | media  | 3000   | EUR      | 2026-01-01  | 2026-03-01 | 600    |
    social      | marketing | media  | 1000   | EUR      | 2026-01-01  | 2026-03-01 |        | 250
    none        | sales     | salary | 2000   | EUR      | 2026-01-01  | 2026-03-01 |        |
    """,
    "touches": """
    person_id | kind      | channel     | occurred_at
    ann       | page.home | paid search | 2026-01-05T09:00
    ann       | form.demo | paid search | 2026-01-08T09:00
    ben       | page.home | paid search | 2026-01-06T09:00
    cleo      | page.home | social      | 2026-02-02T09:00
    dan       | page.home | social      | 2026-02-03T09:00
    """,
    "handoffs": """
    person_id | handoff_id | event    | occurred_at
    ann       | h1         | offered  | 2026-01-08T10:00
    ben       | h2         | offered  | 2026-01-09T10:00
    ben       | h2         | rejected | 2026-01-12T10:00
    """,
    "deals": """
    deal_id | account_id | person_id | event  | amount | currency | occurred_at
    d1      | acme       | ann       | opened | 8000   | EUR      | 2026-01-12T09:00
    d1      | acme       | ann       | won    | 9000   | EUR      | 2026-02-11T09:00
    d2      | acme       | ann       | won    | 3000   | EUR      | 2026-02-21T09:00
    """,
}


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("spend", 6000.0),
        ("spend_of_marketing", 4000.0),
        ("spend_of_sales", 2000.0),
        ("cost_per_lead", 1500.0),  # four people
        ("cost_per_mql", 3000.0),  # ann and ben
        ("cost_per_handoff", 3000.0),
        ("acquisition_cost", 6000.0),  # acme, once
        ("cost_per_click", 5.0),  # of 3,000 on paid search
        ("cost_per_social_engagement", 4.0),
        ("new_revenue", 12000.0),
        ("deal_size", 6000.0),
        ("revenue_per_account", 12000.0),
        ("cost_of_sales", 2000 / 12000),
        ("return_on_spend", 2.0),
    ],
)
def test_each_figure_is_counted_from_its_facts(figure: str, expected: float) -> None:
    assert value(economics(lake(**TWO_CHANNELS), at=MARCH), figure) == pytest.approx(expected)


def test_spend_is_spread_over_the_leads_that_it_brought() -> None:
    found = economics(lake(**TWO_CHANNELS), at=MARCH)
    # January has 31 of the 59 days. Its 3,152 were spent while ann and ben came, in equal parts: 1,576 each.
    january, february = 6000 * 31 / 59, 6000 * 28 / 59
    assert value(found, "spent_on_won") == pytest.approx(january / 2)
    assert value(found, "spent_on_lost") == pytest.approx(january / 2)
    assert value(found, "spent_on_open") == pytest.approx(february)
    assert value(found, "acquisition_cost_without_lost") == pytest.approx(january / 2)


def test_a_channel_stands_with_its_leads_its_cost_and_its_return() -> None:
    found = economics(lake(**TWO_CHANNELS), at=MARCH)
    rows = {row["channel"]: row for row in found.channel_table().to_pylist()}
    assert (rows["paid search"]["leads"], rows["paid search"]["customers"]) == (2, 1)
    assert rows["paid search"]["cost_per_lead"] == pytest.approx(1500)
    assert rows["paid search"]["return"] == pytest.approx(12000 / 3000)
    assert (rows["social"]["revenue"], rows["social"]["return"]) == (0, 0)
    assert (rows["none"]["spend"], rows["none"]["return"]) == (pytest.approx(2000), None)


def test_few_records_have_a_figure_and_no_interval() -> None:
    found = economics(lake(**TWO_CHANNELS), at=MARCH)
    assert found.figure("cost_per_lead").interval is None
    assert found.figure("cost_per_lead").says == "No interval: 4 leads; 16 more would give one."
    assert [each.name for each in found.figures if each.interval] == [
        "cost_per_engagement",
        "cost_per_social_engagement",
        "cost_per_click",
    ]


def test_spend_counts_only_as_far_as_it_lies_in_the_stretch() -> None:
    since = datetime.fromisoformat("2026-02-01")
    found = economics(lake(**TWO_CHANNELS), since=since, until=MARCH, at=MARCH)
    assert value(found, "spend") == pytest.approx(6000 * 28 / 59)
    assert value(found, "cost_per_lead") == pytest.approx(3000 * 28 / 59)  # cleo and dan


def test_costs_end_where_spend_ends() -> None:
    later = """
    person_id | kind      | channel | occurred_at
    eve       | page.home | social  | 2026-03-20T09:00
    """
    tables = {**TWO_CHANNELS, "touches": TWO_CHANNELS["touches"].rstrip() + later.split("occurred_at", 1)[1]}
    found = economics(lake(**tables), at=MARCH + timedelta(days=30))
    assert value(found, "cost_per_lead") == pytest.approx(1500)
    assert any("1 January 2026 to 1 March 2026: costs are counted" in notice for notice in found.notices)


def test_without_spend_no_cost_is_told_and_revenue_is() -> None:
    tables = {name: text for name, text in TWO_CHANNELS.items() if name != "spend"}
    found = economics(lake(**tables), at=MARCH)
    assert value(found, "acquisition_cost") is None
    assert found.figure("acquisition_cost").says == "No spend is recorded."
    assert value(found, "new_revenue") == 12000
    assert "No spend is recorded in this stretch, so that no cost can be told." in found.notices


def test_without_wins_costs_are_told_and_what_customers_bring_is_not() -> None:
    tables = {name: text for name, text in TWO_CHANNELS.items() if name != "deals"}
    found = economics(lake(**tables), at=MARCH)
    assert value(found, "cost_per_lead") == 1500
    assert value(found, "acquisition_cost") is None
    assert found.figure("new_revenue").says == "No deal with an amount was won in this stretch."
    assert found.figure("lifetime_value").says == "No deal was won."


def test_money_in_a_currency_without_a_rate_is_left_out_and_said_so() -> None:
    mixed = TWO_CHANNELS["spend"].replace("| 1000   | EUR", "| 1000   | USD")
    found = economics(lake(**{**TWO_CHANNELS, "spend": mixed}), at=MARCH)
    assert value(found, "spend") == 5000
    assert "1 payment has no exchange rate to EUR: left out of sums of money." in found.notices


def test_money_is_told_at_the_rate_of_its_day() -> None:
    mixed = TWO_CHANNELS["spend"].replace("| 1000   | EUR", "| 1000   | USD")
    rates = """
    currency | base | rate | occurred_at
    USD      | EUR  | 2    | 2026-01-01
    USD      | EUR  | 5    | 2026-02-01
    """
    assert value(economics(lake(**{**TWO_CHANNELS, "spend": mixed, "rates": rates}), at=MARCH), "spend") == 7000


def rows_with(table: str, **changes: Any) -> Engine:
    rows = {name: text_table(text) for name, text in TWO_CHANNELS.items()}
    rows[table][0].update(changes)
    return facts_in_hand(**rows)


def test_what_is_no_number_is_no_amount() -> None:
    found = economics(rows_with("spend", amount=float("nan")), at=MARCH)
    assert value(found, "spend") == pytest.approx(3000)
    assert "1 payment has no amount or currency: left out of sums of money." in found.notices


def test_spend_below_zero_is_money_that_came_back() -> None:
    found = economics(rows_with("spend", amount=-1000.0), at=MARCH)
    assert value(found, "spend") == pytest.approx(2000)
    assert "1 payment below 0: counted as money that came back." in found.notices


def test_facts_from_the_future_are_not_read() -> None:
    found = economics(rows_with("spend", occurred_at=datetime.fromisoformat("2027-01-01"), until=None), at=MARCH)
    assert value(found, "spend") == pytest.approx(3000)
    assert "1 fact of spend dated after 2026-03-01 00:00 UTC: not read." in found.notices


def test_one_lead_is_told_as_one() -> None:
    one = lake(
        touches="""
        person_id | kind      | channel | occurred_at
        ann       | page.home | email   | 2026-01-05T09:00
        """
    )
    found = economics(one, at=MARCH)
    assert [each.leads for each in found.channels] == [1]
    assert all(each.value is None for each in found.figures)
    assert all(each.says for each in found.figures)


def test_an_empty_ledger_is_told_apart() -> None:
    with pytest.raises(NothingSpentOrWonError, match="No spend, no person and no deal"):
        economics(facts_in_hand())


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"by": "owner"}, "Money cannot be told apart by 'owner'"), ({"margin": 0.0}, "A margin of 0 cannot be")],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(AccordError, match=says):
        economics(lake(**TWO_CHANNELS), at=MARCH, **asked)


def test_growth_is_told_against_the_stretch_of_the_same_length_before() -> None:
    wins = lake(
        deals="""
        deal_id | account_id | event | amount | currency | occurred_at
        d0      | acme       | won   | 100    | EUR      | 2026-01-01
        d1      | acme       | won   | 4000   | EUR      | 2026-01-10
        d2      | bolt       | won   | 5000   | EUR      | 2026-02-10
        """,
        touches="""
        person_id | kind      | channel | occurred_at
        ann       | page.home | email   | 2026-03-20T09:00
        """,
    )
    since = datetime.fromisoformat("2026-02-02")
    found = economics(wins, since=since, until=since + timedelta(days=30), at=MARCH + timedelta(days=30))
    assert value(found, "revenue_growth") == pytest.approx(0.25)
