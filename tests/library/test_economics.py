"""Economics against a slow and readable twin, on invented books; and the real data that lie beside the checkout."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.imports import imported
from tests.tables import DAY_ZERO, facts_in_hand

from accord.insight.economics.accounts import accounts, again, paid_back, value
from accord.insight.economics.books import Wins
from accord.insight.economics.economics import economics
from accord.insight.economics.marginal import Elasticity, elasticity, of_money
from accord.insight.result import Interval
from accord.sources.mapping import read_mapping

SHARED = Path(os.environ.get("ACCORD_SHARED_DATA", Path(__file__).parents[2].parent / "shared/data"))
ROBYN = SHARED / "marketing_spend/robyn_dt_simulated_weekly.csv"
OLIST = SHARED / "olist_funnel"
EXAMPLE = Path(__file__).parents[2] / "examples/olist"
AT = DAY_ZERO + timedelta(days=60)
CHANNELS = ("email", "event", "social")
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(CHANNELS), st.integers(0, 58), st.none() | st.tuples(st.integers(0, 30), st.integers(1, 900))
    ),
    min_size=1, max_size=12,
)  # fmt: skip
SPEND = st.lists(
    st.tuples(st.sampled_from((*CHANNELS, "none")), st.integers(0, 40), st.integers(1, 40), st.integers(1, 5000)),
    min_size=1, max_size=6,
)  # fmt: skip
Person = tuple[str, int, tuple[int, int] | None]
Payment = tuple[str, int, int, int]


def books(people: Sequence[Person], spend: Sequence[Payment]) -> Any:
    touches = [
        {"person_id": f"p{n}", "kind": "page.home", "channel": channel, "occurred_at": DAY_ZERO + timedelta(days=day)}
        for n, (channel, day, _) in enumerate(people)
    ]
    deals = [
        {"deal_id": f"d{n}", "person_id": f"p{n}", "account_id": f"a{n % 4}", "event": "won", "amount": float(win[1]),
         "currency": "EUR", "occurred_at": DAY_ZERO + timedelta(days=day + win[0])}
        for n, (_, day, win) in enumerate(people) if win
    ]  # fmt: skip
    paid = [
        {"channel": channel, "side": "marketing", "amount": float(amount), "currency": "EUR",
         "occurred_at": DAY_ZERO + timedelta(days=start), "until": DAY_ZERO + timedelta(days=start + days)}
        for channel, start, days, amount in spend
    ]  # fmt: skip
    return facts_in_hand(touches=touches, deals=deals, spend=paid)


def spent_by(payments: Sequence[Payment], first: float, last: float, channel: str | None = None) -> float:
    """Money between two days, day by day in equal parts."""
    return sum(
        amount * max(0.0, min(start + days, last) - max(start, first)) / days
        for name, start, days, amount in payments
        if channel in (None, name)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, spend=SPEND)
def test_totals_and_channels_are_what_a_loop_counts(people: list[Person], spend: list[Payment]) -> None:
    found = economics(books(people, spend), at=AT, since=DAY_ZERO, until=AT)
    end = min((found.until - DAY_ZERO) / timedelta(days=1), 60.0)
    first = min(start for _, start, _, _ in spend)
    last = min(max(start + days for _, start, days, _ in spend), end)
    if last <= first:
        assert found.paid is None
        return
    assert found.figure("spend").value == pytest.approx(spent_by(spend, first, last), abs=0.01)
    leads = [channel for channel, day, _ in people if first <= day < last]
    told = found.figure("cost_per_lead").value
    assert told is None if not leads else told == pytest.approx(spent_by(spend, first, last) / len(leads), abs=0.01)
    worth = sum(win[1] for _, day, win in people if win and day + win[0] < end)
    assert (found.figure("new_revenue").value or 0.0) == pytest.approx(worth)
    for channel in found.channels:
        if channel.name in CHANNELS:
            assert channel.leads == leads.count(channel.name)
            assert (channel.spend or 0.0) == pytest.approx(spent_by(spend, first, last, channel.name), abs=0.01)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, spend=SPEND)
def test_money_spread_over_leads_adds_up_to_what_was_spent(people: list[Person], spend: list[Payment]) -> None:
    found = economics(books(people, spend), at=AT)
    parts = [found.figure(name).value or 0.0 for name in
             ("spent_on_won", "spent_on_lost", "spent_on_open", "spent_on_nobody")]  # fmt: skip
    assert sum(parts) == pytest.approx(found.figure("spend").value or 0.0)


DEALS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 700), st.integers(1, 900)), min_size=1, max_size=20)


def of_deals(deals: Sequence[tuple[int, int, int]]) -> tuple[Wins, datetime]:
    import pyarrow as pa

    ordered = sorted(deals, key=lambda deal: deal[1])
    names = pa.chunked_array([pa.array([f"a{account}" for account, _, _ in ordered])])
    won = np.array([np.datetime64(DAY_ZERO + timedelta(days=day), "us") for _, day, _ in ordered])
    worth = np.array([float(amount) for _, _, amount in ordered])
    return Wins(names, names, names, won, worth, {}, 0, ""), DAY_ZERO + timedelta(days=730)


@settings(max_examples=60, deadline=None)
@given(deals=DEALS)
def test_lifetime_value_is_what_a_loop_over_ages_gives(deals: list[tuple[int, int, int]]) -> None:
    won, at = of_deals(deals)
    found = accounts(won, at)
    told = value(found)
    assert told is not None
    first = {account: min(day for a, day, _ in deals if a == account) for account, _, _ in deals}
    total = 0.0
    for account, day, amount in deals:
        age = day - first[account]
        if age <= told.horizon:
            total += amount / sum(730 - begun >= age for begun in first.values())
    assert told.amount == pytest.approx(total)
    back = again(found)
    long_enough = [account for account, begun in first.items() if 730 - begun >= 365]
    came = [a for a in long_enough if any(b == a and 0 < day - first[a] <= 365 for b, day, _ in deals)]
    assert (back.count, back.of) == (len(came), len(long_enough))


def test_an_account_is_paid_back_with_the_deal_that_reaches_its_cost() -> None:
    won, at = of_deals([(0, 0, 100), (0, 30, 100), (0, 90, 100)])
    found = accounts(won, at)
    assert [paid_back(found, cost, 1.0) for cost in (50, 150, 300, 301)] == [0.0, 30.0, 90.0, None]
    assert paid_back(found, 150, 0.5) == 90.0


def test_months_that_tell_nothing_say_why() -> None:
    same, leads = np.full(24, 1000.0), np.full(24, 20.0)
    assert "hardly changed" in str(elasticity(same, leads))
    assert elasticity(same[:6], leads[:6]) == "6 months have spend and leads; it takes 12."
    assert "Fewer than 5 leads" in str(elasticity(same, np.ones(24)))
    told = of_money("email", same, leads, None, "EUR")
    assert not told.known and told.because.startswith("Cannot tell.")


def test_a_clear_relation_becomes_a_scenario_with_its_range() -> None:
    dice = np.random.default_rng(3)
    spend = np.exp(7 + dice.normal(size=24))
    told = of_money("email", spend, 2 * spend**0.5, Interval(10, 20), "EUR")
    assert told.interval is not None and told.value is not None
    each = float((2 * spend**0.5).sum() / spend.sum()) * 1000
    assert told.more == pytest.approx(0.5 * each)
    assert told.value.low == pytest.approx(told.interval.low * 10)


@pytest.mark.skipif(not ROBYN.is_file(), reason="the weekly spend is not beside the checkout")
def test_real_weekly_spend_is_told_to_the_cent_and_its_relation_is_seen_or_not() -> None:
    with ROBYN.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    media = ("tv_S", "ooh_S", "print_S", "facebook_S", "search_S")
    spend = [
        {"channel": name, "side": "marketing", "amount": float(row[name]), "currency": "EUR",
         "occurred_at": (day := datetime.fromisoformat(row["DATE"])), "until": day + timedelta(days=7)}
        for row in rows for name in media
    ]  # fmt: skip
    found = economics(facts_in_hand(spend=spend))
    total = sum(float(row[name]) for row in rows for name in media)
    assert found.figure("spend").value == pytest.approx(total, abs=0.01)
    assert {each.name for each in found.channels} == set(media)
    assert found.figure("acquisition_cost").value is None
    search = np.array([float(row["search_S"]) for row in rows])
    told = elasticity(search, np.array([float(row["revenue"]) for row in rows]))
    assert isinstance(told, Elasticity) and told.interval.low < told.value < told.interval.high


@pytest.mark.skipif(not OLIST.is_dir(), reason="Olist's data are not beside the checkout")
def test_a_real_funnel_without_money_says_what_cannot_be_told(tmp_path: Path) -> None:
    imported(tmp_path, OLIST / "olist_marketing_qualified_leads_dataset.csv", read_mapping(EXAMPLE / "leads.yaml"))
    deals = imported(tmp_path, OLIST / "olist_closed_deals_dataset.csv", read_mapping(EXAMPLE / "deals.yaml"))
    found = economics(deals.ledger.connect())
    assert found.figure("new_revenue").value is None
    assert found.figure("cost_per_mql").says == "No spend is recorded."
    assert sum(each.customers for each in found.channels) == 842
    assert "842 won deals have no amount or currency: left out of sums of money." in found.notices
