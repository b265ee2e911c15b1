"""Whatever htmx puts into a page is what a fresh page has in that place. A swap that nobody compares fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import html5lib
import pytest
from django.urls import resolve
from tests.app.handoffs.test_pages import part, tabs
from tests.app.html import faults
from tests.app.whole.filling import Form, forms_of
from tests.app.whole.test_every_form import FILLED
from tests.app.whole.walking import PART_OF_PAGE, Visitor, doors, nothing_happened
from tests.app.whole.world import Samples

from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db


def links_of(text: str) -> set[str]:
    """Where the links of a page or part lead, those of its frame left out."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    within = next((e for e in tree.iter("main")), tree)
    return {a.get("href") for a in within.iter("a")}


def offers_of(text: str) -> set[str]:
    """The reasons that can be chosen."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return {e.get("value") for e in tree.iter("input") if e.get("name") == "reason"}


def same_element(name: str) -> Callable[[str, str], bool]:
    return lambda swapped, fresh: part(swapped, name) == part(fresh, name)


def same_reasons(swapped: str, fresh: str) -> bool:
    return bool(offers_of(swapped)) and offers_of(swapped) == offers_of(fresh)


def fields_of(text: str) -> set[str]:
    """What can be filled in."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    forms = [form for form in tree.iter("form") if "/reply/" in form.get("action", "")]
    return {e.get("name") for form in forms for e in form.iter() if e.tag in ("input", "textarea")}


def same_fields(swapped: str, fresh: str) -> bool:
    return "text" in fields_of(swapped) and fields_of(swapped) == fields_of(fresh)


def same_links(swapped: str, fresh: str) -> bool:
    return links_of(swapped) <= links_of(fresh)


COMPARED: dict[str, Callable[[str, str], bool]] = {
    "handoffs:one": same_element("detail"),
    "handoffs:reject": same_reasons,
    "handoffs:recycle": same_reasons,
    "handoffs:reply": same_fields,
    "shell:search": same_links,
}
ALONE = {"handoffs:against"}  # what it says stands beforehand on the page without script; tests of answers compare it


def pages(visitor: Visitor, role: Role, known: Samples) -> Iterator[tuple[str, str]]:
    """Every page that opens, with its address."""
    for door in doors():
        if door.may(role, "get"):
            for path, exists in door.addresses(known, role):
                asked = visitor.get(path) if exists else None
                if asked is not None and asked.status == 200 and asked.is_page:
                    yield path, asked.text


def asks(text: str) -> set[str]:
    """The addresses from which parts of a page are fetched."""
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    return {element.get("hx-get") for element in tree.iter() if element.get("hx-get")}


@pytest.mark.parametrize("role", [Role.REP, Role.REVOPS])
def test_what_is_fetched_is_what_a_fresh_page_has(role: Role, known: Samples) -> None:
    visitor, wrong = Visitor(role), []
    seen: set[str] = set()
    for path, text in pages(visitor, role, known):
        for asked in {urljoin(path, each) for each in asks(text)} - seen:
            seen.add(asked)
            name = resolve(asked.partition("?")[0]).view_name
            asked += "?q=birgit" if name == "shell:search" else ""
            swapped = visitor.get(asked, headers=PART_OF_PAGE)
            wrong += [f"{asked}: {each}" for each in faults(swapped.text, is_part=True)]
            tries = (visitor.get(asked, headers=PART_OF_PAGE) for _ in range(2))  # a minute may pass between the two
            if name not in ALONE and not any(COMPARED[name](t.text, visitor.get(asked).text) for t in tries):
                wrong.append(f"{asked} is not what {path} has")
    assert seen
    assert not wrong, "\n".join(wrong)


def test_how_far_an_import_is_stands_as_on_its_page(known: Samples) -> None:
    visitor, ready = Visitor(Role.REVOPS), known["intake:import.number"][0].value
    with nothing_happened():
        client = visitor.client()
        assert client.post(f"/imports/{ready}/mapping/", {"act": "import"}).status_code == 302
        page = client.get(f"/imports/{ready}/").content.decode()
        (asked,) = asks(page) - {"/search/"}
        swapped = client.get(asked, headers=PART_OF_PAGE).content.decode()
    assert resolve(asked).view_name == "intake:progress"
    assert faults(swapped, is_part=True) == [] and part(swapped, "progress") == part(page, "progress")


def test_what_comes_of_a_form_is_what_a_fresh_page_has(known: Samples) -> None:
    compared, wrong = set(), []
    for role in (Role.REP, Role.MARKETER, Role.HEAD_OF_SALES):
        visitor = Visitor(role)
        for path, text in pages(visitor, role, known):
            for form in forms_of(text, path):
                name = resolve(form.action.partition("?")[0]).view_name
                if not form.is_swapped or (role, name, path) in compared:
                    continue
                compared.add((role, name, path))
                data = {**form.sent(), **FILLED.get(name, {})}
                tries = [_compared(visitor, form, data) for _ in range(2)]  # a minute may pass between the two
                wrong += [f"{name} by {role}: {each}" for each in min(tries, key=len)]
    assert {name for _, name, _ in compared} >= {"handoffs:accept", "handoffs:touch", "handoffs:note", "handoffs:reply"}
    assert not wrong, "\n".join(wrong)


def _compared(visitor: Visitor, form: Form, data: Mapping[str, Any]) -> list[str]:
    """Send a form as htmx does, and say what is wrong with the answer beside a fresh page. Nothing of it stays."""
    with nothing_happened():
        client = visitor.client()
        swapped = client.post(form.action, data, headers=PART_OF_PAGE)
        shown = swapped.content.decode()
        handoff = form.action.split("/")[2]
        fresh = client.get(f"/handoffs/{handoff}/?{form.action.partition('?')[2]}").content.decode()
    wrong = list(faults(shown, is_part=True))
    if swapped.status_code != 200:
        return wrong
    wrong += [
        f"{place} is not what a fresh page has"
        for place in ("detail", f"row-{handoff}")
        if f'id="{place}"' in fresh and part(shown, place) != part(fresh, place)
    ]
    if tabs(shown) != tabs(fresh):
        wrong.append(f"{tabs(shown)} where a fresh page has {tabs(fresh)}")
    return wrong
