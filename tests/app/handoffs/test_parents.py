"""Leads of a subsidiary whose account nobody owns go to who owns the account above it, live as in a replay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.app.cast import a_revops
from tests.app.handoffs.test_desk import MONDAY, in_force
from tests.app.handoffs.test_pages import page_of, the_one

from accord.insight.replay.replay import replay
from accord.insight.replay.reproduction import reproduction
from accord_app.handoffs import rebuilding
from accord_app.handoffs.deciding import decide_about, desk, pass_time
from accord_app.handoffs.models import Handoff
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.reads import version_in_force
from accord_app.records.actions import record
from accord_app.records.merging import merge
from accord_app.records.models import Person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ROUTING = {"owner_first": True, "including_parent": True, "rules": [{"team": "reps", "method": "round_robin"}]}


def account(name: str, *, hours: float, **cells: Any) -> None:
    at = MONDAY + hours * HOUR
    row = {"id": f"{name}-{hours}", "subject": "account", "subject_id": name, "name": name, "occurred_at": at, **cells}
    with desk(at) as now:
        record("profiles", [row], at=now, source="crm")
        decide_about(list(Person.objects.filter(account_id=name).values_list("pk", flat=True)), at=now)


def arrives(person: str, of: str, *, hours: float) -> Handoff:
    at = MONDAY + hours * HOUR
    row = {"id": person, "subject": "person", "subject_id": person, "account_id": of, "country": "DE", "name": person,
           "occurred_at": at}  # fmt: skip
    with desk(at) as now:
        record("profiles", [row], at=now, source="crm")
        decide_about([person], at=now)
    return Handoff.objects.get(person_id=person)


def test_the_desk_the_pages_and_a_replay_say_the_same() -> None:
    in_force(routing=ROUTING)
    account("group", hours=0, owner="cleo")
    early = arrives("early", "plant", hours=1)
    account("plant", hours=2, account_id="works")
    account("works", hours=3, account_id="group")
    later = arrives("later", "plant", hours=4)
    account("holding", hours=5, owner="ben")
    account("works", hours=6, account_id="holding")
    sold = arrives("sold", "plant", hours=7)
    account("mill", hours=7.5, city="Linz")
    merge(kind="account", kept="plant", other="mill", by="ada", at=MONDAY + 8 * HOUR)
    merged = arrives("merged", "mill", hours=9)
    found = [(each.owner, each.rule, each.account_owner) for each in (early, later, sold, merged)]
    above = "routing.including_parent"
    assert found == [
        ("ada", "routing.rules.0", None), ("cleo", above, "cleo"), ("ben", above, "ben"), ("ben", above, "ben"),
    ]  # fmt: skip
    assert "owns the one above it." in page_of(a_revops(), the_one(merged))
    at = MONDAY + timedelta(hours=12)
    with desk(at) as now:
        pass_time(at=now)
    carry(at=at)
    version = version_in_force(at)
    assert version is not None
    engine = lake.ledger().connect()
    assert (told := reproduction(engine, replay(engine, [version.agreement]))).exact, told.differing.to_pylist()
    rebuilding.rebuild(at=at)
    assert [Handoff.objects.get(pk=each.pk).account_owner for each in (later, sold)] == ["cleo", "ben"]
