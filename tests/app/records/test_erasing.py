"""Erasure in the rooms: who is meant, what is emptied, what stays, and what comes again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.app.cast import an_administrator

from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import FACTS, Profile
from accord_app.outbox.models import Message
from accord_app.records import erasers, erasing
from accord_app.records.actions import record
from accord_app.records.models import Erasure, Person, SearchTerm
from accord_app.work.models import Job

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
ADDRESS = "birgit@kestrel.example"


def told(raw: str, person_id: str, *, at: datetime = NOON, **more: Any) -> None:
    row = {"id": raw, "subject": "person", "subject_id": person_id, "occurred_at": at, **more}
    record("profiles", [row], at=at, source="crm")


@pytest.fixture
def birgit() -> str:
    """Known by a form under her address, and by the CRM under its own id."""
    by_address, by_crm = lake.person_id("web", ADDRESS), lake.person_id("crm", "1042")
    told("1", by_address, name="Birgit Sommer", email=ADDRESS, city="Regensburg", employees=1400.0)
    told("2", by_crm, name="B. Sommer-Quast", email=ADDRESS, phone="+49 941 123456", account_id="kestrel")
    told("3", "laurent", name="Laurent Picard", email="laurent@ostrava.example")
    touch = {"id": "t", "person_id": by_crm, "kind": "page.pricing", "occurred_at": NOON}
    record("touches", [touch], at=NOON, source="web")
    carry(at=NOON)
    return by_crm


def counts() -> dict[str, int]:
    return {table: model.facts().count() for table, model in FACTS.items()}


@pytest.mark.parametrize("named", [ADDRESS, ADDRESS.upper(), "crm:1042", " crm : 1042 "])
def test_somebody_is_meant_under_every_id(birgit: str, named: str) -> None:
    subject = erasing.subject_of(named)
    assert subject.person_ids == {birgit, lake.person_id("web", ADDRESS)}
    assert subject.names == {"Birgit Sommer", "B. Sommer-Quast"}
    assert subject.phones == {"+49 941 123456"}


@pytest.mark.parametrize("named", ["nobody@kestrel.example", "crm:9", "nobody", "", ":", "crm:"])
def test_nobody_is_meant_by_what_is_not_known(birgit: str, named: str) -> None:
    with pytest.raises(AccordError, match="Nobody is known as"):
        erasing.subject_of(named)


def test_an_alias_is_the_same_person(birgit: str) -> None:
    alias = {"id": "a", "alias_id": "visitor", "person_id": birgit, "occurred_at": NOON}
    record("identities", [alias], at=NOON, source="web")
    assert "visitor" in erasing.subject_of("crm:1042").person_ids
    assert birgit in erasing.subject_of("visitor").person_ids


def test_the_plan_tells_what_will_go_and_changes_nothing(birgit: str) -> None:
    plan = erasing.plan("crm:1042")
    assert sorted(plan.people) == ["B. Sommer-Quast", "Birgit Sommer"]
    found = {each.title: each.count for each in plan.found}
    assert (found["Profiles in the database"], found["Profiles in the lake"]) == (2, 2)
    assert Person.objects.filter(email=ADDRESS).count() == 2
    assert not Erasure.objects.exists()


def test_every_attribute_goes_and_no_total_changes(birgit: str) -> None:
    before, in_lake = counts(), len(lake.ledger().as_known("profiles"))
    erasing.erase(named="crm:1042", by="ingrid", at=LATER)
    assert counts() == before
    assert len(lake.ledger().as_known("profiles")) == in_lake
    person = Person.objects.get(pk=birgit)
    assert (person.name, person.email, person.phone, person.erased_at) == ("", "", "", LATER)
    assert person.account_id == "kestrel"
    assert str(person) == "Erased person"
    assert set(SearchTerm.objects.values_list("ref", flat=True)) == {"laurent"}
    assert not Profile.facts().filter(subject_id=birgit, name__isnull=False).exists()
    names = lake.ledger().as_known("profiles")["name"].to_pylist()
    assert [name for name in names if name] == ["Laurent Picard"]
    assert Person.objects.get(pk="laurent").name == "Laurent Picard"


def test_an_erasure_is_on_record_without_a_name(birgit: str) -> None:
    erasing.erase(named=ADDRESS, by="ingrid", at=LATER)
    kept = Erasure.objects.get()
    assert (kept.by, kept.at, kept.done_at) == ("ingrid", LATER, LATER)
    assert set(kept.person_ids) == {birgit, lake.person_id("web", ADDRESS)}
    assert (kept.emptied["People"], kept.emptied["Profiles in the lake"]) == (2, 2)


def test_messages_and_waiting_work_forget_the_name(birgit: str) -> None:
    about = {"lines": [{"who": "Birgit Sommer, Kestrel"}], "count": 3}
    Message.objects.create(key="k", kind="x", to=an_administrator(), context=about, at=NOON, due_at=NOON)
    Job.objects.create(kind="x", payload={"q": ADDRESS}, last_error=f"no {ADDRESS}", created_at=NOON, due_at=NOON)
    erasing.erase(named="crm:1042", by="ingrid", at=LATER)
    assert Message.objects.get().context == {"lines": [{"who": "erased"}], "count": 3}
    job = Job.objects.get(kind="x")
    assert (job.payload, job.last_error) == ({"q": "erased"}, "erased")


@pytest.mark.parametrize(
    "name", ["Birgit Strauß", 'Birgit "Bibi" O\'Neil', "Бригитта Зоммер", "Birgit \\ Sommer", "Jürgen"]
)
@pytest.mark.parametrize("written", [str, str.upper, str.casefold], ids=["as told", "loud", "folded"])
def test_a_name_is_found_however_the_database_writes_it(name: str, written: Callable[[str], str]) -> None:
    told("9", "p9", name=name)
    for number, text in enumerate([f"To {written(name)}, again", "To Laurent Picard"]):
        Message.objects.create(
            key=str(number), kind="x", to=an_administrator(), context={"who": [text]}, at=NOON, due_at=NOON
        )
    assert {each.title: each.count for each in erasing.plan("p9").found}["Messages"] == 1
    erasing.erase(named="p9", by="ingrid", at=LATER)
    kept = Message.objects.order_by("key").values_list("context", flat=True)
    assert list(kept) == [{"who": ["erased"]}, {"who": ["To Laurent Picard"]}]


def test_a_room_above_empties_what_it_holds(birgit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[erasing.Subject] = []

    def erase(subject: erasing.Subject, at: datetime) -> int:
        asked.append(subject)
        return 7

    monkeypatch.setattr(erasing, "_ERASERS", [erasing.Eraser("Notes", lambda _: 7, erase)])
    assert {each.title: each.count for each in erasing.plan("crm:1042").found}["Notes"] == 7
    assert erasing.erase(named="crm:1042", by="ingrid", at=LATER).emptied["Notes"] == 7
    assert asked[0].is_named_in("Called birgit sommer today")
    assert not asked[0].is_named_in("Called Birgit Winter today")


def test_two_rooms_cannot_register_under_one_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "_ERASERS", [])
    notes = erasing.Eraser("Notes", lambda _: 0, lambda _, __: 0)
    erasing.register(notes)
    with pytest.raises(ValueError, match="twice"):
        erasing.register(notes)


def test_what_was_so_before_does_not_come_back_and_what_is_new_does(birgit: str) -> None:
    erasing.erase(named="crm:1042", by="ingrid", at=LATER)
    told("2", birgit, name="B. Sommer-Quast", email=ADDRESS, account_id="kestrel")
    told("9", birgit, name="B. Sommer-Quast", at=NOON)
    assert Person.objects.get(pk=birgit).name == ""
    assert not Profile.facts().filter(name="B. Sommer-Quast").exists()
    told("10", birgit, name="Birgit Quast", at=LATER + timedelta(days=1))
    person = Person.objects.get(pk=birgit)
    assert (person.name, person.erased_at) == ("Birgit Quast", LATER)


def test_an_erasure_that_broke_off_is_finished_by_the_worker(birgit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "finish", lambda *_, **__: None)
        erasing.erase(named="crm:1042", by="ingrid", at=LATER)
    assert Erasure.objects.get().done_at is None
    assert Job.objects.get(kind=erasing.FINISH).due_at == LATER
    assert erasing.finish_all(LATER) == 1
    assert Erasure.objects.get().done_at == LATER
    assert erasing.finish_all(LATER) == 0
    assert "B. Sommer-Quast" not in lake.ledger().as_known("profiles")["name"].to_pylist()


def test_files_that_cannot_be_written_now_are_left_to_the_worker(birgit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "erase", _full_disk)
        assert erasing.erase(named="crm:1042", by="ingrid", at=LATER).done_at is None
    assert Person.objects.get(pk=birgit).name == ""
    assert erasing.finish_all(LATER) == 1
    assert Erasure.objects.get().emptied["Profiles in the lake"] == 2


def _full_disk(*_: Any, **__: Any) -> None:
    raise OSError("No space left on device")


def test_erasing_twice_is_no_mistake(birgit: str) -> None:
    erasing.erase(named="crm:1042", by="ingrid", at=LATER)
    again = erasing.erase(named=birgit, by="ingrid", at=LATER + timedelta(hours=1))
    assert (again.emptied["Profiles in the database"], again.emptied["Profiles in the lake"]) == (0, 0)


@pytest.mark.parametrize("address", ["o_brien@kestrel.example", "o%brien@kestrel.example", "o\\brien@kestrel.example"])
def test_signs_of_a_pattern_in_an_address_stand_for_themselves(address: str) -> None:
    none: frozenset[str] = frozenset()
    subject = erasing.Subject(none, none, frozenset({address}), none)
    like_it = address.translate(dict.fromkeys(map(ord, "_%\\"), "x"))
    to, about = an_administrator(), {"key": "", "kind": "import_done", "at": NOON, "due_at": NOON}
    for place, text in enumerate((f"For {address.upper()}", f"For {like_it}")):
        Message.objects.create(**{**about, "key": f"m{place}"}, to=to, context={"file": text})
    assert erasers.MESSAGES.count(subject) == 1
    found = erasers.perhaps_naming(Message, ("context",), subject)
    assert [Message.objects.get(pk=key).key for key in found] == ["m0"]
