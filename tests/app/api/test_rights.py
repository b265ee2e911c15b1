"""Role by object by verb: a key of a person opens what that person's role opens on the pages, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.app import cast
from tests.app.api.programs import ALL, Program, a_company

from accord_app.commands.openapi import description
from accord_app.handoffs import access
from accord_app.handoffs.models import Handoff
from accord_app.intake.scopes import RIGHTS, may_give
from accord_app.members.models import User
from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db
CAST: dict[Role, Callable[[], User]] = {
    Role.REP: cast.a_rep,
    Role.MARKETER: cast.a_marketer,
    Role.REVOPS: cast.a_revops,
    Role.HEAD_OF_SALES: cast.a_head_of_sales,
    Role.HEAD_OF_MARKETING: cast.a_head_of_marketing,
    Role.ADMINISTRATOR: cast.an_administrator,
}
KNOWN = {"person_id": "birgit", "account_id": "at-birgit", "deal_id": "deal1", "number": "3", "promise": "answers"}
BODIES: dict[str, Any] = {
    "/v1/events": [{"id": "e", "kind": "page.home", "at": "2026-01-05T09:00:00Z", "person": {"id": "p"}}],
    "/v1/may-contact": {"person": "birgit"},
    "/v1/handoffs/{handoff_id}/answer": {"answer": "accept"},
    "/v1/handoffs/{handoff_id}/touches": {"kind": "call.connected"},
}
PATHS = json.loads(description())["paths"]
VERBS = [
    (path, method, _["description"].rsplit("`", 2)[1]) for path, each in PATHS.items() for method, _ in each.items()
]


def asked(program: Program, path: str, method: str, held: Handoff) -> int:
    """The status of one verb about this handoff, its person, account and deal."""
    address = path.removeprefix("/v1/").format(**KNOWN, handoff_id=held.pk)
    return int(program.ask(method.upper(), address, BODIES.get(path)).status_code)


@pytest.mark.parametrize("role", Role)
def test_every_verb_opens_for_a_role_that_has_a_right_of_its_scope_and_for_no_other(role: Role) -> None:
    held, user = a_company(), CAST[role]()
    program, wrong = Program(*ALL, person=user), []
    for path, method, scope in VERBS:
        may = any(user.may(right) for right in RIGHTS[scope])
        status = asked(program, path, method, held["birgit"])
        if (status == 403) is may or status >= 500:
            wrong.append((method, path, status, "may" if may else "may not"))
    assert not wrong


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("lead", ["birgit", "ann"])
def test_a_key_sees_and_answers_the_handoffs_that_the_pages_show_and_no_other(role: Role, lead: str) -> None:
    held, user = a_company()[lead], CAST[role]()
    program, page = Program(*ALL, person=user), Client()
    page.force_login(user)
    listed = program.get("handoffs")
    seen = {each["handoff_id"] for each in listed.json()["items"]} if listed.status_code == 200 else set()
    assert seen == set(access.visible(user).values_list("pk", flat=True))
    on_page = page.get(f"/handoffs/{held.pk}/").status_code
    by_key = program.get(f"handoffs/{held.pk}").status_code
    assert on_page == by_key, "the same address through pages and API"
    answer = program.post(f"handoffs/{held.pk}/answer", {"answer": "accept"}).status_code
    program.ask("DELETE", f"handoffs/{held.pk}/answer")
    assert page.post(f"/handoffs/{held.pk}/accept/").status_code in ({303} if answer == 200 else {answer})


def test_a_key_of_a_rep_in_dach_does_not_know_the_lead_of_the_uk() -> None:
    held = a_company()
    program = Program(*ALL, person=cast.a_rep())
    for verb in ("handoffs/{}", "handoffs/{}/reasons"):
        assert program.get(verb.format(held["ann"].pk)).status_code == 404
        assert program.get(verb.format("none")).status_code == 404
    assert program.post(f"handoffs/{held['ann'].pk}/answer", {"answer": "accept"}).status_code == 404


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_a_key_what_they_may_not_do(role: Role) -> None:
    user = CAST[role]()
    for scope, rights in RIGHTS.items():
        assert may_give(user, scope) is any(right in role.rights for right in rights)


def test_the_page_of_keys_offers_what_its_maker_may_give_and_refuses_what_the_person_may_not() -> None:
    client = Client()
    client.force_login(cast.an_administrator())
    cast.a_marketer()
    page = client.get("/events/").content.decode()
    assert "people:read" in page and "answers:write" not in page
    sent = {"name": "Mine", "source": "crm", "scopes": ["answers:write"]}
    assert client.post("/events/", sent).status_code == 422
    client.force_login(cast.a_revops())
    told = client.post("/events/", sent | {"person": "jonas"})
    assert (told.status_code, "Jonas Weber may not answer handoffs" in told.content.decode()) == (422, True)
    made = client.post("/events/", {"name": "Mine", "source": "crm", "scopes": ["people:read"], "person": "jonas"})
    assert made.status_code == 200 and "accord_" in made.content.decode()
