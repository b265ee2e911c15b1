"""Who gets a handoff: fair over months, whoever is away, and never back to somebody who had it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agreements import an_agreement, the_rules
from tests.ledgers import Row, day, us

from accord.agreement import route
from accord.agreement.route import Chosen, choose
from accord.agreement.rules import Rules
from accord.agreement.state import Roster, State

YEAR = 365
TEAM = ("ada", "ben", "cleo")


def rules_of(method: str = "round_robin", people: Sequence[str] = TEAM, **rule: Any) -> Rules:
    team = {"people": list(people), **({"deputy": rule.pop("deputy")} if "deputy" in rule else {})}
    return the_rules(teams={"reps": team}, routing={"rules": [{"team": "reps", "method": method, **rule}]})


def away(
    person: str, start: float, end: float | None = None, known: float | None = None, deputy: str | None = None
) -> Row:
    event = {"person": person, "event": "left" if end is None else "absent", "deputy": deputy}
    until = None if end is None else day(end)
    return {**event, "occurred_at": day(start), "known_at": day(start if known is None else known), "until": until}


def given_out(rules: Rules, state: State, days: Sequence[float]) -> list[str | None]:
    return [next_of(rules, state, at).owner for at in days]


def next_of(rules: Rules, state: State, at: float = 1, **more: Any) -> Chosen:
    asked: dict[str, Any] = {"rule": 0, "account_owner": None, **more}
    return choose(rules, state, at=us(at), day=int(at), **asked)


def absent_on(roster: Sequence[Row], person: str, at: float) -> bool:
    return not Roster.from_rows(roster).is_there(person, us(at))


# Fair over months

WEIGHTS = st.dictionaries(st.sampled_from(["ada", "ben", "cleo", "dora"]), st.integers(0, 7), min_size=2)


@settings(max_examples=40, deadline=None)
@given(WEIGHTS, st.integers(1, 300))
def test_shares_follow_the_weights_at_every_moment(weights: dict[str, int], number: int) -> None:
    weights["ada"] = max(weights.get("ada", 0), 1)
    rules, state = rules_of("weighted", list(weights), weights=weights), State()
    got = Counter(given_out(rules, state, [1] * number))
    for person, weight in weights.items():
        assert abs(got[person] - number * weight / sum(weights.values())) <= 1 + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_year_with_holidays_is_fair_among_those_who_were_there(seed: int) -> None:
    """Day by day everybody present gets the same, to within one handoff for each time that somebody came or went."""
    chance = random.Random(seed)  # noqa: S311
    starts = {person: sorted(chance.sample(range(0, YEAR, 20), 3)) for person in TEAM}
    holidays = [away(p, s, s + chance.randrange(1, 19)) for p, times in starts.items() for s in times]
    rules, state = rules_of(), State(Roster.from_rows(holidays))
    fair: Counter[str] = Counter()
    got: Counter[str | None] = Counter()
    for at in sorted(chance.random() * YEAR for _ in range(1500)):
        present = [p for p in TEAM if state.roster.is_there(p, us(at))]
        owner = next_of(rules, state, at).owner
        if not present:
            assert owner is None
            continue
        assert owner in present
        got[owner] += 1
        fair.update({p: 1 / len(present) for p in present})
    changes = 2 * len(holidays)
    assert all(abs(got[p] - fair[p]) <= 1 + changes / 2 for p in TEAM)


def test_shares_stay_within_one_over_a_year_with_one_long_holiday() -> None:
    state = State(Roster.from_rows([away("ben", 100, 130)]))
    got = given_out(rules_of(), state, [n / 4 for n in range(4 * YEAR)])
    fair_of_all, fair_of_two = 4 * (YEAR - 30) / 3, 4 * 30 / 2
    counts = Counter(got)
    assert abs(counts["ben"] - fair_of_all) <= 1
    assert all(abs(counts[p] - fair_of_all - fair_of_two) <= 1 for p in ("ada", "cleo"))


@pytest.mark.parametrize("method", ["round_robin", "weighted"])
def test_who_comes_back_is_neither_flooded_nor_starved(method: str) -> None:
    weights: dict[str, Any] = {"weights": dict.fromkeys(TEAM, 1)} if method == "weighted" else {}
    state = State(Roster.from_rows([away("ben", 10, 60)]))
    rules = rules_of(method, **weights)
    given_out(rules, state, [n / 4 for n in range(240)])
    after = given_out(rules, state, [60 + n / 4 for n in range(30)])
    for length in (3, 6, 30):
        assert abs(after[:length].count("ben") - length / 3) <= 1


def test_who_joins_a_team_later_is_not_flooded() -> None:
    state = State()
    given_out(rules_of(), state, [1] * 300)
    after = given_out(rules_of(people=[*TEAM, "dora"]), state, [2] * 40)
    assert abs(after.count("dora") - 10) <= 1
    assert all(after[n : n + 4].count("dora") <= 1 for n in range(0, 40, 4))


def test_who_is_passed_over_once_does_not_lose_a_turn() -> None:
    rules, state = rules_of(), State()
    assert next_of(rules, state).owner == "ada"
    assert next_of(rules, state, but=frozenset({"ben"})).owner == "cleo"
    assert given_out(rules, state, [1] * 4) == ["ben", "ada", "ben", "cleo"]


def test_a_turn_noted_from_the_past_counts_as_if_it_were_taken() -> None:
    rules, lived, restored = rules_of("weighted", weights={"ada": 2, "ben": 1, "cleo": 1}), State(), State()
    for _ in range(9):
        chosen = next_of(rules, lived)
        assert chosen.owner
        route.note_turn(rules, restored, path=chosen.rule, owner=chosen.owner, at=us(1))
    assert given_out(rules, restored, [1] * 12) == given_out(rules, lived, [1] * 12)


def test_a_turn_under_a_rule_that_is_gone_is_not_counted() -> None:
    state = State()
    for path in (None, "routing.owner_first", "routing.rules.7"):
        route.note_turn(rules_of(), state, path=path, owner="ada", at=us(1))
    assert not any(turns for turns in state.turns.values())


def test_the_least_loaded_is_next_and_turns_decide_among_equals() -> None:
    rules, state = rules_of("least_loaded"), State()
    state.loads.update(ada=2, ben=1, cleo=1)
    assert given_out(rules, state, [1, 1]) == ["ben", "cleo"]  # loads grow when the handoff is taken up, not here
    state.loads["ada"] = 0
    assert next_of(rules, state).owner == "ada"


# Absent and departed


@pytest.mark.parametrize(
    ("at", "who"), [(4.9, "ben"), (5, "cleo"), (6.9, "cleo"), (7, "ben")], ids=["before", "first", "last", "back"]
)
def test_absence_counts_at_the_moment_of_assignment(at: float, who: str) -> None:
    state = State(Roster.from_rows([away("ben", 5, 7)]))
    state.turns["routing.rules.0"].update(ada=1, ben=0, cleo=0)
    assert next_of(rules_of(), state, at).owner == who


def test_an_absence_counts_from_when_it_was_known() -> None:
    roster = [away("ben", 5, 9, known=7)]
    assert [absent_on(roster, "ben", at) for at in (5, 6.9, 7, 8.9, 9)] == [False, False, True, True, False]


def test_who_left_is_gone_until_joining_again() -> None:
    roster = [away("ben", 5), {**away("ben", 20), "event": "joined"}]
    assert [absent_on(roster, "ben", at) for at in (4, 5, 19, 20, 90)] == [False, True, True, False, False]


def test_who_joins_is_not_there_before() -> None:
    roster = [{**away("ben", 20), "event": "joined"}]
    assert [absent_on(roster, "ben", at) for at in (1, 19.9, 20)] == [True, True, False]


def test_who_is_back_early_is_there_again() -> None:
    roster = [away("ben", 5, 20), {**away("ben", 9), "event": "back"}]
    assert [absent_on(roster, "ben", at) for at in (5, 8.9, 9, 15)] == [True, True, False, False]


def test_with_nobody_there_it_stays_unowned_and_says_who_was_passed_over() -> None:
    state = State(Roster.from_rows([away(p, 0) for p in TEAM]))
    chosen = next_of(rules_of(), state)
    assert chosen == Chosen(None, "reps", "routing.rules.0", skipped=tuple((p, "absent") for p in TEAM))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_deputy_takes_the_share_of_who_is_away(seed: int) -> None:
    """Over a year of absences with deputies everybody gets own share and that of those stood in for, to within a few
    handoffs; and counting the turns afterwards says the same."""
    chance = random.Random(seed)  # noqa: S311
    holidays = [
        away(p, s, s + chance.randrange(1, 19), deputy=chance.choice([*TEAM, "dora", None]))
        for p in TEAM
        for s in sorted(chance.sample(range(0, YEAR, 20), 3))
    ]
    rules, state, told = rules_of(), State(Roster.from_rows(holidays)), State(Roster.from_rows(holidays))
    fair: Counter[str] = Counter()
    got: Counter[str] = Counter()
    for at in sorted(chance.random() * YEAR for _ in range(1500)):
        shares = Counter(who for p in TEAM if (who := state.roster.in_place_of(p, us(at))))
        owner = next_of(rules, state, at).owner
        if owner is None:
            assert not shares
            continue
        assert owner in shares
        got[owner] += 1
        fair.update({p: share / shares.total() for p, share in shares.items()})
        route.note_turn(rules, told, path="routing.rules.0", owner=owner, at=us(at))
        assert told.turns == state.turns
    assert all(abs(got[p] - fair[p]) <= 1 + len(holidays) / 2 for p in fair)


def test_a_deputy_who_begins_alone_is_not_flooded_when_the_others_are_back() -> None:
    days = [away("ada", 100, 110, deputy="dora"), away("ben", 100, 102), away("cleo", 100, 102)]
    state = State(Roster.from_rows(days))
    given_out(rules_of(), state, [1] * 300)
    assert set(given_out(rules_of(), state, [101] * 6)) == {"dora"}
    assert abs(given_out(rules_of(), state, [103] * 30).count("dora") - 10) <= 1


def test_who_has_left_has_no_share_that_a_deputy_could_take() -> None:
    state = State(Roster.from_rows([away("ada", 0, deputy="dora")]))
    assert given_out(rules_of(), state, [1, 2, 3]) == ["ben", "cleo", "ben"]
    assert next_of(the_rules(routing=OWNED), state, account_owner="ada")[:3] == ("dora", "reps", "routing.owner_first")


def test_the_deputy_stands_in_only_when_the_team_is_away() -> None:
    state = State(Roster.from_rows([away("ada", 0), away("ben", 0), away("cleo", 5)]))
    rules = rules_of(deputy="sam")
    assert [next_of(rules, state, at).owner for at in (1, 5)] == ["cleo", "sam"]
    assert next_of(rules, state, 6, but=frozenset({"sam"})).owner is None


def test_a_deputy_with_no_weight_can_stand_in() -> None:
    state = State(Roster.from_rows([away("ada", 0)]))
    rules = rules_of("weighted", ["ada"], deputy="sam", weights={"ada": 1})
    assert given_out(rules, state, [1, 2]) == ["sam", "sam"]


def test_without_a_rule_that_fits_it_stays_unowned() -> None:
    assert next_of(rules_of(), State(), rule=-1) == Chosen(None, None, None)


# The owner of the account first

OWNED = {"owner_first": True, "rules": [{"team": "reps", "method": "round_robin"}]}


@pytest.mark.parametrize(
    ("owner", "at", "expected"),
    [
        ("cleo", 1, ("cleo", "reps", "routing.owner_first")),
        ("zoe", 1, ("zoe", None, "routing.owner_first")),  # a colleague of no team
        ("cleo", 6, ("ada", "reps", "routing.rules.0")),  # away
        (None, 1, ("ada", "reps", "routing.rules.0")),
        ("", 1, ("ada", "reps", "routing.rules.0")),
    ],
)
def test_the_owner_of_the_account_comes_before_every_rule(
    owner: str | None, at: float, expected: tuple[Any, ...]
) -> None:
    state = State(Roster.from_rows([away("cleo", 5, 9)]))
    assert next_of(the_rules(routing=OWNED), state, at, account_owner=owner)[:3] == expected


def test_without_owner_first_the_owner_has_no_precedence() -> None:
    assert next_of(rules_of(), State(), account_owner="cleo").owner == "ada"


def test_a_handoff_never_goes_back_to_an_owner_who_had_it() -> None:
    rules, state, had = the_rules(routing=OWNED), State(), frozenset[str]()
    while owner := next_of(rules, state, account_owner="cleo", but=had).owner:
        assert owner not in had
        had |= {owner}
    assert had == {"ada", "ben", "cleo"}


# Capacity

Room = Callable[[State], None]


def full(person: str) -> Room:
    return lambda state: state.loads.update({person: 2})


def busy_today(person: str) -> Room:
    return lambda state: state.today.update({(person, 1): 3})


@pytest.mark.parametrize(
    ("taken", "owner", "in_capacity"),
    [
        ([], "ada", True),
        ([full("ada")], "ben", True),
        ([busy_today("ada"), full("ben")], "cleo", True),
        ([full("ada"), full("ben"), busy_today("cleo")], "ada", False),
    ],
)
def test_people_with_room_come_first_and_beyond_it_the_offer_is_marked(
    taken: list[Room], owner: str, in_capacity: bool
) -> None:
    state = State()
    for room in taken:
        room(state)
    agreement = an_agreement(capacity={"reps": {"open_per_person": 2, "new_per_person_per_day": 3}})
    chosen = next_of(Rules.of(agreement), state)
    assert (chosen.owner, chosen.in_capacity) == (owner, in_capacity)


def test_yesterdays_offers_do_not_count_today() -> None:
    state = State()
    state.today.update({(person, 0): 3 for person in TEAM})
    assert next_of(Rules.of(an_agreement(capacity={"reps": {"new_per_person_per_day": 3}})), state).in_capacity


def test_who_came_back_earlier_than_a_later_absence_began_is_away_in_it() -> None:
    """Taken back in advance, then set anew for longer: what was said last counts, also about the deputy."""
    back = {"person": "ada", "event": "back", "deputy": None, "occurred_at": day(5), "known_at": day(1), "until": None}
    said = [away("ada", 5, 8, known=0), back, away("ada", 4, 9, known=2, deputy="ben")]
    assert [absent_on(said, "ada", at) for at in (3, 4, 6, 8.5, 9)] == [False, True, True, True, False]
    again = [*said, away("ada", 4, 9, known=6, deputy="cleo")]
    roster = Roster.from_rows(again)
    assert [roster.in_place_of("ada", us(at)) for at in (5, 7)] == ["ben", "cleo"]
    ended = Roster.from_rows([*again, {**back, "occurred_at": day(8), "known_at": day(7)}])
    assert [ended.is_there("ada", us(at)) for at in (7.5, 8.5)] == [False, True]


# In their working hours

MORNINGS, AFTERNOONS = ({"hours": {"mon-fri": span}, "time_zone": "UTC"} for span in ("08:00-12:00", "12:00-18:00"))
OFFICE = {"hours": {"mon-fri": "08:00-18:00"}, "time_zone": "UTC"}
HOURS = {"ada": range(8, 12), "ben": range(12, 18), "cleo": range(8, 18)}


def in_hours(*, asked: bool = True, method: str = "round_robin", **rule: Any) -> Rules:
    """Ada works in the mornings, Ben in the afternoons, Cleo keeps the team's hours."""
    team = {"people": list(TEAM), "calendar": OFFICE, "hours": {"ada": MORNINGS, "ben": AFTERNOONS}}
    clause = {"team": "reps", "method": method, **({"in_hours": True} if asked else {}), **rule}
    return the_rules(teams={"reps": team}, routing={"rules": [clause]})


