"""How handoffs were dealt out: read back from what `decide()` recorded, and held against readable loops."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.agreements import the_rules
from tests.ledgers import day, ledger, us
from tests.library.test_route import away
from tests.library.test_running import Crew
from tests.tables import facts_in_hand

from accord.agreement import route
from accord.agreement.dealing import ACCOUNT, HAND, OTHERWISE, TURN, Dealt, dealt
from accord.agreement.document import Period
from accord.agreement.periods import Periods
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import Roster, State
from accord.facts.engine import Engine
from accord.insight.fairness import Fairness, _Tally, fairness, holm, lot, poisson_binomial
from accord.insight.result import Interval

TEAM = ("ada", "ben", "cleo", "dora")
HOURS = {"ada": {"mon-fri": "06:00-14:00"}, "ben": {"mon-sun": "12:00-20:00"}}
METHODS: dict[str, dict[str, Any]] = {
    "in turn": {"method": "round_robin"},
    "in turn, in hours": {"method": "round_robin", "in_hours": True},
    "by weight": {"method": "weighted", "weights": {"ada": 3, "ben": 2, "cleo": 1, "dora": 0}},
    "by load": {"method": "least_loaded"},
}


# What decide() recorded, read back


def rules_of(method: str, **articles: Any) -> Rules:
    team = {"people": list(TEAM), "hours": {name: {"hours": hours} for name, hours in HOURS.items()}, "deputy": "sam"}
    return the_rules(
        teams={"reps": team},
        routing={"owner_first": True, "rules": [{"team": "reps", **METHODS[method]}]},
        response={"answer": {"within": "2h"}, "on_breach": [{"after": f"{h}h", "do": "reroute"} for h in (1, 3)]},
        **articles,
    )  # fmt: skip


def a_history(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Forty leads in a week, some of whose accounts are owned, and colleagues who come and go."""
    dice = random.Random(seed)  # noqa: S311
    moments = sorted(dice.uniform(7, 14) for _ in range(40))
    people: list[dict[str, Any]] = [
        {"subject": "person", "subject_id": f"p{n:02}", "country": "DE", "owner": dice.choice([None] * 6 + ["ben"]),
         "occurred_at": day(at)}
        for n, at in enumerate(moments)
    ]  # fmt: skip
    gone = [away(dice.choice(TEAM), at, at + dice.uniform(0.2, 4), deputy=dice.choice([None, "cleo"]))
            for at in (dice.uniform(6, 13) for _ in range(6))]  # fmt: skip
    return {"profiles": people, "availability": [dict(each) for each in (*gone, away("dora", 11.4))]}


@settings(max_examples=16, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(METHODS)), st.sampled_from([None, 1, 4]))
def test_whoever_got_a_handoff_by_turn_stood_in_line_for_it(seed: int, method: str, most_open: int | None) -> None:
    """The proof that the line is the one that was decided by: under every method, with absences, deputies, working
    hours, capacity and breaches, nobody got a turn outside of it."""
    capacity = {"reps": {"open_per_person": most_open, "new_per_person_per_day": 3}} if most_open else None
    rules, facts = rules_of(method, capacity=capacity), a_history(seed)
    state = State(Roster.from_rows(facts["availability"]))
    done = advance(ledger(**facts), rules, state, since=us(6), until=us(17), colleagues=Crew()).handoffs.to_pylist()
    recorded = [{**row, "occurred_at": row["occurred_at"].replace(tzinfo=None)} for row in done]
    engine = ledger_in_hand(recorded, facts["availability"])
    told = list(dealt(engine, {1: rules}, since=us(6), until=us(17.1)))
    arrivals = [row for row in done if row["event"] in ("offered", "rerouted") and row["owner"]]
    came = [(row["handoff_id"], row["owner"]) for row in arrivals]
    assert sorted((each.handoff_id, each.owner) for each in told) == sorted(came) and arrivals
    by_turn = [each for each in told if each.way == TURN]
    assert all(each.owner in each.line.next for each in by_turn) and by_turn
    assert {each.way for each in told if each not in by_turn} <= {ACCOUNT, OTHERWISE}
    owned = {row["subject_id"] for row in facts["profiles"] if row["owner"]}
    theirs = {row["handoff_id"] for row in arrivals if row["person_id"] in owned}
    unsaid = [each for each in told if each.way == OTHERWISE]
    assert all(each.moved and each.handoff_id in theirs for each in unsaid)  # its account's owner was back by a breach


