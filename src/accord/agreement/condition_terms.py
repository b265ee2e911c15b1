"""The pieces that a condition is made of, and the only place where its SQL is written.

The SQL is printed from these types alone, never from what a parser hands over: nothing that is not here can get out.
Numbers inside arithmetic and functions are printed as doubles, so that whole numbers cannot overflow and live and
replay agree whatever the width of a column; a divisor of zero is printed as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from accord.facts.kinds import Kind

PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED: Final = frozenset(
    {"AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ILIKE", "TRUE", "FALSE"}
    | {"DATE", "TIMESTAMP", "TIMESTAMPTZ", "CAST", "AS", "DOUBLE"}
)
_STRENGTH: Final = {"+": 1, "-": 1, "*": 2, "/": 2}


def quoted_name(name: str) -> str:
    """An identifier as DuckDB writes it, in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(value: str) -> str:
    """A text value as SQL writes it, in single quotes."""
    return "'" + value.replace("'", "''") + "'"


def small_letters(value: str) -> str:
    """Lower case letter by letter, as DuckDB's lower() does it; Python's also looks at neighbours (final sigma)."""
    return "".join("i" if letter == "\u0130" else letter.lower() for letter in value)


@dataclass(frozen=True, slots=True)
class Named:
    """A column of the lead view."""

    name: str
    kind: Kind

    def sql(self) -> str:
        """Its quoted name."""
        return quoted_name(self.name)

    def text(self) -> str:
        """Its name, in quotes only where it would be misread without."""
        plain = PLAIN_NAME.fullmatch(self.name) and self.name.upper() not in RESERVED
        return self.name if plain else self.sql()


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is written out; `written` is how, for people."""

    value: str | int | float | bool | datetime
    kind: Kind
    written: str

    def sql(self) -> str:
        """The value as a SQL literal; moments in UTC, without a zone, as the engine keeps them."""
        if isinstance(self.value, bool):
            return "TRUE" if self.value else "FALSE"
        if isinstance(self.value, str):
            return quoted_text(self.value)
        if isinstance(self.value, datetime):
            return f"TIMESTAMP '{self.value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"
        return str(self.value) if isinstance(self.value, int) else double(self.value)

    def text(self) -> str:
        """The value as it was written."""
        return self.written


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by + - * or /."""

    left: Term
    sign: str
    right: Term
    kind: Kind = Kind.NUMBER

    def sql(self) -> str:
        """Over doubles; a divisor of zero becomes unknown."""
        left, right = as_double(self.left), as_double(self.right)
        if self.sign == "/" and not _never_zero(self.right):
            right = f"nullif({right}, {double(0)})"
        elif isinstance(self.right, Arithmetic):
            right = f"({right})"
        return f"{f'({left})' if isinstance(self.left, Arithmetic) else left} {self.sign} {right}"

    def text(self) -> str:
        """With the parentheses that are needed and no others."""
        mine = _STRENGTH[self.sign]
        left = f"({self.left.text()})" if _strength(self.left) < mine else self.left.text()
        right = f"({self.right.text()})" if _strength(self.right) <= mine else self.right.text()
        return f"{left} {self.sign} {right}"


@dataclass(frozen=True, slots=True)
class Minus:
    """A number with its sign turned."""

    term: Term
    kind: Kind = Kind.NUMBER

    def sql(self) -> str:
        """The number in parentheses after a minus."""
        return f"-({as_double(self.term)})"

    def text(self) -> str:
        """The number after a minus."""
        return f"-{self.term.text()}" if isinstance(self.term, Named | Call) else f"-({self.term.text()})"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the short list with its arguments."""

    function: str
    arguments: tuple[Term, ...]
    kind: Kind

    def sql(self) -> str:
        """Numbers go in as doubles, but the decimals of round() as the whole number they are."""
        arguments = [as_double(each) for each in self.arguments]
        if self.function == "round":
            arguments[1:] = [each.sql() for each in self.arguments[1:]]
        return f"{self.function}({', '.join(arguments)})"

    def text(self) -> str:
        """The call as it was written, in small letters."""
        return f"{self.function}({', '.join(each.text() for each in self.arguments)})"


Term: TypeAlias = Named | Constant | Arithmetic | Minus | Call


def double(value: float) -> str:
    """A number as a literal that DuckDB reads as DOUBLE (1.5 alone would be a DECIMAL)."""
    shown = repr(float(value))
    return shown if "e" in shown else f"{shown}e0"


def as_double(term: Term) -> str:
    """The SQL of a term inside arithmetic or a function."""
    if term.kind is Kind.NUMBER and isinstance(term, Named):
        return f"CAST({term.sql()} AS DOUBLE)"
    if isinstance(term, Constant) and isinstance(term.value, int | float) and not isinstance(term.value, bool):
        return double(term.value)
    return term.sql()


def _strength(term: Term) -> int:
    return _STRENGTH[term.sign] if isinstance(term, Arithmetic) else 3


def _is_zero(term: Term) -> bool:
    return isinstance(term, Constant) and term.value == 0


def _never_zero(divisor: Term) -> bool:
    if isinstance(divisor, Constant):
        return not _is_zero(divisor)
    return isinstance(divisor, Call) and divisor.function == "nullif" and _is_zero(divisor.arguments[1])


def columns_in(term: Term) -> Iterator[str]:
    """The names of the columns in a term, in reading order, repeated as they are."""
    match term:
        case Named(name=name):
            yield name
        case Arithmetic(left=left, right=right):
            yield from columns_in(left)
            yield from columns_in(right)
        case Minus(term=inner):
            yield from columns_in(inner)
        case Call(arguments=arguments):
            for each in arguments:
                yield from columns_in(each)


def _not(negated: bool) -> str:
    return "NOT " if negated else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values of one kind and a sign between them."""

    left: Term
    sign: str
    right: Term

    @property
    def terms(self) -> tuple[Term, ...]:
        """Both sides."""
        return (self.left, self.right)

    def sql(self) -> str:
        """As SQL."""
        return f"{self.left.sql()} {self.sign} {self.right.sql()}"

    def text(self) -> str:
        """As a person writes it."""
        return f"{self.left.text()} {self.sign} {self.right.text()}"


