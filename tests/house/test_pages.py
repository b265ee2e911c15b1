"""What the documentation says is what there is: commands, targets, words, examples, definitions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.house.pages import FOLDER, PAGES

import accord
from accord.agreement.checking import check
from accord.agreement.reading import read_as_far_as_possible
from accord.cli import COMMANDS, commands

ROOT = Path(__file__).parents[2]
WRITTEN = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent != FOLDER)]
SPOKEN = re.compile(r"\b(blam(e|ed|ing)|faults?|guilty|bad leads?|ignored|underperform\w*|culprits?)\b", re.IGNORECASE)
OWN_WORDS = re.compile(r"\b(sales lead record|lead record|hand-off|hand-over|SLA breach)\b", re.IGNORECASE)


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_definition_is_what_would_be_printed_now(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "print them with `make docs`"


def test_every_definition_is_printed() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_command_and_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|\$ )accord ([a-z]+)\b", text, re.MULTILINE))
    assert named <= commands().keys()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)\b", text, re.MULTILINE)) <= targets


def test_every_command_stands_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [command.name for command in COMMANDS if f"`accord {command.name}" not in text] == []


def test_every_page_stands_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    assert [page for page in pages if page not in navigation] == []


def test_what_is_said_to_people_never_blames() -> None:
    said = [f"{place}: {text}" for place, text in spoken() if SPOKEN.search(text) or OWN_WORDS.search(text)]
    assert not said


def spoken() -> Iterator[tuple[str, str]]:
    """Every text of the program that may reach a reader: strings with a space in them, and the templates."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
    for path in sorted((ROOT / "src").rglob("*.html")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted((ROOT / "examples").rglob("*agreement*.yaml")), ids=lambda file: file.stem)
def test_an_agreement_that_is_shown_can_be_signed(file: Path) -> None:
    draft = read_as_far_as_possible(file)
    assert draft.agreement is not None
    assert [str(each) for each in (*draft.mistakes, *check(draft.agreement, broken=draft.broken)) if each.blocks] == []


def test_the_public_face_is_what_it_says() -> None:
    assert all(getattr(accord, name) is not None for name in accord.__all__)
    assert sorted(accord.__all__) == dir(accord) == sorted(accord._HOMES)
    page = (ROOT / "docs/guide/library.md").read_text(encoding="utf-8")
    assert [name for name in accord.__all__ if f"`{name}" not in page] == []