def ledger_in_hand(handoffs: list[dict[str, Any]], availability: list[dict[str, Any]]) -> Engine:
    for row in handoffs:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = value.replace(tzinfo=None)
    return facts_in_hand(handoffs=handoffs, availability=availability)


def test_over_a_fair_history_everybody_gets_the_agreed_share_within_one_turn() -> None:
    rules = the_rules()
    people = [{"subject": "person", "subject_id": f"p{n:03}", "country": "DE", "occurred_at": day(7 + n / 20)}
              for n in range(200)]  # fmt: skip
    done = advance(ledger(profiles=people), rules, State(), since=us(6), until=us(30)).handoffs.to_pylist()
    (team,) = of(ledger_in_hand(done, []), rules).teams
    assert team.n == 200 and all(abs(each.got - each.expected) <= 1 for each in team.people)
    assert {each.verdict for each in team.people} == {"chance"}


def of(engine: Engine, rules: Rules) -> Fairness:
    spans = (Periods("UTC").at(day(10).astimezone(), Period.QUARTER),)
    return fairness(engine, {1: rules}, spans=spans)


def test_an_event_that_no_state_allows_is_passed_over() -> None:
    common = {"person_id": "p", "owner": "ada", "team": "reps", "rule": "routing.rules.0", "version": 1}
    rows = [
        {**common, "handoff_id": "a", "event": "rerouted", "occurred_at": day(1)},
        {**common, "handoff_id": "b", "event": "offered", "occurred_at": day(1)},
        {**common, "handoff_id": "b", "event": "offered", "occurred_at": day(2)},
        {**common, "handoff_id": "c", "event": "recycled", "occurred_at": day(2)},
        {**common, "handoff_id": "d", "event": "offered", "rule": "routing.rules.7", "occurred_at": day(2.5)},
        {**common, "handoff_id": "b", "event": "rerouted", "by": "sam", "owner": "ben", "occurred_at": day(3)},
    ]
    told = list(dealt(facts_in_hand(handoffs=rows), {1: the_rules()}, since=us(0), until=us(9)))
    assert [(each.handoff_id, each.way) for each in told] == [("b", TURN), ("d", OTHERWISE), ("b", HAND)]


# The exact distribution


CHANCES = st.dictionaries(st.sampled_from([0.0, 0.1, 0.125, 1 / 3, 0.5, 0.9, 1.0]), st.integers(1, 6), max_size=4)


@settings(max_examples=60, deadline=None)
@given(CHANCES)
def test_the_distribution_is_the_one_of_a_loop(chances: dict[float, int]) -> None:
    """One turn after the other: it falls to the person, or it does not."""
    odds = [1.0]
    for chance, times in chances.items():
        for _ in range(times):
            odds = [a * (1 - chance) + b * chance for a, b in zip([*odds, 0.0], [0.0, *odds], strict=True)]
    assert poisson_binomial(chances) == pytest.approx(odds, abs=1e-12)


def test_it_agrees_with_scipy_and_with_the_plain_binomial() -> None:
    odds = poisson_binomial({0.2: 10, 0.5: 15})
    assert odds == pytest.approx(stats.poisson_binom([0.2] * 10 + [0.5] * 15).pmf(np.arange(26)), abs=1e-12)
    large = poisson_binomial({0.125: 6_000})
    assert large == pytest.approx(stats.binom(6_000, 0.125).pmf(np.arange(6_001)), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.sampled_from([0.1, 0.25, 0.5, 0.9]), st.data())
def test_range_and_probability_are_those_of_the_binomial(size: int, chance: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, size))
    span, p = lot({chance: size}, count)
    plain = stats.binom(size, chance)
    assert (span.low, span.high) == (plain.ppf(0.05), plain.ppf(0.95))
    assert p == pytest.approx(min(1.0, 2 * min(plain.cdf(count), plain.sf(count - 1))), abs=1e-9)


def test_what_cannot_be_has_no_chance() -> None:
    assert lot({1.0: 5}, 5) == (Interval(5, 5), 1.0)
    assert lot({}, 0) == (Interval(0, 0), 1.0)
    assert lot({0.0: 3}, 2)[1] == lot({0.5: 3}, 4)[1] == pytest.approx(0.0, abs=1e-12)


