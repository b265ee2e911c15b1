"""How people, accounts and deals stand follows from facts, in whatever order they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accord_app.ledger.models import Batch, Profile
from accord_app.records.actions import follow, rebuild, rebuild_everything, record
from accord_app.records.models import Account, Deal, Person, SearchTerm

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def hours(count: float) -> datetime:
    return NOON + timedelta(hours=count)


def a_profile(raw: str = "1", *, at: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": raw,
        "subject": "person",
        "subject_id": "birgit",
        "occurred_at": hours(at),
        "known_at": hours(at),
    } | more


def told(*rows: dict[str, Any], at: float = 0) -> None:
    record("profiles", rows, at=hours(at), source="crm")


def test_the_newest_cell_that_says_something_wins() -> None:
    told(a_profile("1", name="Birgit Sommer", title="Engineer", country="DE", deleted=True))
    told(a_profile("2", at=2, title="Plant manager", deleted=False), at=2)
    told(a_profile("3", at=1, title="Team lead", country="AT"), at=3)
    person = Person.objects.get()
    assert (person.name, person.title, person.country) == ("Birgit Sommer", "Plant manager", "AT")
    assert (person.deleted, person.known_at, person.first_known_at) == (False, hours(2), NOON)


def test_a_cell_longer_than_its_column_is_cut() -> None:
    told(a_profile(name="B" * 400, country="c" * 300))
    assert len(Person.objects.get().name) == 300


def test_an_account_has_figures_and_its_people() -> None:
    told(
        a_profile("1", account_id="kestrel"),
        a_profile(
            "2", subject="account", subject_id="kestrel", name="Kestrel Foods", employees=1400.0, is_competitor=True
        ),
    )
    account = Account.objects.get()
    assert (account.name, account.employees, account.revenue, account.is_competitor) == (
        "Kestrel Foods",
        1400.0,
        None,
        True,
    )
    assert Person.objects.get().account == account


def terms_of(ref: str) -> set[str]:
    return {bytes(term).decode() for term in SearchTerm.objects.filter(ref=ref).values_list("term", flat=True)}


def test_a_record_is_found_by_its_words_and_no_longer_by_old_ones() -> None:
    told(a_profile("1", name="Łucja Zieliński", email="l.zielinski@kestrel.example", company="Kestrel"))
    assert terms_of("birgit") == {"lucja", "zielinski", "l", "kestrel", "@kestrel.example"}
    told(a_profile("2", at=1, name="Łucja Nowak"), at=1)
    assert terms_of("birgit") == {"lucja", "nowak", "zielinski", "l", "kestrel", "@kestrel.example"}
    told(a_profile("3", at=2, email="nowak@kestrel.example"), at=2)
    assert terms_of("birgit") == {"lucja", "nowak", "kestrel", "@kestrel.example"}


def an_event(raw: str, event: str, at: float, **more: Any) -> dict[str, Any]:
    return {"id": raw, "deal_id": "deal", "event": event, "occurred_at": hours(at), "known_at": hours(at)} | more


LIFE = (
    an_event("1", "opened", 0, stage="meeting", amount=1000.0, currency="EUR", owner="tomas", account_id="kestrel"),
    an_event("2", "stage", 5, stage="offer"),
    an_event("3", "amount", 6, amount=2000.0),
    an_event("4", "lost", 7, reason="price", stage="closed"),
)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_deal_stands_the_same_whatever_comes_first(order: tuple[int, ...]) -> None:
    for place in order:
        record("deals", [LIFE[place]], at=hours(10), source="crm")
    deal = Deal.objects.get()
    assert (deal.status, deal.stage, deal.amount, deal.reason) == ("lost", "offer", 2000.0, "price")
    assert (deal.opened_at, deal.moved_at, deal.closed_at) == (NOON, hours(7), hours(7))
    assert (deal.owner, deal.account_id, deal.currency) == ("tomas", "kestrel", "EUR")


def test_a_deal_lost_by_mistake_is_open_again_by_the_next_revision() -> None:
    record("deals", LIFE, at=hours(10), source="crm")
    mended = an_event("4", "stage", 7, stage="negotiation")
    record("deals", [mended | {"known_at": hours(11)}], at=hours(11), source="crm")
    deal = Deal.objects.get()
    assert (deal.status, deal.stage, deal.closed_at, deal.reason) == ("open", "negotiation", None, "")


def test_a_reopened_deal_is_open_and_a_deleted_one_deleted() -> None:
    record("deals", [*LIFE, an_event("5", "reopened", 7)], at=hours(10), source="crm")
    assert Deal.objects.get().status == "open"
    record("deals", [an_event("6", "deleted", 8)], at=hours(10), source="crm")
    assert Deal.objects.get().status == "deleted"


def test_somebody_without_a_profile_is_a_person_once_handed_over() -> None:
    record("touches", [{"id": "t", "person_id": "x", "kind": "page.home", "occurred_at": NOON}], at=NOON, source="web")
    assert not Person.objects.exists()
    handoff = {"id": "h", "handoff_id": "h", "person_id": "x", "event": "offered", "occurred_at": NOON}
    record("handoffs", [handoff], at=NOON, source="accord")
    assert str(Person.objects.get()) == "x"


def a_batch(count: int, state: str = Batch.State.IN_FORCE) -> Batch:
    batch = Batch.objects.create(id="b-1", table="profiles", state=state, at=NOON, changed_at=NOON)
    common: dict[str, Any] = {
        "source": "file", "revision": 1, "occurred_at": NOON, "known_at": NOON, "recorded_at": NOON,
        "known_inferred": False, "precision": "second", "evidence": "claimed", "batch": batch.id,
        "subject": "person", "account_id": "kestrel",
    }  # fmt: skip
    rows = [common | {"subject_id": f"p{n}", "source_id": f"s{n}", "name": f"Person {n}"} for n in range(count)]
    Profile.facts().bulk_create([Profile(**row) for row in rows])
    return batch


def test_an_import_is_followed_in_bulk_and_undone() -> None:
    batch = a_batch(2500)
    assert follow("profiles", batch_id=batch.id) == 2500
    assert Person.objects.filter(account_id="kestrel").count() == 2500
    Batch.objects.update(state=Batch.State.RETRACTED)
    rebuild(person_ids=[f"p{n}" for n in range(1250)])
    assert Person.objects.count() == 1250
    assert follow("profiles", batch_id=batch.id) == 2500
    assert not Person.objects.exists() and not SearchTerm.objects.exists()


def test_everything_can_be_worked_out_anew_from_the_facts() -> None:
    a_batch(1_100)
    told(a_profile("k", subject="account", subject_id="kestrel", name="Kestrel Foods"))
    record("deals", LIFE, at=hours(10), source="crm")
    handoff = {"id": "h", "handoff_id": "h", "person_id": "x", "event": "offered", "occurred_at": NOON}
    record("handoffs", [handoff], at=NOON, source="accord")
    before = [list(model.objects.order_by("pk").values()) for model in (Account, Deal)]
    for model in (Person, Account, Deal, SearchTerm):
        model._default_manager.all().delete()
    assert rebuild_everything() == 1_100 + 1 + 1 + 1
    assert [list(model.objects.order_by("pk").values()) for model in (Account, Deal)] == before
    assert Person.objects.count() == 1_101
    assert terms_of("p7") == {"person", "7", "kestrel", "foods"}


def test_following_takes_as_many_statements_for_ten_people_as_for_a_hundred() -> None:
    counted = []
    for count in (10, 100):
        batch = a_batch(count)
        with CaptureQueriesContext(connection) as statements:
            follow("profiles", batch_id=batch.id)
        counted.append(len([each for each in statements if "INSERT INTO" not in each["sql"]]))
        Profile.facts().filter(batch=batch.id).update(batch=f"gone {count}")
        batch.delete()
    assert counted[0] == counted[1]