def at_work(person: str, at: float) -> bool:
    """The readable twin: on which hours of which days somebody works; day 0 is a Monday."""
    return int(at) % 7 < 5 and int(round(at % 1 * 24, 6)) in HOURS[person]


@pytest.mark.parametrize(
    ("at", "owners", "passed_over"),
    [
        (1 + 9 / 24, ["ada", "cleo", "ada", "cleo"], [("ben", "off hours")]),
        (1 + 15 / 24, ["ben", "cleo", "ben", "cleo"], [("ada", "off hours")]),
        (1 + 12 / 24, ["ben", "cleo", "ben", "cleo"], [("ada", "off hours")]),  # who closes is closed
        (1 + 20 / 24, ["ada", "ben", "cleo", "ada"], []),  # nobody works: as if hours did not matter
        (5 + 9 / 24, ["ada", "ben", "cleo", "ada"], []),  # a Saturday
    ],
)
def test_turns_go_to_those_in_their_working_hours(
    at: float, owners: list[str], passed_over: list[tuple[str, str]]
) -> None:
    rules, state = in_hours(), State()
    chosen = [next_of(rules, state, at) for _ in range(4)]
    assert [each.owner for each in chosen] == owners
    assert list(chosen[0].skipped) == passed_over
    assert given_out(in_hours(asked=False), State(), [at] * 4) == ["ada", "ben", "cleo", "ada"]


