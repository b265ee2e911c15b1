"""Who gets a lead under the example agreement: the owner of the account, then rules in order, then turns in a team."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.ledgers import Row, day, ledger, us

from accord.agreement.reading import load
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import Roster, State

LEAD: Row = {"title": "Plant manager", "email": "a@b.example", "company": "b", "employees": 60.0}


@cache
def example() -> Rules:
    return Rules.of(load(Path(__file__).parents[2] / "examples/agreement.yaml"))


def offers(leads: Sequence[Row], away: Sequence[Row] = (), rules: Rules | None = None) -> list[tuple[Any, ...]]:
    """Owner, team and rule of each lead, who asks for a price one minute after the other on Monday, 11 January 2027."""
    profiles = [{"subject": "person", "subject_id": f"p{n:03}", **LEAD, **cells} for n, cells in enumerate(leads)]
    times = [day(7.5 + n / 1440) for n in range(len(leads))]
    kind = "form.price-request"
    touches = [{"person_id": f"p{n:03}", "kind": kind, "occurred_at": at} for n, at in enumerate(times)]
    state = State(Roster.from_rows(away))
    done = advance(ledger(profiles=profiles, touches=touches), rules or example(), state, since=us(7.4), until=us(8))
    found = [row for row in done.decisions.to_pylist() if row["outcome"] == "offered"]
    assert [row["person_id"] for row in found] == [f"p{n:03}" for n in range(len(leads))]
    return [(row["owner"], row["team"], row["rule"]) for row in found]


CASES: dict[str, tuple[Row, tuple[Any, ...]]] = {
    "1,000 people or more": ({"employees": 1000.0, "country": "DE"}, ("ada", "enterprise", "routing.rules.0")),
    "also in Britain, since the first rule wins": (
        {"employees": 2000.0, "country": "GB"}, ("ada", "enterprise", "routing.rules.0")
    ),
    "Britain": ({"country": "GB"}, ("amy", "emea-sdr", "routing.rules.1")),
    "everybody else": ({"country": "AT"}, ("tomas", "dach-sdr", "routing.rules.2")),
    "an owner comes before every rule": (
        {"country": "AT", "owner": "raj"}, ("raj", "emea-sdr", "routing.owner_first")
    ),
    "an owner of no team keeps the account": ({"country": "AT", "owner": "zoe"}, ("zoe", None, "routing.owner_first")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_route(name: str) -> None:
    cells, expected = CASES[name]
    assert offers([cells]) == [expected]


def test_british_leads_take_turns() -> None:
    assert [owner for owner, *_ in offers([{"country": "GB"}] * 5)] == ["amy", "raj", "amy", "raj", "amy"]


def test_tomas_gets_two_for_each_one_of_sara() -> None:
    owners = [owner for owner, *_ in offers([{"country": "DE"}] * 12)]
    assert (owners.count("tomas"), owners.count("sara")) == (8, 4)
    assert all(owners[n : n + 3].count("sara") == 1 for n in range(0, 12, 3))


def test_the_least_loaded_of_enterprise_is_next() -> None:
    leads = [{"country": "DE", "employees": 5000.0, "owner": "ada"}] * 2 + [{"country": "DE", "employees": 5000.0}] * 4
    assert [owner for owner, *_ in offers(leads)] == ["ada", "ada", "ines", "ines", "ada", "ines"]


def away(person: str, deputy: str | None = None) -> Row:
    gone = {"person": person, "event": "absent", "deputy": deputy, "until": day(20)}
    return {**gone, "occurred_at": day(0), "known_at": day(0)}


AWAY = [
    (["tomas"], ("sara", "dach-sdr", "routing.rules.2")),
    (["tomas", "sara"], ("sam", "dach-sdr", "routing.rules.2")),
    (["tomas", "sara", "sam"], (None, "dach-sdr", "routing.rules.2")),
]


@pytest.mark.parametrize(("gone", "expected"), AWAY)
def test_who_is_away_is_passed_over_then_the_deputy_then_nobody(gone: list[str], expected: tuple[Any, ...]) -> None:
    assert offers([{"country": "DE"}], [away(person) for person in gone]) == [expected]


STAND_IN = {
    "a deputy named in the absence comes before colleagues of the team": (
        {"country": "DE"}, [away("tomas", "amy"), away("sara")], ("amy", "dach-sdr", "routing.rules.2")
    ),
    "whoever stands in for the deputy, when the deputy is away too": (
        {"country": "DE"}, [away("tomas", "amy"), away("amy", "raj"), away("sara")],
        ("raj", "dach-sdr", "routing.rules.2"),
    ),
    "two who name each other are both away": (
        {"country": "DE"}, [away("tomas", "sara"), away("sara", "tomas")], ("sam", "dach-sdr", "routing.rules.2")
    ),
    "also for an account": (
        {"country": "AT", "owner": "raj"}, [away("raj", "amy")], ("amy", "emea-sdr", "routing.owner_first")
    ),
    "an account without anybody who stands in follows the rules": (
        {"country": "AT", "owner": "raj"}, [away("raj")], ("tomas", "dach-sdr", "routing.rules.2")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STAND_IN)
def test_who_stands_in(name: str) -> None:
    cells, gone, expected = STAND_IN[name]
    assert offers([cells], gone) == [expected]


def test_a_deputy_of_the_team_takes_both_shares() -> None:
    """Sara's one of three and the two of Tomás; Amy and Raj take turns as before when somebody else is away."""
    assert {owner for owner, *_ in offers([{"country": "DE"}] * 6, [away("tomas", "sara")])} == {"sara"}
    owners = [owner for owner, *_ in offers([{"country": "DE"}] * 12, [away("sara", "raj")])]
    assert (owners.count("tomas"), owners.count("raj")) == (8, 4)


