"""The desk: what comes in is decided at once, acts and clocks take their course, and a replay says the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.agreements import ARTICLES
from tests.app.cast import a_rep, a_revops

from accord.agreement.state import State, microseconds
from accord_app.handoffs.actions import CannotAnswerError, accept, assign, log_touch, recycle, reject, settle, take_back
from accord_app.handoffs.deciding import NoAgreementError, decide_about, desk, pass_time
from accord_app.handoffs.memory import recall
from accord_app.handoffs.models import Clock, Handoff, Lead
from accord_app.ledger.models import Decision, HandoffEvent
from accord_app.ledger.reads import version_in_force
from accord_app.members.actions import leave
from accord_app.members.models import User
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 1, 11, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESPONSE = {
    "answer": {"within": "2h"},
    "first_touch": {"within": "4h"},
    "on_breach": [{"after": "0h", "do": "remind"}, {"after": "1h", "do": "reroute"}],
}
ANSWERS = {
    "reject": [
        {"code": "too-small", "label": "Too small", "check": "employees < 20"},
        {"code": "other", "label": "Other"},
    ],
    "recycle": [{"code": "later", "label": "Not now", "return": "days_since_recycle >= 30"}],
}


def in_force(**articles: Any) -> None:
    """Put the small agreement in force a week before."""
    told = {**ARTICLES, "response": RESPONSE, "answers": ANSWERS, **articles}
    since = datetime.fromisoformat(told["in_force_from"])
    event = {"id": f"v{told['version']}", "version": told["version"], "event": "in_force", "text": json.dumps(told)}
    record("agreements", [event | {"occurred_at": since}], at=since, source="accord")


def arrives(person: str, *, at: datetime, country: str = "DE", employees: int | None = None) -> None:
    """Somebody becomes known and is looked at."""
    with desk(at) as now:
        people = [{"id": f"{person}-{at}", "subject": "person", "subject_id": person, "country": country,
                   "account_id": f"firm of {person}", "occurred_at": at}]  # fmt: skip
        if employees:
            people.append({"id": f"firm-{person}-{at}", "subject": "account", "subject_id": f"firm of {person}",
                           "occurred_at": at, "employees": employees})  # fmt: skip
        record("profiles", people, at=now, source="crm")
        decide_about([person], at=now)


def the_handoff(person: str = "p") -> Handoff:
    return Handoff.objects.get(person_id=person, closed_at=None)


def test_nothing_is_decided_before_an_agreement_is_in_force() -> None:
    with pytest.raises(NoAgreementError):
        arrives("p", at=MONDAY)


def test_who_qualifies_is_handed_over_with_clocks_running() -> None:
    in_force()
    arrives("p", at=MONDAY)
    handoff = the_handoff()
    assert (handoff.owner, handoff.team, handoff.status) == ("ada", "reps", "offered")
    assert handoff.answer_due == MONDAY + 2 * HOUR == handoff.next_due
    assert handoff.because == "qualification.where"
    assert Decision.facts().get().outcome == "offered"
    assert Lead.objects.get(person_id="p").handoffs == 1


def test_who_does_not_qualify_is_noted_with_the_clause() -> None:
    in_force()
    arrives("p", at=MONDAY, country="FR")
    assert not Handoff.objects.exists()
    assert (Decision.facts().get().outcome, Decision.facts().get().because) == ("outside", "qualification.where")


def test_turns_go_round_from_one_decision_to_the_next() -> None:
    in_force()
    for number in range(6):
        arrives(f"p{number}", at=MONDAY + number * timedelta(minutes=1))
    owners = Handoff.objects.order_by("offered_at").values_list("owner", flat=True)
    assert list(owners) == ["ada", "ben", "cleo", "ada", "ben", "cleo"]


def test_an_answer_takes_effect_after_ten_seconds_with_the_moment_it_was_given() -> None:
    in_force()
    arrives("p", at=MONDAY)
    clicked = MONDAY + HOUR
    accept(handoff=the_handoff(), by=a_rep("ada", "Ada"), at=clicked)
    assert the_handoff().status == "offered"
    settle(at=clicked + timedelta(seconds=10))
    handoff = the_handoff()
    assert (handoff.status, handoff.answered_at, handoff.missed_answer) == ("accepted", clicked, False)
    assert HandoffEvent.facts().get(event="accepted").occurred_at == clicked
    assert not Clock.objects.exists()


def test_an_answer_can_be_taken_back_within_ten_seconds_and_not_later() -> None:
    in_force()
    arrives("p", at=MONDAY)
    ada = a_rep("ada", "Ada")
    accept(handoff=the_handoff(), by=ada, at=MONDAY)
    take_back(handoff=the_handoff(), by=ada, at=MONDAY + timedelta(seconds=9))
    settle(at=MONDAY + HOUR)
    assert the_handoff().status == "offered"
    accept(handoff=the_handoff(), by=ada, at=MONDAY)
    with pytest.raises(CannotAnswerError, match="ten seconds"):
        take_back(handoff=the_handoff(), by=ada, at=MONDAY + timedelta(seconds=10))


def test_two_answers_to_one_handoff_are_one() -> None:
    in_force()
    arrives("p", at=MONDAY)
    accept(handoff=the_handoff(), by=a_rep("ada", "Ada"), at=MONDAY)
    with pytest.raises(CannotAnswerError, match="ada has just accepted"):
        reject(handoff=the_handoff(), reason="other", by=a_rep("ben", "Ben"), at=MONDAY)


def test_a_reason_that_was_not_agreed_is_refused() -> None:
    in_force()
    arrives("p", at=MONDAY)
    with pytest.raises(CannotAnswerError, match="agreed reasons"):
        reject(handoff=the_handoff(), reason="bad lead", by=a_rep("ada", "Ada"), at=MONDAY)


@pytest.mark.parametrize(("employees", "contradicted"), [(410, True), (5, False), (None, None)])
def test_a_rejection_is_held_against_the_facts(employees: int | None, contradicted: bool | None) -> None:
    in_force()
    arrives("p", at=MONDAY, employees=employees)
    reject(handoff=the_handoff(), reason="too-small", by=a_rep("ada", "Ada"), at=MONDAY)
    settle(at=MONDAY + HOUR)
    closed = Handoff.objects.get()
    assert (closed.status, closed.reason, closed.contradicted) == ("rejected", "too-small", contradicted)
    assert closed.closed_at == MONDAY


def test_a_clock_that_runs_out_reminds_and_then_moves_the_handoff_on() -> None:
    in_force()
    arrives("p", at=MONDAY)
    with desk(MONDAY + 2 * HOUR) as now:
        pass_time(at=now)
    assert the_handoff().missed_answer
    assert [e.event for e in HandoffEvent.facts().order_by("id")] == ["offered", "reminded"]
    with desk(MONDAY + 4 * HOUR) as now:
        pass_time(at=now)
    handoff = the_handoff()
    moved = HandoffEvent.facts().get(event="rerouted")
    assert (handoff.owner, moved.occurred_at, handoff.passed) == ("ben", MONDAY + 3 * HOUR, ["ada"])
    assert handoff.answer_due == MONDAY + 5 * HOUR
    assert handoff.missed_answer


def test_a_clock_waits_for_an_answer_that_can_still_be_taken_back() -> None:
    in_force()
    arrives("p", at=MONDAY)
    just_before = MONDAY + 2 * HOUR - timedelta(seconds=5)
    accept(handoff=the_handoff(), by=a_rep("ada", "Ada"), at=just_before)
    with desk(MONDAY + 2 * HOUR) as now:
        pass_time(at=now)
    settle(at=MONDAY + 2 * HOUR + timedelta(seconds=5))
    assert (the_handoff().status, the_handoff().missed_answer) == ("accepted", False)
    assert not HandoffEvent.facts().filter(event="reminded").exists()


def test_a_touch_after_acceptance_is_first_contact_as_well_evidenced_as_it_is() -> None:
    in_force()
    arrives("p", at=MONDAY)
    ada = a_rep("ada", "Ada")
    accept(handoff=the_handoff(), by=ada, at=MONDAY)
    settle(at=MONDAY + HOUR)
    log_touch(handoff=the_handoff(), kind="call.connected", by=ada, at=MONDAY + HOUR)
    assert the_handoff().status == "contacted"
    assert HandoffEvent.facts().get(event="contacted").evidence == "claimed"


def test_a_handoff_can_be_given_to_a_colleague_whose_clocks_start() -> None:
    in_force()
    arrives("p", at=MONDAY)
    given = MONDAY + HOUR
    assign(handoff=the_handoff(), to=a_rep("cleo", "Cleo"), by=a_revops(), at=given)
    handoff, event = the_handoff(), HandoffEvent.facts().get(event="rerouted")
    assert (handoff.owner, handoff.answer_due, handoff.missed_answer) == ("cleo", given + 2 * HOUR, False)
    assert (event.by, event.owner, event.rule) == ("ada", "cleo", None)
    with pytest.raises(CannotAnswerError, match="owns this handoff already"):
        assign(handoff=handoff, to=a_rep("cleo", "Cleo"), by=a_revops(), at=given)


def test_a_recycled_lead_can_be_handed_over_again_in_one_decision() -> None:
    in_force()
    arrives("p", at=MONDAY)
    recycle(handoff=the_handoff(), reason="later", by=a_rep("ada", "Ada"), at=MONDAY)
    settle(at=MONDAY + HOUR)
    later = MONDAY + timedelta(days=31)
    with desk(later) as now:
        decide_about(["p"], at=now)
    assert Handoff.objects.count() == 2
    assert the_handoff().offered_at == later


def test_moments_at_the_desk_never_go_back() -> None:
    with desk(MONDAY) as first:
        pass
    with desk(MONDAY - HOUR) as second:
        pass
    assert first < second


def _live_again() -> None:
    """A few days with everything in them."""
    in_force()
    people: list[User] = [a_rep(handle, handle.title()) for handle in ("ada", "ben", "cleo")]
    for day in range(4):
        for number in range(5):
            at = MONDAY + timedelta(days=day, minutes=7 * number)
            arrives(f"p{day}{number}", at=at, country="FR" if number == 4 else "DE", employees=30)
        for place, handoff in enumerate(Handoff.objects.filter(closed_at=None).order_by("offered_at")):
            at = MONDAY + timedelta(days=day, hours=1 + place)
            owner = next(one for one in people if one.handle == handoff.owner)
            with desk(at) as now:
                pass_time(at=now)
            handoff.refresh_from_db()
            if place % 3 == 0 and handoff.status == "offered":
                accept(handoff=handoff, by=owner, at=at)
            elif place % 3 == 2 and day == 1:
                assign(handoff=handoff, to=next(p for p in people if p.handle != handoff.owner), by=people[0], at=at)
            elif place % 3 == 1:
                recycle(handoff=handoff, reason="later", by=owner, at=at)
            settle(at=at + timedelta(seconds=10))
    leave(member=people[2], at=MONDAY + timedelta(days=3, hours=14))


def _clocks(state: State) -> list[tuple[int, str, int]]:
    """Clocks that can still come due."""
    live = [due for due in sorted(state.due) if due.handoff.is_open and due.handoff.answered_at is None]
    return [(due.at, due.handoff_id, due.breach) for due in live if due.stretch == due.handoff.stretch]


def test_what_is_remembered_in_rows_is_what_the_ledger_says() -> None:
    from accord.agreement.restore import resume
    from accord_app.ledger import lake
    from accord_app.ledger.carrying import carry

    _live_again()
    at = MONDAY + timedelta(days=4)
    with desk(at) as now:
        pass_time(at=now)
    carry(at=at)
    version = version_in_force(at)
    assert version is not None
    told = resume(lake.ledger().connect(), [version.rules], microseconds(at))
    kept = recall(version.rules, at=at, people=list(Lead.objects.values_list("person_id", flat=True))).state
    assert {k: v for k, v in kept.loads.items() if v} == {k: v for k, v in told.loads.items() if v}
    assert kept.turns == told.turns
    assert kept.open.keys() == told.open.keys()
    assert kept.open == told.open
    assert kept.recorded == told.recorded
    assert kept.verdicts == told.verdicts
    assert _clocks(kept) == _clocks(told)


def test_a_replay_of_the_lake_says_the_same_as_the_desk_did() -> None:
    from accord.insight.replay.replay import replay
    from accord.insight.replay.reproduction import reproduction
    from accord_app.ledger import lake
    from accord_app.ledger.carrying import carry

    _live_again()
    at = MONDAY + timedelta(days=4)
    with desk(at) as now:
        pass_time(at=now)
    carry(at=at)
    version = version_in_force(at)
    assert version is not None
    engine = lake.ledger().connect()
    done = reproduction(engine, replay(engine, [version.agreement]))
    assert done.exact, done


def test_handoffs_can_be_worked_out_anew_from_the_ledger() -> None:
    from accord_app.handoffs.models import Turn, Watch
    from accord_app.handoffs.rebuilding import rebuild
    from accord_app.ledger.carrying import carry

    def rows() -> list[list[dict[str, Any]]]:
        models: list[tuple[Any, str]] = [(Handoff, "handoff_id"), (Lead, "person_id")]
        models += [(Turn, "colleague"), (Clock, "due_at")]
        kept = [[{**row} for row in model._default_manager.order_by(order).values()] for model, order in models]
        for row in (row for table in kept for row in table):
            row.pop("id", None), row.pop("decided_at", None), row.pop("contradicted", None)
            if row.get("closed_at"):
                row.pop("route"), row.pop("limits")  # of no use to what is over, and not in the ledger
        return kept

    _live_again()
    at = MONDAY + timedelta(days=4)
    with desk(at) as now:
        pass_time(at=now)
    carry(at=at)
    before, watched = rows(), set(Watch.objects.values_list("person_id", "at"))
    assert rebuild(at=at) == len(before[0]) > 10
    for now_kept, then_kept in zip(rows(), before, strict=True):
        for one, other in zip(now_kept, then_kept, strict=True):
            assert one == other
    assert {(p, t) for p, t in watched if t > at} == set(Watch.objects.values_list("person_id", "at"))


def test_events_before_the_first_agreement_become_facts_and_wait_for_it() -> None:
    from accord_app.handoffs.handlers import look_daily, take_in_and_decide
    from accord_app.intake.actions import receive
    from accord_app.intake.models import Arrival
    from accord_app.ledger.models import Touch

    early = MONDAY - timedelta(days=30)
    person = {"email": "birgit@kestrel.example", "country": "DE"}
    event = {"id": "1", "kind": "form.contact", "at": early.isoformat(), "person": person}
    assert receive(source="site", sent=[event], at=early).received == 1
    take_in_and_decide([], early)
    assert (Arrival.objects.count(), Touch.facts().count(), Handoff.objects.count()) == (0, 1, 0)
    in_force()
    look_daily([], MONDAY)
    assert Handoff.objects.get().owner == "ada"
    look_daily([], MONDAY + HOUR)
    assert Handoff.objects.count() == 1