def test_absence_and_a_deputy_come_before_hours() -> None:
    state = State(Roster.from_rows([away("ben", 0, 9, deputy="ada"), away("cleo", 0, 9)]))
    rules = in_hours()
    assert next_of(rules, state, 1 + 15 / 24)[0] == "ada"  # alone, and so whatever the hour
    both = State(Roster.from_rows([away("cleo", 0, 9, deputy="ada")]))
    found = next_of(rules, both, 1 + 15 / 24)
    assert (found.owner, found.instead) == ("ben", ())  # the deputy is outside her hours


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=80), st.sampled_from(["round_robin", "weighted", "least_loaded"])
)
def test_whoever_gets_one_works_unless_nobody_does_and_turns_go_on_from_where_they_stood(
    days: list[float], method: str
) -> None:
    weights: dict[str, Any] = {"weights": {"ada": 2, "ben": 1, "cleo": 3}} if method == "weighted" else {}
    rules, state, told = in_hours(method=method, **weights), State(), State()
    for at in sorted(days):
        owner = next_of(rules, state, at).owner
        assert owner is not None
        assert at_work(owner, at) or not any(at_work(person, at) for person in TEAM)
        route.note_turn(rules, told, path="routing.rules.0", owner=owner, at=us(at))
        assert told.turns == state.turns


def test_nobody_is_flooded_when_the_own_hours_begin() -> None:
    """A night of leads to others does not come as a wave of leads in the morning."""
    rules, state = in_hours(), State()
    given_out(rules, state, [1 + 15 / 24] * 60)
    assert given_out(rules, state, [2 + 9 / 24] * 10).count("ada") == 5