# In their own working hours

TEAM, RULE = "{people: [tomas, sara], deputy: sam}", "{team: dach-sdr, method: weighted"
MORNINGS, AFTERNOONS = ('{hours: {mon-fri: "08:00-12:00"}}', '{hours: {mon-fri: "12:00-18:00"}}')


@cache
def with_hours(tomas: str, sara: str, in_hours: bool) -> Rules:
    """The example in which Tomás and Sara work at other hours; leads come at 13:00 in Berlin."""
    text = (Path(__file__).parents[2] / "examples/agreement.yaml").read_text(encoding="utf-8")
    assert TEAM in text
    assert RULE in text
    text = text.replace(TEAM, f"{TEAM[:-1]}, hours: {{tomas: {tomas}, sara: {sara}}}}}")
    return Rules.of(load(text.replace(RULE, f"{RULE}, in_hours: {str(in_hours).lower()}").encode()))


IN_HOURS = {
    "only who works then takes turns": ((MORNINGS, AFTERNOONS, True), ["sara"] * 4),
    "whoever it is": ((AFTERNOONS, MORNINGS, True), ["tomas"] * 4),
    "when nobody works hours do not matter": ((MORNINGS, MORNINGS, True), ["tomas", "sara", "tomas", "tomas"]),
    "when everybody works neither": ((AFTERNOONS, AFTERNOONS, True), ["tomas", "sara", "tomas", "tomas"]),
    "without the key hours change nothing": ((MORNINGS, AFTERNOONS, False), ["tomas", "sara", "tomas", "tomas"]),
}


@pytest.mark.parametrize("name", IN_HOURS)
def test_turns_in_working_hours(name: str) -> None:
    how, expected = IN_HOURS[name]
    assert [owner for owner, *_ in offers([{"country": "DE"}] * 4, rules=with_hours(*how))] == expected


def test_who_is_away_is_so_in_and_out_of_hours() -> None:
    rules = with_hours(MORNINGS, AFTERNOONS, True)
    assert offers([{"country": "DE"}], [away("sara")], rules) == [("tomas", "dach-sdr", "routing.rules.2")]
