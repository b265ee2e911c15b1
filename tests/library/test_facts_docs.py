"""The page about facts is the declaration; and no fact but profiles holds what identifies a person."""

from __future__ import annotations

from pathlib import Path

from accord.facts.docs import print_facts
from accord.facts.tables import BATCHES, TABLES

PAGE = Path(__file__).parents[2] / "docs" / "definitions" / "facts.md"
PERSONAL = {"name", "email", "mail", "phone", "address", "ip", "street", "city", "birthday", "first_name", "last_name"}


def test_the_page_is_the_declaration() -> None:
    assert PAGE.read_text(encoding="utf-8") == print_facts(), (
        "run: python -m accord.facts.docs docs/definitions/facts.md"
    )


def test_every_column_stands_on_the_page_with_its_meaning() -> None:
    page = print_facts()
    for table in (*TABLES.values(), BATCHES):
        for column in table.columns:
            assert f"| `{column.name}` |" in page
            assert column.sentence in page


def test_only_profiles_hold_personal_data() -> None:
    for table in TABLES.values():
        personal = PERSONAL & {column.name for column in table.columns}
        assert not personal or table.name == "profiles", f"{table.name} has {personal}"
    assert PERSONAL & {column.name for column in TABLES["profiles"].columns}
