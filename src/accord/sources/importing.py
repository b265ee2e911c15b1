"""Imports a file into the ledger: every row becomes a fact, was known already, or comes back with a reason.

The bulk goes through one SQL query, from the cells of the file to the columns of the table. What is wrong with a row is
an expression over the same query, so that a row is either stored or refused, never both and never neither.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from accord.facts import employers, identity
from accord.facts.engine import Engine, EngineError, text
from accord.facts.errors import AccordError
from accord.facts.lead_view import BY_ADDRESS
from accord.facts.ledger import Ledger
from accord.sources.csv_files import Opened, carefully, lines_in, open_file
from accord.sources.mapping import Beside, FileMapping, MappingError, mapping_yaml
from accord.sources.query import Problem, Query, build_query
from accord.sources.refused import Refusal, write_refused

EXAMPLES = 5
LOOKED_AT = 1000
MANY_ROWS = 10_000
MEMORY = "512MB"


class DoesNotAddUpError(AccordError):
    """Rows in are not rows stored + known + revised + refused + left out: a mistake of ours; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file's rows in one table. `rows` = stored + known + revised + refused + left_out, always.

    `left_out` are rows that the mapping excludes by `only` or `skip_where`. `batch` is what `accord undo` takes.
    """

    file: str
    table: str
    part: str
    source: str
    rows: int
    left_out: int
    stored: int
    known: int
    revised: int
    refused: int
    batch: str
    refused_file: Path | None = None
    examples: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        told = self.stored + self.known + self.revised + self.refused + self.left_out
        if self.rows != told:
            raise DoesNotAddUpError(f"{self.file}: {self.rows} rows in, {told} accounted for.", remedy="Please report.")


# ------------------------------------------------------------------------------------------------- one file, its parts


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an import works: the ledger, an engine of its own, a temporary folder, and who is told about progress."""

    ledger: Ledger
    engine: Engine
    folder: Path
    at: datetime
    told: Callable[[str], None] = lambda _: None


@contextmanager
def workplace(
    ledger: Ledger, *, at: datetime, told: Callable[[str], None] = lambda _: None, memory: str = MEMORY
) -> Iterator[Workplace]:
    """A place to work whose temporary files, which hold personal data, are gone afterwards."""
    with scratch(memory) as (folder, engine):
        yield Workplace(ledger, engine, folder, at, told)


