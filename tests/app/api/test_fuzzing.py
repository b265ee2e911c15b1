"""The API against its own description: schemathesis sends what it allows and much that it does not, under a key for all
scopes and under keys that lack each one. Nothing breaks, and every answer is as described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from tests.app.api.programs import ALL, Program, a_company

from accord_app.commands.openapi import description
from accord_app.handoffs.models import Handoff

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
DESCRIBED = json.loads(description())


@pytest.fixture(autouse=True)
def connected() -> Iterator[None]:
    """A server closes connections that have grown old; the test's transaction has to outlive that."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def application(environ: Any, start_response: Any) -> Any:
    """The product as a server calls it; made when first asked, in the folder of static files of these tests."""
    return _application()(environ, start_response)


@lru_cache
def _application() -> Any:
    return get_wsgi_application()


SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)
SCHEMA.app = application
SCHEMA.config.update(base_url="http://127.0.0.1/")
VERBS = [(method.upper(), path) for path, verbs in DESCRIBED["paths"].items() for method in verbs]
MODES = {"as described": GenerationMode.POSITIVE, "against it": GenerationMode.NEGATIVE}
EXAMPLES = [pytest.param(8, id="some"), pytest.param(400, id="many", marks=pytest.mark.prove)]
NO_REFUSAL_EXPECTED = {"positive_data_acceptance"}
"""What is well-formed may still be refused: a cursor that no page gave, a reason that was not agreed."""


def test_every_verb_is_asked() -> None:
    assert len(VERBS) == len(list(SCHEMA.get_all_operations())) >= 15


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("method", "path"), VERBS, ids=lambda each: str(each))
def test_every_answer_is_as_described(method: str, path: str, mode: str, examples: int) -> None:
    held, program = a_company(), Program(*ALL)
    known = {"handoff_id": held["birgit"].pk, "person_id": "birgit", "account_id": "at-birgit", "deal_id": "deal1"}
    operation = SCHEMA[path][method]
    said = {"Authorization": f"Bearer {program.made.secret}"}

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=MODES[mode]), real=st.booleans())
    def asks(case: Any, real: bool) -> None:
        if real and case.path_parameters:
            case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        answer = case.call(headers=said)
        assert answer.status_code < 500, answer.content
        case.validate_response(answer, excluded_checks=_left_out(case, real, answer.request.url))

    asks()
    assert Handoff.objects.count() == 3


def _left_out(case: Any, real: bool, url: str) -> list[Any]:
    """Checks that ask the server again without a key, or that do not fit how ids are refused; and that malformed input
    is refused, where the key or a real id was put in place of all that was malformed, or where an address cannot say
    what is: `[0]` is sent as 0, and `{}` not at all."""
    put = {ParameterLocation.HEADER, ParameterLocation.PATH} if real else {ParameterLocation.HEADER}
    put |= (
        {ParameterLocation.QUERY} if _is_described(DESCRIBED["paths"][case.path][case.method.lower()], url) else set()
    )
    malformed = {place for place, part in case.meta.components.items() if part.mode.is_negative}
    names = {"ignored_auth", *NO_REFUSAL_EXPECTED} | ({"negative_data_rejection"} if malformed <= put else set())
    return [each for each in schemathesis.checks.CHECKS.get_all() if each.__name__ in names]


def _is_described(verb: Any, url: str) -> bool:
    """Whether the query of an address, as it was sent, is one that the description allows."""
    sent = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    described = {each["name"]: each["schema"] for each in verb.get("parameters", ()) if each["in"] == "query"}
    return len(dict(sent)) == len(sent) and all(
        name in described and any(_fits(described[name], each) for each in _readings(text)) for name, text in sent
    )


def _fits(schema: Any, value: str | int) -> bool:
    whole = {**schema, "components": DESCRIBED["components"]}
    return bool(jsonschema_rs.validator_for(whole, validate_formats=True).is_valid(value))


def _readings(text: str) -> list[str | int]:
    return [text, int(text)] if re.fullmatch(r"-?[0-9]+", text) else [text]


def test_what_an_address_says_is_judged_as_it_is_sent() -> None:
    verb = DESCRIBED["paths"]["/v1/people"]["get"]
    for fine in ("", "?limit=3", "?known_since=2026-10-01T09:00:00Z", "?country=0"):
        assert _is_described(verb, f"http://x/v1/people{fine}"), fine
    for malformed in ("?limit=0", "?limit=x", "?known_since=0.0", "?contry=GB", "?limit=3&limit=4"):
        assert not _is_described(verb, f"http://x/v1/people{malformed}"), malformed
