"""What can be read off a condition without running it: the numbers it asks for, the names it compares, its words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

LONGEST = 10_000


@lru_cache(maxsize=2048)
def tree(text: str) -> exp.Expression | None:
    """The syntax tree of a condition; None for a text that `condition.parse` refuses as no SQL anyway."""
    if len(text) > LONGEST or text.count("(") > 100:
        return None
    try:
        return sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError, ValueError):
        return None


def least(text: str, column: str) -> float | None:
    """The smallest value of a column with which a condition can be true, as far as it says so plainly."""
    expression = tree(text)
    return _least(expression, column) if expression is not None else None


def _least(node: exp.Expression, column: str) -> float | None:
    if isinstance(node, exp.Paren):
        return _least(node.this, column)
    if isinstance(node, exp.And):
        bounds = [bound for side in (node.left, node.right) if (bound := _least(side, column)) is not None]
        return max(bounds, default=None)
    if isinstance(node, exp.Or):
        left, right = _least(node.left, column), _least(node.right, column)
        return None if left is None or right is None else min(left, right)
    if isinstance(node, exp.Between) and _is(node.this, column):
        return number(node.args["low"])
    if isinstance(node, exp.GTE | exp.GT | exp.EQ) and _is(node.left, column):
        return number(node.right)
    if isinstance(node, exp.LTE | exp.LT) and _is(node.right, column):
        return number(node.left)
    return None


def _is(node: exp.Expression, column: str) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() == column


def number(node: exp.Expression) -> float | None:
    """The value of a literal number, else None."""
    if isinstance(node, exp.Neg):
        inner = number(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and not node.is_string:
        return float(node.name)
    return None


def columns_of(text: str) -> set[str]:
    """Names of the columns that a condition uses."""
    expression = tree(text)
    return {column.name.lower() for column in expression.find_all(exp.Column)} if expression is not None else set()


def compared(text: str, column: str) -> Iterator[str]:
    """The words that a condition compares a column with, by `=`, `<>` or `IN`."""
    expression = tree(text)
    if expression is None:
        return
    for node in expression.find_all(exp.EQ, exp.NEQ, exp.In):
        if _is(node.this, column):
            options = node.expressions if isinstance(node, exp.In) else [node.expression]
            yield from (option.name for option in options if isinstance(option, exp.Literal) and option.is_string)
