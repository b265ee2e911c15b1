"""Why, and why not: a lead against every clause, part by part true, false or unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement import card
from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import ClauseKind, Condition, met
from accord.agreement.condition import Explanation as Told
from accord.agreement.qualify import empty_sql
from accord.agreement.standing import ask_about, whole_view_sql
from accord.facts.engine import Engine

if TYPE_CHECKING:
    from accord.agreement.rules import Rules


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause against one lead: its path and text, its truth, what that means for the lead, and the parts."""

    path: str
    text: str
    truth: bool | None
    met: bool
    told: Told

    @property
    def lines(self) -> tuple[str, ...]:
        """The parts, one line for each, those of a group two spaces further in."""
        return self.told.lines()


@dataclass(frozen=True, slots=True)
class Points:
    """One row of the card: what it is about, what it gave, what it can give."""

    path: str
    text: str
    points: float
    at_most: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A lead at a moment: what was known, its points by row, largest first, every clause, and of each field that the
    agreement requires whether it is filled."""

    person_id: str
    at: datetime
    values: Mapping[str, Any]
    points: tuple[Points, ...]
    clauses: tuple[Clause, ...]
    filled: Mapping[str, bool]

    def clause(self, path: str) -> Clause | None:
        """The clause at a path; None where the agreement has none."""
        return next((each for each in self.clauses if each.path == path), None)


def explain(engine: Engine, rules: Rules, person_id: str, at: datetime) -> Explanation:
    """Explain one person at a moment (UTC, naive or aware) from what was known by then."""
    moment = at.replace(tzinfo=None)
    ask_about(engine, pa.table({"person_id": [person_id], "moment": pa.array([moment], pa.timestamp("us"))}))
    (row,) = engine.planned(rules.explain_sql).to_pylist()
    return explained(rules, person_id, at, row)


def explained(rules: Rules, person_id: str, at: datetime, row: Mapping[str, Any]) -> Explanation:
    """The explanation that one row of `explained_sql` gives."""
    values = {name: row[name] for name in LEAD_COLUMNS if name in row}
    clauses = tuple(_clause(number, entry, row, values) for number, entry in enumerate(_named(rules)))
    points = sorted(_points(rules, row), key=lambda p: -abs(p.points))
    filled = {name: row[f"filled_{number}"] for number, name in enumerate(_required(rules))}
    return Explanation(person_id, at, values, tuple(points), clauses, filled)


def explain_sql(rules: Rules) -> str:
    """SQL over what `ask_about` was given: the lead view, and each part of each clause and each row of the card."""
    columns = {name for _, _, condition in _named(rules) for name in condition.columns}
    return explained_sql(rules, f"({whole_view_sql(rules, columns, few=True)})")


def explained_sql(rules: Rules, view: str) -> str:
    """SQL over a relation of whole lead view rows, with points: the same, a row per row."""
    return f"SELECT *, {', '.join(_extra(rules, list(_named(rules))))} FROM {view}"


def _named(rules: Rules) -> Iterator[tuple[str, ClauseKind, Condition]]:
    """Every condition of the agreement with its path, in the order of the articles."""
    for number, (_, persona) in enumerate(rules.personas):
        yield f"personas.{number}", ClauseKind.WHERE, persona
    yield from _present(
        ("qualification.where", ClauseKind.WHERE, rules.where),
        ("qualification.unless", ClauseKind.UNLESS, rules.unless),
        ("qualification.always", ClauseKind.ALWAYS, rules.always),
        *((f"routing.rules.{n}.when", ClauseKind.WHEN, when) for n, when in enumerate(rules.routes)),
        *(
            (f"{line.path}.when", ClauseKind.WHEN, line.when)
            for line in (*rules.answer, *rules.first_touch, *rules.outcome)
        ),
        *((f"answers.recycle.{code}.return", ClauseKind.RETURN, back) for code, back in rules.returns.items()),
        ("contact.never", ClauseKind.NEVER, rules.never),
        *((f"contact.shield.{n}", ClauseKind.SHIELD, shield) for n, shield in enumerate(rules.shields)),
    )


def _present(*entries: tuple[str, ClauseKind, Condition | None]) -> Iterator[tuple[str, ClauseKind, Condition]]:
    return ((path, kind, condition) for path, kind, condition in entries if condition is not None)


def _extra(rules: Rules, named: list[tuple[str, ClauseKind, Condition]]) -> Iterator[str]:
    for number, (_, _, condition) in enumerate(named):
        for part in condition.parts:
            yield f"({part.sql}) AS part_{number}_{part.index}"
    for number, (condition, points) in enumerate(rules.fit):
        yield f"CASE WHEN coalesce({condition.sql}, FALSE) THEN {points} ELSE 0 END::DOUBLE AS fit_{number}"
    for number, sql in enumerate(card.intent_rows_sql(rules)):
        yield f"({sql})::DOUBLE AS intent_{number}"
    for number, name in enumerate(_required(rules)):
        yield f"NOT ({empty_sql(name)}) AS filled_{number}"
    yield "TRUE AS last"


def _required(rules: Rules) -> tuple[str, ...]:
    requires = rules.agreement.qualification.requires
    return requires.fields if requires else ()


def _clause(
    number: int, entry: tuple[str, ClauseKind, Condition], row: Mapping[str, Any], values: Mapping[str, Any]
) -> Clause:
    path, kind, condition = entry
    truths = [row[f"part_{number}_{part.index}"] for part in condition.parts]
    truth = condition.resolve(truths)
    shown = {name: round(value, 2) if isinstance(value, float) else value for name, value in values.items()}
    return Clause(path, condition.text, truth, met(truth, kind), condition.explain(truths, shown))


def _points(rules: Rules, row: Mapping[str, Any]) -> Iterator[Points]:
    agreed = card.of(rules.agreement)
    if agreed is None:
        return
    for number, fit in enumerate(agreed.fit):
        path = f"cards.{agreed.name}.fit.{number}"
        yield Points(path, f"{fit.when} ({fit.because})" if fit.because else fit.when, row[f"fit_{number}"], fit.points)
    for number, intent in enumerate(agreed.intent):
        yield Points(f"cards.{agreed.name}.intent.{number}", intent.touch, row[f"intent_{number}"], intent.at_most)
