"""Another open handoff of the same person or account: which one is worked, and that both teams see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.app.cast import a_marketer, a_rep
from tests.app.handoffs.leads import a_lead, in_force
from tests.app.handoffs.test_pages import page_of

from accord.agreement.handoff import worked
from accord_app.handoffs.models import Handoff
from accord_app.records.actions import record
from accord_app.records.merging import merge, unmerge

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def page_about(person: str, reader: object) -> str:
    return page_of(reader, f"/handoffs/{Handoff.objects.get(person_id=person).pk}/")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("open_", "first"), [([], None), ([(5, "b")], "b"), ([(7, "a"), (5, "b")], "b"), ([(5, "b"), (5, "a")], "a")]
)
def test_the_one_offered_first_is_worked(open_: list[tuple[int, str]], first: str | None) -> None:
    assert worked(open_) == first


def test_the_second_is_marked_a_duplicate_for_both_teams_until_the_merge_is_taken_back() -> None:
    in_force()
    now = timezone.now()
    for place, person in enumerate(("anna", "ann")):
        a_lead(person, at=now - (5 - place) * HOUR, name=person.title())
    readers = (a_rep, a_marketer)
    assert not any("duplicate" in page_about("ann", who()) for who in readers)
    done = merge(kind="person", kept="anna", other="ann", by="ada", at=now - 2 * HOUR)
    for who in readers:
        second, first = page_about("ann", who()), page_about("anna", who())
        assert "This is a duplicate." in second and Handoff.objects.get(person_id="anna").pk in second
        assert "the other is its duplicate" in first and "This is a duplicate." not in first
    unmerge(merge=done, by="ada", at=now - HOUR)
    assert "duplicate" not in page_about("ann", a_rep())


def test_another_open_handoff_of_the_account_is_named_with_its_owner() -> None:
    in_force()
    now = timezone.now()
    for person in ("anna", "ben"):
        a_lead(person, at=now - 5 * HOUR, name=person.title())
    firm = {"account_id": "acme", "subject": "person", "occurred_at": now}
    acme = {"id": "a", "subject": "account", "subject_id": "acme", "name": "Acme", "occurred_at": now}
    record("profiles", [acme, *({**firm, "id": p, "subject_id": p} for p in ("anna", "ben"))], at=now, source="crm")
    page = page_about("anna", a_marketer())
    assert "The account has other open handoffs." in page and "Ben with " in page
