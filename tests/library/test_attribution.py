"""Attribution against loops that anyone can read, on invented paths; and input that nobody would wish for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import attribution as twin
from tests.attribution import SQL, invented
from tests.tables import DAY_ZERO, facts_in_hand

from accord.facts.errors import AccordError
from accord.insight.attribution import reading
from accord.insight.attribution.attribution import (
    Attribution,
    NothingToAttributeError,
    attribute,
    attribute_paths,
    attribute_rows,
)
from accord.insight.attribution.counted_paths import CountedPath
from accord.insight.attribution.paths import by_person
from accord.insight.attribution.tally import MODELS

Row = dict[str, Any]
ONE_BY_ONE = ("first", "last", "linear", "position", "time_decay")
EXACT = 1e-9

CHANNELS = st.sampled_from(["call", "e-mail", "event", "search"])
MOMENTS = st.integers(0, 40).map(lambda hours: DAY_ZERO + timedelta(hours=9 * hours))
TOUCH = st.fixed_dictionaries(
    {
        "person_id": st.sampled_from([f"p{place}" for place in range(8)]),
        "occurred_at": MOMENTS,
        "channel": CHANNELS,
        "converted": st.sampled_from([False, False, True]),
        "value": st.integers(0, 9).map(float),
    }
)
WIN = TOUCH.map(lambda row: {**row, "channel": None, "converted": True})
ROWS = st.lists(st.one_of(TOUCH, TOUCH, TOUCH, WIN), max_size=60)


def given_to(found: Attribution, model: str, what: str = "conversions") -> dict[str, float]:
    return {credit.channel: getattr(credit, what) or 0.0 for credit in found.models[model]}


def assert_same(found: dict[str, float], expected: dict[str, float]) -> None:
    assert found == pytest.approx({**dict.fromkeys(found, 0.0), **expected}, rel=EXACT, abs=EXACT)


def row(person: str, day: float, channel: str | None, converted: bool = False, value: float = 0.0) -> Row:
    at = DAY_ZERO + timedelta(days=day)
    return {"person_id": person, "occurred_at": at, "channel": channel, "converted": converted, "value": value}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from([None, 0.0, 1.0, 5.0]), st.sampled_from([None, DAY_ZERO + timedelta(days=6)]))
def test_every_model_gives_what_a_reader_counts(rows: list[Row], window: float | None, since: datetime | None) -> None:
    paths = twin.paths(rows, window=window, since=since)
    told = twin.with_touches(paths)
    conversions, value = sum(path.conversions for path in told), sum(path.value for path in told)
    if not conversions:
        with pytest.raises(NothingToAttributeError):
            attribute_rows(invented(rows), SQL, window=window, since=since)
        return
    found = attribute_rows(invented(rows), SQL, window=window, since=since)
    assert found.conversions == conversions and (found.value or 0) == pytest.approx(value)
    assert found.alone == sum(path.conversions for path in paths if not path.touches)
    assert found.nulls == sum(not path.conversions for path in told)
    assert found.touches == sum(len(path.touches) for path in told)
    for model in MODELS:
        assert sum(given_to(found, model).values()) == pytest.approx(conversions, rel=EXACT)
        assert sum(given_to(found, model, "value").values()) == pytest.approx(value, rel=EXACT)
    for model in ONE_BY_ONE:
        by_count, by_value = twin.shared(model, paths)
        assert_same(given_to(found, model), by_count)
        assert_same(given_to(found, model, "value"), by_value)
    assert_same(given_to(found, "shapley"), twin.shapley(told))
    for order in (1, 2, 3):
        assert_same(given_to(found, f"markov_{order}"), twin.markov(told, order))
        if value:
            assert_same(given_to(found, f"markov_{order}", "value"), twin.markov(told, order, "value"))
    if value:
        assert_same(given_to(found, "shapley", "value"), twin.shapley(told, "value"))


PATHS = st.lists(
    st.builds(
        CountedPath,
        channels=st.lists(CHANNELS, min_size=1, max_size=5).map(tuple),
        conversions=st.integers(0, 30).map(float),
        nulls=st.integers(0, 30).map(float),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PATHS)
def test_counted_paths_give_what_the_same_paths_give_one_by_one(counted: list[CountedPath]) -> None:
    rows = []
    for place, path in enumerate(counted):
        for time in range(int(path.conversions + path.nulls)):
            who = f"{place}-{time}"
            rows += [row(who, day, channel) for day, channel in enumerate(path.channels)]
            rows[-1]["converted"] = time < path.conversions
    if not sum(path.conversions for path in counted):
        with pytest.raises(NothingToAttributeError):
            attribute_paths(counted)
        return
    found, whole = attribute_paths(counted), attribute_rows(invented(rows), SQL)
    assert set(found.models) == set(MODELS) - {"time_decay"}
    assert "Time decay is left out" in " ".join(found.notices)
    for model in found.models:
        assert_same(given_to(found, model), given_to(whole, model))


def test_counted_paths_may_hold_fractions_and_value() -> None:
    found = attribute_paths([CountedPath(("a", "b"), 2.5, 10.0, 1.25), CountedPath(("b",), 40.0, 90.0)])
    assert found.conversions == pytest.approx(42.5) and found.value == pytest.approx(100.0)
    assert given_to(found, "first") == pytest.approx({"a": 2.5, "b": 40.0})
    assert given_to(found, "linear", "value") == pytest.approx({"a": 5.0, "b": 95.0})


def test_many_states_are_solved_as_a_few_are() -> None:
    """Above 600 states the chain is solved by iterating; the twin knows no such difference."""
    dice = np.random.default_rng(1)
    rows = [
        row(f"p{who}", day, f"c{dice.integers(11)}", bool(day == 5 and who % 3 == 0), 1.0 + who % 7)
        for who in range(300)
        for day in range(6)
    ]
    found = attribute_rows(invented(rows), SQL, models=["markov_3"])
    assert_same(given_to(found, "markov_3"), twin.markov(twin.paths(rows), 3))
    assert_same(given_to(found, "markov_3", "value"), twin.markov(twin.paths(rows), 3, "value"))


def test_dealt_into_parts_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(2)
    rows = [
        row(
            f"p{dice.integers(500)}",
            int(dice.integers(1000)) / 7,
            "abc"[dice.integers(3)],
            bool(dice.random() < 0.1),
            2.0,
        )
        for _ in range(6000)
    ]
    whole = attribute_rows(invented(rows), SQL)
    monkeypatch.setattr(reading, "_ROWS_A_PART", 500)
    monkeypatch.setattr(reading, "BATCH", 700)
    dealt = attribute_rows(invented(rows), SQL)
    assert (dealt.people, dealt.converters, dealt.touches) == (whole.people, whole.converters, whole.touches)
    for model in MODELS:
        assert_same(given_to(dealt, model), given_to(whole, model))
        for here, there in zip(dealt.models[model], whole.models[model], strict=True):
            assert here.interval and there.interval
            assert here.interval.high - here.interval.low == pytest.approx(
                there.interval.high - there.interval.low, rel=0.25
            )


def test_people_whose_hashes_begin_alike_are_told_apart() -> None:
    """Only the top of the hash is sorted with the place; what shares it is looked at again."""
    people = np.array([5, 9, 5, 1 << 40, 9, 5, (1 << 40) + 3, 1 << 40], dtype=np.uint64)
    order, ends = by_person(people)
    assert people[order].tolist() in ([5, 5, 5, 9, 9, *[1 << 40] * 2, (1 << 40) + 3], sorted(people.tolist()))
    assert ends.sum() == 4
    assert [place for place in order if people[place] == 5] == [0, 2, 5]


def test_the_same_facts_give_the_same_intervals() -> None:
    rows = [row(f"p{who}", day, "ab"[(who + day) % 2], day == 2) for who in range(60) for day in range(3 + who % 2)]
    assert attribute_rows(invented(rows), SQL).to_json() == attribute_rows(invented(rows), SQL).to_json()


def test_an_interval_holds_its_own_estimate_and_json_is_one_document() -> None:
    rows = [
        row(f"p{who}", day, "ab"[(who + day) % 2], day == 2, 5.0) for who in range(90) for day in range(3 + who % 2)
    ]
    found = attribute_rows(invented(rows), SQL, half_life=3)
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert set(told["models"]) == set(MODELS)
    for by_channel in told["models"].values():
        for credit in by_channel.values():
            assert credit["low"] <= credit["conversions"] <= credit["high"]
            assert credit["value_low"] <= credit["value"] <= credit["value_high"]
    assert (told["unit"], told["n"], told["half_life_days"], told["as_known"]) == ("conversions", 90, 3, None)
    assert "no causes" in told["definition"] and "invented" in told["sql"]
    table = found.table()
    assert len(table) == 2 * len(MODELS) and table.column_names[:3] == ["model", "channel", "conversions"]
    assert found.chart().to_dict()["spec"]["layer"] and found.chart("dark").to_dict()
    assert found.credit("first", "a").conversions == told["models"]["first"]["a"]["conversions"]


# Where the models disagree


def test_where_models_disagree_is_said_in_words() -> None:
    rows = [row(f"p{who}", day, channel, day == 1) for who in range(50) for day, channel in enumerate(["ad", "call"])]
    found = attribute_rows(invented(rows), SQL)
    first = found.disagreements[0]
    assert (first.channel, first.least_by, first.least, first.most_by, first.most) == ("ad", "last", 0.0, "first", 1.0)
    assert first.beyond_chance
    assert found.notices[0] == (
        "The models disagree on ad: 0.0 % by last, 100.0 % by first, further apart than chance explains."
    )


def test_one_channel_leaves_nothing_to_disagree_about() -> None:
    found = attribute_rows(invented([row(f"p{who}", 0, "ad", who < 30) for who in range(60)]), SQL)
    assert all(given_to(found, model) == pytest.approx({"ad": 30.0}) for model in MODELS)
    assert "The models agree" in found.notices[0]


# Input that nobody would wish for


def test_nothing_at_all_says_what_to_do() -> None:
    with pytest.raises(NothingToAttributeError, match="No touch is recorded"):
        attribute_rows(invented([]), SQL)
    with pytest.raises(NothingToAttributeError, match="No touch is recorded"):
        attribute(facts_in_hand())
    with pytest.raises(NothingToAttributeError, match="no path with a channel"):
        attribute_paths([])


def test_touches_without_any_conversion_say_so() -> None:
    with pytest.raises(NothingToAttributeError, match="Nobody converted: 1 people, 2 touches"):
        attribute_rows(invented([row("a", 0, "ad"), row("a", 1, "ad")]), SQL)


def test_conversions_before_every_touch_say_so() -> None:
    with pytest.raises(NothingToAttributeError, match="None of the 1 conversions has a touch before it"):
        attribute_rows(invented([row("a", 0, None, True), row("a", 1, "ad")]), SQL)


def test_one_touch_is_enough_for_figures_and_too_few_for_intervals() -> None:
    found = attribute_rows(invented([row("a", 0, "ad", True, 7.0)]), SQL)
    assert all(given_to(found, model, "value") == pytest.approx({"ad": 7.0}) for model in MODELS)
    assert found.needed == 19 and found.credit("linear", "ad").interval is None
    assert "No intervals: 1 people with a conversion; 19 more would give them." in found.notices


def test_a_person_with_100_000_touches_is_no_trouble() -> None:
    dice = np.random.default_rng(3)
    many = [row("busy", place / 1000, "abc"[dice.integers(3)], place % 20_000 == 19_999) for place in range(100_000)]
    found = attribute_rows(invented([*many, *(row(f"p{who}", 0, "a", True) for who in range(30))]), SQL)
    assert found.conversions == 35
    for model in MODELS:
        assert sum(given_to(found, model).values()) == pytest.approx(35, rel=EXACT)
    told = twin.paths([*many, *(row(f"p{who}", 0, "a", True) for who in range(30))])
    assert_same(given_to(found, "markov_1"), twin.markov(told, 1))


def test_a_channel_with_one_touch_has_its_row() -> None:
    rows = [row(f"p{who}", 0, "ad", True) for who in range(30)]
    found = attribute_rows(invented([*rows, row("once", 0, "fair")]), SQL)
    assert all(found.credit(model, "fair").conversions == pytest.approx(0.0, abs=EXACT) for model in MODELS)


def test_years_between_touches_vanish_in_no_small_number() -> None:
    found = attribute_rows(invented([row("a", 0, "ad"), row("a", 3, "mail"), row("a", 90_000, None, True)]), SQL)
    assert given_to(found, "time_decay") == pytest.approx(
        {"ad": 2 ** (-3 / 7) / (1 + 2 ** (-3 / 7)), "mail": 1 / (1 + 2 ** (-3 / 7))}
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"window": -1.0}, "A look-back window of -1 days cannot be."),
        ({"window": float("nan")}, "A look-back window of nan days cannot be."),
        ({"half_life": 0.0}, "A half-life of 0 days cannot be."),
        ({"half_life": float("inf")}, "A half-life of inf days cannot be."),
        ({"models": ["lineal"]}, "There is no model 'lineal'. Possible are: first, last"),
    ],
)
def test_what_cannot_be_asked_is_told(more: dict[str, Any], told: str) -> None:
    with pytest.raises(AccordError) as caught:
        attribute_rows(invented([row("a", 0, "ad", True)]), SQL, **more)
    assert str(caught.value).startswith(told)


def test_wins_cannot_be_shared_out_by_anything() -> None:
    with pytest.raises(AccordError, match=r"Wins cannot be shared out by 'country'. Possible are: channel"):
        attribute(facts_in_hand(), by="country")
