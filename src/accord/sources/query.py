"""Turns a mapping into one SQL query over the cells of a file: typed columns, and what is wrong with each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from accord.facts import identity
from accord.facts.engine import Engine, constant, name, text
from accord.facts.tables import TABLES, TIME, Column
from accord.sources import values
from accord.sources.csv_files import Opened
from accord.sources.mapping import ADDRESSES, Equals, FileMapping, MappingError, Rule, required

SAMPLE_ROWS = 10_000
MOST_NUMBERS = 200_000
_ID_KINDS = {"person_id": "person", "alias_id": "person", "account_id": "account", "deal_id": "deal"}
_HANDLES = ("owner", "by", "deputy", "person")


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a row can be refused: `when` and `cell` are SQL over the typed query."""

    field: str
    cell: str
    when: str
    reason: str
    remedy: str

    @property
    def absent(self) -> str:
        """The condition under which a row does not have the problem, in the form that is quickest."""
        if self.when == f"({self.cell}) IS NULL":
            return f"({self.cell}) IS NOT NULL"
        return f"({self.when}) IS NOT TRUE"


@dataclass(frozen=True, slots=True)
class Query:
    """The SQL of one part: `trimmed` cells of `rows`, then `times` as z0, z1, then the targets by `expressions`.
    `problems` are conditions over the typed rows. The layers make each expensive expression run once.
    """

    rows: str
    lined: str
    trimmed: str
    times: tuple[str, ...]
    expressions: str
    targets: tuple[str, ...]
    keep: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    person: tuple[str, str] | None = None  # the cell that names one, and its id as an expression
    people: str = ""

    @property
    def cells(self) -> str:
        """The cells t0, t1, …, trimmed; empty ones are NULL."""
        return f"SELECT {self.trimmed} FROM ({self.rows})"

    @property
    def typed(self) -> str:
        """`line`, the cells and a column for every target."""
        return self._typed(f"SELECT line, {self.trimmed} FROM ({self.lined})")

    def _typed(self, cells: str) -> str:
        times = "".join(f", {sql} AS z{place}" for place, sql in enumerate(self.times))
        if self.person and self.people:
            cell, hashed = self.person
            cells = f"SELECT cells.*, known.hashed AS y0 FROM ({cells}) AS cells LEFT JOIN {self.people} AS known "
            cells += f"ON cells.{cell} = known.raw"
            expressions = self.expressions.replace(hashed, "y0")
            return f"SELECT * EXCLUDE (y0), {expressions} FROM (SELECT *{times} FROM ({cells}))"
        return f"SELECT *, {self.expressions} FROM (SELECT *{times} FROM ({cells}))"

    @property
    def good(self) -> str:
        """The rows to store, in the columns of the table."""
        listed = ", ".join(map(name, self.targets))
        sound = " AND ".join([self.keep, *(problem.absent for problem in self.problems)])
        if "line" in sound:
            return f"SELECT {listed} FROM ({self.typed}) WHERE {sound}"
        return f"SELECT {listed} FROM ({self._typed(self.cells)}) WHERE {sound}"

    @property
    def bad(self) -> str:
        """Line, number of the first problem, the cell that has it, and all cells of the row, in the file's order."""
        number = "".join(f" WHEN {problem.when} THEN {place}" for place, problem in enumerate(self.problems))
        cell = "".join(f" WHEN {place} THEN {problem.cell}" for place, problem in enumerate(self.problems))
        cells = f"SELECT *, CASE{number} END AS problem FROM ({self.typed}) WHERE {self.keep}"
        return f"SELECT *, CASE problem{cell} END AS shown FROM ({cells}) WHERE problem IS NOT NULL ORDER BY line"

    def with_people(self, people: str) -> Query:
        """The same query with the ids of people taken from a table of `raw` and `hashed`."""
        return replace(self, people=people)

    def over(self, lined: str) -> Query:
        """The same query over the same file, opened in another way."""
        return replace(self, lined=lined)


def build_query(
    opened: Opened,
    mapping: FileMapping,
    key: bytes,
    engine: Engine,
    padded: Collection[str] | None = None,
) -> Query:
    """The query for one part of a mapping. Looks at a sample of the file to decide how its times and numbers are read.

    `padded` are the cells that begin or end with a blank somewhere in the file; all of them when it is not known.
    Raises MappingError for a column of IP addresses, and for a target without which a row is no fact.
    """
    return _Builder(opened, mapping, key, engine, padded).query()


