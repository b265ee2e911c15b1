"""Handoffs of people who turn out to be one: both stay open, no third is offered, and a replay says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.app.handoffs.test_desk import MONDAY, arrives, in_force

from accord.insight.replay.replay import replay
from accord.insight.replay.reproduction import reproduction
from accord_app.handoffs.deciding import desk, pass_time
from accord_app.handoffs.models import Handoff
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import Decision
from accord_app.ledger.reads import version_in_force
from accord_app.records.merging import merge, unmerge

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def outcomes(person: str) -> list[str]:
    return list(Decision.facts().filter(person_id=person).order_by("occurred_at").values_list("outcome", flat=True))


def test_two_open_handoffs_stay_open_and_no_third_is_offered() -> None:
    in_force()
    arrives("p", at=MONDAY)
    arrives("q", at=MONDAY + HOUR)
    merge(kind="person", kept="p", other="q", by="ada", at=MONDAY + 2 * HOUR)
    arrives("q", at=MONDAY + 3 * HOUR)
    open_ = Handoff.objects.filter(closed_at=None).values_list("person_id", flat=True)
    assert sorted(open_) == ["p", "q"]
    assert outcomes("p") == ["offered", "open"]
    assert outcomes("q") == ["offered"]


def test_whoever_was_handed_over_under_one_id_is_not_offered_under_the_other() -> None:
    in_force()
    arrives("p", at=MONDAY, country="FR")
    arrives("q", at=MONDAY + HOUR)
    merge(kind="person", kept="p", other="q", by="ada", at=MONDAY + 2 * HOUR)
    assert Handoff.objects.count() == 1
    assert outcomes("p") == ["outside", "open"]


def test_after_taking_back_each_is_decided_about_alone() -> None:
    in_force()
    arrives("p", at=MONDAY, country="FR")
    arrives("q", at=MONDAY + HOUR)
    done = merge(kind="person", kept="p", other="q", by="ada", at=MONDAY + 2 * HOUR)
    unmerge(merge=done, by="ada", at=MONDAY + 3 * HOUR)
    assert outcomes("p") == ["outside", "open", "outside"]
    arrives("q", at=MONDAY + 4 * HOUR)
    assert Handoff.objects.count() == 1


def test_a_replay_of_merges_says_the_same_as_the_desk_did() -> None:
    in_force()
    for number in range(6):
        arrives(f"p{number}", at=MONDAY + number * HOUR / 6, country="FR" if number % 3 == 0 else "DE")
    done = merge(kind="person", kept="p0", other="p1", by="ada", at=MONDAY + 2 * HOUR)
    merge(kind="person", kept="p2", other="p4", by="ada", at=MONDAY + 3 * HOUR)
    merge(kind="person", kept="p3", other="p2", by="ada", at=MONDAY + 4 * HOUR)
    for number in range(6):
        arrives(f"p{number}", at=MONDAY + 5 * HOUR + number * HOUR / 6)
    unmerge(merge=done, by="ada", at=MONDAY + 7 * HOUR)
    arrives("p0", at=MONDAY + 8 * HOUR)
    arrives("p1", at=MONDAY + 8.5 * HOUR)
    at = MONDAY + timedelta(days=4)
    with desk(at) as now:
        pass_time(at=now)
    carry(at=at)
    version = version_in_force(at)
    assert version is not None
    engine = lake.ledger().connect()
    assert (told := reproduction(engine, replay(engine, [version.agreement]))).exact, told


def test_a_merge_before_any_agreement_only_says_who_is_the_same() -> None:
    at = datetime(2020, 1, 6, 9, tzinfo=UTC)
    from accord_app.records.actions import record

    for person in ("p", "q"):
        row = {"id": person, "subject": "person", "subject_id": person, "name": person, "occurred_at": at}
        record("profiles", [row], at=at, source="crm")
    merge(kind="person", kept="p", other="q", by="ada", at=at + HOUR)
    assert not Decision.facts().exists()
