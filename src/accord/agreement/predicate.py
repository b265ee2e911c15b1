"""What can be read off a condition without running it: the numbers it asks for and the names it compares."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from accord.agreement.columns import LEAD_COLUMNS
from accord.agreement.condition import Condition, ConditionError, parse
from accord.agreement.condition_terms import Among, Comparison, Constant, Named, Term


@lru_cache(maxsize=20_000)
def understood(text: str) -> Condition | None:
    """The condition over all columns of the lead view; None for a text that is refused, which `checking` tells."""
    try:
        return parse(text, LEAD_COLUMNS)
    except ConditionError:
        return None


def least(text: str, column: str) -> float | None:
    """The smallest value of a column with which a condition can be true, as far as it says so plainly."""
    condition = understood(text)
    return condition.at_least(column) if condition else None


def columns_of(text: str) -> frozenset[str]:
    """Names of the columns that a condition uses."""
    condition = understood(text)
    return condition.columns if condition else frozenset()


def compared(text: str, column: str) -> Iterator[str]:
    """The words that a condition compares a column with, by `=`, `<>` or `IN`."""
    condition = understood(text)
    for part in condition.parts if condition else ():
        match part.test:
            case Comparison(left=Named(name=name), sign="=" | "<>", right=value) if name == column:
                yield from _word(value)
            case Comparison(left=value, sign="=" | "<>", right=Named(name=name)) if name == column:
                yield from _word(value)
            case Among(term=Named(name=name), values=values) if name == column:
                for value in values:
                    yield from _word(value)


def asked_for(text: str, column: str) -> str | None:
    """The one word that a column must be for a condition to be true; None when that is not all that is asked."""
    condition = understood(text)
    if condition is None or len(condition.parts) != 1:
        return None
    match condition.tree, condition.parts[0].test:
        case _, Comparison(left=Named(name=name), sign="=", right=Constant(value=str(word))) if name == column:
            return word if condition.tree == condition.parts[0] else None
    return None


def _word(term: Term) -> Iterator[str]:
    if isinstance(term, Constant) and isinstance(term.value, str):
        yield term.value