class _Builder:
    def __init__(
        self,
        opened: Opened,
        mapping: FileMapping,
        key: bytes,
        engine: Engine,
        padded: Collection[str] | None,
    ) -> None:
        self.opened, self.mapping, self.key, self.engine = opened, mapping, key, engine
        self.table = TABLES[mapping.table]
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.person: tuple[str, str] | None = None
        self.times: list[str] = []
        cells = [f"c{place}" for place in range(len(opened.columns))]
        self.trimmed = ", ".join(
            f"nullif(trim({cell}), '') AS t{cell[1:]}" if padded is None or cell in padded else f"{cell} AS t{cell[1:]}"
            for cell in cells
        )
        self.sample = engine.rows(
            f"SELECT {self.trimmed} FROM (SELECT * FROM ({opened.sql}) LIMIT {SAMPLE_ROWS})"
        ).to_pydict()

    def query(self) -> Query:
        self._refuse_addresses_of_machines()
        self._expect_required()
        columns = {c.name: self._own(c) for c in self.table.own if c.name in self.mapping.columns}
        if (self.mapping.more or self.mapping.more_pairs) and "more" not in columns:
            columns["more"] = self._more()
        columns |= self._common()
        expressions = ", ".join(f"{sql} AS {name(target)}" for target, sql in columns.items())
        columns.pop("stated_at", None)
        return Query(
            rows=self.opened.sql,
            lined=self.opened.lined,
            trimmed=self.trimmed,
            times=tuple(self.times),
            expressions=expressions,
            targets=tuple(columns),
            keep=self._keep(),
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            person=self.person,
        )

    # what a mapping must and must not have

    def _expect_required(self) -> None:
        missing = [target for target in required(self.mapping.table) if target not in self.mapping.columns]
        if missing:
            raise MappingError(
                f"No column of the file is mapped to {', '.join(missing)}, which {self.mapping.table} need.",
                remedy=f"Give it in the mapping. The file has: {', '.join(self.opened.columns)}.",
            )

    def _refuse_addresses_of_machines(self) -> None:
        for column in sorted(self.mapping.used()):
            filled = [cell for cell in self._sample(column)[:500] if cell]
            if filled and sum(map(values.looks_like_ip, filled)) * 2 >= len(filled):
                raise MappingError(
                    f"The column {column!r} holds IP addresses, which Accord does not keep.",
                    remedy="Take it out of the mapping, or name it under `ignore`.",
                )

    # cells

    def _cell(self, column: str) -> str:
        return "t" + self.opened.cell(column)[1:]

    def _sample(self, column: str) -> list[str]:
        return list(self.sample[self._cell(column)])

    def _samples(self, rule: Rule) -> list[str]:
        return [cell for column in rule.columns for cell in self._sample(column) if cell]

    def _holds(self, equals: Equals) -> str:
        conditions = []
        for column, cells in equals.items():
            listed = ", ".join(text(cell.lower()) for cell in cells)
            conditions.append(f"coalesce(lower({self._cell(column)}), '') IN ({listed})")
        return " AND ".join(conditions)

    def _keep(self) -> str:
        kept = [self._holds(self.mapping.only)] if self.mapping.only else []
        kept += [f"NOT ({self._holds({column: cells})})" for column, cells in self.mapping.skip_where.items()]
        return f"({' AND '.join(kept)})" if kept else "true"

    def _raw(self, rule: Rule) -> str:
        """The text that a rule takes from a row; NULL where there is none."""
        if rule.value:
            raw = text(rule.value)
        else:
            cells = [self._cell(column) for column in rule.columns]
            raw = cells[0] if len(cells) == 1 else f"coalesce({', '.join(cells)})"
            if rule.joined:
                raw = f"nullif(concat_ws(' ', {', '.join(cells)}), '')"
        if rule.values or rule.otherwise:
            raw = _translated(raw, rule.values, rule.otherwise)
        if rule.prefix:
            raw = _named(rule.prefix, raw)
        return f"CASE WHEN {self._holds(rule.when)} THEN {raw} END" if rule.when else raw

    # the table's own columns

    def _own(self, column: Column) -> str:
        rule = self.mapping.columns[column.name]
        raw = self._raw(rule)
        if column.type == TIME:
            return self._time(column.name, rule, column.required)
        if column.unit == "id":
            return self._id(column, raw)
        if column.type in (pa.float64(), pa.int64()):
            return self._number(column, rule, raw)
        if column.type == pa.bool_():
            self._typed(column, raw, "is neither yes nor no", "Use true or false.")
            return values.truth_sql().replace("{x}", f"({raw})")
        return self._words(column, raw)

    def _missing(self, column: str, raw: str) -> None:
        self.problems.append(
            Problem(column, raw, f"({raw}) IS NULL", f"{column} is empty", "Fill the cell, or leave the row out.")
        )

    def _typed(self, column: Column, raw: str, reason: str, remedy: str) -> None:
        if column.required:
            self._missing(column.name, raw)
        wrong = f"({raw}) IS NOT NULL AND {name(column.name)} IS NULL"
        self.problems.append(Problem(column.name, raw, wrong, f"{column.name} {reason}", remedy))

    def _id(self, column: Column, raw: str) -> str:
        if column.required:
            self._missing(column.name, raw)
            blank = f"({raw}) IS NOT NULL AND {name(column.name)} IS NULL"
            self.problems.append(Problem(column.name, raw, blank, f"{column.name} is blank", "Fill the cell."))
        source = text(self.mapping.source)
        kind = _ID_KINDS.get(column.name, column.name.removesuffix("_id"))
        if column.name == "subject_id":
            kind = self.mapping.columns["subject"].value
        if kind == "person":
            hashed = identity.person_id_sql(self.key, source, f"({raw})")
            if raw[:1] == "t" and raw[1:].isdigit():
                self.person = (raw, hashed)
            return hashed
        return identity.hashed_sql(self.key, text(f"{self.mapping.source}:{kind}"), f"({raw})")

    def _number(self, column: Column, rule: Rule, raw: str) -> str:
        comma = self.mapping.decimal_comma
        if comma is None:
            comma, notes = values.comma_is_decimal(column.name, self._numbers(rule))
            self.notes += notes
        sql = values.number_sql(comma).replace("{x}", f"({raw})")
        if column.type == pa.int64():
            sql = f"CASE WHEN {sql} = floor({sql}) THEN CAST({sql} AS BIGINT) END"
        self._typed(column, raw, "is no number", "Write it as 1234.56, or set `decimal_comma` in the mapping.")
        if column.name == "rate":
            self.problems.append(
                Problem("rate", raw, "rate <= 0", "rate is not above zero", "Write units of the base.")
            )
        return sql

    def _numbers(self, rule: Rule) -> list[str]:
        if not rule.columns:
            return []
        found = []
        for column in rule.columns:
            cell = self._cell(column)
            sql = f"SELECT DISTINCT {cell} AS cell FROM (SELECT {self.trimmed} FROM ({self.opened.sql})) "
            rows = self.engine.rows(f"{sql} WHERE regexp_matches({cell}, '[.,]') LIMIT {MOST_NUMBERS}")
            found += rows.column("cell").to_pylist()
        return found

    def _words(self, column: Column, raw: str) -> str:
        if column.required:
            self._missing(column.name, raw)
        if column.allowed:
            listed = ", ".join(text(str(word)) for word in column.allowed)
            wrong = f"({raw}) IS NOT NULL AND lower({raw}) NOT IN ({listed})"
            remedy = f"Use one of {', '.join(column.allowed)}; translate others by `values` in the mapping."
            self.problems.append(
                Problem(column.name, raw, wrong, f"{column.name} is none of the allowed words", remedy)
            )
            return f"lower({raw})"
        if column.unit == "ISO 4217":
            wrong = f"({raw}) IS NOT NULL AND NOT regexp_full_match({raw}, '[A-Za-z]{{3}}')"
            self.problems.append(Problem(column.name, raw, wrong, f"{column.name} is no currency", "Use EUR, USD, …"))
            return f"upper({raw})"
        return _written(column, raw) if column.name != "more" else raw

    # the columns that every fact has

    def _time(self, target: str, rule: Rule, needed: bool) -> str:
        raw = self._raw(rule)
        zone = rule.time_zone or self.mapping.time_zone
        if rule.format:
            sql = values.formatted_time(rule.format, zone)
        else:
            sample = [rule.value] if rule.value else self._samples(rule)
            reading = values.time_reading(
                " or ".join(rule.columns) or target,
                sample,
                zone=zone,
                day_first=self.mapping.day_first,
                span=self._span(rule),
            )
            sql, self.notes = reading.sql, [*self.notes, *reading.notes]
        self.times.append(sql.replace("{x}", f"({raw})"))
        typed = values.plausible(f"z{len(self.times) - 1}")
        if needed:
            self._missing(target, raw)
        wrong = f"({raw}) IS NOT NULL AND {name(target)} IS NULL"
        remedy = "Write it as 2026-12-31 17:00:00, or give `format` and `day_first` in the mapping."
        shown = "known_at" if target == "stated_at" else target
        self.problems.append(Problem(shown, raw, wrong, f"{shown} is no date and time that exists", remedy))
        return typed

    def _span(self, rule: Rule) -> Callable[[], values.Span]:
        def asked() -> values.Span:
            cells = " UNION ALL ".join(
                f"SELECT {self._cell(column)} AS cell FROM (SELECT {self.trimmed} FROM ({self.opened.sql}))"
                for column in rule.columns
            )
            numbers = "regexp_extract(cell, '^(\\d{1,2})[./-](\\d{1,2})[./-]\\d{2}', {0})"
            first, second = (f"max(TRY_CAST({numbers.replace('{0}', str(n))} AS INT))" for n in (1, 2))
            found = self.engine.one(f"SELECT coalesce({first}, 0), coalesce({second}, 0) FROM ({cells})")
            return values.Span(int(str(found[0])), int(str(found[1])))

        return asked

    def _common(self) -> dict[str, str]:
        columns, mapping = self.mapping.columns, self.mapping
        common = {"source": constant(mapping.source), "source_id": self._source_id()}
        common["occurred_at"] = self._time("occurred_at", columns["occurred_at"], True)
        known = columns.get("known_at")
        stated = self._time("stated_at", known, False) if known else ""
        if stated:
            common["stated_at"] = stated
        common["known_at"] = "coalesce(stated_at, occurred_at)" if stated else "occurred_at"
        common["known_inferred"] = "stated_at IS NULL" if stated else "true"
        occurred = columns["occurred_at"]
        exact = values.precision_sql(occurred.format).replace("{x}", f"({self._raw(occurred)})")
        common["precision"] = constant(columns["precision"].value) if "precision" in columns else exact
        common["evidence"] = constant(mapping.evidence)
        return common

    def _source_id(self) -> str:
        mapping = self.mapping
        if mapping.id:
            cells = [self._cell(column) for column in mapping.id]
            given = cells[0] if len(cells) == 1 else f"coalesce({', '.join(cells)})"
            named = " or ".join(mapping.id)
            self.problems.append(
                Problem("id", given, f"({given}) IS NULL", f"{named} is empty", "Every row needs its id.")
            )
        else:
            cells = [f"t{place}" for place in range(len(self.opened.columns))]
            self.notes.append("no `id` in the mapping: a row is known by its whole content")
        filled = [f"coalesce({cell}, '')" if len(cells) > 1 else cell for cell in cells]
        raw = " || chr(31) || ".join([text(mapping.part), *filled] if mapping.part else filled)
        return identity.fact_id_sql(self.key, text(mapping.source), mapping.table, f"({raw})")

    def _more(self) -> str:
        if self.mapping.more_pairs:
            pairs = ", ".join(f"{self._cell(k)}, {self._cell(v)}" for k, v in self.mapping.more_pairs.items())
            named = " AND ".join(f"{self._cell(k)} IS NOT NULL" for k in self.mapping.more_pairs)
            return f"CASE WHEN {named} THEN CAST(json_object({pairs}) AS VARCHAR) END"
        listed = self.mapping.more if isinstance(self.mapping.more, tuple) else self._unmapped()
        pairs = ", ".join(f"{text(column)}, {values.without_query(self._cell(column))}" for column in listed)
        merged = f"json_merge_patch('{{}}', json_object({pairs}))"  # a merge patch drops what is null
        return f"nullif(CAST({merged} AS VARCHAR), '{{}}')" if listed else "NULL"

    def _unmapped(self) -> tuple[str, ...]:
        left = [c for c in self.opened.columns if c not in self.mapping.used() and c not in self.mapping.ignore]
        return tuple(c for c in left if not any(values.looks_like_ip(cell) for cell in self._sample(c)[:500] if cell))


