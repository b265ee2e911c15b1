"""From the parser's tree to ours: each node that is known becomes one of our pieces, every other one is refused.

Kinds are checked on the way, so that a number is never compared with a text by the engine's own conversions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError

from accord.agreement.condition_rules import (
    FIRST_YEAR,
    FUNCTIONS,
    LARGEST_NUMBER,
    LAST_YEAR,
    MAX_VALUES,
    MAX_WILDCARDS,
    MAX_WILDCARDS_WITH_UNDERSCORE,
    SMALLEST_NUMBER,
    ConditionError,
    Function,
)
from accord.agreement.condition_scan import ColumnLike, position, scan
from accord.agreement.condition_terms import (
    Among,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Constant,
    Holds,
    IsKnown,
    IsTruth,
    Like,
    Minus,
    Named,
    Term,
    Test,
    columns_in,
)
from accord.agreement.condition_tree import And, Not, Or, Part, Tree
from accord.facts.kinds import Kind

_COMPARISONS: Final = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_ARITHMETIC: Final = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_TESTS: Final = {*_COMPARISONS, exp.Between, exp.In, exp.Like, exp.ILike, exp.Is}
_JOINING: Final = {exp.And, exp.Or, exp.Not}
_CALLS: Final[Mapping[Any, tuple[str, tuple[str, ...]]]] = {
    exp.Lower: ("lower", ("this",)),
    exp.Upper: ("upper", ("this",)),
    exp.Trim: ("trim", ("this",)),
    exp.Length: ("length", ("this",)),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.Contains: ("contains", ("this", "expression")),
    exp.Abs: ("abs", ("this",)),
    exp.Round: ("round", ("this", "decimals")),
    exp.Greatest: ("greatest", ("this", "expressions")),
    exp.Least: ("least", ("this", "expressions")),
    exp.Coalesce: ("coalesce", ("this", "expressions")),
    exp.Nullif: ("nullif", ("this", "expression")),
}
_HARMLESS: Final = {exp.Div: {"typed", "safe"}, exp.Greatest: {"ignore_nulls"}, exp.Least: {"ignore_nulls"}}
"""Marks of the parser that say only how DuckDB reads the sign or function anyway."""
_CAST_KEYS: Final = ("this", "to", "_type")
_TIMES: Final = {"DATE": "DATE", "TIMESTAMP": "TIMESTAMP", "TIMESTAMPNTZ": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMPTZ"}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    _DAY.pattern + r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_KIND_WORDS: Final = {Kind.TEXT: "a text", Kind.NUMBER: "a number", Kind.TRUTH: "true or false", Kind.TIME: "a moment"}
_VALUE_FORMS: Final = (
    "Values are columns, 'text', numbers, TRUE, FALSE, DATE '2026-01-31', arithmetic and the listed functions."
)


def read(text: str, columns: Mapping[str, ColumnLike], zone: tzinfo) -> Tree:
    """The tree of a condition, its parts numbered in reading order.

    Raises:
        ConditionError: with the first thing that is not part of a condition.
    """
    tokens = scan(text, columns)
    try:
        node = DuckDB().parser().parse_into(exp.Condition, tokens, text)[0]
    except SqlglotError as error:
        raise _unreadable(text, error) from None
    reader = _Reader(text, {column.name: column.kind for column in columns.values()}, zone)
    return reader.tree(node)


def _unreadable(text: str, error: SqlglotError) -> ConditionError:
    """Where the parser stopped; its own words speak of SQL at large and are not passed on."""
    details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    word = details.get("highlight") or text.strip()
    line, end = details.get("line"), details.get("col")
    at = (line, max(1, end - len(word) + 1)) if line and end else None
    allowed = "Write column, sign, value, joined by AND, OR and NOT; functions with as many values as they take."
    return ConditionError("cannot be read as a condition", found=word, allowed=allowed, at=at)


def _inside(node: Any) -> Any:
    while type(node) is exp.Paren:
        node = node.this
    return node


@dataclass(slots=True)
class _Reader:
    """Turns nodes into pieces; counts the parts as it goes."""

    text: str
    kinds: Mapping[str, Kind]
    zone: tzinfo
    parts: int = 0

    def error(
        self, node: Any, reason: str, found: str = "", allowed: str = "", nearest: str | None = None
    ) -> ConditionError:
        names = node.find_all(exp.Identifier) if node is not None else ()  # the parser takes a lone plus for nothing
        offset = next((each.meta["start"] for each in names if "start" in each.meta), None)
        at = None if offset is None else position(self.text, offset)
        return ConditionError(reason, found=found or self._slice(node), allowed=allowed, nearest=nearest, at=at)

    def _slice(self, node: Any) -> str:
        """What stands in the text, for messages: the whole condition if the parser kept no place for the node."""
        return str(node.this) if type(node) is exp.Literal else self.text.strip()

    def _only(self, node: Any, *keys: str) -> None:
        """Refuse a node that carries anything besides these."""
        harmless = _HARMLESS.get(type(node), set())
        extra = [key for key, value in node.args.items() if key not in keys and key not in harmless and value]
        if extra:
            raise self.error(node, "more than a condition may say here", allowed=_VALUE_FORMS)

    # Joining

    def tree(self, node: Any) -> Tree:
        node = _inside(node)
        if type(node) in (exp.And, exp.Or):
            return self._joined(node)
        if type(node) is exp.Not and type(node.this) not in _TESTS - set(_COMPARISONS):
            self._only(node, "this")
            return Not(self.tree(node.this))
        test = self._test(node)
        part = Part(self.parts, test)
        if not part.columns:
            allowed = "Compare a column of the lead view."
            raise self.error(node, "says the same about everybody", part.text, allowed)
        self.parts += 1
        return part

    def _joined(self, node: Any) -> Tree:
        kind, into = type(node), And if type(node) is exp.And else Or
        operands = []
        while type(node) is kind:
            self._only(node, "this", "expression")
            operands.append(node.expression)
            node = node.this
        trees = [self.tree(each) for each in [node, *reversed(operands)]]
        return into(tuple(child for tree in trees for child in (tree.children if isinstance(tree, into) else (tree,))))

    # Tests

    def _test(self, node: Any) -> Test:
        if type(node) is exp.Not:
            self._only(node, "this")
            return self._negated(self._test(node.this))
        if type(node) in _COMPARISONS:
            return self._comparison(node)
        if type(node) is exp.Between:
            return self._between(node)
        if type(node) is exp.In:
            return self._among(node)
        if type(node) in (exp.Like, exp.ILike):
            return self._like(node)
        if type(node) is exp.Is:
            return self._is(node)
        return self._holds(node)

    @staticmethod
    def _negated(test: Test) -> Test:
        if isinstance(test, IsKnown):
            return replace(test, known=not test.known)
        if isinstance(test, Between | Among | Like | IsTruth):
            return replace(test, negated=True)
        raise AssertionError(f"{test} has no negated form")  # pragma: no cover - tree() sends no other test here

    def _holds(self, node: Any) -> Test:
        term = self.term(node)
        if term.kind is not Kind.TRUTH:
            reason = f"{term.text()} is {_KIND_WORDS[term.kind]}, and a condition must be true or false"
            raise self.error(node, reason, term.text(), "Compare it with a value.")
        return Holds(term)

    def _comparison(self, node: Any) -> Test:
        self._only(node, "this", "expression")
        sign = _COMPARISONS[type(node)]
        self._refuse_null(node, node.this, node.expression, sign)
        left, right = self.term(node.this), self.term(node.expression)
        self._alike(node, left, right)
        if left == right and any(columns_in(left)):
            raise self.error(
                node, "compares a value with itself", f"{left.text()} {sign} {right.text()}", "Compare two."
            )
        if left.kind is Kind.TRUTH and sign not in ("=", "<>"):
            raise self.error(
                node, f"{left.text()} is true or false and has no order", sign, "Use the column itself, or NOT."
            )
        return Comparison(left, sign, right)

    def _refuse_null(self, node: Any, left: Any, right: Any, sign: str) -> None:
        if exp.Null in (type(_inside(left)), type(_inside(right))):
            allowed = "Write IS NOT NULL." if sign == "<>" else "Write IS NULL."
            raise self.error(node, "a comparison with NULL is never true", f"{sign} NULL", allowed)

    def _between(self, node: Any) -> Test:
        self._only(node, "this", "low", "high")
        term, low, high = self.term(node.this), self.term(node.args["low"]), self.term(node.args["high"])
        self._alike(node, term, low)
        self._alike(node, term, high)
        if term.kind is Kind.TRUTH:
            raise self.error(
                node, f"{term.text()} is true or false and has no order", "BETWEEN", "Use the column itself."
            )
        if isinstance(low, Constant) and isinstance(high, Constant) and low.value > high.value:  # type: ignore[operator]
            found = f"{low.text()} AND {high.text()}"
            raise self.error(node, "no value lies between these", found, "The smaller one comes first.")
        return Between(term, low, high)

    def _among(self, node: Any) -> Test:
        self._only(node, "this", "expressions")
        values = node.expressions
        if not values or len(values) > MAX_VALUES:
            raise self.error(
                node, "IN needs a list", f"{len(values):,} values", f"From 1 to {MAX_VALUES:,} in parentheses."
            )
        term = self.term(node.this)
        if term.kind is Kind.TRUTH:
            raise self.error(node, f"{term.text()} is true or false", "IN", "Use the column itself, or NOT.")
        return Among(term, tuple(self._listed(node, term, each) for each in values))

    def _listed(self, node: Any, term: Term, value: Any) -> Constant:
        if type(_inside(value)) is exp.Null:
            reason = "NULL in a list: IN can then not be false and NOT IN not be true"
            raise self.error(node, reason, "NULL", "Leave it out, and add OR ... IS NULL if it is meant.")
        constant = self.term(value)
        if not isinstance(constant, Constant):
            raise self.error(node, "IN takes values that are written out", constant.text(), "Compare columns with =.")
        self._alike(node, term, constant)
        return constant

    def _like(self, node: Any) -> Test:
        self._only(node, "this", "expression")
        term, pattern = self.term(node.this), _inside(node.expression)
        if term.kind is not Kind.TEXT:
            raise self.error(node, f"{term.text()} is {_KIND_WORDS[term.kind]}", "LIKE", "LIKE and ILIKE are for text.")
        if type(pattern) is not exp.Literal or not pattern.is_string:
            raise self.error(node, "a pattern is a text that is written out", allowed="Write LIKE '%text%'.")
        self._check_pattern(node, pattern.this)
        return Like(term, pattern.this, any_case=type(node) is exp.ILike)

    def _check_pattern(self, node: Any, pattern: str) -> None:
        if "\\" in pattern:
            raise self.error(
                node, "a backslash in a pattern means different things to different engines", pattern, "Use _."
            )
        most = MAX_WILDCARDS_WITH_UNDERSCORE if "_" in pattern else MAX_WILDCARDS
        if pattern.count("%") > most:
            allowed = f"At most {MAX_WILDCARDS} % signs, {MAX_WILDCARDS_WITH_UNDERSCORE} beside _."
            raise self.error(node, "a pattern with too many open places is slow", pattern, allowed)

    def _is(self, node: Any) -> Test:
        self._only(node, "this", "expression")
        value = _inside(node.expression)
        if type(value) is exp.Null:
            return IsKnown(self.term(node.this), known=False)
        if type(value) is not exp.Boolean:
            raise self.error(node, "IS stands before NULL, TRUE and FALSE only", allowed="Write = for other values.")
        term = self.term(node.this)
        if term.kind is not Kind.TRUTH:
            found = "IS TRUE" if value.this else "IS FALSE"
            raise self.error(
                node, f"{term.text()} is {_KIND_WORDS[term.kind]}", found, "IS TRUE is for columns of true or false."
            )
        return IsTruth(term, bool(value.this))

    def _alike(self, node: Any, left: Term, right: Term) -> None:
        if left.kind is right.kind:
            return
        reason = f"{left.text()} is {_KIND_WORDS[left.kind]}, {right.text()} is {_KIND_WORDS[right.kind]}"
        raise self.error(node, reason, f"{left.text()} with {right.text()}", _remedy(left, right))

    # Terms

    def term(self, node: Any) -> Term:
        node = _inside(node)
        kind = type(node)
        if kind in _ARITHMETIC:
            return self._arithmetic(node)
        if kind in _CALLS:
            return self._call(node, *_CALLS[kind])
        if kind is exp.Column:
            return self._column(node)
        if kind is exp.Neg:
            return self._minus(node)
        if kind is exp.Cast:
            return self._cast(node)
        return self._constant(node)

    def _column(self, node: Any) -> Term:
        """The scan left columns as quoted names; an unquoted one is a word such as IS, taken for a name."""
        self._only(node, "this")
        if node.name not in self.kinds or not node.this.args.get("quoted"):
            raise self.error(node, "a word of SQL stands where a value is needed", node.name, _VALUE_FORMS)
        return Named(node.name, self.kinds[node.name])

    def _constant(self, node: Any) -> Term:
        if type(node) is exp.Literal:
            return self._text_or_number(node)
        if type(node) is exp.Boolean:
            return Constant(bool(node.this), Kind.TRUTH, "TRUE" if node.this else "FALSE")
        if type(node) is exp.Null:
            raise self.error(node, "NULL stands only after IS", "NULL", "Write IS NULL or IS NOT NULL.")
        if type(node) in _TESTS | _JOINING:
            raise self.error(
                node, "a comparison stands where a value is needed", allowed="Join comparisons with AND and OR."
            )
        raise self.error(node, "not part of a condition", allowed=_VALUE_FORMS)

    def _text_or_number(self, node: Any) -> Constant:
        written = str(node.this)
        if node.is_string:
            return Constant(written, Kind.TEXT, "'" + written.replace("'", "''") + "'")
        value: int | float = int(written) if written.isdigit() and len(written) <= 16 else float(written)
        if value and not SMALLEST_NUMBER <= abs(value) <= LARGEST_NUMBER:
            allowed = f"0, or from {SMALLEST_NUMBER:g} to {LARGEST_NUMBER:,}."
            raise self.error(node, "a number out of range", written, allowed)
        return Constant(value, Kind.NUMBER, str(value) if isinstance(value, int) else written)

    def _numeric(self, node: Any, term: Term, sign: str) -> Term:
        if term.kind is not Kind.NUMBER:
            allowed = "Arithmetic is for numbers; for time use the columns that count hours or days."
            raise self.error(node, f"{term.text()} is {_KIND_WORDS[term.kind]}", f"{sign} {term.text()}", allowed)
        return term

    def _arithmetic(self, node: Any) -> Term:
        self._only(node, "this", "expression")
        sign = _ARITHMETIC[type(node)]
        left = self._numeric(node, self.term(node.this), sign)
        return Arithmetic(left, sign, self._numeric(node, self.term(node.expression), sign))

    def _minus(self, node: Any) -> Term:
        self._only(node, "this")
        term = self._numeric(node, self.term(node.this), "-")
        if isinstance(term, Constant) and isinstance(term.value, int | float) and term.value >= 0:
            return Constant(-term.value or 0, Kind.NUMBER, f"-{term.written}" if term.value else "0")
        return Minus(term)

    def _cast(self, node: Any) -> Term:
        self._only(node, *_CAST_KEYS)
        target = node.args["to"].this.value
        if target == "DOUBLE":
            return self._numeric(node, self.term(node.this), "CAST AS DOUBLE")
        if target in _TIMES and type(node.this) is exp.Literal and node.this.is_string:
            return self._moment(node, _TIMES[target], str(node.this.this))
        raise self.error(node, "casts are not part of a condition", allowed="Compare values of one kind.")

    def _moment(self, node: Any, word: str, value: str) -> Constant:
        fits = (_DAY if word == "DATE" else _MOMENT).fullmatch(value)
        try:
            moment = datetime.fromisoformat(value) if fits else None
        except ValueError:
            moment = None
        if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            allowed = f"Write DATE '2026-01-31' or TIMESTAMP '2026-01-31 08:00:00', from {FIRST_YEAR} to {LAST_YEAR}."
            raise self.error(node, "not a day or moment of the calendar", f"{word} '{value}'", allowed)
        return Constant(self._placed(moment), Kind.TIME, f"{word} '{value}'")

    def _placed(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _call(self, node: Any, name: str, keys: tuple[str, ...]) -> Term:
        function = FUNCTIONS[name]
        nodes = list(_arguments(node, keys))
        if extra := [
            key for key in node.args if node.args[key] and key not in keys and key not in _HARMLESS.get(type(node), ())
        ]:
            raise self._wrong_count(node, function, len(nodes) + len(extra))
        if not function.least <= len(nodes) <= function.most:
            raise self._wrong_count(node, function, len(nodes))
        arguments = tuple(self.term(each) for each in nodes)
        for index, argument in enumerate(arguments):
            self._check_argument(node, function, index, argument)
        if function.alike:
            for argument in arguments[1:]:
                self._alike(node, arguments[0], argument)
        if name == "round":
            self._check_decimals(node, arguments)
        return Call(name, arguments, function.gives or arguments[0].kind)

    def _wrong_count(self, node: Any, function: Function, count: int) -> ConditionError:
        span = str(function.least) if function.least == function.most else f"{function.least} to {function.most:,}"
        return self.error(node, f"{function.name} takes {span} values", str(count), f"Write {function.example}.")

    def _check_argument(self, node: Any, function: Function, index: int, argument: Term) -> None:
        kinds = function.kinds_at(index)
        if argument.kind not in kinds:
            reason = (
                f"{function.name} takes {' or '.join(kinds)}, and {argument.text()} is {_KIND_WORDS[argument.kind]}"
            )
            raise self.error(node, reason, argument.text(), f"Write {function.example}.")

    def _check_decimals(self, node: Any, arguments: tuple[Term, ...]) -> None:
        for decimals in arguments[1:]:
            if not (isinstance(decimals, Constant) and isinstance(decimals.value, int) and 0 <= decimals.value <= 10):
                raise self.error(
                    node, "round takes 0 to 10 decimals, written out", decimals.text(), "Write round(score, 1)."
                )


def _arguments(node: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    for key in keys:
        value = node.args.get(key)
        yield from value if isinstance(value, list) else () if value is None else (value,)


def _remedy(left: Term, right: Term) -> str:
    """What to write instead when a column meets a value of another kind."""
    column, value = (left, right) if any(columns_in(left)) else (right, left)
    if column.kind is Kind.TRUTH:
        return f"Write {column.text()}, or NOT {column.text()}."
    if not isinstance(value, Constant):
        return "Compare values of one kind."
    if column.kind is Kind.TIME:
        return "Write DATE '2026-01-31' or TIMESTAMP '2026-01-31 08:00:00'."
    if column.kind is Kind.NUMBER and isinstance(value.value, str):
        plain = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value.value.strip())
        return f"Write {value.value.strip()} without quotes." if plain else "Compare it with a number."
    return (
        f"Write '{value.written}' in quotes."
        if column.kind is Kind.TEXT and value.kind is Kind.NUMBER
        else "Compare values of one kind."
    )
