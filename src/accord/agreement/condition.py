"""Conditions of the agreement: SQL predicates over the columns of the lead view, parsed and checked, never run as code.

`parse` gives a `Condition`: its SQL for the engine, its parts with their truths for people, and the thresholds at which
time alone changes the answer. Where a condition comes out unknown, the clause that it stands in decides: see `met`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final

from accord.agreement.condition_reader import read
from accord.agreement.condition_rules import FLIPPED, OPPOSITE, RULES_OF_CONDITIONS, ConditionError, Rule
from accord.agreement.condition_scan import ColumnLike
from accord.agreement.condition_terms import Among, Between, Comparison, Constant, IsKnown, Named, Term, Test
from accord.agreement.condition_tree import And, Not, Or, Part, Tree, parts_of, sql_of, text_of, truth_of
from accord.facts.kinds import Kind

__all__ = [
    "RULES_OF_CONDITIONS",
    "UNKNOWN_COUNTS_AS",
    "And",
    "ClauseKind",
    "ColumnLike",
    "Condition",
    "ConditionError",
    "Explanation",
    "Kind",
    "Not",
    "Or",
    "Part",
    "Rule",
    "Threshold",
    "met",
    "met_sql",
    "parse",
]


class ClauseKind(StrEnum):
    """Where in the agreement a condition stands."""

    WHERE = "where"
    ALWAYS = "always"
    WHEN = "when"
    RETURN = "return"
    UNLESS = "unless"
    NEVER = "never"
    SHIELD = "shield"


UNKNOWN_COUNTS_AS: Final[Mapping[ClauseKind, bool]] = {
    ClauseKind.WHERE: False,
    ClauseKind.ALWAYS: False,
    ClauseKind.WHEN: False,
    ClauseKind.RETURN: False,
    ClauseKind.UNLESS: False,  # what is not known does not block a lead
    ClauseKind.NEVER: True,  # what is not known protects the person
    ClauseKind.SHIELD: True,
}
"""Whether a condition that comes out unknown counts as met: for `unless`, `never` and `shield`, met means blocked."""


def met(truth: bool | None, clause: ClauseKind) -> bool:
    """Whether the condition of such a clause is met; None is unknown. For unless, never, shield: met = blocked."""
    return UNKNOWN_COUNTS_AS[clause] if truth is None else truth


def met_sql(sql: str, clause: ClauseKind) -> str:
    """The SQL of `met` over the SQL of a condition: never NULL."""
    return f"coalesce(({sql}), {'true' if UNKNOWN_COUNTS_AS[clause] else 'false'})"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bare column compared with one written number: where the answer may change as the column grows."""

    column: str
    operator: str
    number: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node of a condition with its truth; `index` is set where it is a part, which names its `columns`. `values`
    are those of its columns, but for a part that is nothing but its column."""

    text: str
    truth: bool | None
    joined: str = ""
    index: int | None = None
    values: tuple[tuple[str, object], ...] = ()
    children: tuple[Explanation, ...] = ()
    columns: tuple[str, ...] = ()

    def lines(self, indent: int = 0) -> tuple[str, ...]:
        """One line for each node, children two spaces further in."""
        told = ", ".join(_told(name, value) for name, value in self.values)
        below = (line for child in self.children for line in child.lines(indent + 2))
        if self.children:
            return (f"{' ' * indent}{self.joined} ({_word(self.truth)}):", *below)
        return (f"{' ' * indent}{self.text} is {_word(self.truth)}{f' ({told})' if told else ''}",)

    def deciding(self) -> tuple[Explanation, ...]:
        """The parts that made the answer what it is: the false ones of an AND that is false, and so on."""
        if not self.children:
            return (self,)
        if self.joined == _NOT:
            return self.children[0].deciding()
        chosen = [child for child in self.children if child.truth is self.truth] or self.children
        return tuple(part for child in chosen for part in child.deciding())


_ALL, _ANY, _NOT = "all of these", "at least one of these", "the opposite of this"


def _word(truth: bool | None) -> str:
    return "unknown" if truth is None else "true" if truth else "false"


def _told(name: str, value: object) -> str:
    if value is None:
        return f"{name} is unknown"
    if isinstance(value, bool):
        return f"{name} is {_word(value)}"
    if isinstance(value, str):
        return f"{name} = '{value}'"
    return f"{name} = {value.isoformat(sep=' ') if isinstance(value, datetime) else value}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been checked. `text` is as written, `sql` the whole predicate with quoted identifiers.

    The SQL reads columns of kind time as UTC; read again with `parse` in UTC, it means the same.
    """

    text: str
    tree: Tree
    parts: tuple[Part, ...] = field(init=False)
    columns: frozenset[str] = field(init=False)
    sql: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(parts_of(self.tree)))
        object.__setattr__(self, "columns", frozenset(name for part in self.parts for name in part.columns))
        object.__setattr__(self, "sql", sql_of(self.tree, {}))

    def __str__(self) -> str:
        """The condition in one spelling: same meaning, same parentheses, same case of words."""
        return text_of(self.tree)

    def sql_with(self, replace: Mapping[int, str]) -> str:
        """The whole predicate with some parts, by index, written as other SQL expressions (a column computed before).

        Raises:
            IndexError: when there is no part of that index.
        """
        if not set(replace) <= set(range(len(self.parts))):
            raise IndexError(f"parts are 0 to {len(self.parts) - 1}, not {sorted(replace)}")
        return sql_of(self.tree, replace)

    def resolve(self, truths: Sequence[bool | None]) -> bool | None:
        """The truth of the whole, given one truth per part (None is unknown): Kleene's three-valued logic.

        Raises:
            ValueError: when there are more or fewer truths than parts.
        """
        self._check(truths)
        return truth_of(self.tree, truths)

    def explain(self, truths: Sequence[bool | None], values: Mapping[str, object] | None = None) -> Explanation:
        """The tree with the truth of each node and, where given, the values of the columns.

        Raises:
            ValueError: when there are more or fewer truths than parts.
        """
        self._check(truths)
        return _explained(self.tree, truths, values or {})

    def _check(self, truths: Sequence[bool | None]) -> None:
        if len(truths) != len(self.parts):
            raise ValueError(f"{len(self.parts)} parts, {len(truths)} truths")

    def thresholds(self) -> tuple[Threshold, ...]:
        """Every comparison of one bare column with a written number, in reading order; BETWEEN and IN give several."""
        return tuple(each for part in self.parts for each in _thresholds(part.test))

    def computed_columns(self) -> frozenset[str]:
        """The number columns whose effect `thresholds` does not describe.

        They stand inside arithmetic or functions, or are compared with another column. Where such a column grows with
        time, the moment of change cannot be read from the thresholds.
        """
        tests = (part for part in self.parts if not isinstance(part.test, IsKnown) and not any(_thresholds(part.test)))
        return frozenset(name for part in tests for name in part.columns if _is_number(part.test, name))

    def at_least(self, column: str) -> float | None:
        """The largest c for which a conjunct at the top demands that the column reaches c; None if there is none.

        It demands that by column >= c, > c, = c, BETWEEN c AND d, IN (c, larger ones), or NOT column < c. Below c the
        condition cannot be true.
        """
        conjuncts = self.tree.children if isinstance(self.tree, And) else (self.tree,)
        floors = [floor for each in conjuncts for floor in _floors(each, column)]
        return max(floors, default=None)


