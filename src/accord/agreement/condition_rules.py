"""What a condition of the agreement may say: limits, signs, words and functions, each with its sentence.

The reader of conditions and the printed documentation use these same tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accord.facts.errors import AccordError
from accord.facts.kinds import Kind

MAX_LENGTH: Final = 10_000
"""Characters of one condition."""
MAX_DEPTH: Final = 15
"""Parentheses, NOTs and minus signs inside one another. The parser recurses: 15 levels take 450 of Python's 1,000."""
MAX_PARTS: Final = 300
"""Comparisons in one condition."""
MAX_VALUES: Final = 1_000
"""Values in one IN list, and arguments of one function."""
MAX_SIGNS: Final = 10
"""Signs of arithmetic in one condition: few enough that no product of real columns leaves the range of a double."""
LARGEST_NUMBER: Final = 10**15
SMALLEST_NUMBER: Final = 1e-9
MAX_WILDCARDS: Final = 10
"""`%` in one pattern without `_`: DuckDB then searches piece by piece, in linear time."""
MAX_WILDCARDS_WITH_UNDERSCORE: Final = 3
"""`%` in one pattern that also holds `_`: DuckDB then tries every split, which grows with the power of their number."""
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200


class ConditionError(AccordError):
    """A condition that is not accepted: why, what was found, what is allowed, and where in its text if known."""

    def __init__(
        self,
        reason: str,
        *,
        found: str,
        allowed: str = "",
        nearest: str | None = None,
        at: tuple[int, int] | None = None,
    ) -> None:
        self.reason = reason
        self.found = found if len(found) <= 80 else found[:77] + "..."
        self.allowed = allowed
        self.nearest = nearest
        self.at = at
        where = f" (line {at[0]}, column {at[1]})" if at else ""
        meant = f"Did you mean {nearest}? " if nearest else ""
        super().__init__(f"Condition{where}: {reason}; found {self.found}.", remedy=f"{meant}{allowed}".strip())


@dataclass(frozen=True, slots=True)
class Function:
    """A function that conditions may call: the kinds it takes (the last repeats up to `most`) and the kind it gives.

    `takes` holds one tuple of kinds per argument. `alike` = all are of one kind; the result too if `gives` is None.
    """

    name: str
    takes: tuple[tuple[Kind, ...], ...]
    least: int
    most: int
    gives: Kind | None
    sentence: str
    example: str
    alike: bool = False

    def kinds_at(self, position: int) -> tuple[Kind, ...]:
        """The kinds that the argument at this position (from 0) may have."""
        return self.takes[min(position, len(self.takes) - 1)]

    @property
    def form(self) -> str:
        """How it is written: `round(number, number)`."""
        words = [" or ".join(kinds) if len(kinds) < len(Kind) else "value" for kinds in self.takes]
        return f"{self.name}({', '.join(words)}{', ...' if self.most == MAX_VALUES else ''})"


_TEXT, _NUMBER, _ANY = (Kind.TEXT,), (Kind.NUMBER,), tuple(Kind)
_ORDERED_VALUES = (Kind.NUMBER, Kind.TIME)

FUNCTIONS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        Function("lower", (_TEXT,), 1, 1, Kind.TEXT, "The text in small letters.", "lower(country) = 'de'"),
        Function("upper", (_TEXT,), 1, 1, Kind.TEXT, "The text in capital letters.", "upper(country) = 'DE'"),
        Function("trim", (_TEXT,), 1, 1, Kind.TEXT, "The text without spaces at its ends.", "trim(title) <> ''"),
        Function("length", (_TEXT,), 1, 1, Kind.NUMBER, "How many characters the text has.", "length(title) >= 3"),
        Function(
            "starts_with", (_TEXT, _TEXT), 2, 2, Kind.TRUTH, "Whether the first text begins with the second.",
            "starts_with(title, 'Head')",
        ),
        Function(
            "contains", (_TEXT, _TEXT), 2, 2, Kind.TRUTH, "Whether the first text holds the second.",
            "contains(lower(title), 'plant')",
        ),
        Function("abs", (_NUMBER,), 1, 1, Kind.NUMBER, "The number without its sign.", "abs(employees - 100) <= 50"),
        Function(
            "round", (_NUMBER, _NUMBER), 1, 2, Kind.NUMBER,
            "The number rounded, halves away from zero, to 0 to 10 decimals that are written out.",
            "round(score, 1) >= 64.5",
        ),
        Function(
            "greatest", (_ORDERED_VALUES, _ORDERED_VALUES), 2, MAX_VALUES, None,
            "The largest of those that are known; unknown only if all are.", "greatest(fit, intent) >= 50", alike=True,
        ),
        Function(
            "least", (_ORDERED_VALUES, _ORDERED_VALUES), 2, MAX_VALUES, None,
            "The smallest of those that are known; unknown only if all are.", "least(fit, intent) >= 20", alike=True,
        ),
        Function(
            "coalesce", (_ANY, _ANY), 2, MAX_VALUES, None,
            "The first that is known.", "coalesce(employees, 0) < 20", alike=True,
        ),
        Function(
            "nullif", (_ANY, _ANY), 2, 2, None, "The first, but unknown where it equals the second.",
            "nullif(trim(title), '') IS NULL", alike=True,
        ),
    )
}  # fmt: skip

