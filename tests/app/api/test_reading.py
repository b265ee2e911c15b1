"""Reading people, accounts, deals, handoffs, the agreement and promises under keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.app.api.programs import Program, a_company
from tests.app.handoffs.leads import a_lead

from accord_app.handoffs.models import Handoff
from accord_app.intake.models import Token
from accord_app.measures.measuring import measure_promises

pytestmark = pytest.mark.django_db
READ = {
    "people": "people:read", "people/birgit": "people:read", "accounts": "accounts:read",
    "accounts/at-birgit": "accounts:read", "deals": "deals:read", "deals/deal1": "deals:read",
    "handoffs": "handoffs:read", "agreement": "agreement:read", "agreement/versions": "agreement:read",
    "agreement/versions/3": "agreement:read", "promises": "promises:read",
}  # fmt: skip


@pytest.fixture
def held() -> dict[str, Handoff]:
    return a_company()


def pages(program: Program, address: str, limit: int) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    found, cursor = [], ""
    while True:
        told = program.get(f"{address}?limit={limit}&cursor={cursor}").json()
        found.append(told["items"])
        if (cursor := told["next"]) is None:
            return found


def test_a_person_an_account_and_a_deal_stand_as_on_their_pages(held: dict[str, Handoff]) -> None:
    program = Program()
    birgit = program.get("people/birgit").json()
    assert (birgit["name"], birgit["email"], birgit["account_id"]) == (
        "Birgit Sommer", "birgit@at-birgit.example", "at-birgit",
    )  # fmt: skip
    assert birgit["known_at"].endswith("Z")
    account = program.get("accounts/at-birgit").json()
    assert (account["name"], account["employees"], account["revenue"]) == ("Kestrel Foods", 1400, None)
    deals = {each["deal_id"]: each for each in program.get("deals").json()["items"]}
    assert deals["deal1"]["value"] == {"amount": 1200.5, "currency": "CHF"}
    assert deals["deal0"]["value"] == {"amount": 1200.5, "currency": "EUR"}, "the company's, where none was named"


@pytest.mark.parametrize(("address", "scope"), READ.items())
def test_a_key_reads_what_its_scope_says_and_nothing_else(held: dict[str, Handoff], address: str, scope: str) -> None:
    assert Program(scope).get(address).status_code == 200
    others = Program(*(each for each in Token.Scope.values if each != scope))
    refused = others.get(address)
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")


def test_only_people_hold_what_is_personal(held: dict[str, Handoff]) -> None:
    scopes = {each for each in Token.Scope.values if each != "people:read"}
    program = Program(*scopes)
    told = "".join(program.get(each).content.decode() for each in READ if each.partition("/")[0] != "people")
    for personal in ("Birgit", "birgit@", "Plant manager", "Regensburg"):
        assert personal not in told


def test_pages_neither_repeat_nor_hide_a_row_when_others_come_in(held: dict[str, Handoff]) -> None:
    program = Program()
    first = program.get("handoffs?limit=2").json()
    a_lead("late", at=datetime.now(UTC), name="Late Comer", company="Late Ltd")
    rest = program.get(f"handoffs?limit=2&cursor={first['next']}").json()
    seen = [each["person_id"] for each in (*first["items"], *rest["items"])]
    assert (seen, rest["next"]) == (["ann", "karl", "birgit"], None)


@pytest.mark.parametrize("address", ["people", "accounts", "deals", "handoffs"])
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_of_any_size_hold_the_same_rows(held: dict[str, Handoff], address: str, limit: int) -> None:
    program = Program()
    found = pages(program, address, limit)
    assert all(len(each) <= limit for each in found)
    flat = [row for each in found for row in each]
    assert flat == program.get(f"{address}?limit=200").json()["items"]
    assert len(flat) >= 3


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("people?limit=0", "limit"), ("people?limit=201", "limit"), ("people?limit=x", "limit"),
        ("people?cursor=bm8", "cursor"), ("people?cursor=!", "cursor"), ("deals?status=a%00b", "status"),
        ("people?known_since=yesterday", "known_since"), ("people?known_since=0.0", "known_since"),
        ("deals?known_since=-281198", "known_since"), ("handoffs?status=lost", "status"),
        ("people?contry=GB", "contry"), ("agreement?x=1", "x"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(held: dict[str, Handoff], address: str, field: str) -> None:
    answer = Program().get(address)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_cursor_of_one_list_is_none_of_another(held: dict[str, Handoff]) -> None:
    program = Program()
    cursor = program.get("people?limit=1").json()["next"]
    assert program.get(f"accounts?cursor={cursor}").json()["field"] == "cursor"


def test_lists_are_filtered(held: dict[str, Handoff]) -> None:
    program = Program()
    asked = {
        "people?country=GB": {"ann"},
        "people?email=Birgit@at-birgit.example": {"birgit"},
        "people?account_id=at-karl": {"karl"},
        f"people?known_since={(datetime.now(UTC) + timedelta(days=1)):%Y-%m-%dT%H:%M:%SZ}": set(),
        "handoffs?person_id=ann": {"ann"},
        "handoffs?team=sales-uk&is_open=true": {"ann"},
        "handoffs?unowned=true": set(),
    }
    for address, people in asked.items():
        assert {each["person_id"] for each in program.get(address).json()["items"]} == people, address


def test_what_was_read_before_is_not_told_again(held: dict[str, Handoff]) -> None:
    program = Program()
    first = program.get("people/birgit")
    again = program.get("people/birgit", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert program.get("people/birgit", **{"If-None-Match": '"other"'}).status_code == 200


def test_the_agreement_and_its_promises(held: dict[str, Handoff]) -> None:
    program = Program()
    told = program.get("agreement").json()
    assert (told["version"], told["is_in_force"], told["company"]) == (3, True, "Kestrel Robotics")
    assert any("accept" in each["text"].lower() or "answer" in each["text"].lower() for each in told["articles"])
    assert [each["version"] for each in program.get("agreement/versions").json()["items"]] == [3]
    assert program.get("agreement/versions/9").status_code == 404


def test_promises_with_their_standing(held: dict[str, Handoff]) -> None:
    from tests.app.handoffs.leads import in_force

    promise = {"id": "answers", "side": "sales", "metric": "answered_in_time", "at_least": 0.9, "per": "month"}
    in_force(version=4, promises=[promise])
    measure_promises(at=datetime.now(UTC))
    program = Program()
    (told,) = program.get("promises").json()["items"]
    assert (told["promise"], told["side"]) == ("answers", "sales")
    assert told["standing"] in told["periods"]
    assert program.get("promises/answers").json() == told
    assert program.get("promises/none").status_code == 404
    assert program.get("promises?side=marketing").json()["items"] == []
