"""The one decision over invented leads: what is decided when, what clocks do, and what versions change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from tests.agreements import an_agreement, the_rules
from tests.ledgers import START, Row, day, ledger, us

from accord.agreement.clock import Duration
from accord.agreement.decide import Decisions
from accord.agreement.handoff import Handoff, HumanAct
from accord.agreement.rules import Rules
from accord.agreement.running import advance
from accord.agreement.state import Roster, State
from accord.facts.lead_view import DAY_US, HOUR_US
from accord.facts.tables import DECISIONS, HANDOFFS


@dataclass
class Colleague:
    """Does the same with every handoff: acts as (hours after the offer, event, reason)."""

    acts: Sequence[tuple[float, str, str | None]] = ()
    after_moving: Sequence[tuple[float, str, str | None]] | None = None
    limit: int = 99
    seen: list[Handoff] = field(default_factory=list)

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        self.seen.append(handoff)
        return self._acts(self.acts, handoff, at) if len(self.seen) <= self.limit else ()

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:
        return None if self.after_moving is None else self._acts(self.after_moving, handoff, at)

    def _acts(self, acts: Sequence[tuple[float, str, str | None]], handoff: Handoff, at: int) -> list[HumanAct]:
        return [HumanAct(at + int(hours * HOUR_US), event, handoff.owner, reason) for hours, event, reason in acts]


def form(at: float, who: str = "ann", kind: str = "form.demo", **more: Any) -> Row:
    return {"person_id": who, "kind": kind, "side": "marketing", "occurred_at": day(at), **more}


def person(at: float = 0, who: str = "ann", **cells: Any) -> Row:
    return {"subject": "person", "subject_id": who, "occurred_at": day(at), **cells}


def lived(
    rules: Rules, until: float, colleague: Colleague | None = None, *, state: State | None = None, since: float = 0,
    away: Sequence[Row] = (), **facts: Sequence[Row],
) -> Decisions:  # fmt: skip
    state = state or State(Roster.from_rows(away))
    return advance(ledger(**facts), rules, state, since=us(since), until=us(until), colleagues=colleague)


def rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a result; times as days since the start, to the hour."""
    return [tuple(_told(row[name]) for name in columns) for row in table.to_pylist()]


def _told(value: Any) -> Any:
    return round((value.replace(tzinfo=None) - START) / timedelta(days=1), 4) if hasattr(value, "tzinfo") else value


def decided(done: Decisions) -> list[tuple[Any, ...]]:
    return rows(done.decisions, "occurred_at", "outcome", "because")


def happened(done: Decisions) -> list[tuple[Any, ...]]:
    return rows(done.handoffs, "occurred_at", "event", "owner", "rule")


BY_FORM: Mapping[str, Any] = {"where": "forms > 0", "again": "10d", "tick": "06:00"}
BACK = {"recycle": [{"code": "timing", "label": "Not now", "return": "days_since_recycle >= 5"},
                    {"code": "no_need", "label": "No need"}],
        "reject": [{"code": "wrong", "label": "Wrong"}]}  # fmt: skip


# What is decided when


def test_an_answer_is_written_down_when_it_changes_and_not_again() -> None:
    rules = the_rules(qualification={"where": "country = 'DE'"})
    profiles = [person(1, country="FR"), person(2, city="Lyon"), person(3, country="DE"), person(4, city="Ulm")]
    assert decided(lived(rules, 9, profiles=profiles)) == [
        (1, "outside", "qualification.where"), (3, "offered", "qualification.where"), (4, "open", "handoff"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("hold", [("held", "qualification.requires.title"), ("offered", "qualification.where")]),
        ("hand_over", [("offered", "qualification.where"), ("open", "handoff")]),
    ],
)
def test_a_required_field_that_is_empty_holds_or_is_handed_over_as_a_defect(missing: str, expected: Any) -> None:
    rules = the_rules(qualification={"where": "country = 'DE'", "requires": {"fields": ["title"], "missing": missing}})
    done = lived(rules, 9, profiles=[person(1, country="DE"), person(3, title="boss")])
    assert [found[1:] for found in decided(done)] == expected
    offered = [row for row in done.handoffs.to_pylist() if row["event"] == "offered"]
    assert [row["complete"] for row in offered] == [missing == "hold"]


