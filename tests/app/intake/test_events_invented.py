"""Bodies that Hypothesis invents for `/v1/events`: whatever a program sends is answered with what is wrong, never with
a failure of ours, and a good event is taken in whatever stands beside it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.app.cast import a_company, a_revops
from tests.app.handoffs.leads import in_force
from tests.app.intake.bringing import do_work

from accord_app.intake import tokens
from accord_app.intake.models import Arrival
from accord_app.ledger.models import FACTS

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {
    "id": "good", "kind": "form.demo-request", "at": "2026-06-01T09:30:00Z", "side": "marketing", "channel": "web",
    "person": {"email": "birgit@kestrel.example", "name": "Birgit Sommer", "country": "DE"},
    "company": {"domain": "kestrel.example", "name": "Kestrel Foods", "employees": 1400},
    "consent": {"purpose": "marketing.email", "status": "granted", "wording": "v2"},
}  # fmt: skip
NAMES = [*GOOD, *GOOD["person"], *GOOD["company"], *GOOD["consent"], "revenue", "keyed", "more", "", "__proto__", "\0"]
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40)
    | st.sampled_from(["2026-06-01T09:30:00Z", "birgit@kestrel.example", "granted", "marketing", "x" * 600, "\ud800"])
)  # fmt: skip
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
SPOILT = st.tuples(st.sampled_from([None, "person", "company", "consent"]), st.sampled_from(NAMES), ANYTHING)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def secret() -> str:
    a_company()
    return tokens.make(name="Website", source="website", by=a_revops(), at=timezone.now()).secret


def send(secret: str, body: bytes, content_type: str = "application/json", **more: str) -> Any:
    given = {"Authorization": f"Bearer {secret}"} | more
    return Client(raise_request_exception=False).post("/v1/events", body, content_type=content_type, headers=given)


def told(answer: Any) -> Any:
    """The answer as JSON: what was received, or a problem with its status and a way out."""
    assert answer.status_code in (202, 400, 401, 413, 415), answer.status_code
    document = answer.json()
    if answer.status_code != 202:
        assert answer["Content-Type"] == "application/problem+json"
        assert document["status"] == answer.status_code and document["title"] and document["detail"]
    return document


def spoilt(event: dict[str, Any], changes: list[tuple[str | None, str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(event)) | {"id": "spoilt"}
    for holder, name, value in changes:
        within = made if holder is None else made.get(holder)
        if isinstance(within, dict):
            within[name] = value
    return made


@FEW
@given(changes=st.lists(SPOILT, min_size=1, max_size=3))
def test_a_good_event_lands_whatever_is_wrong_with_the_one_beside_it(secret: str, changes: Any) -> None:
    Arrival.objects.all().delete()
    answer = told(send(secret, json.dumps({"events": [spoilt(GOOD, changes), GOOD]}).encode()))
    assert 1 <= answer["received"] <= 2
    assert {each["index"] for each in answer["refused"]} <= {0}
    assert all(each["problem"] and each["remedy"] and len(each["value"]) <= 80 for each in answer["refused"])
    assert Arrival.objects.filter(event_id="good").count() == 1


@FEW
@given(document=ANYTHING)
def test_a_body_of_any_shape_is_answered(secret: str, document: Any) -> None:
    told(send(secret, json.dumps(document).encode()))
    told(send(secret, json.dumps({"events": document}).encode()))


@FEW
@given(body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_that_are_no_json_are_answered(secret: str, body: bytes) -> None:
    told(send(secret, body))


@settings(FEW, max_examples=15)
@given(changes=st.lists(st.lists(SPOILT, max_size=2), min_size=1, max_size=4))
def test_whatever_was_received_is_taken_in_or_set_aside_and_nothing_waits(secret: str, changes: Any) -> None:
    in_force()
    sent = [spoilt(GOOD, each) | {"id": f"s{place}"} for place, each in enumerate(changes)]
    received = told(send(secret, json.dumps([*sent, GOOD]).encode()))["received"]
    do_work(["take in"])
    aside = list(Arrival.objects.values_list("problem", flat=True))
    assert "" not in aside
    assert aside == []  # what was found good at the door is good
    facts = FACTS["touches"].facts().filter(source="website")
    assert facts.count() >= received


@pytest.mark.parametrize("again", [1, 2])
def test_the_same_event_in_one_body_and_in_several_is_one_fact(secret: str, again: int) -> None:
    in_force()
    for _ in range(again):
        assert told(send(secret, json.dumps([GOOD] * 3).encode()))["received"] == 3
        do_work(["take in"])
    assert FACTS["touches"].facts().count() == 1


def test_of_a_name_that_stands_twice_the_last_counts(secret: str) -> None:
    body = json.dumps(GOOD).replace('"kind": "form.demo-request"', '"kind": 7, "kind": "form.demo-request"')
    assert told(send(secret, f"[{body}]".encode()))["received"] == 1


def test_what_is_packed_is_refused_before_it_is_unpacked(secret: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for packing in ("gzip", "br", "deflate", "GZIP", "gzip, gzip"):
        assert told(send(secret, bomb, **{"Content-Encoding": packing}))["status"] == 415
    assert told(send(secret, bomb))["status"] == 400


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"],
)
def test_another_type_than_json_is_told(secret: str, kind: str) -> None:
    assert told(send(secret, json.dumps([GOOD]).encode(), kind))["status"] == 415


@pytest.mark.parametrize(
    "key", ["", "Bearer ", "Bearer accord_", "Bearer " + "x" * 10_000, "Bearer \x7f", "bearer  a b"]
)
def test_a_key_that_is_none_is_told(secret: str, key: str) -> None:
    assert told(send("", json.dumps([GOOD]).encode(), Authorization=key))["status"] == 401
    assert not Arrival.objects.exists()
