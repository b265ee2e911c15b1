"""Whatever is refused below /v1/ is told as a problem document, also what no verb of the API said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from tests.app import cast
from tests.app.api.programs import Program, a_company

from accord_app.commands.openapi import description

pytestmark = pytest.mark.django_db


def is_problem(answer: Any, status: int) -> bool:
    told = answer.json()
    return (
        answer.status_code == told["status"] == status
        and answer["Content-Type"] == "application/problem+json"
        and bool(told["title"] and told["detail"])
    )


def test_without_a_good_key_nothing_is_told(client: Client) -> None:
    assert is_problem(client.get("/v1/people"), 401), "also before there is a company"
    cast.a_company()
    for said in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Basic eDp5"}):
        answer = client.get("/v1/people", headers=said)
        assert is_problem(answer, 401)
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_sign_in_opens_no_address_of_programs(client: Client) -> None:
    client.force_login(cast.a_revops())
    for path, verbs in json.loads(description())["paths"].items():
        for method in verbs:
            answer = client.generic(method.upper(), re.sub(r"{\w+}", "x1", path), "{}", "application/json")
            assert is_problem(answer, 401), (method, path)


def test_an_address_that_is_not_there() -> None:
    a_company()
    program = Program()
    for address in (
        "nothing",
        "people/",
        "people/none",
        "people/%00",
        "people/a%20b",
        "handoffs/x/answer/y",
        "deals/é",
    ):
        assert is_problem(program.get(address), 404), address


def test_a_method_that_is_not_taken() -> None:
    cast.a_company()
    answer = Program().ask("PUT", "people")
    assert is_problem(answer, 405)
    assert answer["Allow"] == "GET"


def test_what_a_program_takes_and_sends() -> None:
    held, program = a_company(), Program()
    assert is_problem(program.get("people", Accept="text/html"), 406)
    assert program.get("people", Accept="text/html, application/json;q=0.5").status_code == 200
    address = f"/v1/handoffs/{held['birgit'].pk}/answer"
    said = {"Authorization": f"Bearer {program.made.secret}"}
    for kind, body in (("text/plain", b"{}"), ("application/x-www-form-urlencoded", b"answer=accept")):
        assert is_problem(program.client.post(address, body, content_type=kind, headers=said), 415)
    packed = {**said, "Content-Encoding": "gzip"}
    assert is_problem(program.client.post(address, b"{}", content_type="application/json", headers=packed), 415)
    for body in (b"{", b"\xff", b'{"answer": NaN}', b"[" * 100_000):
        assert is_problem(program.client.post(address, body, content_type="application/json", headers=said), 400)


@pytest.mark.parametrize("address", ["events", "may-contact", "handoffs/x/answer"])
def test_a_body_that_is_too_large(address: str, settings: Any) -> None:
    cast.a_company()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    for mark in ("", "m"):
        assert is_problem(Program().post(address, {"people": ["x" * 2_000]}, mark=mark), 413), mark


def test_a_fault_and_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    a_company()
    program = Program()
    for error, status in ((RuntimeError("secret"), 500), (OperationalError("database is locked"), 503)):

        def breaks(*args: Any, error: Exception = error, **kwargs: Any) -> Any:
            raise error

        with monkeypatch.context() as broken:
            broken.setattr("accord_app.api.records.shapes.person", breaks)
            answer = program.get("people/birgit")
        assert is_problem(answer, status)
        assert "secret" not in answer.content.decode()
    assert answer["Retry-After"] == "5"


def test_whoever_has_left_opens_nothing() -> None:
    a_company()
    program = Program(person=cast.a_rep())
    rep = cast.a_rep()
    rep.is_active, rep.left_at = False, rep.joined_at
    rep.save()
    assert is_problem(program.get("handoffs"), 403)
