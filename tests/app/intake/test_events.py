"""Events that programs send: received at once, each a fact exactly once, refusals told by field, and one bad one never
in the way of others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.app.cast import a_company, a_rep, a_revops
from tests.app.handoffs.leads import in_force
from tests.app.intake.bringing import a_client, do_work, the_page

from accord_app.intake import actions, tokens
from accord_app.intake.models import Arrival, Token
from accord_app.ledger import lake
from accord_app.ledger.links import roots
from accord_app.ledger.models import FACTS, Alias
from accord_app.records.models import Person
from accord_app.shell import navigation
from accord_app.work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> str:
    a_company()
    return tokens.make(name="Website", source="website", by=a_revops(), at=timezone.now()).secret


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}", "kind": "form.demo-request", "at": "2026-06-01T09:30:00Z", "side": "marketing",
        "person": {"email": "Birgit@kestrel.example", "name": "Birgit Sommer"},
        "company": {"domain": "kestrel.example", "employees": 1400},
    } | more  # fmt: skip


def send(secret: str, body: Any, **headers: str) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    given = {"Authorization": f"Bearer {secret}"} | headers
    return Client().post("/v1/events", data, content_type="application/json", headers=given)


def taken_in() -> None:
    do_work(["take in"])


def test_an_event_becomes_a_touch_a_person_and_a_company(secret: str) -> None:
    answer = send(secret, {"events": [event(), event(2, kind="page.pricing")]})
    assert (answer.status_code, answer.json()) == (202, {"received": 2, "refused": []})
    in_force()
    taken_in()
    assert not Arrival.objects.exists()
    assert FACTS["touches"].facts().filter(source="website").count() == 2
    assert Person.objects.get().name == "Birgit Sommer"
    assert Token.objects.get().last_used_at is not None


def test_the_same_event_is_one_fact_however_often_and_whenever_it_comes(secret: str) -> None:
    in_force()
    for _ in range(3):
        assert send(secret, [event(), event()]).status_code == 202
    assert Arrival.objects.count() == 1
    taken_in()
    for _ in range(2):
        assert send(secret, [event()]).json()["received"] == 1
        taken_in()
    assert FACTS["touches"].facts().count() == 1
    assert FACTS["profiles"].facts().filter(subject="person").count() == 1
    other = tokens.make(name="Shop", source="shop", by=a_revops(), at=timezone.now()).secret
    send(other, [event()])
    taken_in()
    assert FACTS["touches"].facts().count() == 2


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id"), ({"id": ""}, "id"), ({"id": 7}, "id"), ({"id": "x" * 201}, "id"), ({"id": "a\x00b"}, "id"),
    ({"id": "\ud800"}, "id"), ({"kind": ["page"]}, "kind"), ({"kind": "\udfff"}, "kind"), ({"at": None}, "at"),
    ({"at": "yesterday"}, "at"), ({"at": "2026-06-01T09:30:00"}, "at"), ({"at": "2999-01-01T00:00:00Z"}, "at"),
    ({"at": "0001-01-01T00:00:00+14:00"}, "at"), ({"at": "1970-01-01T00:00:00Z"}, "at"), ({"at": 1e308}, "at"),
    ({"side": "lawyers"}, "side"), ({"side": {}}, "side"), ({"side": []}, "side"), ({"person": None}, "person"),
    ({"person": {}}, "person"), ({"person": {"email": "nobody"}}, "person.email"),
    ({"person": {"email": {"$ne": 1}}}, "person.email"), ({"person": {"id": "1", "x\x00": "\x00"}}, "person.x?"),
    ({"company": {}}, "company"), ({"company": {"id": "c", "employees": -1}}, "company.employees"),
    ({"company": {"id": "c", "revenue": 10**400}}, "company.revenue"),
    ({"company": {"id": "c", "revenue": True}}, "company.revenue"),
    ({"consent": {"status": []}}, "consent"), ({"consent": {"purpose": "p", "status": "granted", "x": 1}}, "consent.x"),
    ({"more": {"a": {"b": 1}}}, "more"), ({"keyed": [["touches", {}]]}, "keyed"), ({"\ud800": 1}, "?"),
]  # fmt: skip


@pytest.mark.parametrize("wrong, field", BAD, ids=range(len(BAD)))
def test_a_bad_event_is_told_by_field_and_its_neighbour_is_taken(secret: str, wrong: Any, field: str) -> None:
    answer = send(secret, {"events": [event(1) | wrong, event(2)]})
    assert answer.status_code == 202
    told = answer.json()
    assert told["received"] == 1
    (first, *_) = told["refused"]
    assert (first["index"], first["field"]) == (0, field)
    assert first["problem"] and first["remedy"] and len(first["value"]) <= 80
    in_force()
    taken_in()
    assert FACTS["touches"].facts().count() == 1


@pytest.mark.parametrize("body", [
    b"{", b"\xff\xfe", b"[" * 100_000, b'{"events": NaN}', b'{"events": []}', b'{"events": {}}', b"7", b'"x"',
    b"null", b'[{"at": ' + b"9" * 5000 + b"}]", json.dumps([{}] * 1001).encode(), b" " * (6 * 1024 * 1024),
])  # fmt: skip
def test_a_body_of_no_use_is_refused_as_a_whole(secret: str, body: bytes) -> None:
    answer, status = send(secret, body), 413 if len(body) > 5 * 1024 * 1024 else 400
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status and answer.json()["detail"]
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("deep", [50, 400, 900])
def test_what_is_nested_deeply_is_refused(secret: str, deep: int) -> None:
    nested = "[" * deep + "]" * deep
    answer = send(secret, f'[{nested}, {{"person": {nested}}}, {json.dumps(event())}]')
    assert answer.status_code == 400 or (answer.status_code == 202 and answer.json()["received"] == 1)


def test_keys_methods_and_types_are_asked_for(secret: str) -> None:
    for header in (
        "",
        "Bearer",
        "Bearer wrong",
        f"Basic {secret}",
        "Bearer \udc80".encode("utf-8", "replace").decode(),
    ):
        answer = send("", [event()], Authorization=header)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    headers = {"Authorization": f"Bearer {secret}"}
    for verb in ("get", "put", "delete", "patch"):
        answer = getattr(Client(), verb)("/v1/events", headers=headers)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert Client().post("/v1/events", {"a": 1}, headers=headers).status_code == 415
    assert send(secret, [event()], **{"Content-Encoding": "gzip"}).status_code == 415
    assert not Arrival.objects.exists()


def test_a_key_is_shown_once_kept_as_a_hash_and_withdrawn() -> None:
    ada = a_client(a_revops())
    answer = ada.post("/events/", {"name": "Website", "source": "Website"})
    secret = answer.content.decode().partition('class="secret">')[2].partition("<")[0]
    assert secret.startswith("accord_") and "no-store" in answer["Cache-Control"]
    assert secret not in the_page(ada, "/events/")
    token = Token.objects.get()
    assert secret not in (token.token_hash, token.name) and token.source == "website"
    assert send(secret, [event()]).status_code == 202
    for wrong in ({"name": "", "source": "x"}, {"name": "x", "source": "a b/c"}, {"name": "x", "source": "accord"}):
        assert ada.post("/events/", wrong).status_code == 422
    assert ada.post(f"/events/keys/{token.pk + 1}/withdraw/").status_code == 404
    assert a_client(a_rep()).post(f"/events/keys/{token.pk}/withdraw/").status_code == 403
    for _ in range(2):
        assert ada.post(f"/events/keys/{token.pk}/withdraw/").status_code == 302
    assert send(secret, [event(2)]).status_code == 401
    assert "Withdrawn" in the_page(ada, "/events/")


def test_one_event_that_cannot_be_taken_in_keeps_no_other_waiting(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with it: here it was kept by a version that knew a field that this one does not."""
    in_force()
    send(secret, [event(n, person={"email": f"p{n}@x.example"}) for n in range(5)])
    Arrival.objects.filter(event_id="e2").update(payload={"id": "e2", "at": "2026-06-01T09:30:00Z", "kind": "old"})
    taken_in()
    assert FACTS["touches"].facts().count() == 4
    (left,) = Arrival.objects.all()
    assert left.problem == "KeyError: 'person'"
    assert not Job.objects.filter(kind="take in").exists()
    ada = a_client(a_revops())
    assert "could not be taken in" in the_page(ada, "/events/set-aside/") and "KeyError" in the_page(
        ada, "/events/set-aside/"
    )
    (entry,) = (each for each in navigation.registered() if each.key == "events")
    assert entry.count and entry.count(None) == 1
    assert ada.post(f"/events/set-aside/{left.pk}/again/").status_code == 302
    taken_in()
    assert Arrival.objects.exclude(problem="").count() == 1
    Arrival.objects.update(payload=event(2))
    ada.post(f"/events/set-aside/{left.pk}/again/")
    taken_in()
    assert FACTS["touches"].facts().count() == 5
    assert ada.post(f"/events/set-aside/{left.pk}/drop/").status_code == 404
    assert "No event is set aside" in the_page(ada, "/events/set-aside/")


