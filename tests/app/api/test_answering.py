"""Answering handoffs under keys: the verbs and rights of the pages, once under one mark, never over something newer."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from tests.app import cast
from tests.app.api.programs import HOUR, Program, a_company
from tests.app.handoffs.leads import let_seconds_pass

from accord_app.handoffs.models import Handoff, Undoable
from accord_app.intake import answering
from accord_app.intake.models import StoredAnswer
from accord_app.ledger.models import HandoffEvent, Touch

pytestmark = pytest.mark.django_db


@pytest.fixture
def held() -> dict[str, Handoff]:
    return a_company()


def answered(program: Program, lead: Handoff, said: dict[str, Any], **more: Any) -> Any:
    return program.post(f"handoffs/{lead.pk}/answer", said, **more)


def test_an_answer_waits_ten_seconds_and_becomes_a_fact_by_the_program(held: dict[str, Handoff]) -> None:
    told = answered(Program(), held["birgit"], {"answer": "accept"})
    assert (told.status_code, told.json()["status"]) == (200, "offered")
    assert (told.json()["pending"]["answer"], told.json()["pending"]["by"]) == ("accepted", "program:crm")
    let_seconds_pass(datetime.now(UTC))
    assert Program().get(f"handoffs/{held['birgit'].pk}").json()["status"] == "accepted"
    assert HandoffEvent.facts().filter(event="accepted", by="program:crm").count() == 1


def test_a_key_of_a_person_answers_in_that_persons_name(held: dict[str, Handoff]) -> None:
    program = Program(person=cast.a_rep())
    answered(program, held["birgit"], {"answer": "recycle", "reason": "timing"})
    assert Undoable.objects.get().by == "tomas"
    answered(program, held["karl"], {"answer": "reject", "reason": "too_small"})
    let_seconds_pass(datetime.now(UTC))
    assert Handoff.objects.get(pk=held["karl"].pk).contradicted, "a firm of 1,400 is not too small"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"answer": "reject"}, "reason"), ({"answer": "reject", "reason": "timing"}, "reason"),
        ({"answer": "recycle", "reason": "no_fit"}, "reason"), ({"answer": "accept", "reason": "timing"}, "reason"),
        ({"answer": "drop"}, "answer"), ({}, "answer"), ({"answer": "accept", "by": "amy"}, "by"),
        ({"answer": "reject", "reason": "a\0b"}, "reason"), ({"answer": "reject", "reason": "\ud800"}, "reason"),
    ],
)  # fmt: skip
def test_an_answer_that_was_not_agreed_is_refused_by_field(
    held: dict[str, Handoff], said: dict[str, Any], field: str
) -> None:
    told = answered(Program(), held["birgit"], said)
    assert (told.status_code, told.json()["field"]) == (422, field), told.content
    assert not Undoable.objects.exists()


def test_reasons_are_those_of_the_agreement(held: dict[str, Handoff]) -> None:
    told = Program().get(f"handoffs/{held['birgit'].pk}/reasons").json()
    assert [each["code"] for each in told["reject"]] == ["too_small", "no_fit"]
    assert told["recycle"] == [{"code": "timing", "label": "Not now"}]


def test_what_cannot_be_answered_says_why_and_what_to_do(held: dict[str, Handoff]) -> None:
    program = Program()
    answered(program, held["birgit"], {"answer": "accept"})
    told = answered(program, held["birgit"], {"answer": "reject", "reason": "no_fit"})
    assert (told.status_code, told["Content-Type"]) == (409, "application/problem+json")
    assert told.json()["title"] and told.json()["detail"]
    assert answered(program, held["birgit"], {"answer": "accept"}).status_code == 200, "the same answer again"


def test_an_answer_is_taken_back_by_whoever_gave_it(held: dict[str, Handoff]) -> None:
    program, other = Program(), Program(person=cast.a_rep())
    answered(program, held["birgit"], {"answer": "accept"})
    address = f"handoffs/{held['birgit'].pk}/answer"
    assert other.ask("DELETE", address).status_code == 409
    assert program.ask("DELETE", address).json()["pending"] is None
    assert program.ask("DELETE", address).status_code == 409


def test_a_touch_is_logged_once_and_makes_contact(held: dict[str, Handoff]) -> None:
    program = Program(person=cast.a_rep())
    answered(program, held["birgit"], {"answer": "accept"})
    let_seconds_pass(datetime.now(UTC))
    when = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    told = [
        program.post(f"handoffs/{held['birgit'].pk}/touches", {"kind": "call.connected", "occurred_at": when})
        for _ in range(2)
    ]
    assert [(each.status_code, each.json()["status"]) for each in told] == [(201, "contacted")] * 2
    assert Touch.facts().filter(kind="call.connected", by="tomas", evidence="claimed").count() == 1


@pytest.mark.parametrize(
    "when", ["2126-01-01T00:00:00Z", "1980-01-01T00:00:00Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59-23:00", "x"]
)
def test_a_touch_has_a_time_with_a_zone_that_has_come(held: dict[str, Handoff], when: str) -> None:
    said = {"kind": "call.connected", "occurred_at": when}
    told = Program().post(f"handoffs/{held['birgit'].pk}/touches", said)
    assert (told.status_code, told.json()["field"]) == (422, "occurred_at"), told.content


def test_an_answer_to_something_that_has_changed_since_is_refused(held: dict[str, Handoff]) -> None:
    program = Program()
    seen = program.get(f"handoffs/{held['birgit'].pk}")["ETag"]
    first = answered(program, held["birgit"], {"answer": "accept"}, **{"If-Match": seen})
    assert first.status_code == 200
    stale = answered(program, held["birgit"], {"answer": "qualify"}, **{"If-Match": seen})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    assert answered(program, held["karl"], {"answer": "accept"}, **{"If-Match": "*"}).status_code == 200


# Once under one mark


def test_the_same_write_under_the_same_mark_is_answered_the_same_and_done_once(held: dict[str, Handoff]) -> None:
    program = Program()
    first, again = (answered(program, held["birgit"], {"answer": "accept"}, mark="a-1") for _ in range(2))
    assert (first.status_code, first.content, first["ETag"]) == (again.status_code, again.content, again["ETag"])
    assert again["Idempotency-Replayed"] == "true"
    let_seconds_pass(datetime.now(UTC))
    assert answered(program, held["birgit"], {"answer": "accept"}, mark="a-1").content == first.content
    assert Undoable.objects.count() == 0


def test_another_write_under_the_same_mark_is_refused(held: dict[str, Handoff]) -> None:
    program = Program()
    answered(program, held["birgit"], {"answer": "accept"}, mark="a-1")
    for lead, said in (("birgit", {"answer": "qualify"}), ("karl", {"answer": "accept"})):
        told = answered(program, held[lead], said, mark="a-1")
        assert (told.status_code, told.json()["field"]) == (422, "Idempotency-Key")
    assert answered(Program(), held["karl"], {"answer": "accept"}, mark="a-1").status_code == 200, (
        "marks are a key's own"
    )


def test_a_refusal_is_an_answer_too(held: dict[str, Handoff]) -> None:
    program = Program()
    refused = [answered(program, held["birgit"], {"answer": "reject"}, mark="a-1") for _ in range(2)]
    assert [each.status_code for each in refused] == [422, 422]
    assert refused[0].content == refused[1].content


def test_what_broke_is_not_kept_and_changed_nothing(held: dict[str, Handoff], monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program()

    def breaks(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("accord_app.api.handoffs.told", breaks)
        told = answered(program, held["birgit"], {"answer": "accept"}, mark="a-1")
    assert (told.status_code, told["Content-Type"]) == (500, "application/problem+json")
    assert not StoredAnswer.objects.exists() and not Undoable.objects.exists()
    assert answered(program, held["birgit"], {"answer": "accept"}, mark="a-1").status_code == 200


@pytest.mark.parametrize("mark", ["", "two words", "é", "x" * 81])
def test_a_mark_is_plain(held: dict[str, Handoff], mark: str) -> None:
    told = answered(Program(), held["birgit"], {"answer": "accept"}, **{"Idempotency-Key": mark})
    assert (told.status_code, told.json()["field"]) == (422, "Idempotency-Key")


def test_marks_are_forgotten_after_a_week(held: dict[str, Handoff]) -> None:
    program = Program()
    answered(program, held["birgit"], {"answer": "accept"}, mark="a-1")
    assert answering.forget(at=datetime.now(UTC) + answering.KEPT_FOR - HOUR) == 0
    assert answering.forget(at=datetime.now(UTC) + answering.KEPT_FOR + HOUR) == 1
    assert answered(program, held["karl"], {"answer": "accept"}, mark="a-1").status_code == 200


def test_events_under_a_mark_are_counted_once() -> None:
    cast.a_company()
    program = Program()
    event = {"id": "e1", "kind": "page.home", "at": "2026-01-05T09:00:00Z", "person": {"id": "p"}}
    first, again = (program.post("events", {"events": [event]}, mark="m") for _ in range(2))
    assert (first.status_code, first.json(), again["Idempotency-Replayed"]) == (202, again.json(), "true")
    assert program.post("events", [event | {"id": "e2"}], mark="m").status_code == 422


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql",
    reason="SQLite in memory does not wait for its turn. Name a PostgreSQL in ACCORD_DATABASE_URL.",
)
@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one() -> None:
    lead, program, told = a_company()["birgit"], Program(), []
    begin = threading.Barrier(4)

    def send() -> None:
        begin.wait()
        told.append(answered(program, lead, {"answer": "accept"}, mark="together"))
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert {each.status_code for each in told} == {200}
    assert len({each.content for each in told}) == 1
    assert sum(each.get("Idempotency-Replayed") == "true" for each in told) == 3
    assert StoredAnswer.objects.count() == Undoable.objects.count() == 1