def test_nobody_is_handed_over_again_within_the_agreed_time_and_then_at_a_tick() -> None:
    rules = the_rules(qualification=BY_FORM, answers=BACK)
    done = lived(rules, 14, Colleague([(1, "rejected", "wrong")], limit=1), touches=[form(1.5), form(3)])
    assert decided(done) == [
        (1.5, "offered", "qualification.where"),
        (3, "again", "qualification.again"),
        (12.25, "offered", "qualification.where"),  # ten days later is noon; the tick of the next morning
    ]


def test_while_a_handoff_is_open_there_is_no_second_one() -> None:
    done = lived(the_rules(qualification=BY_FORM), 30, touches=[form(1), form(3), form(20)])
    assert decided(done) == [(1, "offered", "qualification.where"), (3, "open", "handoff")]


def test_a_recycled_lead_waits_for_its_return_condition_and_for_nothing_else() -> None:
    rules = the_rules(qualification={**BY_FORM, "again": "1d"}, answers=BACK)
    done = lived(rules, 9, Colleague([(12, "recycled", "timing")], limit=1), touches=[form(1), form(4)])
    assert decided(done) == [
        (1, "offered", "qualification.where"),
        (4, "waiting", "answers.recycle.timing.return"),
        (7.25, "offered", "answers.recycle.timing.return"),  # recycled on day 1.5, so 6.5; then the next tick
    ]


@pytest.mark.parametrize(("reason", "clause"), [("no_need", "no_need.return"), ("gone", "gone.return"), (None, "")])
def test_without_a_return_condition_a_recycled_lead_stays(reason: str | None, clause: str) -> None:
    rules = the_rules(qualification={**BY_FORM, "again": "1d"}, answers=BACK)
    done = lived(rules, 60, Colleague([(12, "recycled", reason)]), touches=[form(1), form(40)])
    path = f"answers.recycle.{clause}".rstrip(".")
    assert decided(done) == [(1, "offered", "qualification.where"), (40, "waiting", path)]


def test_a_return_needs_where_and_is_blocked_by_unless() -> None:
    rules = the_rules(qualification={"where": "country = 'DE'", "unless": "is_competitor"}, answers=BACK)
    moved = [person(1, country="DE"), person(6, country="FR"), person(9, country="DE", is_competitor=True)]
    done = lived(rules, 12, Colleague([(12, "recycled", "timing")], limit=1),
                 profiles=[*moved, person(10, is_competitor=False)])  # fmt: skip
    assert decided(done) == [
        (1, "offered", "qualification.where"), (6, "outside", "qualification.where"),
        (9, "excluded", "qualification.unless"), (10, "offered", "answers.recycle.timing.return"),
    ]  # fmt: skip


def test_a_tick_hands_over_and_writes_nothing_else() -> None:
    rules = the_rules(qualification={"where": "days_since_last_touch >= 2 AND touches < 2"})
    done = lived(rules, 9, touches=[form(1), form(1, "bob"), form(2, "bob")])
    assert decided(done) == [
        (1, "outside", "qualification.where"), (1, "outside", "qualification.where"),
        (3.25, "offered", "qualification.where"),
    ]  # fmt: skip


# What the earlier handoffs change


STANDING = {
    "handoffs": ("handoffs < 1", [(1, "offered"), (3, "outside")]),
    "days since": (
        "days_since_handoff IS NULL OR days_since_handoff >= 4", [(1, "offered"), (3, "outside"), (5.25, "offered")]
    ),
    "reject reason": ("reject_reason IS NULL", [(1, "offered"), (3, "outside")]),
    "days since reject": (
        "days_since_reject IS NULL OR days_since_reject > 3", [(1, "offered"), (3, "outside"), (4.25, "offered")]
    ),
    "attempts before an offer": ("attempts >= 0", []),  # unknown, so outside as before
    "attempts": ("attempts IS NULL OR attempts >= 1", [(1, "offered"), (3, "outside"), (4, "offered")]),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDING)