def test_dropping_forgets_only_what_was_set_aside(secret: str) -> None:
    send(secret, [event(1), event(2)])
    Arrival.objects.filter(event_id="e1").update(problem="KeyError: 'person'")
    ada, (bad, good) = a_client(a_revops()), Arrival.objects.order_by("event_id")
    assert ada.post(f"/events/set-aside/{good.pk}/drop/").status_code == 404
    assert ada.post(f"/events/set-aside/{bad.pk}/drop/").status_code == 302
    assert list(Arrival.objects.values_list("event_id", flat=True)) == ["e2"]


def test_a_database_that_does_not_answer_sets_nothing_aside(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send(secret, [event()])

    def no_answer(*args: Any, **kwargs: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(actions, "record", no_answer)
    with pytest.raises(OSError, match="full"):
        actions.take_in(at=timezone.now())
    assert Arrival.objects.get().problem == ""


def test_a_visitor_who_gives_an_address_is_that_person_from_then_on(secret: str) -> None:
    in_force()
    visited = event(1, person={"id": "visitor-7"})
    named = event(2, person={"id": "visitor-7", "email": "Birgit@kestrel.example"})
    send(secret, {"events": [visited, named, {**named, "id": "e3"}]})
    taken_in()
    visitor, birgit = lake.person_id("website", "visitor-7"), lake.person_id("", "birgit@kestrel.example")
    word = Alias.facts().get()
    assert (word.alias_id, word.person_id, word.evidence) == (visitor, birgit, "evidenced")
    assert roots([visitor], at=timezone.now()) == {visitor: birgit}
    send(secret, {"events": [{**named, "id": "e4"}]})
    taken_in()
    assert Alias.facts().count() == 1
