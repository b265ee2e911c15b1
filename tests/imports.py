"""A file in, facts out: what tests of importing share."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from accord.facts.ledger import Ledger
from accord.sources.importing import Outcome, import_file, look, scratch, workplace
from accord.sources.mapping import FileMapping, parse_mapping
from accord.sources.propose import propose

AT = datetime(2027, 2, 1, tzinfo=UTC)
KEY = bytes(range(32))
TOUCHES = """
table: touches
source: crm
id: [id]
columns:
  person_id: {from: person}
  occurred_at: {from: when}
  kind: {from: kind}
"""


@dataclass(frozen=True)
class Imported:
    ledger: Ledger
    outcomes: list[Outcome]
    refused_file: Path

    @property
    def outcome(self) -> Outcome:
        """The only one, or the first."""
        return self.outcomes[0]

    def facts(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """The facts in force, in the order of time and source id."""
        rows = self.ledger.as_known(table).to_pylist()
        return [tuple(_plain(row[column]) for column in columns) for row in rows]

    def refused(self) -> list[dict[str, str]]:
        with self.refused_file.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


def _plain(value: Any) -> Any:
    """Times as text, so that expectations can be read."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value


def a_lake(folder: Path) -> Ledger:
    lake = folder / "lake"
    return Ledger.open(lake) if lake.exists() else Ledger.create(lake, key=KEY)


def a_mapping(yaml: str) -> FileMapping:
    return parse_mapping(YAML(typ="safe", pure=True).load(yaml))


def a_file(folder: Path, content: str | bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def imported(
    folder: Path, content: str | bytes | Path, mapping: str | FileMapping = TOUCHES, *, at: datetime = AT
) -> Imported:
    """Imports a file, given as such or by its content, into the lake of that folder."""
    path = content if isinstance(content, Path) else a_file(folder, content)
    fitting = a_mapping(mapping) if isinstance(mapping, str) else mapping
    ledger = a_lake(folder)
    refused = folder / "refused.csv"
    with workplace(ledger, at=at) as place:
        outcomes = import_file(path, fitting, place, refused_file=lambda _: refused)
    return Imported(ledger, outcomes, refused)


def proposed(path: Path, table: str, *, preset: str = "") -> FileMapping:
    with scratch() as (folder, engine):
        header, sample = look(path, FileMapping("touches", {}), folder, engine)
    return propose(header, sample, table, preset=preset).mapping


def lines(*rows: str, end: str = "\n") -> str:
    return end.join(rows) + end


def counts(outcome: Outcome) -> tuple[int, ...]:
    """Rows, stored, known, revised, refused, left out."""
    return (
        outcome.rows, outcome.stored, outcome.known, outcome.revised, outcome.refused, outcome.left_out,
    )  # fmt: skip


def totals(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Rows recorded per table."""
    found: dict[str, int] = {}
    for outcome in outcomes:
        found[outcome.table] = found.get(outcome.table, 0) + outcome.stored + outcome.known + outcome.revised
    return found