def test_where_may_read_earlier_handoffs(name: str) -> None:
    where, expected = STANDING[name]
    rules = the_rules(qualification={"where": f"forms > 0 AND ({where})"}, answers=BACK)
    call = form(4, kind="call.connected", side="sales")
    early = form(0.5, kind="call.connected", side="sales")
    colleague = Colleague([(2, "rejected", "wrong")], limit=1)
    touches = [form(1), form(3), *([early, call] if "attempts" in name else [])]
    done = lived(rules, 8, colleague, touches=touches)
    found = [(at, outcome) for at, outcome, _ in decided(done) if at >= 1]
    assert found == expected


def test_unless_and_always_may_read_earlier_handoffs() -> None:
    unless = the_rules(qualification={"where": "forms > 0", "unless": "recycle_reason = 'no_need'"}, answers=BACK)
    done = lived(unless, 9, Colleague([(2, "recycled", "no_need")]), touches=[form(1), form(3)])
    assert [found[1] for found in decided(done)] == ["offered", "waiting"]
    always = the_rules(qualification={"where": "forms > 0", "always": "handoffs = 0"}, answers=BACK)
    done = lived(always, 9, Colleague([(2, "rejected", "wrong")]), touches=[form(1), form(3)])
    assert decided(done) == [(1, "offered", "qualification.always"), (3, "below", "qualification.always")]


# Clocks

RESPONSE = {
    "answer": {"within": "4h"},
    "first_touch": [{"when": "last_form = 'demo'", "within": "30m"}, {"within": "8h"}],
    "attempts": {"at_least": 3, "within": "2d"},
    "outcome": {"within": "5d"},
    "on_breach": [{"after": "0m", "do": "remind"}, {"after": "2h", "do": "escalate", "to": "lena"},
                  {"after": "1d", "do": "reroute"}],
}  # fmt: skip
LONDON = {"hours": {"mon-fri": "08:00-18:00"}, "time_zone": "Europe/London"}


@pytest.mark.parametrize("calendar", [None, LONDON], ids=["of the company", "of the team"])
@pytest.mark.parametrize("at", [0.5, 4.7, 5.1])  # Monday noon, Friday evening, Saturday
def test_due_times_are_those_of_the_owning_teams_clock(calendar: Any, at: float) -> None:
    team = {"people": ["ada"], **({"calendar": calendar} if calendar else {})}
    rules = the_rules(teams={"reps": team}, response=RESPONSE, qualification=BY_FORM)
    (offer,) = (r for r in lived(rules, at + 0.01, touches=[form(at)]).handoffs.to_pylist() if r["event"] == "offered")
    clock = rules.clocks["reps"]
    for name, within in {"answer": "4h", "first_touch": "30m", "attempts": "2d", "outcome": "5d"}.items():
        assert offer[f"{name}_due"] == clock.due_at(offer["occurred_at"], Duration.parse(within))


def test_what_follows_a_breach_comes_at_the_agreed_business_times() -> None:
    rules = the_rules(response=RESPONSE, qualification=BY_FORM)
    found = happened(lived(rules, 4, touches=[form(0.5, kind="form.other")]))  # Monday 12:00; open 09:00 to 17:00
    assert [(event, owner) for _, event, owner, _ in found[:4]] == [
        ("offered", "ada"), ("reminded", "ada"), ("escalated", "ada"), ("rerouted", "ben"),
    ]  # fmt: skip
    assert [at for at, *_ in found[:4]] == [0.5, round(16 / 24, 4), round(1 + 10 / 24, 4), round(1 + 16 / 24, 4)]
    assert [rule for *_, rule in found[1:4]] == [f"response.on_breach.{n}" for n in range(3)]


def test_a_reroute_starts_the_new_owners_clock_and_never_goes_back() -> None:
    rules = the_rules(response={**RESPONSE, "on_breach": [{"after": "0m", "do": "reroute"}]}, qualification=BY_FORM)
    done = lived(rules, 9, touches=[form(0.5)]).handoffs.to_pylist()
    assert [(r["event"], r["owner"]) for r in done] == [
        ("offered", "ada"), ("rerouted", "ben"), ("rerouted", "cleo"), ("escalated", "cleo"),
    ]  # fmt: skip
    starts = [r for r in done if r["event"] in ("offered", "rerouted")]
    assert [r["occurred_at"] for r in done[1:]] == [r["answer_due"] for r in starts]
    assert [(r["rule"], r["reason"]) for r in starts] == [
        ("routing.rules.0", None), *[("response.on_breach.0", "routing.rules.0")] * 2
    ]  # fmt: skip