@contextmanager
def scratch(memory: str = MEMORY) -> Iterator[tuple[Path, Engine]]:
    """A temporary folder and an engine that spills into it; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="accord-import-") as folder:
        engine = Engine(memory=memory, temp_directory=Path(folder))
        try:
            yield Path(folder), engine
        finally:
            engine.close()


def import_file(
    path: Path, mapping: FileMapping, place: Workplace, *, refused_file: Callable[[FileMapping], Path | None]
) -> list[Outcome]:
    """Imports one file by its mapping into every table that the mapping names; one batch and one outcome for each.

    `refused_file` says where the refused rows of a part go (None: nowhere). Raises AccordError for a file or a mapping
    that cannot be used; a damaged row never raises.
    """
    place.told("opening")
    opened = opened_with(path, mapping, place.folder)
    mapping.fit(opened.columns)
    opened, seen = _counted(opened, mapping, place)
    digest = _sha256(path)
    outcomes = []
    for part in mapping.parts:
        file = _File(opened, seen, digest, refused_file(part), mapping)
        try:
            outcome, linked = _import_part(file, part, place)
        except _DAMAGE:  # bytes that counting did not meet
            if opened.careful:
                raise
            opened, seen = _careful(opened, mapping, place)
            outcome, linked = _import_part(replace(file, opened=opened, seen=seen), part, place)
        outcomes += [outcome, *linked]
    return outcomes


def opened_with(path: Path, mapping: FileMapping, folder: Path) -> Opened:
    """The file, with the columns that `with` adds from files beside it. Raises AccordError as `open_file` does."""
    opened = open_file(path, folder, encoding=mapping.encoding, delimiter=mapping.delimiter)
    return _joined(opened, mapping, folder)


def _joined(opened: Opened, mapping: FileMapping, folder: Path) -> Opened:
    for beside in mapping.all_beside:
        opened = _with_columns(opened, beside, folder)
    return opened


def _with_columns(opened: Opened, beside: Beside, folder: Path) -> Opened:
    other = open_file(opened.path.parent / beside.file, folder)
    for column in (*(theirs for _, theirs in beside.on), *beside.take):
        if column not in other.columns:
            raise MappingError(
                f"{beside.file} has no column {column!r}.", remedy=f"It has: {', '.join(other.columns)}."
            )
    keys = ", ".join(f"{other.cell(theirs)} AS k{n}" for n, (_, theirs) in enumerate(beside.on))
    on = " AND ".join(f"ours.{opened.cell(column)} = theirs.k{n}" for n, (column, _) in enumerate(beside.on))
    width = len(opened.columns)
    firsts = ", ".join(f"min({other.cell(column)}) AS x{n}" for n, column in enumerate(beside.take))
    taken = ", ".join(f"theirs.x{n} AS c{width + n}" for n in range(len(beside.take)))
    theirs = f"(SELECT {keys}, {firsts} FROM ({other.sql}) GROUP BY ALL) AS theirs"
    sql, lined = (
        f"SELECT ours.*, {taken} FROM ({rows}) AS ours LEFT JOIN {theirs} ON {on}"
        for rows in (opened.sql, opened.lined)
    )
    return replace(opened, columns=(*opened.columns, *beside.take), sql=sql, lined=lined)


def look(
    path: Path, mapping: FileMapping, folder: Path, engine: Engine
) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The columns of a file and some filled cells of each, for a proposal. Damage is no hindrance."""
    opened = opened_with(path, mapping, folder)
    try:
        sample = _sample(opened, engine)
    except _DAMAGE:
        opened = _joined(carefully(opened, folder), mapping, folder)
        sample = _sample(opened, engine)
    cells = {column: sample[f"c{place}"] for place, column in enumerate(opened.columns)}
    return opened.columns, {column: [c for c in found if c and c.strip()] for column, found in cells.items()}


def _sample(opened: Opened, engine: Engine) -> dict[str, list[str | None]]:
    return dict(engine.rows(f"SELECT * FROM ({opened.sql}) LIMIT {LOOKED_AT}").to_pydict())