def _translated(raw: str, words: Mapping[str, str], otherwise: str) -> str:
    cases = "".join(f" WHEN {text(found.lower())} THEN nullif({text(meant)}, '')" for found, meant in words.items())
    last = text(otherwise) if otherwise else raw
    if not cases:
        return f"CASE WHEN {raw} IS NOT NULL THEN {last} END"
    return f"CASE WHEN {raw} IS NOT NULL THEN CASE lower({raw}){cases} ELSE {last} END END"


def _named(prefix: str, raw: str) -> str:
    """The name of a kind: 'Demo Request' after form. is form.demo-request."""
    return f"{text(prefix)} || trim(regexp_replace(lower({raw}), '[^a-z0-9]+', '-', 'g'), '-')"


def _written(column: Column, raw: str) -> str:
    """A text in the form that its column keeps."""
    if column.name == "email":
        return f"translate({raw}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
    if column.name in ADDRESSES:
        return values.without_query(f"({raw})")
    if column.name == "domain":
        return values.domain_of(f"({raw})")
    if column.name == "country":
        return values.country_sql(f"({raw})")
    if column.name in _HANDLES:  # an address of a colleague is personal: its first part is the handle
        return f"CASE WHEN contains({raw}, '@') THEN lower(split_part({raw}, '@', 1)) ELSE {raw} END"
    return raw
