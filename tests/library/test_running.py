"""The agreement at work over time: into which steps a time is cut makes no difference, and which moments matter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agreements import an_agreement, the_rules
from tests.ledgers import Row, day, ledger, us

from accord.agreement import running
from accord.agreement.decide import Decisions
from accord.agreement.handoff import Handoff, HumanAct
from accord.agreement.rules import Rules
from accord.agreement.running import advance, moments, watch_again
from accord.agreement.state import Roster, State, microseconds
from accord.facts.engine import Engine
from accord.facts.lead_view import DAY_US, HOUR_US

DAYS = 30
PEOPLE = 36


class Crew:
    """Colleagues whose acts depend on the handoff alone."""

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        if handoff.owner is None:
            return ()
        chance = random.Random(f"{handoff.handoff_id} {handoff.owner}")  # noqa: S311
        answered = at + int(chance.expovariate(1 / 20) * HOUR_US)
        event = chance.choice(["accepted", "rejected", "recycled", "recycled"])
        reason = {"rejected": "no_interest", "recycled": chance.choice(["timing", "no_budget", None])}.get(event)
        acts = [HumanAct(answered, event, handoff.owner, reason)]
        if event == "accepted":
            acts += [
                HumanAct(answered + DAY_US, "contacted"),
                HumanAct(answered + 3 * DAY_US, "recycled", None, "timing"),
            ]
        return acts

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:
        return self.offered(handoff, at)


BUSY: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "personas": [{"name": "Boss", "where": "title = 'boss'"}],
    "cards": {
        "points": {
            "fit": [{"when": "employees >= 100", "points": 30}, {"when": "persona = 'Boss'", "points": 20}],
            "intent": [
                {"touch": "form.demo", "points": 30, "half_life": "5d", "at_most": 50},
                {"touch": "page.pricing", "points": 8, "half_life": "6h"},
            ],
            "bands": {"A": 70, "B": 0},
        }
    },
    "qualification": {
        "score": {"card": "points", "at_least": 40},
        "where": "country IN ('DE', 'FR') AND handoffs < 6",
        "unless": "account_open_deals > 0 OR unsubscribed OR days_since_deal_activity < 3",
        "always": "hours_since_last_form > 96 AND touches_7d < 2 AND days_since_first_touch < 20",
        "requires": {"fields": ["title"], "missing": "hold"},
        "again": "6d",
        "tick": "06:00",
    },
    "routing": {
        "owner_first": True,
        "rules": [
            {"when": "employees >= 500", "team": "big", "method": "least_loaded"},
            {"team": "reps", "method": "weighted", "weights": {"ada": 2, "ben": 1, "cleo": 1}},
        ],
    },
    "teams": {"reps": {"people": ["ada", "ben", "cleo"]}, "big": {"people": ["dora", "emil"], "deputy": "ada"}},
    "capacity": {"reps": {"open_per_person": 3, "new_per_person_per_day": 2}},
    "response": {
        "answer": {"within": "4h"},
        "outcome": {"within": "5d"},
        "on_breach": [{"after": "0m", "do": "remind"}, {"after": "2h", "do": "reroute"}],
    },
    "answers": {
        "reject": [{"code": "no_interest", "label": "No interest"}],
        "recycle": [
            {"code": "timing", "label": "Not now", "return": "days_since_recycle >= 5 AND recycle_reason = 'timing'"},
            {"code": "no_budget", "label": "No budget", "return": "score >= 45 AND days_since_handoff > 6"},
        ],
    },
    "explore": {"share": 0.3, "points_below": 15},
}


@cache
def busy() -> Rules:
    return Rules.of(an_agreement(**BUSY))


def impatient() -> Rules:
    """Turns that come sooner than after a day."""
    said = {**BUSY["qualification"], "again": "7h", "where": "country IN ('DE', 'FR') AND handoffs < 12"}
    back = [{"code": c, "label": c, "return": "days_since_recycle >= 0.3"} for c in ("timing", "no_budget")]
    return Rules.of(an_agreement(**{**BUSY, "qualification": said, "answers": {**BUSY["answers"], "recycle": back}}))


def a_history(seed: int) -> dict[str, list[Row]]:
    """People of a few accounts with forms, pages, mails, deals, late facts and corrections over `DAYS` days."""
    chance = random.Random(seed)  # noqa: S311

    def when() -> datetime:
        return day(chance.choice([chance.randrange(DAYS), chance.randrange(DAYS * 24) / 24, chance.random() * DAYS]))

    found: dict[str, list[Row]] = {"touches": [], "profiles": [], "deals": [], "consent": []}
    for number in range(PEOPLE):
        person = f"p{number:02}"
        for _ in range(chance.choice([1, 1, 2])):
            found["profiles"].append({
                "subject": "person", "subject_id": person, "account_id": chance.choice(["acme", "bolt", "core", None]),
                "title": chance.choice(["boss", "clerk", None]),
                "country": chance.choice(["DE", "DE", "DE", "FR", "FR", "US"]),
                "occurred_at": when(),
            })  # fmt: skip
        for _ in range(chance.randrange(12)):
            kind = chance.choice([*["form.demo", "page.pricing", "page.blog"] * 5, "email.unsubscribed"])
            at = when()
            touch: dict[str, Any] = {"person_id": person, "kind": kind, "side": "marketing", "occurred_at": at}
            touch["known_at"] = at + timedelta(days=chance.choice([0, 0, 0, 2, 9]))
            found["touches"].append({**touch, "source_id": f"{person}-{len(found['touches'])}"})
            if chance.random() < 0.1:
                later = touch["known_at"] + timedelta(days=2)
                found["touches"].append({**found["touches"][-1], "kind": "page.blog", "known_at": later, "revision": 2})
    for account in ("acme", "bolt", "core"):
        for _ in range(2):
            found["profiles"].append({
                "subject": "account", "subject_id": account, "employees": chance.choice([20.0, 200.0, 200.0, 900.0]),
                "owner": chance.choice([None, None, "ada", "emil"]), "occurred_at": when(),
            })  # fmt: skip
    for number in range(3):
        opened = when()
        whose = chance.choice([{"account_id": "acme"}, {"account_id": "bolt"}, {"person_id": "p03"}])
        found["deals"].append({"deal_id": f"d{number}", **whose, "event": "opened", "occurred_at": opened})
        closed = opened + timedelta(days=chance.randrange(1, 6))
        found["deals"].append({"deal_id": f"d{number}", **whose, "event": "lost", "occurred_at": closed})
    return found


def away(person: str, start: float, known: float, until: float | None) -> Row:
    event = {"person": person, "event": "left" if until is None else "absent", "deputy": None}
    return {**event, "occurred_at": day(start), "known_at": day(known), "until": until and day(until)}


AWAY = [away("ben", 5, 4, 15), away("dora", 9, 9, None), away("emil", 12, 13, 14)]


def lived(engine: Engine, rules: Rules, cuts: Sequence[int]) -> Decisions:
    state, done = State(Roster.from_rows(AWAY)), Decisions()
    for since, until in pairwise(cuts):
        done.add(advance(engine, rules, state, since=since, until=until, colleagues=Crew()))
    return done


def steps(days: float) -> list[int]:
    return [*range(us(0), us(DAYS), int(days * DAY_US)), us(DAYS)]


@settings(max_examples=2, derandomize=True, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(us(0) + 1, us(DAYS) - 1), max_size=8))
def test_steps_make_no_difference(seed: int, cuts: set[int]) -> None:
    engine = ledger(**a_history(seed))
    whole = lived(engine, busy(), [us(0), us(DAYS)])
    for stretches in (steps(3), sorted({us(0), us(DAYS), *cuts})):
        assert lived(engine, busy(), stretches) == whole


@pytest.mark.parametrize("rules", [busy, impatient])
def test_days_make_no_difference(rules: Any) -> None:
    engine = ledger(**a_history(1))
    whole = lived(engine, rules(), [us(0), us(DAYS)])
    assert lived(engine, rules(), steps(1)) == whole
    outcomes, events = set(whole.decisions["outcome"].to_pylist()), set(whole.handoffs["event"].to_pylist())
    assert {"offered", "excluded", "outside", "below", "held", "waiting"} <= outcomes
    assert {"offered", "accepted", "rejected", "recycled", "contacted", "reminded", "rerouted"} <= events


def test_hours_make_no_difference_to_the_impatient() -> None:
    engine = ledger(**a_history(2))
    rules = impatient()
    assert lived(engine, rules, [*range(us(0), us(8), 5 * HOUR_US), us(8)]) == lived(engine, rules, [us(0), us(8)])


@pytest.mark.parametrize("seed", [3, 4])
def test_both_forms_of_the_lead_view_decide_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ledger(**a_history(seed))
    few = lived(engine, busy(), steps(10))
    monkeypatch.setattr(running, "FEW", -1)
    assert lived(engine, busy(), steps(10)) == few


@pytest.mark.prove
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**9), st.sets(st.integers(us(0) + 1, us(DAYS) - 1), max_size=60), st.booleans())
def test_steps_make_no_difference_in_15_histories(seed: int, cuts: set[int], hurried: bool) -> None:
    engine, rules = ledger(**a_history(seed)), impatient() if hurried else busy()
    whole = lived(engine, rules, [us(0), us(DAYS)])
    for stretches in (steps(1), steps(3), sorted({us(0), us(DAYS), *cuts})):
        assert lived(engine, rules, stretches) == whole


# Which moments matter


def asked(rules: Rules, since: float, until: float, **facts: Sequence[Row]) -> list[tuple[str, float, str]]:
    """Who is looked at in (since, until], days after the start, and why."""
    found = moments(ledger(**facts), rules, State(), since=us(since), until=us(until))
    rows = zip(*(found[name].to_pylist() for name in ("person_id", "moment", "trigger")), strict=True)
    return sorted((who, (at - day(0)) / timedelta(days=1), why) for who, at, why in rows)


def person(who: str, account: str | None = None, at: float = 0) -> Row:
    return {"subject": "person", "subject_id": who, "account_id": account, "occurred_at": day(at)}


def touch(who: str, kind: str, at: float, **more: Any) -> Row:
    return {"person_id": who, "kind": kind, "occurred_at": day(at), **more}


def test_facts_that_the_agreement_does_not_read_cause_no_moment() -> None:
    rules = the_rules(qualification={"where": "country = 'DE' AND forms > 0"})
    touches = [touch("ann", "page.home", 2), touch("ann", "form.demo", 3)]
    deals = [{"deal_id": "d", "person_id": "ann", "event": "opened", "occurred_at": day(4)}]
    consent = [{"person_id": "ann", "purpose": "all", "status": "withdrawn", "occurred_at": day(5)}]
    assert asked(rules, 1, 9, touches=touches, deals=deals, consent=consent) == [("ann", 3, "fact")]


def test_a_fact_is_looked_at_when_it_becomes_known_and_when_it_is_corrected() -> None:
    rules = the_rules(qualification={"where": "forms > 0"})
    first = touch("ann", "form.demo", 1, known_at=day(2), source_id="t")
    touches = [first, {**first, "kind": "page.home", "known_at": day(5), "revision": 2}]
    assert asked(rules, 1, 9, touches=touches) == [("ann", 2, "fact"), ("ann", 5, "fact")]


def test_the_start_is_outside_and_the_end_within() -> None:
    rules = the_rules(qualification={"where": "forms > 0"})
    touches = [touch("ann", "form.demo", 3), touch("ann", "form.demo", 4)]
    assert asked(rules, 3, 4, touches=touches) == [("ann", 4, "fact")]


def test_account_facts_reach_all_who_work_there_at_that_time() -> None:
    profiles = [person("ann", "acme"), person("bob", "acme"), person("cay", "bolt"), person("bob", "bolt", at=5)]
    profiles += [{"subject": "account", "subject_id": "acme", "occurred_at": day(at)} for at in (3, 7)]
    rules = the_rules(qualification={"where": "employees > 5"})
    assert asked(rules, 1, 9, profiles=profiles) == [
        ("ann", 3, "fact"), ("ann", 7, "fact"), ("bob", 3, "fact"), ("bob", 5, "fact"),
    ]  # fmt: skip


@pytest.mark.parametrize("whose", [{"account_id": "acme"}, {"person_id": "ann"}], ids=["by account", "by person"])
def test_deals_reach_all_people_of_the_account(whose: Row) -> None:
    profiles = [person("ann", "acme"), person("bob", "acme"), person("cay", "bolt")]
    deals = [{"deal_id": "d", **whose, "event": "opened", "occurred_at": day(3)}]
    rules = the_rules(qualification={"where": "country IS NULL", "unless": "account_open_deals > 0"})
    assert asked(rules, 1, 9, profiles=profiles, deals=deals) == [("ann", 3, "fact"), ("bob", 3, "fact")]


def test_a_deal_of_a_person_moves_to_the_account_with_the_person() -> None:
    profiles = [person("ann"), person("bob", "acme"), person("ann", "acme", at=5)]
    deals = [{"deal_id": "d", "person_id": "ann", "event": "opened", "occurred_at": day(3)}]
    rules = the_rules(qualification={"where": "country IS NULL", "unless": "account_open_deals > 0"})
    assert asked(rules, 1, 9, profiles=profiles, deals=deals) == [
        ("ann", 3, "fact"), ("ann", 5, "fact"), ("bob", 5, "fact"),
    ]  # fmt: skip


def test_a_mail_that_says_no_is_a_moment_of_consent() -> None:
    rules = the_rules(qualification={"where": "country IS NULL", "unless": "unsubscribed"})
    assert asked(rules, 1, 9, touches=[touch("ann", "email.unsubscribed", 3)]) == [("ann", 3, "fact")]


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("hours_since_last_form >= 72", 6.25),  # the form of day 3 is 72 hours old on day 6 at midnight
        ("days_since_last_touch > 3", 6.25),
        ("days_since_first_touch >= 3.5", 7.25),
        ("touches_7d < 1", 10.25),
        ("days_since_deal_activity >= 4", 7.25),
    ],
)
def test_time_alone_brings_a_look_at_the_next_tick(where: str, days: float) -> None:
    rules = the_rules(qualification={"where": where, "tick": "06:00"})
    deals = [{"deal_id": "d", "person_id": "ann", "event": "opened", "occurred_at": day(3)}]
    found = asked(rules, 3.5, 20, touches=[touch("ann", "form.demo", 3)], deals=deals)
    assert ("ann", days, "tick") in found
    assert {why for _, _, why in found} == {"tick"}


def test_what_blocks_is_looked_at_when_it_stops_blocking() -> None:
    rules = the_rules(qualification={"where": "country IS NULL", "unless": "days_since_last_touch <= 2"})
    assert asked(rules, 3.5, 20, touches=[touch("ann", "form.demo", 3)]) == [("ann", 5.25, "tick")]


def test_a_fact_that_is_heard_of_late_causes_no_tick_before() -> None:
    rules = the_rules(qualification={"where": "days_since_last_touch >= 2"})
    late = touch("ann", "form.demo", 3, known_at=day(9))
    assert asked(rules, 3.5, 20, touches=[late]) == [("ann", 9, "fact")]


def test_ticks_keep_to_the_wall_clock_when_summer_time_begins_and_ends() -> None:
    rules = the_rules(time_zone="Europe/Berlin", qualification={"where": "forms > 0", "tick": "06:00"})
    spring = [tick // HOUR_US % 24 for tick in rules.ticks(_at("2027-03-26"), _at("2027-03-30"))]
    autumn = [tick // HOUR_US % 24 for tick in rules.ticks(_at("2027-10-29"), _at("2027-11-02"))]
    assert (spring, autumn) == ([5, 5, 4, 4], [4, 4, 5, 5])


@pytest.mark.parametrize("tick", ["02:30", "00:00", "23:59"])
def test_there_is_one_tick_a_day_whatever_the_clocks_do(tick: str) -> None:
    rules = the_rules(time_zone="Europe/Berlin", qualification={"where": "forms > 0", "tick": tick})
    found = rules.ticks(_at("2027-01-01"), _at("2028-01-01"))
    assert len(found) == 365
    assert all(22 * HOUR_US <= later - one <= 26 * HOUR_US for one, later in pairwise(found))


def _at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


def test_everybody_is_looked_at_at_the_first_tick_of_a_version() -> None:
    rules = the_rules(in_force_from="2027-01-10T12:00:00+00:00", qualification={"where": "forms > 0"})
    facts = {"profiles": [person("ann"), person("cay", at=8)], "touches": [touch("bob", "page.home", 1)]}
    first = [("ann", 7.25, "tick"), ("bob", 7.25, "tick")]
    assert asked(rules, 6.5, 20, **facts) == [*first, ("cay", 8, "fact")]
    assert asked(rules, 6.5, 7.5, **facts) == first
    assert asked(rules, 7.25, 7.75, **facts) == []


def test_a_version_that_begins_at_a_tick_looks_at_everybody_at_the_next() -> None:
    rules = the_rules(in_force_from="2027-01-10T06:00:00+00:00", qualification={"where": "forms > 0"})
    assert asked(rules, 6.25, 20, profiles=[person("ann")]) == [("ann", 7.25, "tick")]


def test_a_shorter_again_of_a_new_version_counts_for_earlier_offers() -> None:
    forms = [touch("ann", "form.demo", 1)]
    engine, state, crew = ledger(touches=forms), State(), _Rejecting()
    old = the_rules(qualification={"where": "forms > 0", "again": "90d"})
    new = the_rules(version=2, in_force_from="2027-01-06T12:00:00+00:00",
                    qualification={"where": "forms > 0", "again": "5d"})  # fmt: skip
    first = advance(engine, old, state, since=us(0), until=us(2.5), colleagues=crew)
    watch_again(new, state, us(2.5))
    then = advance(engine, new, state, since=us(2.5), until=us(9), colleagues=crew)
    assert _offered_at(first) == [us(1)]
    assert _offered_at(then) == [us(6.25)]


def _offered_at(done: Decisions) -> list[int]:
    return [microseconds(row["occurred_at"]) for row in done.decisions.to_pylist() if row["outcome"] == "offered"]


class _Rejecting:
    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        return [HumanAct(at + HOUR_US, "rejected", handoff.owner, None)]

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        return None


def test_nothing_happens_in_an_empty_ledger() -> None:
    assert lived(ledger(), busy(), steps(10)) == Decisions()