def test_a_reroute_says_that_the_accounts_owner_was_asked() -> None:
    """Ben owns the account and was away at the offer."""
    rules = the_rules(
        response={**RESPONSE, "on_breach": [{"after": "0m", "do": "reroute"}]}, qualification=BY_FORM,
        routing={"owner_first": True, "rules": [{"team": "reps", "method": "round_robin"}]},
    )  # fmt: skip
    facts: dict[str, Any] = {"touches": [form(0.5)], "profiles": [person(0.1, owner="ben")]}
    done = lived(rules, 9, away=[away("ben", 0.6)], **facts).handoffs.to_pylist()
    assert [(r["owner"], r["rule"], r["reason"]) for r in done[:2]] == [
        ("ada", "routing.rules.0", None), ("ben", "response.on_breach.0", "routing.owner_first"),
    ]  # fmt: skip


@pytest.mark.parametrize("event", ["accepted", "rejected", "recycled"])
@pytest.mark.parametrize(("hours", "events"), [(4, []), (4.01, ["reminded"]), (23, ["reminded", "escalated"])])
def test_an_answer_stops_what_follows_a_breach(event: str, hours: float, events: list[str]) -> None:
    rules = the_rules(response=RESPONSE, qualification=BY_FORM, answers=BACK)
    done = lived(rules, 5, Colleague([(hours, event, None)]), touches=[form(0.5)])  # due at 16:00, four hours later
    assert [event for _, event, _, _ in happened(done)] == ["offered", *events, event]


def test_acts_that_no_state_allows_are_refused_and_change_nothing() -> None:
    acts: list[tuple[float, str, str | None]] = [
        (1, "contacted", None), (2, "accepted", None), (3, "accepted", None), (4, "qualified", None),
        (5, "rejected", "wrong"),
    ]  # fmt: skip
    done = lived(the_rules(qualification=BY_FORM, answers=BACK), 5, Colleague(acts), touches=[form(1)])
    assert [event for _, event, _, _ in happened(done)] == ["offered", "accepted", "qualified"]
    assert [act.event for _, act in done.refused] == ["contacted", "accepted", "rejected"]


def test_acts_of_an_earlier_owner_end_when_the_new_one_has_plans() -> None:
    rules = the_rules(response={**RESPONSE, "on_breach": [{"after": "0m", "do": "reroute"}]}, qualification=BY_FORM)
    late: list[tuple[float, str, str | None]] = [(30, "rejected", None)]
    stays = lived(rules, 3, Colleague(late), touches=[form(0.5)])
    moves = lived(rules, 3, Colleague(late, after_moving=[(1, "accepted", None)]), touches=[form(0.5)])
    assert [event for _, event, _, _ in happened(stays)] == ["offered", "rerouted", "rerouted", "escalated", "rejected"]
    assert [event for _, event, _, _ in happened(moves)] == ["offered", "rerouted", "accepted"]


# Without an owner


def away(who: str, until: float) -> Row:
    gone = {"person": who, "event": "absent", "deputy": None, "until": day(until)}
    return {**gone, "occurred_at": day(0), "known_at": day(0)}


def test_an_unowned_handoff_has_no_clock_and_is_tried_again_at_every_tick() -> None:
    rules = the_rules(response=RESPONSE, qualification=BY_FORM)
    roster = [away("ada", 9), away("ben", 3.1), away("cleo", 9)]
    done = lived(rules, 3.5, touches=[form(0.5)], away=roster).handoffs.to_pylist()
    assert [(r["event"], r["owner"], _told(r["occurred_at"])) for r in done] == [
        ("offered", None, 0.5), ("rerouted", "ben", 3.25),
    ]  # fmt: skip
    assert (done[0]["answer_due"], done[0]["in_capacity"]) == (None, True)
    assert done[1]["answer_due"] == rules.clocks["reps"].due_at(done[1]["occurred_at"], Duration.parse("4h"))


