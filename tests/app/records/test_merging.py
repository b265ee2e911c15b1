"""Merging: two ids become one person without a fact being touched, and taking it back leaves everything as it was."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.cast import a_marketer, a_revops

from accord.facts.lead_view_few import few_sql
from accord_app.ledger.engine import engine_of
from accord_app.ledger.links import roots
from accord_app.ledger.models import FACTS, Alias, Touch
from accord_app.records import duplicates, erasing, merging, standing
from accord_app.records.actions import record
from accord_app.records.merging import CannotMergeError, keep_apart, merge, unmerge
from accord_app.records.models import Account, Duplicate, Merge, Person, SearchTerm

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEN = ("touches", "has_phone", "title", "opted_in", "unsubscribed", "company", "account_open_deals")


def told(person: str, *, at: datetime = NOON, subject: str = "person", **cells: Any) -> None:
    row = {"id": f"{person}@{at}", "subject": subject, "subject_id": person, "occurred_at": at, **cells}
    record("profiles", [row], at=at, source="crm")


def touched(person: str, *, at: datetime = NOON, kind: str = "page.pricing") -> None:
    row = {"id": f"{person}@{at}", "person_id": person, "kind": kind, "side": "marketing", "occurred_at": at}
    record("touches", [row], at=at, source="web")


def said(person: str, status: str, *, at: datetime = NOON) -> None:
    row = {"id": f"{person}@{at}", "person_id": person, "purpose": "marketing.email", "status": status}
    record("consent", [row | {"occurred_at": at}], at=at, source="web")


def seen(person: str, at: datetime) -> dict[str, Any]:
    """What the lead view says about somebody at a moment."""
    engine = engine_of([person])
    moment = pa.array([at.replace(tzinfo=None)], pa.timestamp("us"))
    engine.register("asked", pa.table({"person_id": [person], "moment": moment}))
    (row,) = engine.rows(few_sql(SEEN, moments="asked")).to_pylist()
    return {name: row[name] for name in SEEN}


@pytest.fixture
def two() -> tuple[str, str]:
    told("birgit", name="Birgit Sommer", email="birgit@kestrel.example", title="Plant manager")
    told("b-sommer", at=NOON + HOUR, name="B. Sommer", phone="+49 941 1234", city="Regensburg")
    touched("birgit")
    touched("b-sommer", at=NOON + HOUR)
    said("b-sommer", "withdrawn", at=NOON + HOUR)
    return "birgit", "b-sommer"


def merged(kept: str, other: str, *, at: datetime = NOON + 2 * HOUR) -> Merge:
    return merge(kind="person", kept=kept, other=other, by="ada", at=at)


def test_after_a_merge_one_person_has_the_facts_of_both(two: tuple[str, str]) -> None:
    before = {table: model.facts().count() for table, model in FACTS.items() if table != "identities"}
    merged(*two)
    person = Person.objects.get(pk="birgit")
    assert (person.name, person.title, person.phone) == ("B. Sommer", "Plant manager", "+49 941 1234")
    assert Person.objects.get(pk="b-sommer").same_as == "birgit"
    assert seen("birgit", NOON + 3 * HOUR) | {"company": None} == {
        "touches": 2, "has_phone": True, "title": "Plant manager", "opted_in": False, "unsubscribed": True,
        "company": None, "account_open_deals": 0,
    }  # fmt: skip
    assert before == {table: model.facts().count() for table, model in FACTS.items() if table != "identities"}
    assert set(Touch.facts().values_list("person_id", flat=True)) == {"birgit", "b-sommer"}


def test_a_look_at_a_moment_before_the_merge_stays_as_it_was(two: tuple[str, str]) -> None:
    before = seen("birgit", NOON + 1.5 * HOUR)
    merged(*two)
    assert seen("birgit", NOON + 1.5 * HOUR) == before
    assert before["touches"] == 1


def test_the_words_of_search_lead_to_one_record(two: tuple[str, str]) -> None:
    done = merged(*two)
    assert set(SearchTerm.objects.values_list("ref", flat=True)) == {"birgit"}
    unmerge(merge=done, by="ada", at=NOON + 3 * HOUR)
    assert set(SearchTerm.objects.values_list("ref", flat=True)) == {"birgit", "b-sommer"}


def test_a_new_fact_of_the_other_id_belongs_to_the_person(two: tuple[str, str]) -> None:
    merged(*two)
    told("b-sommer", at=NOON + 3 * HOUR, title="Director")
    touched("b-sommer", at=NOON + 3 * HOUR)
    assert Person.objects.get(pk="birgit").title == "Director"
    assert seen("birgit", NOON + 4 * HOUR)["touches"] == 3


def test_who_is_merged_already_is_not_merged_again(two: tuple[str, str]) -> None:
    merged(*two)
    told("third", name="Third")
    with pytest.raises(CannotMergeError, match="merged already"):
        merged("third", "b-sommer", at=NOON + 3 * HOUR)
    with pytest.raises(CannotMergeError, match="one record"):
        merged("third", "third", at=NOON + 3 * HOUR)
    with pytest.raises(CannotMergeError, match="not there"):
        merged("third", "nobody", at=NOON + 3 * HOUR)
    merged("third", "birgit", at=NOON + 3 * HOUR)
    assert roots(["b-sommer", "birgit"], at=NOON + 4 * HOUR) == {"b-sommer": "third", "birgit": "third"}
    assert Person.objects.get(pk="third").phone == "+49 941 1234"


def test_accounts_are_merged_alike() -> None:
    told("acme", subject="account", name="Acme", domain="acme.example")
    told("acme-gmbh", subject="account", name="Acme GmbH", at=NOON + HOUR, employees=400.0)
    told("pat", name="Pat", account_id="acme-gmbh")
    deal = {"id": "d", "deal_id": "d", "account_id": "acme", "event": "opened", "occurred_at": NOON}
    record("deals", [deal], at=NOON, source="crm")
    done = merge(kind="account", kept="acme", other="acme-gmbh", by="ada", at=NOON + 2 * HOUR)
    assert Account.objects.get(pk="acme").employees == 400
    assert seen("pat", NOON + 3 * HOUR)["account_open_deals"] == 1
    unmerge(merge=done, by="ada", at=NOON + 4 * HOUR)
    assert seen("pat", NOON + 5 * HOUR)["account_open_deals"] == 0
    assert Account.objects.get(pk="acme").employees is None


def test_whoever_is_erased_is_erased_under_both_ids(two: tuple[str, str]) -> None:
    merged(*two)
    erasing.erase(named="birgit", by="ada", at=NOON + 3 * HOUR)
    assert {str(person) for person in Person.objects.all()} == {"Erased person"}
    assert not SearchTerm.objects.exists()


def test_after_taking_back_an_erasure_means_one_of_the_two(two: tuple[str, str]) -> None:
    unmerge(merge=merged(*two), by="ada", at=NOON + 3 * HOUR)
    assert erasing.subject_of("birgit").person_ids == {"birgit"}
    assert erasing.subject_of("b-sommer").person_ids == {"b-sommer"}


def test_a_pair_that_is_not_the_same_is_not_proposed_again() -> None:
    for number in range(30):
        told(f"p{number}", name=f"{chr(65 + number % 26)}nna Meyer{number}", email=f"p{number}@firm{number}.example")
    told("x1", name="Birgit Sommer", email="birgit@kestrel.example", phone="0941 123456", city="Regensburg")
    told("x2", name="Birgit Somer", email="birgit@kestrel.example", phone="0941 123456", city="Regensburg")
    assert duplicates.find(at=NOON)["person"] == 1
    (pair,) = Duplicate.objects.all()
    assert ((pair.left, pair.right), pair.probability > 0.9) == (("x1", "x2"), True)
    assert {"email", "phone"} <= {reason["field"] for reason in pair.reasons}
    assert "birgit" not in str(pair.reasons).lower()
    keep_apart(kind="person", left="x2", right="x1", by="ada", at=NOON)
    assert duplicates.find(at=NOON + HOUR)["person"] == 0
    assert Duplicate.objects.get().state == Duplicate.State.APART


# Whatever was merged and taken back

PEOPLE = ("ann", "bob", "cay")
WHAT = ("title", "touch", "withdrawn", "granted")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
        st.tuples(st.just("unmerge"), st.integers(0, 3), st.none()),
        st.tuples(
            st.just("fact"), st.sampled_from(PEOPLE), st.sampled_from(["title", "touch", "withdrawn", "granted"])
        ),
    ),
    max_size=9,
)


def lived(steps: list[tuple[str, Any, Any]], *, with_merges: bool) -> dict[str, Any]:
    """How everybody stands after these steps, all merges taken back at the end."""
    for person in PEOPLE:
        told(person, name=person.title(), phone="1" if person == "bob" else None)
    for number, (what, one, two) in enumerate(steps, 1):
        at = NOON + number * HOUR
        if what == "fact":
            _happens(one, two, at)
        elif with_merges:
            _changes(what, one, two, at)
    end = NOON + 40 * HOUR
    for number, held in enumerate(Merge.objects.filter(undone_at=None)):
        unmerge(merge=held, by="ada", at=end - HOUR + number * timedelta(minutes=1))
    rows = {person.pk: (person.name, person.title, person.phone, person.same_as) for person in Person.objects.all()}
    terms = set(SearchTerm.objects.values_list("ref", "term"))
    return {"rows": rows, "terms": {(r, bytes(t)) for r, t in terms}, "seen": {p: seen(p, end) for p in PEOPLE}}


def _happens(person: str, what: str, at: datetime) -> None:
    if what == "touch":
        touched(person, at=at)
    elif what == "title":
        told(person, at=at, title=f"Since {at:%H}")
    else:
        said(person, what, at=at)


def _changes(what: str, one: Any, two: Any, at: datetime) -> None:
    if what == "unmerge":
        for held in Merge.objects.filter(undone_at=None).order_by("pk")[one : one + 1]:
            unmerge(merge=held, by="ada", at=at)
        return
    try:
        merged(one, two, at=at)
    except CannotMergeError:
        assert one == two or roots([one, two], at=at) != {one: one, two: two}


@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_taking_back_leaves_everything_as_if_nothing_had_been_merged(steps: list[tuple[str, Any, Any]]) -> None:
    found = []
    for with_merges in (True, False):
        with transaction.atomic():
            found.append(lived(steps, with_merges=with_merges))
            transaction.set_rollback(True)
    assert found[0] == found[1]


def test_what_was_worked_out_anew_is_the_same(two: tuple[str, str]) -> None:
    merged(*two)
    before = list(Person.objects.order_by("pk").values())
    standing.fold_people(["b-sommer"])
    assert list(Person.objects.order_by("pk").values()) == before


# Pages


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(a_revops())
    return client


def test_two_are_compared_merged_and_taken_back_on_pages(ada: Client, two: tuple[str, str]) -> None:
    Duplicate.objects.create(
        kind="person", left="b-sommer", right="birgit", probability=0.97, found_at=NOON,
        reasons=[
            {"field": "family", "says": "the same", "bits": 8.0}, {"field": "city", "says": "differs", "bits": -2.0},
        ],
    )  # fmt: skip
    listed = ada.get(reverse("records:duplicates")).content.decode()
    assert "97.0 %" in listed and "The same last name" in listed and "City differs" in listed
    pair = reverse("records:pair", args=["person", "birgit", "b-sommer"])
    page = ada.get(pair).content.decode()
    assert "Plant manager" in page and "+49 941 1234" in page
    nothing = ada.post(pair, {})
    assert (nothing.status_code, b"Nothing was chosen" in nothing.content) == (422, True)
    done = ada.post(pair, {"keep": "birgit"})
    assert done["Location"] == reverse("records:person", args=["birgit"])
    assert ada.get(reverse("records:person", args=["b-sommer"]))["Location"] == done["Location"]
    assert b"Known under 2 ids" in ada.get(done["Location"]).content
    assert b"B. Sommer" in ada.get(reverse("records:merges")).content
    held = Merge.objects.get()
    ada.post(reverse("records:take_back", args=[held.pk]))
    assert ada.get(reverse("records:person", args=["b-sommer"])).status_code == 200
    assert Alias.facts().count() == 2
    assert Duplicate.objects.get().state == Duplicate.State.APART


def test_the_list_leads_on_by_key(ada: Client) -> None:
    for number in range(60):
        told(f"l{number}", name=f"Left {number}")
        told(f"r{number}", name=f"Right {number}")
    Duplicate.objects.bulk_create(
        Duplicate(kind="person", left=f"l{n}", right=f"r{n}", probability=0.9 + n % 7 / 100, found_at=NOON)
        for n in range(60)
    )
    url = reverse("records:duplicates")
    first = ada.get(url).content.decode()
    (more,) = re.findall(r'href="(\?kind=person&amp;after=[^"]+)"', first)
    second = ada.get(url + html.unescape(more)).content.decode()
    assert len(set(re.findall(r"Left \d+ and Right", first + second))) == 60
    assert "after=" not in second
    assert ada.get(f"{url}?after=nonsense").status_code == 200


def test_who_may_not_merge_finds_no_such_page(client: Client, two: tuple[str, str]) -> None:
    held = merged(*two)
    client.force_login(a_marketer())
    pair = reverse("records:pair", args=["person", *two])
    for url in (reverse("records:duplicates"), pair, reverse("records:merges")):
        assert client.get(url).status_code in (403, 404)
    assert client.post(reverse("records:take_back", args=[held.pk])).status_code in (403, 404)
    assert Merge.objects.get().undone_at is None


def test_foreign_ids_lead_nowhere(ada: Client, two: tuple[str, str]) -> None:
    assert ada.get(reverse("records:pair", args=["person", "birgit", "nobody"])).status_code == 404
    assert ada.get(reverse("records:pair", args=["deal", "birgit", "nobody"])).status_code == 404
    assert ada.post(reverse("records:take_back", args=[77])).status_code == 404


def test_deciding_needs_no_room_above() -> None:
    assert merging.MODELS.keys() == {"person", "account"}