def parse(text: str, columns: Mapping[str, ColumnLike], *, zone: tzinfo = UTC) -> Condition:
    """Read a condition over these columns; dates and moments without an offset are read in `zone`.

    Column names are matched without regard to case and come out as declared; `columns` is keyed by those names.

    Raises:
        ConditionError: with the first thing that is not allowed: reason, found, allowed, nearest name, line and column.
    """
    if not isinstance(text, str):
        raise ConditionError(
            "not a text", found=repr(text), allowed="A condition is written in quotes: \"country = 'DE'\"."
        )
    return Condition(text, read(text, columns, zone))


def _explained(tree: Tree, truths: Sequence[bool | None], values: Mapping[str, object]) -> Explanation:
    if isinstance(tree, Part):
        names = () if tree.columns == (tree.text,) else tree.columns
        known = tuple((name, values[name]) for name in names if name in values)
        return Explanation(tree.text, truths[tree.index], index=tree.index, values=known, columns=tree.columns)
    below = (tree.child,) if isinstance(tree, Not) else tree.children
    children = tuple(_explained(child, truths, values) for child in below)
    joined = _NOT if isinstance(tree, Not) else _ALL if isinstance(tree, And) else _ANY
    return Explanation(text_of(tree), truth_of(tree, truths), joined=joined, children=children)


def _number(term: Term) -> float | None:
    if isinstance(term, Constant) and term.kind is Kind.NUMBER and isinstance(term.value, int | float):
        return float(term.value)
    return None


def _pair(left: Term, sign: str, right: Term) -> Iterator[Threshold]:
    if isinstance(left, Named) and (number := _number(right)) is not None:
        yield Threshold(left.name, sign, number)
    elif isinstance(right, Named) and (number := _number(left)) is not None:
        yield Threshold(right.name, FLIPPED[sign], number)


def _thresholds(test: Test) -> Iterator[Threshold]:
    if isinstance(test, Comparison):
        yield from _pair(test.left, test.sign, test.right)
    elif isinstance(test, Between):
        low, high = ("<", ">") if test.negated else (">=", "<=")
        yield from _pair(test.term, low, test.low)
        yield from _pair(test.term, high, test.high)
    elif isinstance(test, Among):
        for value in test.values:
            yield from _pair(test.term, "<>" if test.negated else "=", value)


def _is_number(test: Test, name: str) -> bool:
    return any(_has_number(term, name) for term in test.terms)


def _has_number(term: Term, name: str) -> bool:
    if isinstance(term, Named):
        return term.name == name and term.kind is Kind.NUMBER
    inner = getattr(term, "arguments", None) or [
        getattr(term, key) for key in ("left", "right", "term") if hasattr(term, key)
    ]
    return any(_has_number(each, name) for each in inner)


def _floors(tree: Tree, column: str) -> Iterator[float]:
    """The numbers that the column must reach for this conjunct to be true."""
    negated = isinstance(tree, Not)
    part = tree.child if isinstance(tree, Not) else tree
    if not isinstance(part, Part):
        return
    found = [each for each in _thresholds(part.test) if each.column == column]
    if isinstance(part.test, Among) and not part.test.negated and not negated:
        yield from [min(each.number for each in found)] if found else []
    elif isinstance(part.test, Comparison):
        for each in found:
            if (OPPOSITE[each.operator] if negated else each.operator) in (">=", ">", "="):
                yield each.number
    elif isinstance(part.test, Between) and not part.test.negated and not negated:
        yield from (each.number for each in found if each.operator == ">=")
