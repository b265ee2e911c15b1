"""What a file looks like before it is imported: its columns, a proposed mapping, and its first rows as they would be
read. All of it by the library, from the beginning of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from duckdb import InvalidInputException
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from accord.facts.engine import Engine, EngineError
from accord.facts.errors import AccordError
from accord.facts.tables import TABLES, TIME
from accord.sources.csv_files import Opened, carefully, open_file
from accord.sources.importing import look, scratch
from accord.sources.mapping import FileMapping, MappingError, mapping_yaml, parse_mapping
from accord.sources.propose import Proposal, known_shape, propose
from accord.sources.query import Query, build_query
from accord_app.intake import uploading, wording
from accord_app.ledger import lake

OFFERED = ("profiles", "touches", "deals", "handoffs", "spend", "content", "consent", "rates")
"""What can be chosen, in this order."""

ASKED_FIRST = ("deals", "handoffs", "consent", "rates", "spend", "touches", "content", "profiles")
"""Where two fit a file equally well, the narrower comes first."""

HEAD = 4 * 1024 * 1024
MOST_COLUMNS = 1_000
MOST_TEXT = 100_000
PREVIEWED = 10
_DAMAGE = (EngineError, InvalidInputException)
_NAMED = re.compile(r"['`]([^'`]+)['`]|\b[Tt]he rule for (\w+)")


class MappingMistakeError(AccordError):
    """A mapping that cannot be used; `line` is where its text says so, counted from 1, if that is known."""

    def __init__(self, message: str, *, remedy: str = "", line: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.line = line


@dataclass(frozen=True, slots=True)
class Look:
    """The columns of a file and some filled cells of each."""

    columns: tuple[str, ...]
    sample: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the preview."""

    text: str
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it would be read: its cells in the order of the targets, or why it would be refused."""

    line: int
    cells: tuple[Cell, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A column of the preview: what it holds, and from which columns of the file."""

    title: str
    of: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows in one table, and what reading them told."""

    table: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What the table holds."""
        return wording.TITLES.get(self.table, self.table)


# ----------------------------------------------------------------------------------------------------- columns, table


def estimated_rows(path: Path) -> int | None:
    """About how many rows a file has, by its beginning; None where that does not tell."""
    with path.open("rb") as file:
        start = file.read(HEAD)
    if start[:4] == b"PAR1":
        return int(pq.read_metadata(path).num_rows)
    if start[:2] == b"\x1f\x8b" or start[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return None
    return max(round(start.count(b"\n") * path.stat().st_size / len(start)) - 1, 1)


def look_at(path: Path) -> Look:
    """Raises AccordError for a file that cannot be read as a table."""
    with _head(path) as (folder, engine, head):
        columns, sample = look(head, FileMapping("touches", {}), folder, engine)
    if len(columns) > MOST_COLUMNS:
        raise AccordError(
            f"The file has {len(columns):,} columns; {MOST_COLUMNS:,} are the most.",
            remedy="Check what separates its columns, or export fewer of them.",
        )
    return Look(columns, sample)


def proposed(seen: Look, *, table: str = "", source: str = "", time_zone: str = "UTC") -> Proposal:
    """A mapping into a table; into the one that fits best, if none is named. Raises MappingError."""
    if table:
        return propose(seen.columns, seen.sample, table, source=source, time_zone=time_zone)
    vendors = known_shape(seen.columns)
    tables = [t for t in ASKED_FIRST if vendors is None or known_shape(seen.columns, t) == vendors] or ASKED_FIRST
    every = [propose(seen.columns, seen.sample, each, source=source, time_zone=time_zone) for each in tables]
    return max(every, key=lambda each: (not each.missing, len(each.mapping.used()), -len(each.missing)))


def mapping_text(proposal: Proposal) -> str:
    """A proposal as text to edit; what it lacks stands above it."""
    lacks = "".join(f"# No column was found for {each}, which is needed: add it.\n" for each in proposal.missing)
    return lacks + mapping_yaml(proposal.mapping)


# ------------------------------------------------------------------------------------------------------ text to mapping


def read_text(text: str) -> FileMapping:
    """The mapping that a text says. Raises MappingMistakeError, with the line where it is known."""
    if len(text) > MOST_TEXT:
        raise MappingMistakeError("The mapping is too long.", remedy=f"It may have {MOST_TEXT:,} signs.")
    try:
        return _without_other_files(parse_mapping(_document(text)))
    except MappingMistakeError:
        raise
    except AccordError as error:
        raise MappingMistakeError(error.message, remedy=error.remedy, line=_line_of(error, text)) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise MappingMistakeError(
            f"The mapping cannot be read: {error}.", remedy="Compare it with the proposed one."
        ) from None
    except RecursionError:
        raise MappingMistakeError(
            "The mapping is nested too deeply.", remedy="Compare it with the proposed one."
        ) from None


def _document(text: str) -> Mapping[str, Any]:
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, AliasEvent):  # a few of them can stand for any number of words
                line = event.start_mark.line + 1
                raise MappingMistakeError(
                    "A mapping names no anchors.", remedy="Write the words themselves.", line=line
                )
        document = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise MappingMistakeError(
            f"This is no YAML: {error.problem}.", remedy="Check signs and indents.", line=line
        ) from None
    except YAMLError as error:
        raise MappingMistakeError(f"This is no YAML: {' '.join(str(error).split())[:200]}.") from None
    if not isinstance(document, dict):
        raise MappingMistakeError("There is no mapping in the text.", remedy="Have one proposed and change that.")
    return document