@dataclass(frozen=True, slots=True)
class Between:
    """A value from a low to a high end, both included."""

    term: Term
    low: Term
    high: Term
    negated: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """The value and both ends."""
        return (self.term, self.low, self.high)

    def sql(self) -> str:
        """As SQL."""
        return f"{self.term.sql()} {_not(self.negated)}BETWEEN {self.low.sql()} AND {self.high.sql()}"

    def text(self) -> str:
        """As a person writes it."""
        return f"{self.term.text()} {_not(self.negated)}BETWEEN {self.low.text()} AND {self.high.text()}"


@dataclass(frozen=True, slots=True)
class Among:
    """A value that equals one of those written out."""

    term: Term
    values: tuple[Constant, ...]
    negated: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """The value."""
        return (self.term,)

    def sql(self) -> str:
        """As SQL."""
        return f"{self.term.sql()} {_not(self.negated)}IN ({', '.join(each.sql() for each in self.values)})"

    def text(self) -> str:
        """As a person writes it."""
        return f"{self.term.text()} {_not(self.negated)}IN ({', '.join(each.text() for each in self.values)})"


@dataclass(frozen=True, slots=True)
class Like:
    """A text that fits a pattern, with or without regard to case."""

    term: Term
    pattern: str
    any_case: bool
    negated: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """The text."""
        return (self.term,)

    def sql(self) -> str:
        """ILIKE is printed over small letters: the same answer, but a search in linear time and four times as fast."""
        term, pattern = self.term.sql(), self.pattern
        if self.any_case:
            term, pattern = f"lower({term})", small_letters(pattern)
        return f"{term} {_not(self.negated)}LIKE {quoted_text(pattern)}"

    def text(self) -> str:
        """As a person writes it."""
        return (
            f"{self.term.text()} {_not(self.negated)}{'ILIKE' if self.any_case else 'LIKE'} {quoted_text(self.pattern)}"
        )


@dataclass(frozen=True, slots=True)
class IsKnown:
    """IS NULL (`known` false) and IS NOT NULL (`known` true)."""

    term: Term
    known: bool

    @property
    def terms(self) -> tuple[Term, ...]:
        """The value."""
        return (self.term,)

    def sql(self) -> str:
        """As SQL."""
        inner = self.term.sql()
        return f"{f'({inner})' if isinstance(self.term, Arithmetic) else inner} IS {_not(self.known)}NULL"

    def text(self) -> str:
        """As a person writes it."""
        inner = self.term.text()
        return f"{f'({inner})' if isinstance(self.term, Arithmetic) else inner} IS {_not(self.known)}NULL"


@dataclass(frozen=True, slots=True)
class IsTruth:
    """IS [NOT] TRUE and IS [NOT] FALSE: never unknown."""

    term: Term
    truth: bool
    negated: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """The value."""
        return (self.term,)

    def sql(self) -> str:
        """As SQL."""
        return f"{self.term.sql()} IS {_not(self.negated)}{'TRUE' if self.truth else 'FALSE'}"

    def text(self) -> str:
        """As a person writes it."""
        return f"{self.term.text()} IS {_not(self.negated)}{'TRUE' if self.truth else 'FALSE'}"


@dataclass(frozen=True, slots=True)
class Holds:
    """A column or function that is true or false by itself."""

    term: Term

    @property
    def terms(self) -> tuple[Term, ...]:
        """The value."""
        return (self.term,)

    def sql(self) -> str:
        """As SQL."""
        return self.term.sql()

    def text(self) -> str:
        """As a person writes it."""
        return self.term.text()


Test: TypeAlias = Comparison | Between | Among | Like | IsKnown | IsTruth | Holds
