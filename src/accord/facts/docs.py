"""Prints the page `docs/definitions/facts.md` from the declaration, so that page and ledger cannot part."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from accord.facts.tables import BATCHES, COMMON, TABLES, Column, Evidence, Table

_TYPES = {
    pa.string(): "text",
    pa.int64(): "whole number",
    pa.float64(): "number",
    pa.bool_(): "yes or no",
}
_EVIDENCE = {
    Evidence.EVIDENCED: "a system saw it happen",
    Evidence.CLAIMED: "somebody says so",
    Evidence.INFERRED: "we concluded it from other facts",
}
_HEAD = """\
# Facts

A fact is one row that is appended and never changed. This page is printed from `accord/facts/tables.py`.

Readers see the facts of batches in force. Of a fact with several revisions the one holds that was known last, and of
those known at the same moment the one with the highest number; `accord` can read every table as it was recorded and as
it was known at any earlier time. Times are UTC.

## What every fact carries
"""


def print_facts() -> str:
    """The page as Markdown: the columns that all facts share, then each table, then the batches."""
    evidence = "\n".join(f"- **{word.value}**: {meaning}" for word, meaning in _EVIDENCE.items())
    parts = [_HEAD, _columns(COMMON), f"\nEvidence is one of:\n\n{evidence}\n"]
    parts += [_section(table) for table in TABLES.values()]
    parts.append(_section(BATCHES))
    return "\n".join(parts)


def _section(table: Table) -> str:
    return f"\n## {table.name}\n\n{table.sentence}\n\n{_columns(table.own)}"


def _columns(columns: Sequence[Column]) -> str:
    lines = ["| column | type | unit | must | meaning |", "|---|---|---|---|---|"]
    return "\n".join(lines + [_line(column) for column in columns]) + "\n"


def _line(column: Column) -> str:
    allowed = f" One of: {', '.join(column.allowed)}." if column.allowed else ""
    must = "yes" if column.required else ""
    kind = _TYPES.get(column.type, "time")
    return f"| `{column.name}` | {kind} | {column.unit} | {must} | {column.sentence}{allowed} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(print_facts(), encoding="utf-8")
