"""How handoffs were dealt out over a quarter: what counts as a turn, what share of it was whose, and what chance allows
for. Every expectation is counted by hand. Who is away has no share, a weight counts as agreed, and what the account's
owner gets or somebody gives by hand is no turn (M31)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.agreements import the_rules
from tests.tables import facts_in_hand, text_table

from accord.agreement.document import Period
from accord.agreement.periods import Periods, Span
from accord.agreement.rules import Rules
from accord.insight.fairness import Fairness, Share, fairness

QUARTER = Periods("UTC").at(datetime(2027, 2, 1, tzinfo=UTC), Period.QUARTER)
DEALT = """
handoff_id | event    | owner | by  | rule                  | version | band | score | occurred_at
h1         | offered  | ada   |     | routing.rules.0       | 1       | A    | 80    | 2027-01-11T09:00
h2         | offered  | ben   |     | routing.rules.0       | 1       | B    | 50    | 2027-01-11T10:00
h3         | offered  | cleo  |     | routing.rules.0       | 1       | A    | 70    | 2027-01-11T11:00
h4         | offered  | ada   |     | routing.rules.0       | 1       | B    | 60    | 2027-01-12T09:00
h5         | offered  | cleo  |     | routing.owner_first   | 1       | A    | 90    | 2027-01-12T10:00
h6         | offered  |       |     | routing.rules.0       | 1       | B    | 40    | 2027-01-12T11:00
h2         | rerouted | cleo  |     | response.on_breach.1  | 1       | B    | 50    | 2027-01-12T12:00
h1         | rerouted | cleo  | sam |                       | 1       | A    | 80    | 2027-01-12T13:00
h7         | offered  | ben   |     | routing.rules.0       | 1       | B    | 50    | 2027-04-01T10:00
"""
AWAY = """
person | event  | until            | occurred_at
ben    | absent | 2027-01-20T00:00 | 2027-01-12T00:00
"""


def found(
    handoffs: str = DEALT, away: str = AWAY, rules: Rules | None = None, spans: tuple[Span, ...] = (QUARTER,)
) -> Fairness:
    events = [{"person_id": row["handoff_id"], "team": "reps", **row} for row in text_table(handoffs)]
    engine = facts_in_hand(handoffs=events, availability=text_table(away) if away else ())
    rules = rules or the_rules()
    return fairness(engine, {rules.version: rules}, spans=spans)


def told(people: tuple[Share, ...]) -> list[dict[str, Any]]:
    return [
        {
            "person": each.person, "first": each.first, "moved": each.moved, "account": each.besides["account"],
            "hand": each.besides["hand"], "in_line": each.in_line, "sixths": round(6 * each.expected),
        }
        for each in people
    ]  # fmt: skip


def test_everybody_in_line_has_a_share_of_every_turn() -> None:
    """Three turns in which all three stood in line, one while Ben was away, and one that moved on from Ben, who was
    away by then, too: a third of three and a half of two are 12 sixths."""
    (team,) = found().teams
    assert (team.period, team.team, team.n) == ("2027-Q1", "reps", 5)
    assert told(team.people) == text_table("""
    person | first | moved | account | hand | in_line | sixths
    ada    | 2     | 0     | 0       | 0    | 5       | 12
    ben    | 1     | 0     | 0       | 0    | 3       | 6
    cleo   | 1     | 1     | 1       | 1    | 5       | 12
    """)


def test_a_move_that_says_by_which_clause_counts_as_that() -> None:
    """The re-route says beside the breach that the account's owner was asked."""
    said = DEALT.replace("score | occ", "score | reason | occ").replace("2027-", "| 2027-")
    said = said.replace("B    | 50    | | 2027-01-12T12:00", "B    | 50    | routing.owner_first | 2027-01-12T12:00")
    (team,) = found(said).teams
    (cleo,) = (each for each in team.people if each.person == "cleo")
    assert (cleo.moved, cleo.besides["account"]) == (0, 2)


def test_a_weight_is_a_larger_share() -> None:
    """Four turns with all three in line, and one that moved on from Ben to whoever else was there."""
    routing = {"rules": [{"team": "reps", "method": "weighted", "weights": {"ada": 3, "ben": 2, "cleo": 1}}]}
    (team,) = found(away="", rules=the_rules(routing=routing)).teams
    twelfths = {each.person: round(12 * each.expected) for each in team.people}
    assert twelfths == {"ada": 4 * 6 + 9, "ben": 4 * 4, "cleo": 4 * 2 + 3}


def test_who_is_full_keeps_the_agreed_share_and_is_not_expected_to_get_more() -> None:
    """Each has room for one. Ada got the fourth though she had one open, for Ben was away and Cleo was full as well."""
    (team,) = found(rules=the_rules(capacity={"reps": {"open_per_person": 1}})).teams
    agreed = {each.person: round(6 * each.agreed) for each in team.people}
    assert agreed == {"ada": 12, "ben": 6, "cleo": 12}
    assert {each.person: round(6 * each.expected) for each in team.people} == {"ada": 8, "ben": 5, "cleo": 17}