FLIPPED: Final[Mapping[str, str]] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
OPPOSITE: Final[Mapping[str, str]] = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the printed documentation: a form that conditions may use, what it means, and an example."""

    group: str
    form: str
    sentence: str
    example: str


def _function_rules() -> tuple[Rule, ...]:
    return tuple(Rule("Functions", each.form, each.sentence, each.example) for each in FUNCTIONS.values())


RULES_OF_CONDITIONS: Final[tuple[Rule, ...]] = (
    Rule("Joining", "a AND b", "Both are true. False as soon as one is false, else unknown if one is unknown.",
         "country = 'DE' AND employees >= 20"),
    Rule("Joining", "a OR b", "One is true. True as soon as one is true, else unknown if one is unknown.",
         "unsubscribed OR bounced"),
    Rule("Joining", "NOT a", "The opposite; unknown stays unknown.", "NOT is_competitor"),
    Rule("Joining", "( )", f"What belongs together, at most {MAX_DEPTH} deep. AND binds before OR.",
         "(unsubscribed OR bounced) AND country = 'DE'"),
    Rule("Comparing", "= <> != < <= > >=", "Two values of one kind. Text is compared exactly, case counts. "
         "Unknown if one side is unknown.", "employees >= 20"),
    Rule("Comparing", "x BETWEEN a AND b", "At least a and at most b, both included.", "employees BETWEEN 50 AND 5000"),
    Rule("Comparing", "x IN (a, b, ...)", f"Equal to one of up to {MAX_VALUES:,} values that are written out.",
         "country IN ('DE', 'AT')"),
    Rule("Comparing", "x LIKE pattern", "The whole text fits the pattern: % stands for any characters, _ for one; "
         "case counts.", "title LIKE 'Head of %'"),
    Rule("Comparing", "x ILIKE pattern", "LIKE without regard to case.", "title ILIKE '%plant manager%'"),
    Rule("Comparing", "x IS NULL, x IS NOT NULL", "Whether the value is unknown; never unknown itself.",
         "employees IS NOT NULL"),
    Rule("Comparing", "x IS TRUE, x IS FALSE", "Whether something is known to be so; never unknown itself. "
         "IS NOT TRUE and IS NOT FALSE likewise.", "is_competitor IS NOT TRUE"),
    Rule("Comparing", "NOT BETWEEN, NOT IN, NOT LIKE, NOT ILIKE", "The opposites; unknown stays unknown.",
         "country NOT IN ('DE', 'AT')"),
    Rule("Values", "'text'", "Text stands in single quotes; a quote inside it is doubled.",
         "title = 'Chef d''atelier'"),
    Rule("Values", "20, -1.5, 2e3", "Numbers stand without quotes, with a decimal point.", "score >= 64.5"),
    Rule("Values", "TRUE, FALSE", "For columns that are true or false.", "is_competitor = FALSE"),
    Rule("Values", "DATE '2026-01-31', TIMESTAMP '2026-01-31 08:00:00'", "For moments. Without an offset they are read "
         "in the time zone of the agreement; a date is its midnight.", "last_form_at >= DATE '2026-01-31'"),
    Rule("Counting", "+ - * /", "Arithmetic with numbers, in double precision. A division by zero is unknown.",
         "opens / sends >= 0.2"),
    Rule("Counting", "CAST(x AS DOUBLE)", "A number as a number of double precision; changes nothing, is read for "
         "convenience.", "CAST(employees AS DOUBLE) / 2 >= 10"),
    *_function_rules(),
)  # fmt: skip
