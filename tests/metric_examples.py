"""Reads the examples of `tests/spec/metrics`: tables in, an expected table out, as the documentation prints them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.tables import facts_in_hand

from accord.agreement.counting import ANSWERS_CHECKED
from accord.agreement.document import Agreement, Period
from accord.agreement.reading import load
from accord.facts.engine import Engine

FOLDER = Path(__file__).parent / "spec" / "metrics"
_ASKED = re.compile(r"^Asked on (?P<at>[0-9: -]+), per (?P<per>\w+)(?:, where (?P<where>.+))?\.$", re.MULTILINE)
_TABLE = re.compile(r"^\*\*(\w+)\*\*\n\n((?:\|.*\n?)+)", re.MULTILINE)
_WORDS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Example:
    at: datetime
    per: Period
    where: str | None
    tables: Mapping[str, list[dict[str, Any]]]

    @property
    def expected(self) -> list[dict[str, Any]]:
        return self.tables["expected"]

    @property
    def answers_checked(self) -> pa.Table | None:
        rows = self.tables.get("answers_checked")
        return None if rows is None else pa.Table.from_pylist(rows, schema=ANSWERS_CHECKED)

    def engine(self) -> Engine:
        given = {name: rows for name, rows in self.tables.items() if name not in ("expected", "answers_checked")}
        return facts_in_hand(**{name: [_filled(row) for row in rows] for name, rows in given.items()})


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def example(name: str) -> Example:
    return read((FOLDER / f"{name}.md").read_text())


def read(text: str) -> Example:
    asked = _ASKED.search(text)
    assert asked, "an example says when it is asked"
    tables = {found[1]: markdown_table(found[2]) for found in _TABLE.finditer(text)}
    at = datetime.fromisoformat(asked["at"]).replace(tzinfo=UTC)
    return Example(at, Period(asked["per"]), asked["where"], tables)


def agreement() -> Agreement:
    return load(FOLDER / "agreement.yaml")


def markdown_table(text: str) -> list[dict[str, Any]]:
    """Rows of a Markdown table; empty cells are None, yes and no truths, dates naive UTC, numbers numbers."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    header, _, *body = lines
    return [{name: _value(name, cell) for name, cell in zip(header, row, strict=True)} for row in body]


def _value(column: str, cell: str) -> Any:
    if not cell or cell in _WORDS:
        return _WORDS.get(cell)
    if column.endswith(("_at", "_due")) or column == "until":
        return datetime.fromisoformat(cell)
    return float(cell) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell) else cell


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """What an example leaves out: a handoff stands for its person, and what is not said to be claimed is evidenced."""
    person = {"person_id": row["handoff_id"]} if "handoff_id" in row else {}
    return {"evidence": "evidenced", **person, **row}
