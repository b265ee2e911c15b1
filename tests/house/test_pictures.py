"""Every page of the product has a picture, and every picture stands on a page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from tests.house.pictures import FOLDER, LARGEST, NEW_SHEETS, NO_PAGES, SHEETS

ROOT = Path(__file__).parents[2]
EVERY = (*SHEETS, *NEW_SHEETS)


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from routes(each, f"{prefix}{each.namespace}:" if each.namespace else prefix)
        else:
            assert isinstance(each, URLPattern)
            yield f"{prefix}{each.name}", each.callback


def methods(view: Callable[..., Any]) -> tuple[str, ...]:
    """What `require_http_methods` lets through; everything where it is not used."""
    inner: Any = view
    while inner is not None:
        held = dict(zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True)) if is_function(inner) else {}
        if "request_method_list" in held:
            return tuple(held["request_method_list"].cell_contents)
        inner = getattr(inner, "__wrapped__", None)
    return ("GET", "POST")


def is_function(value: object) -> bool:
    return hasattr(value, "__code__")


def test_every_page_has_a_sheet_or_says_why_it_is_none() -> None:
    answering = {name for name, view in routes(get_resolver()) if "GET" in methods(view)}
    answering = {name for name in answering if not name.startswith("api:")}  # for programs, all of them
    shown = {name for sheet in EVERY for name in sheet.shows}
    assert answering - shown - NO_PAGES.keys() == set(), "add a sheet to tests/house/pictures.py"
    assert (shown | NO_PAGES.keys()) - answering == set()
    assert shown & NO_PAGES.keys() == set()


def test_names_of_sheets_are_given_once() -> None:
    assert len({sheet.name for sheet in EVERY}) == len(EVERY)


def test_every_sheet_was_taken_and_is_small() -> None:
    taken = {path.stem: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert {sheet.name for sheet in EVERY} == taken.keys(), "take them with `make pictures`"
    assert {name: size for name, size in taken.items() if size > LARGEST} == {}


@pytest.mark.parametrize("sheet", EVERY, ids=lambda sheet: sheet.name)
def test_every_sheet_stands_on_a_page(sheet: Any) -> None:
    pages = (ROOT / "docs").rglob("*.md")
    named = re.compile(rf"img/pages/{re.escape(sheet.name)}\.png")
    assert any(named.search(page.read_text(encoding="utf-8")) for page in pages)