def test_several_questions_at_once_are_corrected_for_it() -> None:
    """The example of Holm's paper by hand: 0.01 of three, 0.02 of two, 0.04 of one."""
    assert holm([0.02, 0.01, 0.04]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]) == [] and holm([0.6, 0.9]) == [1.0, 1.0]


# A team, added up slowly


LINES = st.dictionaries(st.sampled_from(TEAM), st.sampled_from([1.0, 2.0, 3.0]), min_size=1)


@st.composite
def turns(draw: st.DrawFn) -> Dealt:
    there = draw(LINES)
    ready = draw(st.lists(st.sampled_from(sorted(there)), min_size=1, unique=True))
    score = draw(st.sampled_from([None, 10.0, 40.0, 75.0]))
    line = route.Line(there, {person: there[person] for person in ready})
    band = draw(st.sampled_from([None, "A", "B"]))
    return Dealt(0, "h", draw(st.sampled_from(ready)), "reps", TURN, draw(st.booleans()), band, score, line)


@settings(max_examples=60, deadline=None)
@given(st.lists(turns(), max_size=60))
def test_a_team_adds_up_as_a_loop_does(found: list[Dealt]) -> None:
    tally = _Tally()
    for each in found:
        tally.add(each)
    shares = tally.shares()
    assert sum(each.expected for each in shares) == pytest.approx(len(found)) == sum(each.agreed for each in shares)
    for one in shares:
        mine = [turn for turn in found if turn.owner == one.person]
        chances = [turn.line.next.get(one.person, 0.0) / sum(turn.line.next.values()) for turn in found]
        there = [turn.line.there.get(one.person, 0.0) / sum(turn.line.there.values()) for turn in found]
        assert (one.got, one.moved) == (len(mine), sum(turn.moved for turn in mine))
        assert one.in_line == sum(share > 0 for share in there) and one.agreed == pytest.approx(sum(there))
        assert one.expected == pytest.approx(sum(chances)) and one.bands == Counter(t.band or "" for t in mine)
        slow = slow_points(one.person, found, chances)
        told = one.points
        if slow is None or len(found) < 20:
            assert told is None
        else:
            assert told and (told.mean, told.expected, told.range.low) == pytest.approx(slow, abs=1e-6)


def slow_points(person: str, found: list[Dealt], chances: list[float]) -> tuple[float, float, float] | None:
    """The mean of what one got, of what all in line had a share of, and how low a fair lot makes it."""
    mine = [turn.score for turn in found if turn.owner == person and turn.score is not None]
    scored = [(turn.score, chance) for turn, chance in zip(found, chances, strict=True) if turn.score is not None]
    if len(mine) < 20:
        return None
    expected = sum(score * chance for score, chance in scored) / sum(chance for _, chance in scored)
    scatter = sum(chance * (1 - chance) * (score - expected) ** 2 for score, chance in scored)
    low = expected - stats.norm.ppf(0.95) * scatter**0.5 / len(mine)
    return sum(mine) / len(mine), expected, low


def test_of_fair_lots_nine_in_ten_stay_inside_the_range() -> None:
    """A lot deals 200 leads to four with different shares: how often the count and the points of one stay within."""
    dice, inside, points_inside, worlds = np.random.default_rng(4), 0, 0, 300
    line = route.Line(
        {"ada": 3.0, "ben": 2.0, "cleo": 2.0, "dora": 1.0}, {"ada": 3.0, "ben": 2.0, "cleo": 2.0, "dora": 1.0}
    )
    for _ in range(worlds):
        tally = _Tally()
        owners = dice.choice(TEAM, 200, p=[3 / 8, 2 / 8, 2 / 8, 1 / 8])
        for owner, score in zip(owners, dice.gamma(4, 15, 200), strict=True):
            tally.add(Dealt(0, "h", str(owner), "reps", TURN, False, "A", float(score), line))
        ben = tally.shares()[1]
        assert ben.range and ben.points
        inside += ben.range.low <= ben.got <= ben.range.high
        points_inside += ben.points.range.low <= ben.points.mean <= ben.points.range.high
    assert 0.88 <= inside / worlds <= 0.97 and 0.86 <= points_inside / worlds <= 0.94
