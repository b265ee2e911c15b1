"""The shapes in which vendors export: which columns tell one from another, and what becomes a fact.

Column names are compared without case, blanks, underscores and the prefix `property_`, so that a vendor's own export
("First Name") and a copy by a connector (`property_firstname`) are one shape. What a file does not have is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from accord.sources.mapping import Equals, FileMapping, Rule, required


def plain(column: str) -> str:
    """A column name as shapes compare it."""
    return re.sub(r"[^a-z0-9]", "", column.lower().removeprefix("property_"))


def take(*names: str, joined: bool = False, **more: object) -> Rule:
    """The first filled of the columns that the file has, by their plain names."""
    return Rule(columns=names, joined=joined, **more)  # type: ignore[arg-type]


def const(value: str) -> Rule:
    """The same value in every row."""
    return Rule(value=value)


@dataclass(frozen=True, slots=True)
class Part:
    """One table that a shape feeds. Without one of the columns in `needs`, the part is left out."""

    table: str
    columns: Mapping[str, Rule]
    id: tuple[str, ...] = ()
    name: str = ""
    needs: tuple[str, ...] = ()
    only: Equals = field(default_factory=dict)
    skip_where: Equals = field(default_factory=dict)
    evidence: str = "evidenced"
    more_pairs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of export. It is met when of each of the `marks` one column is there and none of `unless`."""

    vendor: str
    name: str
    marks: tuple[tuple[str, ...], ...]
    parts: tuple[Part, ...]
    unless: tuple[str, ...] = ()

    def meets(self, header: Sequence[str]) -> bool:
        """Whether a file with this header is of this shape."""
        found = {plain(column) for column in header}
        return all(found & set(mark) for mark in self.marks) and not found & set(self.unless)

    def mapping(
        self, header: Sequence[str], *, table: str = "", source: str = "", time_zone: str = "UTC"
    ) -> FileMapping | None:
        """The mapping of a file with this header, into `table` first if one is named; None when nothing fits."""
        names = {plain(column): column for column in reversed(header)}
        fitted = [_fitted(part, names, source or self.vendor, time_zone) for part in self.parts]
        parts = [part for part in fitted if part is not None]
        if table:
            wanted = [part for part in parts if part.table == table]
            parts = wanted + [part for part in parts if part.table != table] if wanted else []
        if not parts:
            return None
        return replace(parts[0], also=tuple(parts[1:]))


def _fitted(part: Part, names: Mapping[str, str], source: str, time_zone: str) -> FileMapping | None:
    if not all(need in names for need in part.needs) or not all(column in names for column in part.only):
        return None
    rules = {target: _fitted_rule(rule, names) for target, rule in part.columns.items()}
    columns = {target: rule for target, rule in rules.items() if rule is not None}
    if any(target not in columns for target in required(part.table)):
        return None
    return FileMapping(
        table=part.table,
        columns=columns,
        source=source,
        part=part.name,
        time_zone=time_zone,
        evidence=part.evidence,
        id=tuple(names[column] for column in part.id if column in names),
        only={names[column]: cells for column, cells in part.only.items()},
        skip_where={names[column]: cells for column, cells in part.skip_where.items() if column in names},
        more_pairs={names[k]: names[v] for k, v in part.more_pairs.items() if k in names and v in names},
    )


def _fitted_rule(rule: Rule, names: Mapping[str, str]) -> Rule | None:
    if rule.value and not rule.when:
        return rule
    columns = tuple(dict.fromkeys(names[column] for column in rule.columns if column in names))
    if not (columns or rule.value) or not all(column in names for column in rule.when):
        return None
    return replace(rule, columns=columns, when={names[column]: cells for column, cells in rule.when.items()})


def history(properties: Mapping[str, Sequence[str]], name: str, value: str) -> dict[str, Rule]:
    """Rules for one row per change of a property: each row fills only the column that its property means."""
    return {target: Rule(columns=(value,), when={name: tuple(spelt)}) for target, spelt in properties.items()}
