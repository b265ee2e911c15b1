"""The life of one handoff under the example agreement, in the time of Berlin: what falls due and what follows when.

Tomas works Monday to Thursday 09:00-12:30 and 13:15-17:30, Friday 09:00-15:00. He has 4 hours to answer, 8 (after a
demo request 15 minutes) for the first touch, 15 working days for an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.ledgers import Row, ledger

from accord.agreement.decide import Decisions
from accord.agreement.handoff import Handoff, HumanAct
from accord.agreement.reading import load
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import Roster, State, microseconds
from accord.facts.lead_view import DAY_US

BERLIN = ZoneInfo("Europe/Berlin")
LEAD: Row = {"subject": "person", "subject_id": "ann", "title": "Plant manager", "email": "a@b.example", "company": "b",
             "country": "DE", "employees": 60.0}  # fmt: skip


@cache
def example() -> Rules:
    return Rules.of(load(Path(__file__).parents[2] / "examples/agreement.yaml"))


def at(text: str) -> datetime:
    """`Mon 2027-01-11 10:00` in Berlin; the day of the week must be the right one."""
    weekday, _, rest = text.partition(" ")
    found = datetime.fromisoformat(rest).replace(tzinfo=BERLIN)
    assert weekday == found.strftime("%a"), text
    return found


class Tomas:
    def __init__(self, acts: Sequence[tuple[str, str, str | None]]) -> None:
        self.acts = acts

    def offered(self, handoff: Handoff, at_us: int) -> Sequence[HumanAct]:  # noqa: ARG002
        return [HumanAct(microseconds(at(when)), event, handoff.owner, why) for when, event, why in self.acts]

    def rerouted(self, handoff: Handoff, at_us: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        return None


def lived(
    offered: str,
    *acts: tuple[str, str, str | None],
    form: str = "price-request",
    days: int = 7,
    roster: Sequence[Row] = (),
) -> Decisions:
    asked = microseconds(at(offered))
    when = datetime.fromtimestamp(asked // 1_000_000, tz=ZoneInfo("UTC")).replace(tzinfo=None)
    touch = {"person_id": "ann", "kind": f"form.{form}", "occurred_at": when}
    engine = ledger(profiles=[LEAD], touches=[touch])
    until = asked + days * DAY_US
    state = State(Roster.from_rows(roster))
    return advance(engine, example(), state, since=asked - DAY_US, until=until, colleagues=Tomas(acts))


def story(done: Decisions) -> list[tuple[str, str, str | None]]:
    rows = done.handoffs.to_pylist()
    return [(r["occurred_at"].astimezone(BERLIN).strftime("%a %Y-%m-%d %H:%M"), r["event"], r["owner"]) for r in rows]


# Offered, the form that was sent, and when answer, first touch and outcome are due.
DUE = [
    ("Mon 2027-01-11 10:00", "price-request", "Mon 2027-01-11 14:45", "Tue 2027-01-12 10:15", "Mon 2027-02-01 10:00"),
    ("Mon 2027-01-11 10:00", "demo-request", "Mon 2027-01-11 14:45", "Mon 2027-01-11 10:15", "Mon 2027-02-01 10:00"),
    ("Fri 2027-01-15 14:00", "price-request", "Mon 2027-01-18 12:00", "Mon 2027-01-18 16:45", "Fri 2027-02-05 14:00"),
    ("Sat 2027-01-16 20:00", "price-request", "Mon 2027-01-18 13:45", "Tue 2027-01-19 09:15", "Mon 2027-02-08 09:00"),
]


@pytest.mark.parametrize(("offered", "form", "answer", "first_touch", "outcome"), DUE)
def test_what_is_due_when(offered: str, form: str, answer: str, first_touch: str, outcome: str) -> None:
    (offer,) = lived(offered, form=form, days=0).handoffs.to_pylist()
    dues = [offer[f"{name}_due"] for name in ("answer", "first_touch", "outcome")]
    assert dues == [at(answer), at(first_touch), at(outcome)]


def test_what_follows_when_nobody_answers() -> None:
    assert story(lived("Mon 2027-01-11 10:00", days=2)) == [
        ("Mon 2027-01-11 10:00", "offered", "tomas"),
        ("Mon 2027-01-11 14:45", "reminded", "tomas"),
        ("Mon 2027-01-11 16:45", "escalated", "tomas"),
        ("Tue 2027-01-12 14:45", "rerouted", "sara"),
    ]


def test_an_answer_in_time_ends_the_clock() -> None:
    accepted = ("Mon 2027-01-11 14:45", "accepted", None)  # the very moment at which it is due
    assert story(lived("Mon 2027-01-11 10:00", accepted)) == [
        ("Mon 2027-01-11 10:00", "offered", "tomas"), ("Mon 2027-01-11 14:45", "accepted", "tomas"),
    ]  # fmt: skip


def test_a_whole_life() -> None:
    acts = [
        ("Mon 2027-01-11 11:00", "accepted", None), ("Mon 2027-01-11 15:00", "contacted", None),
        ("Wed 2027-01-13 09:30", "contacted", None), ("Thu 2027-01-14 10:00", "qualified", None),
    ]  # fmt: skip
    assert [event for _, event, _ in story(lived("Mon 2027-01-11 10:00", *acts))] == [
        "offered", "accepted", "contacted", "contacted", "qualified"
    ]  # fmt: skip


def test_a_lead_for_whom_it_was_too_early_comes_back_after_thirty_days_if_the_score_still_holds() -> None:
    """Asking for a price is worth 30 points, halving in 14 days: 45 + 6.8 after thirty days is not enough."""
    done = lived("Mon 2027-01-11 10:00", ("Mon 2027-01-11 11:00", "recycled", "timing"), days=60)
    assert [row["outcome"] for row in done.decisions.to_pylist()] == ["offered"]


# Whoever leaves the company


def leaves(person: str, when: str, deputy: str | None = None, known: str | None = None) -> Row:
    told = {"person": person, "event": "left", "deputy": deputy, "until": None}
    return {**told, "occurred_at": in_utc(when), "known_at": in_utc(known or when)}


def in_utc(text: str) -> datetime:
    return at(text).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


ACCEPTED = ("Mon 2027-01-11 11:00", "accepted", None)
OFFERED, TAKEN = ("Mon 2027-01-11 10:00", "offered", "tomas"), ("Mon 2027-01-11 11:00", "accepted", "tomas")
Act = tuple[str, str, str | None]
LEAVING: dict[str, tuple[list[Act], list[Row], list[Act]]] = {
    "the deputy whom the departure names takes over at that moment": (
        [], [leaves("tomas", "Mon 2027-01-11 12:00", "amy", known="Fri 2027-01-08 09:00")],
        [
            OFFERED, ("Mon 2027-01-11 12:00", "rerouted", "amy"), ("Mon 2027-01-11 16:00", "reminded", "amy"),
            ("Mon 2027-01-11 18:00", "escalated", "amy"),
        ],
    ),
    "so does what had been accepted": (
        [ACCEPTED], [leaves("tomas", "Mon 2027-01-11 12:00", "amy")],
        [OFFERED, TAKEN, ("Mon 2027-01-11 12:00", "rerouted", "amy")],
    ),
    "without a deputy the route chooses again": (
        [ACCEPTED], [leaves("tomas", "Mon 2027-01-11 12:00")],
        [OFFERED, TAKEN, ("Mon 2027-01-11 12:00", "rerouted", "sara")],
    ),
    "also when the deputy has left before": (
        [ACCEPTED], [leaves("tomas", "Mon 2027-01-11 12:00", "amy"), leaves("amy", "Sat 2027-01-09 12:00")],
        [OFFERED, TAKEN, ("Mon 2027-01-11 12:00", "rerouted", "sara")],
    ),
    "it counts from when it became known": (
        [ACCEPTED], [leaves("tomas", "Sun 2027-01-10 12:00", known="Tue 2027-01-12 08:00")],
        [OFFERED, TAKEN, ("Tue 2027-01-12 08:00", "rerouted", "sara")],
    ),
    "with nobody there it has no owner until somebody is": (
        [ACCEPTED], [leaves(who, "Mon 2027-01-11 12:00") for who in ("tomas", "sara", "sam")],
        [OFFERED, TAKEN, ("Mon 2027-01-11 12:00", "rerouted", None)],
    ),
    "what was answered for good stays": (
        [("Mon 2027-01-11 11:00", "rejected", "wrong_role")], [leaves("tomas", "Mon 2027-01-11 12:00", "amy")],
        [OFFERED, ("Mon 2027-01-11 11:00", "rejected", "tomas")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAVING)
def test_what_is_open_with_whoever_leaves(name: str) -> None:
    acts, roster, expected = LEAVING[name]
    assert story(lived("Mon 2027-01-11 10:00", *acts, days=1, roster=roster)) == expected


def test_a_clock_that_ran_out_before_stays_missed_and_the_new_owner_has_a_clock_of_their_own() -> None:
    done = lived("Mon 2027-01-11 10:00", days=1, roster=[leaves("tomas", "Mon 2027-01-11 15:00", "sara")])
    told = [row for row in done.handoffs.to_pylist() if row["event"] in ("reminded", "rerouted")]
    assert [(row["owner"], row["rule"]) for row in told] == [
        ("tomas", "response.on_breach.0"), ("sara", "routing.left.deputy"),
    ]  # fmt: skip
    assert told[1]["answer_due"] == at("Tue 2027-01-12 10:30")


def test_without_an_owner_no_clock_runs_and_every_tick_looks_for_one() -> None:
    gone = [leaves(who, "Mon 2027-01-11 12:00") for who in ("tomas", "sara", "sam")]
    back = {**leaves("sara", "Wed 2027-01-13 08:00"), "event": "joined"}
    done = lived("Mon 2027-01-11 10:00", ACCEPTED, days=5, roster=[*gone, back])
    moves = [row for row in done.handoffs.to_pylist() if row["event"] == "rerouted"]
    assert [(row["owner"], row["answer_due"] is None, row["outcome_due"] is None) for row in moves] == [
        (None, True, True), ("sara", False, False),
    ]  # fmt: skip
    assert moves[1]["occurred_at"] == at("Thu 2027-01-14 06:00")
