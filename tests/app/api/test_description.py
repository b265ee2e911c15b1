"""The committed description is what the verbs say, and every verb names its scope."""

from __future__ import annotations

import json
from pathlib import Path

from django.test import Client

from accord_app.commands.openapi import description
from accord_app.intake.models import Token
from accord_app.intake.scopes import RIGHTS, SENTENCES

COMMITTED = Path(__file__).parents[3] / "docs/api/openapi.json"
GUIDE = Path(__file__).parents[3] / "docs/guide/api.md"


def test_the_committed_description_is_that_of_the_verbs() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == description(), "accord openapi > docs/api/openapi.json"


def test_it_is_served_without_a_key(client: Client, db: None) -> None:
    assert client.get("/v1/openapi.json").json() == json.loads(description())


def test_every_scope_has_its_words_its_rights_and_a_verb() -> None:
    assert set(RIGHTS) == set(SENTENCES) == set(Token.Scope.values)
    said = description()
    for scope in Token.Scope.values:
        assert f"Scope: `{scope}`" in said


def test_the_guide_names_every_address_and_every_scope() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    missing = [path for path in json.loads(description())["paths"] if path not in guide]
    assert not missing + [scope for scope in Token.Scope.values if f"`{scope}`" not in guide]