_DAMAGE = (EngineError, duckdb.InvalidInputException)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass over a file tells: its rows, damaged ones included, and the cells that blanks begin or end.

    `person` is the cell that names the person; its `people` different contents stand in `accord_seen`.
    """

    rows: int
    padded: frozenset[str]
    person: str
    people: int


@dataclass(frozen=True, slots=True)
class _File:
    opened: Opened
    seen: Seen
    digest: str
    refused_to: Path | None
    mapping: FileMapping


def _counted(opened: Opened, mapping: FileMapping, place: Workplace) -> tuple[Opened, Seen]:
    """The file and what was seen in it; opened carefully when DuckDB finds damage."""
    place.told("counting")
    try:
        return _look(opened, mapping, place)
    except _DAMAGE:
        if opened.careful:
            raise
        return _careful(opened, mapping, place)


def _careful(opened: Opened, mapping: FileMapping, place: Workplace) -> tuple[Opened, Seen]:
    place.told("sorting out damaged rows")
    opened = _joined(carefully(opened, place.folder), mapping, place.folder)
    return _look(opened, mapping, place)


def _look(opened: Opened, mapping: FileMapping, place: Workplace) -> tuple[Opened, Seen]:
    """Reads the file once to the end. What is read often is taken into the engine, which spills what does not fit;
    for one part that would cost twice what reading again does."""
    if len(mapping.parts) > 1 or mapping.all_beside:
        place.engine.run(f"CREATE OR REPLACE TEMP TABLE accord_cells AS {opened.sql}")
        opened = replace(opened, sql="SELECT * FROM accord_cells")
    blanks = {c: f"{c} < '!' OR ends_with({c}, ' ')" for c in (f"c{n}" for n in range(len(opened.columns)))}
    person = _person_cell(opened, mapping)
    place.engine.run(
        f"CREATE OR REPLACE TEMP TABLE accord_seen AS SELECT {person or 'NULL'} AS raw, count(*) AS rows, "
        f"bool_or({' OR '.join(blanks.values())}) AS padded FROM ({opened.sql}) GROUP BY ALL"
    )
    rows, people, padded = place.engine.one("SELECT sum(rows), count(*), bool_or(padded) FROM accord_seen")
    found = _padded(opened, blanks, place) if padded else frozenset()
    return opened, Seen(int(str(rows or 0)) + opened.damaged_rows, found, person, int(str(people)))


def _padded(opened: Opened, blanks: Mapping[str, str], place: Workplace) -> frozenset[str]:
    found = place.engine.one(f"SELECT {', '.join(f'bool_or({sql})' for sql in blanks.values())} FROM ({opened.sql})")
    return frozenset(cell for cell, is_padded in zip(blanks, found, strict=True) if is_padded)


def _person_cell(opened: Opened, mapping: FileMapping) -> str:
    """The one cell that names the person of a row; empty for profiles, where nearly every row is another person."""
    rules = [part.columns["person_id"] for part in mapping.parts if "person_id" in part.columns]
    named = {rule.columns[0] for rule in rules if len(rule.columns) == 1}
    return opened.cell(named.pop()) if len(named) == 1 else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _import_part(file: _File, part: FileMapping, place: Workplace) -> tuple[Outcome, list[Outcome]]:
    place.told(f"checking {part.table}")
    query = build_query(file.opened, part, place.ledger.key, place.engine, file.seen.padded)
    query = _people_once(query, file.seen, place)
    if part.table == "consent":
        query = _never_weakened(query, place)
    left_out = _left_out(query, place)
    if left_out == file.seen.rows:
        return _nothing(file, part, query), []
    place.told(f"storing {part.table}")
    batch = place.ledger.begin(
        part.table, at=place.at, file=file.opened.path.name, file_hash=file.digest, mapping=mapping_yaml(part)
    )
    with _filtered_last(place.engine):
        counts = place.ledger.append(batch, query.good, engine=place.engine)
    refused = file.seen.rows - left_out - counts.rows
    examples, written = _refuse(file, query, refused, place)
    place.ledger.commit(batch, rows=file.seen.rows - left_out, refused=refused, counts=counts)
    name, rows = file.opened.path.name, file.seen.rows
    outcome = Outcome(
        name, part.table, part.part, part.source, rows, left_out, counts.stored, counts.known, counts.revised,
        refused, batch.id, written, examples, (*file.opened.notes, *query.notes),
    )  # fmt: skip
    return outcome, [*_linked(query, file, part, place), *_employed(file, part, place)]


@contextmanager
def _filtered_last(engine: Engine) -> Iterator[None]:
    """Conditions stay above the typed columns; pushed below them, the engine would read every time twice.

    The people stay the looked-up side of their join: the engine cannot know how long a CSV file is, and would look up
    in the file.
    """
    engine.run("SET disabled_optimizers = 'filter_pushdown,join_order,build_side_probe_side'")
    try:
        yield
    finally:
        engine.run("RESET disabled_optimizers")


def _people_once(query: Query, seen: Seen, place: Workplace) -> Query:
    """Hashes each person once where most come in many rows; the keyed hash is the dearest part of an import."""
    if query.person is None or seen.rows < MANY_ROWS or seen.people * 3 > seen.rows:
        return query
    cell, hashed = query.person
    if cell[1:] != seen.person[1:]:
        return query
    people = f"SELECT raw AS {cell} FROM accord_seen"
    if seen.person in seen.padded:
        people = f"SELECT DISTINCT nullif(trim(raw), '') AS {cell} FROM accord_seen"
    place.engine.run(
        f"CREATE OR REPLACE TEMP TABLE accord_people AS SELECT {cell} AS raw, {hashed} AS hashed FROM ({people})"
    )
    return query.with_people("accord_people")


def _nothing(file: _File, part: FileMapping, query: Query) -> Outcome:
    """All rows are left out: no batch is made."""
    name, rows = file.opened.path.name, file.seen.rows
    return Outcome(name, part.table, part.part, part.source, rows, rows, 0, 0, 0, 0, "", notes=query.notes)


def _left_out(query: Query, place: Workplace) -> int:
    if query.keep == "true":
        return 0
    (count,) = place.engine.one(f"SELECT count(*) FILTER (NOT {query.keep}) FROM ({query.cells})")
    return int(str(count))


# --------------------------------------------------------------------------------------------------------- refusing


def _refuse(file: _File, query: Query, refused: int, place: Workplace) -> tuple[tuple[Refusal, ...], Path | None]:
    """Writes the refused rows and gives some of them. Their number must be what was not recorded."""
    if not refused:
        return (), None
    opened = file.opened
    if not opened.careful and opened.text and opened.dialect:
        expected = file.seen.rows + 1
        if lines_in(opened.text) not in (expected, expected - 1):  # rows over several lines: count them exactly
            exact = _joined(carefully(opened, place.folder), file.mapping, place.folder)
            query, opened = query.over(exact.lined), exact
    examples: list[Refusal] = []
    found = _refusals(opened, query, place, examples)
    if file.refused_to:
        place.told("writing refused rows")
        file.refused_to.parent.mkdir(parents=True, exist_ok=True)
        count = write_refused(file.refused_to, opened.columns, found)
    else:
        count = sum(1 for _ in found)
    if count != refused:
        raise DoesNotAddUpError(
            f"{opened.path.name}: {refused} rows were not recorded, but {count} have a reason.", remedy="Please report."
        )
    return tuple(examples), file.refused_to


def _refusals(
    opened: Opened, query: Query, place: Workplace, examples: list[Refusal]
) -> Iterator[tuple[Refusal, Sequence[str | None]]]:
    for refusal, row in _in_line_order(_damaged(opened), _wrong(opened, query, place)):
        if len(examples) < EXAMPLES:
            examples.append(refusal)
        yield refusal, row


Refused = tuple[Refusal, Sequence[str | None]]


def _in_line_order(*streams: Iterator[Refused]) -> Iterator[Refused]:
    return heapq.merge(*streams, key=lambda refused: refused[0].line)


def _damaged(opened: Opened) -> Iterator[Refused]:
    if opened.damaged is None:
        return
    with opened.damaged.open("r", encoding="utf-8", newline="") as file:
        for line, reason, remedy, shown in csv.reader(file):
            yield Refusal(int(line), "", shown, reason, remedy), ()


def _wrong(opened: Opened, query: Query, place: Workplace) -> Iterator[Refused]:
    cells = [f"t{number}" for number in range(len(opened.columns))]
    result = place.engine.stream(query.bad, rows=10_000)
    for batch in result:
        for row in batch.to_pylist():
            problem = query.problems[row["problem"]]
            refusal = Refusal(row["line"], problem.field, row["shown"] or "", problem.reason, problem.remedy)
            yield refusal, [row[cell] for cell in cells]


# ---------------------------------------------------------------------------------------------------------- consent


def _never_weakened(query: Query, place: Workplace) -> Query:
    """Refuses a consent that would take the place of a refusal in force, in the lake or in this very file."""
    with_lake = place.ledger.connect(tables=["consent", "identities"])
    said = with_lake.rows(
        "SELECT person_id, purpose, status, occurred_at AT TIME ZONE 'UTC' AS occurred_at FROM consent"
    )
    alias = with_lake.rows("SELECT alias_id, min(person_id) AS person_id FROM identities GROUP BY alias_id")
    with_lake.close()
    place.engine.register("consent_said", said)
    place.engine.register("consent_alias", alias)
    resolved = "coalesce((SELECT person_id FROM consent_alias WHERE alias_id = {0}.person_id), {0}.person_id)"
    place.engine.run(
        f"""CREATE OR REPLACE TEMP TABLE consent_all AS
        SELECT line, status, purpose, occurred_at, {resolved.format("row")} AS who FROM ({query.typed}) AS row
        WHERE {query.keep} AND status IS NOT NULL AND occurred_at IS NOT NULL
        UNION ALL SELECT 0, status, purpose, occurred_at, {resolved.format("said")} FROM consent_said AS said"""
    )
    place.engine.run(
        """CREATE OR REPLACE TEMP TABLE consent_weak AS
        SELECT DISTINCT given.line FROM consent_all AS given JOIN consent_all AS strict
        ON given.who = strict.who AND strict.occurred_at <= given.occurred_at
        AND (given.purpose = strict.purpose OR 'all' IN (given.purpose, strict.purpose))
        WHERE given.line > 0 AND given.status = 'granted' AND strict.status IN ('withdrawn', 'complained')
        AND NOT EXISTS (SELECT 1 FROM consent_all AS anew WHERE anew.line = 0 AND anew.status = 'granted'
            AND anew.who = strict.who AND anew.purpose = given.purpose
            AND anew.occurred_at > strict.occurred_at AND anew.occurred_at <= given.occurred_at)"""
    )
    weakens = Problem(
        "status",
        "'granted'",
        "line IN (SELECT line FROM consent_weak)",
        "would weaken consent: this person has said no before",
        "Let the person say yes anew where Accord records it; an import never brings back a consent.",
    )
    return replace(query, problems=(*query.problems, weakens))


# ------------------------------------------------------------------------------------------------------- identities


def _linked(query: Query, file: _File, part: FileMapping, place: Workplace) -> list[Outcome]:
    """Profiles with an id and an e-mail address: the address' id stands for the same person."""
    if part.table != "profiles" or not {"email", "subject_id"} <= set(query.targets):
        return []
    source = text(part.source)
    alias = identity.person_id_sql(place.ledger.key, source, "email")
    pairs = (
        f"SELECT {alias} AS alias_id, subject_id AS person_id, source, evidence, min(occurred_at) AS occurred_at, "
        "arg_min(known_at, occurred_at) AS known_at, arg_min(known_inferred, occurred_at) AS known_inferred, "
        f'arg_min("precision", occurred_at) AS "precision" FROM ({query.good}) '
        "WHERE subject = 'person' AND contains(email, '@') GROUP BY ALL HAVING alias_id <> person_id"
    )
    fact = identity.fact_id_sql(place.ledger.key, source, "identities", "alias_id || chr(31) || person_id")
    (rows,) = place.engine.one(f"SELECT count(*) FROM ({pairs})")
    if not rows:
        return []
    place.told("linking addresses")
    batch = place.ledger.begin("identities", at=place.at, file=file.opened.path.name, file_hash=file.digest)
    counts = place.ledger.append(batch, f"SELECT *, {fact} AS source_id FROM ({pairs})", engine=place.engine)
    place.ledger.commit(batch, rows=counts.rows, refused=0, counts=counts)
    note = f"{counts.rows:,} e-mail addresses stand for the person with that id"
    return [
        Outcome(
            file.opened.path.name, "identities", "addresses", part.source, counts.rows, 0, counts.stored, counts.known,
            counts.revised, 0, batch.id, notes=(note,),
        )
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------------- employers


def _employed(file: _File, part: FileMapping, place: Workplace) -> list[Outcome]:
    """What the addresses of people tell about the accounts that they work for, now that these profiles are there."""
    if part.table != "profiles":
        return []
    place.told("looking at domains")
    name = file.opened.path.name
    drawn = employers.conclude(place.ledger, at=place.at, file=name, file_hash=file.digest)
    if drawn is None:
        return []
    batch, counts = drawn
    note = f"{counts.rows:,} people belong to the account whose domain their address has; concluded, not stated"
    return [
        Outcome(
            name, "profiles", "employers", BY_ADDRESS, counts.rows, 0, counts.stored, counts.known,
            counts.revised, 0, batch, notes=(note,),
        )
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- dry run


@contextmanager
def mirrored(lake: Path) -> Iterator[Ledger]:
    """A ledger in which a dry run is a real run: it shows the files of the lake, and what it adds is thrown away."""
    with tempfile.TemporaryDirectory(prefix="accord-dry-run-") as folder:
        mirror = Path(folder) / "lake"
        if not (lake / "lake.json").is_file():
            yield Ledger.create(mirror)
            return
        for path in sorted(lake.rglob("*")):
            target = mirror / path.relative_to(lake)
            if path.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(path.resolve())
        yield Ledger.open(mirror)
