"""The split of a gap against a twin that takes every order, and what is said where little is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.diagnosis_worlds import END, MIDDLE, START, World, company
from tests.tables import DAY_ZERO, facts_in_hand

from accord.facts.errors import AccordError
from accord.insight.attribution.draws import DRAWS, dealt, people
from accord.insight.diagnosis.case import MOST_BEHIND, newest
from accord.insight.diagnosis.diagnosis import NothingToDiagnoseError, diagnose
from accord.insight.diagnosis.gap import Factor
from accord.insight.diagnosis.split import filled, rates, shapley
from accord.insight.misalignment import Drawn, Part, _together
from accord.insight.result import Interval
from accord.report.diagnosis import view

FACTORS = st.lists(st.tuples(*(st.floats(0, 50, allow_subnormal=False) | st.just(np.nan),) * 2), min_size=1, max_size=5)
DAY = timedelta(days=1)


def in_every_order(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """What each factor changes when the factors are exchanged one after the other, averaged over all orders."""
    before, after = filled(before, after)
    total = np.zeros(len(before))
    orders = list(permutations(range(len(before))))
    for order in orders:
        mixed = before.copy()
        for place in order:
            was = mixed.prod()
            mixed[place] = after[place]
            total[place] += mixed.prod() - was
    return total / len(orders)


@given(FACTORS)
def test_each_factor_explains_its_average_over_all_orders(pairs: list[tuple[float, float]]) -> None:
    before, after = (np.array(side, float) for side in zip(*pairs, strict=True))
    found = shapley(before, after)
    scale = max(1.0, *(float(np.prod(np.maximum(*filled(before, after)))) for _ in "a"))
    assert found == pytest.approx(in_every_order(before, after), rel=1e-9, abs=1e-9 * scale)
    first, second = filled(before, after)
    assert found.sum() == pytest.approx(second.prod() - first.prod(), rel=1e-9, abs=1e-9 * scale)


def test_a_rate_of_nothing_out_of_nothing_explains_nothing() -> None:
    counts = np.array([[10.0, 0.0, 0.0], [10.0, 4.0, 2.0]])
    before, after = rates(counts)
    assert np.isnan(before[2])
    assert shapley(before, after) == pytest.approx([0.0, 2.0, 0.0])


def a_gap(**asked: Any) -> Any:
    engine, said = company(World(5, leads=1_500))
    return diagnose(
        engine, at=END, since=MIDDLE, until=END, base_since=START, base_until=MIDDLE, answers_checked=said, **asked
    )


@pytest.mark.parametrize("by", ["segment", "origin", "country"])
def test_the_factors_add_up_to_the_gap_whatever_it_is_split_by(by: str) -> None:
    found = a_gap(by=by)
    gap = found.gap
    assert sum(each.effect for each in gap.factors) == pytest.approx(gap.actual - gap.expected, rel=1e-9)
    assert all(each.interval.low <= each.effect <= each.interval.high for each in gap.factors)
    assert gap.table().num_rows == len(gap.sorted)
    assert gap.chart().to_dict()["layer"]
    assert found.to_json()["gap"]["gap"] == gap.gap


def test_an_unknown_dimension_is_told_the_known_ones() -> None:
    with pytest.raises(AccordError, match="cannot be split by 'colour'"):
        a_gap(by="colour")


def test_a_factor_says_how_many_more_records_would_tell() -> None:
    unsure = Factor("win_rate", "Win rate", "share", 0.4, 0.5, 10.0, Interval(-10.0, 30.0), 100)
    assert not unsure.is_clear
    assert unsure.needed == 300  # twice as wide as it is large: four times the records
    assert Factor("mix", "Mix", "words", None, None, 10.0, Interval(1.0, 19.0), 100).needed == 0
    assert Factor("mix", "Mix", "words", None, None, 0.01, Interval(-10.0, 10.0), 100).needed is None


def test_an_empty_lake_has_nothing_to_diagnose() -> None:
    with pytest.raises(NothingToDiagnoseError, match="No lead is recorded"):
        diagnose(facts_in_hand(), at=DAY_ZERO)


def a_person(name: str, at: datetime) -> dict[str, Any]:
    return {"subject": "person", "subject_id": name, "occurred_at": at}


def test_one_lead_without_a_win_is_told_as_such_and_the_rest_still_computes() -> None:
    offered = {"handoff_id": "h", "person_id": "p", "event": "offered", "occurred_at": DAY_ZERO + DAY}
    engine = facts_in_hand(profiles=[a_person("p", DAY_ZERO)], handoffs=[offered])
    found = diagnose(engine, at=DAY_ZERO + 30 * DAY)
    assert found.gap is None
    assert found.cannot[0].startswith("No deal was won")
    assert found.is_clean
    assert found.price is not None
    assert len(found.looked) == 10
    with pytest.raises(AccordError, match="no gap to draw"):
        found.chart()


def test_without_an_agreement_there_is_no_plan() -> None:
    found = a_gap(against="plan")
    assert found.gap is None
    assert "No agreement is in force, so there is no plan." in found.cannot


def test_no_record_is_priced_twice() -> None:
    found = a_gap().price
    handoffs = [each for part in found.parts if part.record_kind == "handoffs" for each in part.records]
    assert len(handoffs) == len(set(handoffs))
    assert found.interval.low <= found.amount <= found.interval.high
    assert found.amount == pytest.approx(sum(part.amount for part in found.parts if part.amount is not None))


def a_part(amount: float, low: float, high: float) -> Part:
    return Part("part", "Part", 3, "touches", (), amount, Interval(low, high), "So it was.")


def test_prices_that_chance_draws_are_drawn_together_and_bounds_are_added() -> None:
    even, alike = np.linspace(-50, 50, DRAWS), np.full(DRAWS, 100**2 / 12)
    drawn = [(a_part(100, 55, 145), Drawn(100.0, alike[0], 100.0 + way * even, alike)) for way in (1, -1)]
    bounded = (a_part(30, 0, 60), None)
    for given_, low, high in ((drawn, 200, 200), ([*drawn, bounded], 200, 260), ([bounded], 0, 60)):
        found = _together(given_)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high))
    assert _together([(Part("part", "Part", 3, "deals", (), None, None, "No price."), None)]) is None


def test_the_price_names_its_days_by_the_clock_of_the_company() -> None:
    """A quarter of Berlin begins at ten in the evening of the day before, in UTC."""
    engine, said = company(World(5, leads=1_500))
    begins, ends = (datetime.fromisoformat(f"2026-{day}T22:00") for day in ("06-30", "09-30"))
    found = diagnose(engine, at=END, since=begins, until=ends, answers_checked=said)
    price = view(found, zone="Europe/Berlin", draw=False).price
    assert price is not None
    assert price.period == "1 July 2026 to 30 September 2026"
    assert price.period in price.title
    assert sum(row.share for row in price.rows) == pytest.approx(1)


def test_a_number_of_people_varies_as_people_do_however_many_stand_together() -> None:
    """Every third of 90,000 people: 30,000, give or take the root of that; and as many of both kinds differ by less."""
    count, groups = 90_000, 1_024
    third = np.arange(count) % 3 == 0
    lot = dealt(count, groups)
    drawn = people(np.bincount(lot, minlength=groups).astype(float))
    numbers = drawn @ np.bincount(lot, third, groups)
    assert numbers.mean() == pytest.approx(30_000, rel=0.001)
    assert numbers.std() == pytest.approx(30_000**0.5, rel=0.1)


def test_people_who_come_in_the_order_of_their_ids_are_not_dealt_in_turn() -> None:
    """Of 3,000 the first half came before, the second now: how many more now varies by the root of all."""
    count, groups = 3_000, 1_024
    lot = dealt(count, groups)
    drawn = people(np.bincount(lot, minlength=groups).astype(float))
    more = drawn @ np.bincount(lot, np.where(np.arange(count) < count / 2, -1.0, 1.0), groups)
    assert more.std() == pytest.approx(count**0.5, rel=0.1)


def test_a_diagnosis_is_the_same_twice() -> None:
    assert a_gap().to_json() == a_gap().to_json()


def test_the_newest_records_stand_behind_a_factor() -> None:
    times = np.array(["2026-01-02", "2026-01-03", "NaT", "2026-01-03", "2026-01-01"], "datetime64[us]")
    those = np.array([True, True, False, True, True])
    assert newest(pa.array(["d", "c", "b", "a", "e"]), times, those) == ("a", "c", "d", "e")
    many = np.datetime64("2026-01-01", "us") + np.arange(3 * MOST_BEHIND)
    ids = pa.array([f"{n:04}" for n in range(len(many))])
    assert newest(ids, many, np.ones(len(many), bool)) == tuple(f"{n:04}" for n in range(299, 199, -1))


def test_each_factor_names_as_many_records_as_it_counts_up_to_a_hundred() -> None:
    engine, said = company(World(5, leads=1_500))
    found = diagnose(engine, at=END, answers_checked=said).gap
    assert found is not None
    assert [len(set(each.records)) for each in found.factors] == [min(each.n, MOST_BEHIND) for each in found.factors]
    told = {each.name: each for each in found.factors}
    assert told["volume"].n == (told["volume"].before or 0) + (told["volume"].after or 0)
    assert told["deal_size"].n < told["win_rate"].n < told["acceptance"].n < told["volume"].n
    deals = sorted(engine.rows("SELECT DISTINCT deal_id FROM deals")["deal_id"].to_pylist())
    assert told["earlier_leads"].record_kind == "deals"
    assert set(told["earlier_leads"].records) <= set(deals)
    assert told["earlier_leads"].n > 0
