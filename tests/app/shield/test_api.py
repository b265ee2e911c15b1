"""`POST /v1/may-contact`: good and bad input, keys and what they may do, sent again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.app import cast
from tests.app.shield.worlds import a_campaign_list, agreed

from accord_app.intake import tokens
from accord_app.intake.models import Token
from accord_app.shield.models import Inquiry

pytestmark = pytest.mark.django_db
ADDRESS = "/v1/may-contact"


def a_key(*scopes: str) -> str:
    made = tokens.make(
        name="Mailer", source="mailer", by=cast.a_revops(), at=timezone.now(), scopes=scopes or ("may-contact",)
    )
    return made.secret


def asked(client: Client, body: Any, key: str, **headers: str) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    said = {"Authorization": f"Bearer {key}", **headers}
    return client.post(ADDRESS, data, content_type="application/json", headers=said)


@pytest.fixture
def key() -> str:
    agreed()
    a_campaign_list(timezone.now())
    return a_key()


def test_each_person_gets_an_answer_and_a_bad_row_takes_none_down(client: Client, key: str) -> None:
    people = ["free", "deal@site.example", "a b", 7, "shy", "nobody", "crm:44", "no@body"]
    answer = asked(client, {"people": people}, key)
    assert answer.status_code == 200
    told = answer.json()
    assert {each["index"]: (each["may"], each["clause"]) for each in told["answers"]} == {
        0: (True, None),
        1: (False, "contact.shield.0"),
        4: (False, "contact.consent.marketing.email"),
    }
    assert [(each["index"], each["field"]) for each in told["refused"]] == [
        (n, f"people[{n}]") for n in (2, 3, 5, 6, 7)
    ]
    assert all(each["problem"] and each["remedy"] for each in told["refused"])
    assert told["clauses"]["contact.shield.0"]["people"] == 1
    assert "days" in told["clauses"]["contact.shield.0"]["sentence"]
    assert told["answers"][1]["until"] > timezone.now().isoformat()
    assert Inquiry.objects.get(pk=told["id"]).by == "Mailer"


def test_one_person_by_name_of_purpose_and_channel(client: Client, key: str) -> None:
    said = {"person": "deal", "purpose": "marketing", "channel": "email", "side": "marketing"}
    told = asked(client, said, key).json()
    assert (told["purpose"], told["answers"][0]["may"]) == ("marketing.email", False)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ("{", 400, None),
        ([], 422, ""),
        ({}, 422, "people"),
        ({"people": []}, 422, "people"),
        ({"people": "free"}, 422, "people"),
        ({"people": ["free"], "person": "free"}, 422, "people"),
        ({"people": ["free"] * 10_001}, 422, "people"),
        ({"people": ["free"], "side": "both"}, 422, "side"),
        ({"people": ["free"], "purpose": "M A"}, 422, "purpose"),
        ({"people": ["free"], "channel": 7}, 422, "channel"),
        ({"people": ["free"], "message": "\n"}, 422, "message"),
        ({"people": ["free"], "persons": 1}, 422, "persons"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_by_field(
    client: Client, key: str, body: Any, status: int, field: str | None
) -> None:
    answer = asked(client, body, key)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told.get("field") == field
    assert not Inquiry.objects.exists()


def test_only_a_key_that_may_ask_gets_an_answer(client: Client, key: str) -> None:
    events = a_key("events")
    assert asked(client, {"person": "free"}, "nothing").status_code == 401
    refused = asked(client, {"person": "free"}, events)
    assert refused.status_code == 403
    assert "ask who may be written to" in refused.json()["detail"].lower()
    both = a_key(*Token.Scope.values)
    assert asked(client, {"person": "free"}, both).status_code == 200
    Token.objects.update(withdrawn_at=timezone.now())
    assert asked(client, {"person": "free"}, key).status_code == 401
    assert client.get(ADDRESS).status_code == 405


def test_a_key_that_may_only_ask_sends_no_events(client: Client, key: str) -> None:
    said = {"Authorization": f"Bearer {key}"}
    answer = client.post("/v1/events", "[{}]", content_type="application/json", headers=said)
    assert answer.status_code == 403


def test_sent_again_under_the_same_mark_it_is_one_question(client: Client, key: str) -> None:
    first = asked(client, {"person": "deal"}, key, **{"Idempotency-Key": "c-7"})
    again = asked(client, {"person": "deal"}, key, **{"Idempotency-Key": "c-7"})
    assert first.json() == again.json()
    assert Inquiry.objects.count() == 1
    other = asked(client, {"person": "free"}, key, **{"Idempotency-Key": "c-7"})
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")


def test_before_an_agreement_nobody_can_say(client: Client) -> None:
    answer = asked(client, {"person": "a@b.example"}, a_key())
    assert answer.status_code == 409


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda some: st.lists(some, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANYTHING, min_size=1, max_size=6))
def test_whatever_stands_in_a_row_each_row_is_answered_or_refused(client: Client, key: str, people: list[Any]) -> None:
    answer = asked(client, {"people": people}, key)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    rows = sorted(each["index"] for each in (*told["answers"], *told["refused"]))
    assert rows == list(range(len(people)))
