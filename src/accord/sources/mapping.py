"""A mapping says which column of a file becomes which column of a table. It is YAML that an analyst reads and edits.

accord_mapping: 1
table: touches
source: crm                       # ids of the same source meet; e-mail addresses meet in all of them
time_zone: Europe/Berlin          # of times that name none
id: [Event ID]                    # what identifies a row at its source; without it, the whole row does
columns:
  person_id: {from: Email}
  occurred_at: {from: Date, format: "%d.%m.%Y"}
  kind: {from: Type, values: {Form: form.sent}, otherwise: page.seen}
  side: {value: marketing}
only: {Deleted: "false"}          # the other rows are left out
ignore: [Browser]
also: [...]                       # further mappings of the same file; they inherit source and time zone
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from accord.facts.errors import AccordError
from accord.facts.tables import COMMON, TABLES, Evidence
from accord.sources.values import checked_zone

FORMAT = 1
IMPORTED = (
    "profiles",
    "touches",
    "deals",
    "handoffs",
    "spend",
    "content",
    "consent",
    "rates",
    "availability",
    "identities",
)
MAPPED_COMMON = ("occurred_at", "known_at", "evidence", "precision")
ADDRESSES = ("asset", "landing_page")
RULE_KEYS = ("from", "first_of", "join", "value", "format", "time_zone", "values", "otherwise", "prefix", "when")
KEYS = (
    "accord_mapping", "table", "source", "part", "subject", "time_zone", "day_first", "decimal_comma", "encoding",
    "delimiter", "evidence", "id", "columns", "only", "skip_where", "more", "with", "ignore", "also",
)  # fmt: skip

WITH_KEYS = ("file", "on", "take")

Equals = Mapping[str, tuple[str, ...]]


class MappingError(AccordError):
    """A mapping that does not fit the table or the file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where one target column comes from: the first filled of some columns, those joined by a blank, or a constant.

    `values` translates cells (letter case aside), `otherwise` replaces the ones it does not name, and where `when` does
    not hold the target stays empty. `prefix` makes a name: form. before "Demo Request" gives form.demo-request.
    """

    columns: tuple[str, ...] = ()
    joined: bool = False
    value: str = ""
    format: str = ""
    time_zone: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = ""
    prefix: str = ""
    when: Equals = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.columns) == bool(self.value):
            raise ValueError("a rule takes either columns or a constant value")


@dataclass(frozen=True, slots=True)
class Beside:
    """A second file that adds columns to each row: the first of its rows where `on` (ours: theirs) agrees."""

    file: str
    on: tuple[tuple[str, str], ...]
    take: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.file or not self.on or not self.take:
            raise MappingError(
                "`with` needs file, on and take.", remedy="As {file: pairs.csv, on: {id: deal_id}, take: [contact_id]}."
            )


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one file feeds one table. `also` feeds further tables from the same file."""

    table: str
    columns: Mapping[str, Rule]
    source: str = "files"
    part: str = ""
    time_zone: str = "UTC"
    day_first: bool | None = None
    decimal_comma: bool | None = None
    encoding: str = ""
    delimiter: str = ""
    evidence: str = Evidence.EVIDENCED.value
    id: tuple[str, ...] = ()
    only: Equals = field(default_factory=dict)
    skip_where: Equals = field(default_factory=dict)
    more: tuple[str, ...] | bool = False
    more_pairs: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[Beside, ...] = ()
    ignore: tuple[str, ...] = ()
    also: tuple[FileMapping, ...] = ()

    def __post_init__(self) -> None:
        _one_of(self.table, IMPORTED, "table")
        for target in self.columns:
            _one_of(target, targets(self.table), f"column of {self.table}")
        checked_zone(self.time_zone)
        if len(self.delimiter) > 1:
            raise MappingError(
                f"The delimiter {self.delimiter!r} is not one sign.", remedy='Use ",", ";", "|" or "\\t".'
            )
        _one_of(self.evidence, tuple(Evidence), "evidence")

    @property
    def parts(self) -> tuple[FileMapping, ...]:
        """This mapping and the ones that follow it."""
        return (replace(self, also=()), *self.also)

    def used(self) -> set[str]:
        """Every column of the file that this mapping reads (without `also`)."""
        rules = self.columns.values()
        named = {column for rule in rules for column in (*rule.columns, *rule.when)}
        further = self.more if isinstance(self.more, tuple) else ()
        pairs = {*self.more_pairs, *self.more_pairs.values()}
        return named | {*self.id, *self.only, *self.skip_where, *further, *pairs}

    @property
    def all_beside(self) -> tuple[Beside, ...]:
        """The second files of all parts, each once."""
        return tuple(dict.fromkeys(beside for part in self.parts for beside in part.beside))

    def fit(self, header: Sequence[str]) -> None:
        """Raises MappingError for a column that the file does not have, naming the nearest that it has."""
        for part in self.parts:
            for column in sorted(part.used()):
                if column not in header:
                    raise MappingError(
                        f"The file has no column {column!r}{_nearest(column, header)}.",
                        remedy=f"Its columns are: {', '.join(header)}.",
                    )


