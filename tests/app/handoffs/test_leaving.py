"""A colleague leaves the company: what is open with them goes on at that moment, to whom was named or by the route."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from tests.app.cast import a_rep, an_administrator
from tests.app.handoffs.test_desk import HOUR, MONDAY, arrives, in_force, the_handoff

from accord.agreement.state import OWNER_LEFT
from accord_app.handoffs import departures
from accord_app.handoffs.actions import accept, settle
from accord_app.handoffs.deciding import desk, pass_time
from accord_app.handoffs.models import Clock, Handoff
from accord_app.ledger.models import HandoffEvent
from accord_app.members.actions import leave
from accord_app.members.models import User
from accord_app.outbox.models import Message
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db


def time_passes(at: datetime) -> None:
    with desk(at) as now:
        pass_time(at=now)


def two_with_ada() -> User:
    """Two handoffs of Ada's, the first accepted; Ben and Cleo have one each."""
    in_force()
    for number in range(4):
        arrives(f"p{number}", at=MONDAY + timedelta(minutes=number))
    ada = a_rep("ada", "Ada")
    accept(handoff=the_handoff("p0"), by=ada, at=MONDAY + HOUR)
    settle(at=MONDAY + HOUR + timedelta(seconds=10))
    assert set(Handoff.objects.filter(owner="ada").values_list("person_id", flat=True)) == {"p0", "p3"}
    return ada


def test_what_was_accepted_and_what_was_not_go_to_whom_the_departure_names() -> None:
    ada, gone = two_with_ada(), MONDAY + 90 * timedelta(minutes=1)
    leave(member=ada, deputy=a_rep("cleo", "Cleo"), at=gone)
    time_passes(gone + timedelta(seconds=2))
    kept = [the_handoff("p0"), the_handoff("p3")]
    assert [(h.owner, h.status, h.owned_since, h.rule, h.passed) for h in kept] == [
        ("cleo", "accepted", gone, "routing.left.deputy", ["ada"]),
        ("cleo", "offered", gone, "routing.left.deputy", ["ada"]),
    ]
    assert kept[1].answer_due == gone + 2 * HOUR
    assert Message.objects.filter(to__handle="cleo", kind="handoff_rerouted").count() == 2


def test_with_nobody_named_the_route_chooses_and_the_page_says_why() -> None:
    ada, gone = two_with_ada(), MONDAY + 2 * HOUR
    leave(member=ada, at=gone)
    time_passes(gone + timedelta(seconds=2))
    assert {the_handoff(p).owner for p in ("p0", "p3")} == {"ben", "cleo"}
    client = Client()
    client.force_login(an_administrator())
    told = client.get(f"/handoffs/{the_handoff('p0').pk}/").content.decode()
    assert "has left the company" in told
    assert "go to reps" in told or "in turn" in told


def test_with_nobody_there_it_is_unowned_without_clocks_and_found_an_owner_later() -> None:
    ada, gone = two_with_ada(), MONDAY + 2 * HOUR
    for who in (a_rep("ben", "Ben"), a_rep("cleo", "Cleo"), ada):
        leave(member=who, at=gone)
    time_passes(gone + timedelta(seconds=2))
    rows = list(Handoff.objects.filter(closed_at=None))
    assert [(row.owner, row.next_due, row.owned_since) for row in rows] == [(None, None, None)] * 4
    back = [{"id": "ben-back", "person": "ben", "event": "joined", "occurred_at": gone + 3 * HOUR}]
    record("availability", back, at=gone + 3 * HOUR, source="members")
    time_passes(gone + timedelta(days=2))
    found = {row.person_id: row.owner for row in Handoff.objects.filter(closed_at=None)}
    assert (found["p0"], found["p3"]) == ("ben", "ben")


def test_a_miss_of_whoever_left_stays_and_the_new_owner_is_in_time() -> None:
    ada = two_with_ada()
    gone = MONDAY + 2 * HOUR + timedelta(minutes=30)
    time_passes(gone - timedelta(minutes=1))
    leave(member=ada, deputy=a_rep("cleo", "Cleo"), at=gone)
    time_passes(gone + timedelta(seconds=2))
    late = the_handoff("p3")
    assert (late.owner, late.missed_answer, late.answer_due) == ("cleo", True, gone + 2 * HOUR)


def test_a_departure_that_an_import_brings_takes_effect_when_it_is_heard_of_and_once() -> None:
    two_with_ada()
    heard, long_ago = MONDAY + 2 * HOUR, MONDAY - timedelta(days=3)
    left = {"id": "hr-1", "person": "ada", "event": "left", "occurred_at": long_ago, "known_at": long_ago}
    record("availability", [left], at=heard, source="hr")
    with desk(heard) as now:
        assert (departures.set_clocks(at=now), departures.set_clocks(at=now)) == (2, 0)
    time_passes(heard + timedelta(seconds=2))
    moved = HandoffEvent.facts().filter(event="rerouted")
    assert {event.occurred_at for event in moved} == {now}
    assert not Clock.objects.filter(breach=OWNER_LEFT).exists()


def test_one_that_is_announced_waits_for_its_day_whatever_is_offered_meanwhile() -> None:
    two_with_ada()
    day = MONDAY + timedelta(days=2)
    left = {"id": "hr-1", "person": "ada", "event": "left", "occurred_at": day, "known_at": MONDAY}
    record("availability", [left], at=MONDAY + 2 * HOUR, source="hr")
    with desk(MONDAY + 2 * HOUR) as now:
        departures.set_clocks(at=now)
    arrives("p4", at=MONDAY + 2 * HOUR + timedelta(minutes=5))
    arrives("p5", at=MONDAY + 2 * HOUR + timedelta(minutes=6))
    arrives("p6", at=MONDAY + 2 * HOUR + timedelta(minutes=7))
    time_passes(day - HOUR)
    assert the_handoff("p0").owner == "ada"
    time_passes(day + timedelta(seconds=1))
    assert not Handoff.objects.filter(owner="ada", closed_at=None).exists()
    moved = HandoffEvent.facts().filter(event="rerouted", rule="routing.left")
    assert {event.occurred_at for event in moved} == {day}


def test_the_member_page_asks_who_takes_over(client: Client) -> None:
    two_with_ada()
    a_rep("cleo", "Cleo")
    client.force_login(an_administrator())
    assert "Open handoffs go to" in client.get("/members/of/ada/").content.decode()
    cleo = User.objects.get(handle="cleo")
    told = client.post("/members/of/ada/leave/", {"deputy": cleo.pk}, follow=True).content.decode()
    assert "Open handoffs go to Cleo now." in told
    assert set(Clock.objects.filter(breach=OWNER_LEFT).values_list("handoff__person_id", flat=True)) == {"p0", "p3"}
    wrong = client.post("/members/of/cleo/leave/", {"deputy": User.objects.get(handle="ada").pk}, follow=True)
    assert "Choose another one." in wrong.content.decode()
    assert User.objects.get(handle="cleo").is_active