def _without_other_files(mapping: FileMapping) -> FileMapping:
    if mapping.all_beside:
        raise MappingError("'with' names another file.", remedy="Join the files before, or use `accord import`.")
    return mapping


def _line_of(error: AccordError, text: str) -> int | None:
    """The first line that holds a word that the message names."""
    named = [word for pair in _NAMED.findall(error.message) for word in pair if word]
    for word in named:
        found = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w.])")
        for number, line in enumerate(text.splitlines(), 1):
            if found.search(line.partition("#")[0]):
                return number
    return None


# -------------------------------------------------------------------------------------------------------------- preview


def preview(path: Path, mapping: FileMapping, text: str = "") -> tuple[Preview, ...]:
    """The first rows in every table that the mapping feeds. Raises AccordError for a file or mapping of no use."""
    try:
        with _head(path) as (folder, engine, head):
            opened = open_file(head, folder, encoding=mapping.encoding, delimiter=mapping.delimiter)
            mapping.fit(opened.columns)
            return tuple(_part(opened, part, folder, engine) for part in mapping.parts)
    except MappingError as error:
        raise MappingMistakeError(error.message, remedy=error.remedy, line=_line_of(error, text)) from None


def _part(opened: Opened, part: FileMapping, folder: Path, engine: Engine) -> Preview:
    try:
        return _read(opened, part, engine)
    except _DAMAGE:
        return _read(carefully(opened, folder), part, engine)


def _read(opened: Opened, part: FileMapping, engine: Engine) -> Preview:
    query = build_query(opened, part, lake.ledger().key, engine)
    query = query.over(f"SELECT * FROM ({opened.lined}) ORDER BY line LIMIT {PREVIEWED}")
    number = "".join(f" WHEN {problem.when} THEN {place}" for place, problem in enumerate(query.problems))
    wrong = f"CASE{number} END" if number else "NULL"
    rows = engine.rows(f"SELECT *, {wrong} AS problem, {query.keep} AS kept FROM ({query.typed}) ORDER BY line")
    targets = tuple(target for target in part.columns if target != "subject")
    heads = tuple(Head(wording.title(target), " or ".join(part.columns[target].columns)) for target in targets)
    return Preview(part.table, heads, tuple(_rows(rows.to_pylist(), query, opened, part, targets)), query.notes)


def _rows(
    found: Sequence[Mapping[str, Any]], query: Query, opened: Opened, part: FileMapping, targets: Sequence[str]
) -> Iterator[Row]:
    ids = {column.name for column in TABLES[part.table].own if column.unit == "id"}
    for row in found:
        found_wrong = None if row["problem"] is None else query.problems[row["problem"]]
        problem = wording.reason(found_wrong.field, found_wrong.reason) if found_wrong else ""
        if not row["kept"]:
            problem = "left out by the mapping"
        yield Row(row["line"], tuple(_cell(row, target, target in ids, opened, part) for target in targets), problem)


def _cell(row: Mapping[str, Any], target: str, is_id: bool, opened: Opened, part: FileMapping) -> Cell:
    """Ids are kept under a key; here they are shown as the file has them."""
    if is_id:
        rule = part.columns[target]
        raw = [row[f"t{opened.cell(column)[1:]}"] for column in rule.columns]
        return Cell(rule.value or next((str(cell) for cell in raw if cell), ""))
    value = row.get(target)
    is_time = target in ("occurred_at", "known_at") or any(
        column.name == target and column.type == TIME for column in TABLES[part.table].own
    )
    if is_time and value is not None:
        return Cell(f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", is_time=True)
    return Cell("" if value is None else str(value)[:120])


# ------------------------------------------------------------------------------------------------------- the beginning


@contextmanager
def _head(path: Path) -> Iterator[tuple[Path, Engine, Path]]:
    """A folder, an engine, and the beginning of the file, which is enough to look at; spreadsheets are taken whole."""
    if not path.is_file():
        raise AccordError("The file is no longer kept.", remedy="Upload it again.")
    with scratch() as (folder, engine):
        yield folder, engine, _beginning(path, folder)


def _beginning(path: Path, folder: Path) -> Path:
    with path.open("rb") as file:
        start = file.read(4)
    is_packed = start[:2] == b"\x1f\x8b"
    if start in (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or (not is_packed and path.stat().st_size <= HEAD):
        return path
    with uploading.unpacked(path) as source:
        text = source.read(HEAD)
    if len(text) == HEAD:
        text = text[: text.rfind(b"\n") + 1] or text
        text += b"\x00" * (len(text) % 2 and text[:2] == b"\xff\xfe")  # the other half of a line end in UTF-16
    target = folder / f"head{path.with_suffix('').suffix or '.csv' if is_packed else path.suffix}"
    target.write_bytes(text)
    return target