def targets(table: str) -> tuple[str, ...]:
    """The columns of a table that a mapping may fill. `recorded_at`, `batch` and the like are set by us alone."""
    return (*(column.name for column in TABLES[table].own), *MAPPED_COMMON)


def required(table: str) -> tuple[str, ...]:
    """The targets without which a row is no fact."""
    return (*(column.name for column in TABLES[table].own if column.required), "occurred_at")


def _nearest(found: str, allowed: Iterable[str]) -> str:
    alike = DamerauLevenshtein.normalized_similarity
    match = process.extractOne(found, list(allowed), scorer=alike, processor=str.lower, score_cutoff=0.5)
    return f"; the nearest is {match[0]!r}" if match else ""


def _one_of(found: str, allowed: Collection[str], what: str) -> None:
    if found in {column.name for column in COMMON} - set(MAPPED_COMMON) and what.startswith("column"):
        raise MappingError(f"{found!r} is set by Accord and cannot be mapped.", remedy="Take it out of `columns`.")
    if found not in allowed:
        listed = ", ".join(map(str, allowed))
        raise MappingError(f"{found!r} is no {what}{_nearest(found, allowed)}.", remedy=f"Allowed: {listed}.")


# ------------------------------------------------------------------------------------------------------ from YAML


def read_mapping(path: Path) -> FileMapping:
    """Reads a mapping file. Raises MappingError for what cannot be read or is unknown, naming the nearest key."""
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}.") from None
    except (YAMLError, UnicodeError) as error:
        raise MappingError(f"{path.name} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(document, dict):
        raise MappingError(f"{path.name} holds no mapping.", remedy="`accord import --propose` writes one.")
    return parse_mapping(document)


def parse_mapping(document: Mapping[str, Any], above: FileMapping | None = None) -> FileMapping:
    """A mapping from its YAML document. `above` gives the source and reading habits that `also` inherits."""
    for key in document:
        _one_of(str(key), KEYS, "key of a mapping")
    if above is None and document.get("accord_mapping", FORMAT) != FORMAT:
        raise MappingError(f"accord_mapping is {document['accord_mapping']!r}.", remedy=f"This version reads {FORMAT}.")
    columns = _rules(document.get("columns"))
    if "subject" in document:
        columns["subject"] = Rule(value=str(document["subject"]))
    table = document.get("table", above.table if above else "")
    _one_of(str(table), IMPORTED, "table")
    made = FileMapping(table=str(table), columns=columns, **_settings(document, above))
    also = tuple(parse_mapping(_dictionary(part, "also"), made) for part in _list(document.get("also")))
    return replace(made, also=also)


def _settings(document: Mapping[str, Any], above: FileMapping | None) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key in ("source", "part", "time_zone", "encoding", "delimiter", "evidence"):
        if key in document:
            given[key] = str(document[key])
    for key in ("day_first", "decimal_comma"):
        if key in document:
            given[key] = _truth(document[key], key)
    for key in ("id", "ignore"):
        given[key] = tuple(map(_text, _list(document.get(key))))
    for key in ("only", "skip_where"):
        given[key] = _equals(document.get(key), key)
    more = document.get("more", False)
    if isinstance(more, Mapping):
        given["more_pairs"] = {_text(name): _text(value) for name, value in more.items()}
    else:
        given["more"] = more if isinstance(more, bool) else tuple(map(_text, _list(more)))
    given["beside"] = tuple(_beside(part) for part in _list(document.get("with")))
    if above is not None:
        inherited = ("source", "time_zone", "day_first", "decimal_comma", "encoding", "delimiter")
        given = {key: getattr(above, key) for key in inherited} | given
    return given


def _beside(document: object) -> Beside:
    given = _dictionary(document, "with")
    for key in given:
        _one_of(str(key), WITH_KEYS, "key of `with`")
    on = tuple((_text(ours), _text(theirs)) for ours, theirs in _dictionary(given.get("on") or {}, "on").items())
    return Beside(_text(given.get("file", "")), on, tuple(map(_text, _list(given.get("take")))))


def _rules(document: object) -> dict[str, Rule]:
    if not isinstance(document, Mapping) or not document:
        raise MappingError("`columns` is missing.", remedy="Give each target its source, as person_id: {from: Email}.")
    return {str(target): _rule(str(target), rule) for target, rule in document.items()}


def _rule(target: str, document: object) -> Rule:
    if not isinstance(document, Mapping):
        document = {"from": document}
    for key in document:
        _one_of(str(key), RULE_KEYS, f"key of the rule for {target}")
    named = [key for key in ("from", "first_of", "join", "value") if document.get(key) not in (None, "", [])]
    if len(named) != 1:
        raise MappingError(f"The rule for {target} needs exactly one of from, first_of, join and value.")
    if "time_zone" in document:
        checked_zone(str(document["time_zone"]))
    return Rule(
        columns=() if named[0] == "value" else tuple(map(_text, _list(document[named[0]]))),
        joined=named[0] == "join",
        value=_text(document["value"]) if named[0] == "value" else "",
        format=str(document.get("format", "")),
        time_zone=str(document.get("time_zone", "")),
        values={_text(k): _text(v) for k, v in _dictionary(document.get("values") or {}, "values").items()},
        otherwise=_text(document.get("otherwise", "")),
        prefix=_text(document.get("prefix", "")),
        when=_equals(document.get("when"), "when"),
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _truth(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise MappingError(f"{key} is {value!r}.", remedy="Say true or false.")
    return value


def _dictionary(value: object, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MappingError(f"`{key}` must name columns and values, as {{Status: open}}.")
    return value


def _equals(value: object, key: str) -> Equals:
    if value is None:
        return {}
    return {_text(column): tuple(map(_text, _list(cells))) for column, cells in _dictionary(value, key).items()}


# -------------------------------------------------------------------------------------------------------- to YAML


def mapping_yaml(mapping: FileMapping) -> str:
    """The mapping as YAML; reading it again gives the same mapping."""
    yaml = YAML(pure=True)
    yaml.default_flow_style = None
    yaml.width = 110
    out = io.StringIO()
    yaml.dump(_quoted({"accord_mapping": FORMAT, **_document(mapping)}), out)
    return out.getvalue()


def _quoted(value: Any) -> Any:
    """The same document with every text in quotes that holds a sign with a meaning in YAML."""
    if isinstance(value, dict):
        return {_quoted(key): _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    risky = isinstance(value, str) and not re.fullmatch(r"\w([\w ./-]*\w)?", value)
    return DoubleQuotedScalarString(value) if risky else value


def _document(mapping: FileMapping, above: FileMapping | None = None) -> dict[str, Any]:
    plain = FileMapping("touches", {}) if above is None else above
    document: dict[str, Any] = {"table": mapping.table}
    for key in ("source", "time_zone", "day_first", "decimal_comma", "encoding", "delimiter"):
        if getattr(mapping, key) != getattr(plain, key) or (above is None and key in ("source", "time_zone")):
            document[key] = getattr(mapping, key)
    rows = {
        "part": mapping.part,
        "evidence": mapping.evidence if mapping.evidence != Evidence.EVIDENCED.value else "",
        "with": [{"file": b.file, "on": dict(b.on), "take": list(b.take)} for b in mapping.beside],
        "id": list(mapping.id),
        "columns": {target: _rule_document(rule) for target, rule in mapping.columns.items()},
        "only": {column: _short(cells) for column, cells in mapping.only.items()},
        "skip_where": {column: _short(cells) for column, cells in mapping.skip_where.items()},
        "more": dict(mapping.more_pairs) or (mapping.more if isinstance(mapping.more, bool) else list(mapping.more)),
        "ignore": list(mapping.ignore),
        "also": [_document(part, mapping) for part in mapping.also],
    }
    return document | {key: value for key, value in rows.items() if value}


def _short(cells: tuple[str, ...]) -> str | list[str]:
    return cells[0] if len(cells) == 1 else list(cells)


def _rule_document(rule: Rule) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if rule.value:
        document["value"] = rule.value
    elif rule.joined:
        document["join"] = list(rule.columns)
    elif len(rule.columns) == 1:
        document["from"] = rule.columns[0]
    else:
        document["first_of"] = list(rule.columns)
    for key in ("format", "time_zone", "otherwise", "prefix"):
        if getattr(rule, key):
            document[key] = getattr(rule, key)
    if rule.values:
        document["values"] = dict(rule.values)
    if rule.when:
        document["when"] = {column: _short(cells) for column, cells in rule.when.items()}
    return document