def test_an_owner_of_the_account_who_was_away_gets_it_when_back() -> None:
    rules = the_rules(
        routing={"owner_first": True, "rules": [{"when": "country = 'GB'", "team": "reps"}]}, qualification=BY_FORM
    )
    facts: dict[str, Any] = {"touches": [form(0.5)], "profiles": [person(0.1, owner="zoe")]}
    assert happened(lived(rules, 6, away=[away("zoe", 3.5)], **facts)) == [
        (0.5, "offered", None, None), (4.25, "rerouted", "zoe", "routing.owner_first"),
    ]  # fmt: skip


def test_closed_handoffs_give_back_their_load() -> None:
    state = State()
    touches = [form(1, f"p{n}") for n in range(6)]
    lived(the_rules(qualification=BY_FORM), 1.01, Colleague([(48, "rejected", None)]), state=state, touches=touches)
    assert dict(state.loads) == {"ada": 2, "ben": 2, "cleo": 2}
    lived(the_rules(qualification=BY_FORM), 4, state=state, since=1.01, touches=touches)
    assert set(state.loads.values()) == {0}
    assert state.open == {}


# Versions


def test_a_handoff_finishes_under_the_version_it_began_with() -> None:
    old = the_rules(response=RESPONSE, qualification=BY_FORM)
    newer = {"answer": {"within": "1h"}, "on_breach": [{"after": "0m", "do": "escalate", "to": "eva"}]}
    new = Rules.of(an_agreement(version=2, in_force_from="2027-01-04T13:00:00Z", response=newer, qualification=BY_FORM))
    touches, state = [form(0.5, kind="form.other"), form(0.55, "bob", kind="form.other")], State()
    first = lived(old, 13 / 24, state=state, touches=touches)
    then = lived(new, 2, state=state, since=13 / 24, touches=touches)
    found = rows(then.handoffs, "person_id", "event", "version", "by", "rule")
    assert [row[1:] for row in rows(first.handoffs, "person_id", "event")] == [("offered",)]
    assert [row[1:] for row in found if row[0] == "ann"] == [
        ("reminded", 1, None, "response.on_breach.0"), ("escalated", 1, "lena", "response.on_breach.1"),
        ("rerouted", 1, None, "response.on_breach.2"),
    ]  # fmt: skip
    assert [row[1:3] for row in found if row[0] == "bob"] == [("offered", 2), ("escalated", 2)]
    moved = next(r for r in then.handoffs.to_pylist() if r["event"] == "rerouted")
    assert moved["answer_due"] == old.clocks["reps"].due_at(moved["occurred_at"], Duration.parse("4h"))


def test_exploring_draws_the_same_people_in_every_run_and_others_in_another_version() -> None:
    card = {"points": {"fit": [{"when": "country = 'DE'", "points": 10}], "bands": {"A": 0}}}
    explored: dict[str, Any] = {
        "cards": card, "qualification": {"score": {"card": "points", "at_least": 20}},
        "explore": {"share": 0.3, "points_below": 10},
    }  # fmt: skip
    profiles = [person(1, f"p{n:03}", country="DE") for n in range(300)]

    def drawn(version: int) -> set[str]:
        done = lived(the_rules(version=version, **explored), 2, profiles=profiles)
        return {row["person_id"] for row in done.decisions.to_pylist() if row["because"] == "explore"}

    assert drawn(1) == drawn(1)
    assert abs(len(drawn(1)) - 90) < 4 * 8  # four standard deviations
    assert drawn(2) != drawn(1)


# Shape


def test_results_have_the_declared_shape_also_when_nothing_was_decided() -> None:
    for done in (Decisions(), lived(the_rules(qualification=BY_FORM), 3, touches=[form(1)])):
        assert done.decisions.schema.names == ["occurred_at", *(c.name for c in DECISIONS.own)]
        assert done.handoffs.schema.names == ["occurred_at", *(c.name for c in HANDOFFS.own)]


def test_ten_thousand_touches_of_one_person_make_one_offer() -> None:
    touches = [form(1 + n / 5000) for n in range(10_000)]
    done = lived(the_rules(qualification=BY_FORM), 9, touches=touches)
    assert decided(done) == [(1, "offered", "qualification.where"), (1.0002, "open", "handoff")]


def test_facts_without_content_decide_nothing() -> None:
    nothing = {"person_id": "ann", "kind": None, "occurred_at": day(1)}
    assert decided(lived(the_rules(qualification=BY_FORM), 9, touches=[nothing])) == []
    assert us(1) - us(0) == DAY_US
