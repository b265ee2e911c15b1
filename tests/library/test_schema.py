"""The published schema is the declaration, and refuses what the reader refuses about the shape of a text."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from accord.agreement.reading import read
from accord.agreement.schema import definitions, json_schema, keys
from accord.agreement.yaml_text import parsed

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "examples/agreement.yaml").read_text(encoding="utf-8")

Change = Callable[[Any], object]


def plain() -> Any:
    return parsed(EXAMPLE)[0].plain()


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


def test_published_schema_is_the_declaration() -> None:
    assert json.loads((ROOT / "docs/agreement.schema.json").read_text(encoding="utf-8")) == json_schema()


def test_published_definitions_are_the_declaration() -> None:
    assert (ROOT / "docs/definitions/agreement.md").read_text(encoding="utf-8") == definitions()


def test_schema_is_a_schema_and_accepts_the_example() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator().validate(plain())


CHANGES: dict[str, Change] = {
    "no version": lambda a: a.pop("version"),
    "version is text": lambda a: a.update(version="7"),
    "version is half": lambda a: a.update(version=7.5),
    "other format": lambda a: a.update(accord=2),
    "unknown article": lambda a: a.update(promisses=[]),
    "unknown key in a promise": lambda a: a["promises"][0].update(at_leest=3),
    "no company": lambda a: a.update(company=""),
    "currency in words": lambda a: a.update(currency="Euro"),
    "date without days": lambda a: a.update(in_force_from="2026-12"),
    "teams as a list": lambda a: a.update(teams=["dach"]),
    "people as text": lambda a: a["teams"]["dach-sdr"].update(people="tomas"),
    "weight below zero": lambda a: a["routing"]["rules"][2]["weights"].update(tomas=-1),
    "weight in words": lambda a: a["routing"]["rules"][2]["weights"].update(tomas="two"),
    "unknown method": lambda a: a["routing"]["rules"][0].update(method="random"),
    "duration without unit": lambda a: a["response"].update(answer={"within": 4}),
    "duration in words": lambda a: a["response"].update(answer={"within": "four hours"}),
    "no limits": lambda a: a["response"].update(answer=[]),
    "share above one": lambda a: a["explore"].update(share=1.5),
    "share below zero": lambda a: a["answers"]["second_look"].update(share=-0.1),
    "points as text": lambda a: a["cards"]["fit-and-intent"]["fit"][0].update(points="20"),
    "nothing required": lambda a: a["qualification"]["requires"].update(fields=[]),
    "no score, no where, no always": lambda a: a.update(qualification={"again": "90d"}),
    "unknown side": lambda a: a["promises"][0].update(side="product"),
    "unknown period": lambda a: a["promises"][0].update(per="fortnight"),
    "frequency of zero": lambda a: a["contact"]["frequency"][0].update(at_most=0),
    "unknown consent": lambda a: a["contact"]["consent"].update({"marketing.email": "maybe"}),
    "null where a text stands": lambda a: a["brand"].update(voice=None),
    "owner_first in words": lambda a: a["routing"].update(owner_first="yes"),
    "empty capacity": lambda a: a["capacity"].update({"dach-sdr": {}}),
    "plan of words": lambda a: a["plan"]["2027-Q1"].update(handoffs="many"),
    "tick without minutes": lambda a: a["qualification"].update(tick="6"),
    "fiscal year in words": lambda a: a.update(fiscal_year_start="April"),
    "attempts of zero": lambda a: a["response"]["attempts"].update(at_least=0),
    "handle with a space": lambda a: a["teams"]["dach-sdr"].update(people=["to mas"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_schema_and_reader_refuse_the_same(change: Change) -> None:
    agreement = plain()
    change(agreement)
    assert not validator().is_valid(agreement)
    read_agreement, mistakes = read(json.dumps(agreement))
    assert read_agreement is None
    assert any(mistake.blocks for mistake in mistakes)


def test_what_the_reader_accepts_as_json_the_schema_accepts() -> None:
    agreement, mistakes = read(json.dumps(plain()))
    assert agreement is not None, mistakes


@cache
def mentioned(module: str) -> frozenset[str]:
    """Attributes and string keys that the code of a module looks at, wherever in it."""
    tree = ast.parse((ROOT / "src/accord" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    matched = {word for node in ast.walk(tree) if isinstance(node, ast.MatchClass) for word in node.kwd_attrs}
    return frozenset(attributes | texts | matched)


@pytest.mark.parametrize(("path", "declared"), list(keys()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_key_is_read_by_the_code_that_it_names(path: str, declared: Any) -> None:
    if not declared.by:
        assert declared.later.endswith("."), f"{path} has no effect and does not say what will read it"
    for module in declared.by:
        assert declared.attribute in mentioned(module), f"accord.{module} does not look at {path}"
