"""Colleagues whom nobody signs in as act by the verbs that everybody uses; the others are left to who looks around."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.app.cast import a_rep
from tests.app.handoffs.leads import HOUR, TEAM, a_lead, in_force, is_away, let_seconds_pass

from accord.agreement.handoff import OFFERED
from accord_app.demo import colleagues
from accord_app.handoffs import actions
from accord_app.handoffs.models import Handoff
from accord_app.members.models import User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)


def only(person: str) -> None:
    in_force(teams={TEAM: {"people": [person]}}, routing={"rules": [{"team": TEAM}]})


def test_a_colleague_answers_in_time_and_only_once() -> None:
    a_rep("zoe", "Zoe")
    only("zoe")
    lead = a_lead(at=NOON)
    assert colleagues.act(at=NOON + timedelta(minutes=1), most=5) == 0
    assert colleagues.act(at=NOON + 10 * HOUR, most=5) == 1
    assert colleagues.act(at=NOON + 10 * HOUR, most=5) == 0
    let_seconds_pass(NOON + 10 * HOUR)
    lead.refresh_from_db()
    assert lead.status != OFFERED
    assert lead.answered_at == NOON + 10 * HOUR


def test_handoffs_of_those_whom_one_can_sign_in_as_wait_for_them() -> None:
    a_rep("tomas", "Tomás")
    only("tomas")
    a_lead(at=NOON)
    assert colleagues.act(at=NOON + A_DAY, most=5) == 0


def test_who_is_away_does_nothing() -> None:
    a_rep("zoe", "Zoe")
    only("zoe")
    a_lead(at=NOON)
    is_away("zoe", at=NOON + HOUR, until=NOON + 3 * A_DAY)
    assert colleagues.act(at=NOON + 2 * HOUR, most=5) == 0


def test_who_was_accepted_is_called_and_first_contact_is_made() -> None:
    a_rep("zoe", "Zoe")
    only("zoe")
    lead = a_lead(at=NOON)
    actions.accept(handoff=lead, by=User.objects.get(handle="zoe"), at=NOON + HOUR)
    let_seconds_pass(NOON + HOUR)
    assert colleagues.act(at=NOON + 12 * HOUR, most=5) == 1
    lead.refresh_from_db()
    assert lead.contacted_at is not None


def test_nothing_is_done_outside_of_business_hours() -> None:
    a_rep("zoe", "Zoe")
    in_force(
        teams={TEAM: {"people": ["zoe"]}}, routing={"rules": [{"team": TEAM}]},
        calendar={"hours": {"mon-fri": "09:00-17:00"}},
    )  # fmt: skip
    a_lead(at=NOON)
    assert colleagues.act(at=NOON + 9 * HOUR, most=5) == 0
    assert colleagues.act(at=NOON + A_DAY + 2 * HOUR, most=5) == 1


def test_twenty_leads_are_answered_in_different_ways_and_reasons_are_borne_out_by_the_facts() -> None:
    a_rep("zoe", "Zoe")
    only("zoe")
    for number in range(20):
        a_lead(f"p{number}", at=NOON + timedelta(minutes=number))
    assert colleagues.act(at=NOON + A_DAY, most=50) == 20
    let_seconds_pass(NOON + A_DAY)
    states = set(Handoff.objects.values_list("status", flat=True))
    assert {"accepted", "rejected"} <= states
    assert not Handoff.objects.filter(contradicted=True).exists()