def test_the_lowest_load_is_expected_to_get_it() -> None:
    """Of three, then of two, Cleo alone, and twice Ada or Cleo, who had as many open as each other."""
    routing = {"rules": [{"team": "reps", "method": "least_loaded"}]}
    (team,) = found(rules=the_rules(routing=routing)).teams
    assert {each.person: round(6 * each.expected) for each in team.people} == {"ada": 8, "ben": 5, "cleo": 17}


def test_a_quarter_ends_when_the_fiscal_quarter_does() -> None:
    spans = Periods("UTC").between(QUARTER.start, QUARTER.end + timedelta(days=1), Period.QUARTER)
    assert [(team.period, team.n) for team in found(spans=spans).teams] == [("2027-Q1", 5), ("2027-Q2", 1)]
    fiscal = Periods("UTC", (2, 1)).at(datetime(2027, 3, 1, tzinfo=UTC), Period.QUARTER)
    assert [(team.period, team.n) for team in found(spans=(fiscal,)).teams] == [("2028-Q1", 1)]


def test_the_leads_that_fell_to_somebody_are_held_against_their_share_of_each_band() -> None:
    (team,) = found().teams
    ada = team.people[0]
    assert dict(ada.bands) == {"A": 1, "B": 1}
    assert {band: round(6 * share) for band, share in ada.bands_expected.items()} == {"A": 4, "B": 8}


def test_without_a_rule_on_record_or_a_version_nothing_is_expected() -> None:
    brought = """
    handoff_id | event   | owner | rule            | version | occurred_at
    h1         | offered | ada   |                 |         | 2027-01-11T09:00
    h2         | offered | ada   | routing.rules.0 | 9       | 2027-01-11T10:00
    h3         | offered | zoe   | routing.rules.0 | 1       | 2027-01-11T10:00
    """
    (team,) = found(brought).teams
    assert [(each.person, each.got, each.besides["otherwise"]) for each in team.people] == [
        ("ada", 0, 2),
        ("zoe", 0, 1),
    ]


def test_with_fewer_than_20_turns_nothing_is_said_about_chance() -> None:
    (team,) = found().teams
    assert team.needed == 15 and {each.verdict for each in team.people} == {"too_few"}


def in_a_row(owners: str) -> str:
    """One turn an hour from Monday on, to the owners whose first letters these are; Ada's leads have 60 points, all
    others 40."""
    names = {"a": "ada", "b": "ben", "c": "cleo"}
    lines = [
        f"h{n} | offered | {names[letter]} | routing.rules.0 | 1 | {'A' if letter == 'a' else 'B'}"
        f" | {60 if letter == 'a' else 40} | {datetime(2027, 1, 11) + timedelta(hours=n):%Y-%m-%dT%H:%M}"  # noqa: DTZ001
        for n, letter in enumerate(owners)
    ]
    return "handoff_id | event | owner | rule | version | band | score | occurred_at\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("owners", "verdicts"),
    [
        ("abc" * 20, {"ada": "chance", "ben": "chance", "cleo": "chance"}),
        ("aabbc" * 12, {"ada": "chance", "ben": "chance", "cleo": "chance"}),
        ("aab" * 20, {"ada": "more", "ben": "chance", "cleo": "fewer"}),
    ],
)
def test_a_difference_that_a_fair_lot_would_give_is_said_to_be_chance(owners: str, verdicts: dict[str, str]) -> None:
    (team,) = found(in_a_row(owners), away="").teams
    assert {each.person: each.verdict for each in team.people} == verdicts


def test_of_60_turns_among_three_a_fair_lot_gives_each_14_to_26() -> None:
    (team,) = found(in_a_row("abc" * 20), away="").teams
    assert {(each.range.low, each.range.high) for each in team.people if each.range} == {(14, 26)}


def test_better_leads_than_a_lot_would_give_are_told_apart() -> None:
    (team,) = found(in_a_row("abc" * 20), away="").teams
    ada, ben, _ = (each.points for each in team.people)
    assert ada and ben and round(ada.expected, 1) == round(ben.expected, 1) == 46.7
    assert ada.mean == 60 > ada.range.high and ada.p < 0.01 and ben.mean == 40 < ben.range.low


def test_the_result_says_how_it_was_counted() -> None:
    result = found(in_a_row("abc" * 20), away="")
    assert result.n == 60 and "ORDER BY" in result.sql and result.table().num_rows == 3
    assert result.to_json()["teams"][0]["people"][0]["verdict"] == "chance"
    assert result.chart() and result.chart("dark")
