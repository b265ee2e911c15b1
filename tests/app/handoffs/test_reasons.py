"""What stands in a row of the queue about a person: the last things that marketing saw, however many there are."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from tests.app.handoffs.leads import HOUR, a_lead, in_force

from accord_app.handoffs import touches
from accord_app.handoffs.models import Handoff
from accord_app.handoffs.rebuilding import rebuild
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import Touch
from accord_app.records.actions import record

pytestmark = pytest.mark.django_db
KINDS = ("page.pricing", "email.opened", "form.price-request", "page.demo")


def happened(person: str, count: int, *, before: datetime) -> None:
    rows = [
        {"id": f"{person}-more-{n}", "person_id": person, "kind": KINDS[n * n % 4], "side": "marketing",
         "occurred_at": before - n * HOUR, "known_at": before - n * HOUR}
        for n in range(count)
    ]  # fmt: skip
    record("touches", rows, at=before, source="site")


def newest(person: str) -> list[str]:
    """The plain way: everything read, the last ten counted."""
    rows = Touch.facts().filter(person_id=person, side="marketing").order_by("-known_at", "-id")
    told = [row.kind for row in rows if row.kind not in touches._QUIET][:10]
    return [touches._often(text, n) for text, n in list(Counter(map(touches.words, told)).items())[:3]]


def test_the_newest_ten_are_told_of_somebody_with_many_and_all_of_somebody_with_few() -> None:
    in_force()
    now = timezone.now()
    for person, count in (("few", 0), ("some", 7), ("many", 80)):
        a_lead(person, at=now - timedelta(days=9))
        happened(person, count, before=now)
    told = touches.reasons(dict.fromkeys(("few", "some", "many"), now), unseen_batches())
    assert told == {person: newest(person) for person in ("few", "some", "many")}
    assert told["many"][0].endswith("times")


def test_what_came_after_the_offer_is_no_reason_for_it() -> None:
    in_force()
    now = timezone.now()
    a_lead("birgit", at=now - timedelta(days=9))
    happened("birgit", 4, before=now)
    assert touches.reasons({"birgit": now - timedelta(days=9)}, []) == {"birgit": ["price request", "pricing page"]}


def test_country_and_origin_stand_with_the_handoff_as_known_at_the_offer() -> None:
    in_force()
    now = timezone.now()
    a_lead("birgit", at=now - timedelta(days=9), country="AT")
    told = {"id": "moved", "subject": "person", "subject_id": "birgit", "country": "CH", "occurred_at": now}
    record("profiles", [told], at=now, source="crm")
    assert Handoff.objects.values_list("country", "origin").get() == ("AT", "search-ads")


def test_after_rebuilding_they_are_those_of_today() -> None:
    in_force()
    now = timezone.now()
    a_lead("birgit", at=now - timedelta(days=9), country="AT")
    carry(at=now)
    rebuild(at=now)
    assert Handoff.objects.values_list("country", "origin").get() == ("AT", "search-ads")
