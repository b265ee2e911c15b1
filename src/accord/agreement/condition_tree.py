"""How the parts of a condition are joined: AND, OR and NOT in three-valued logic (Kleene), as in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from accord.agreement.condition_terms import Holds, Test, columns_in


@dataclass(frozen=True, slots=True)
class Part:
    """One test that is true, false or unknown by itself; `index` counts the parts from 0 in reading order."""

    index: int
    test: Test
    text: str = field(init=False)
    sql: str = field(init=False)
    columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = (name for term in self.test.terms for name in columns_in(term))
        object.__setattr__(self, "columns", tuple(dict.fromkeys(names)))
        object.__setattr__(self, "text", self.test.text())
        object.__setattr__(self, "sql", self.test.sql())


@dataclass(frozen=True, slots=True)
class And:
    """True if all are true, false if one is false, else unknown."""

    children: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True if one is true, false if all are false, else unknown."""

    children: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    child: Tree


Tree: TypeAlias = And | Or | Not | Part


def all_of(truths: Sequence[bool | None]) -> bool | None:
    """AND over any number of truths; None is unknown."""
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def any_of(truths: Sequence[bool | None]) -> bool | None:
    """OR over any number of truths; None is unknown."""
    if any(truth is True for truth in truths):
        return True
    return None if any(truth is None for truth in truths) else False


def opposite(truth: bool | None) -> bool | None:
    """NOT; None is unknown."""
    return None if truth is None else not truth


def truth_of(tree: Tree, truths: Sequence[bool | None]) -> bool | None:
    """The truth of a tree, given the truths of its parts by index."""
    match tree:
        case And(children=children):
            return all_of([truth_of(child, truths) for child in children])
        case Or(children=children):
            return any_of([truth_of(child, truths) for child in children])
        case Not(child=child):
            return opposite(truth_of(child, truths))
        case Part(index=index):
            return truths[index]


def parts_of(tree: Tree) -> Iterator[Part]:
    """The parts in reading order."""
    match tree:
        case And(children=children) | Or(children=children):
            for child in children:
                yield from parts_of(child)
        case Not(child=child):
            yield from parts_of(child)
        case Part():
            yield tree


def sql_of(tree: Tree, replace: Mapping[int, str]) -> str:
    """The tree as SQL; parts whose index is in `replace` are written as that SQL expression, in parentheses."""
    match tree:
        case And(children=children):
            return " AND ".join(_guarded(child, replace) for child in children)
        case Or(children=children):
            return " OR ".join(_guarded(child, replace) for child in children)
        case Not(child=child):
            return f"NOT ({sql_of(child, replace)})"
        case Part(index=index, sql=sql):
            return f"({replace[index]})" if index in replace else sql


def _guarded(child: Tree, replace: Mapping[int, str]) -> str:
    inner = sql_of(child, replace)
    return f"({inner})" if isinstance(child, And | Or) else inner


def text_of(tree: Tree) -> str:
    """The tree as a person writes it."""
    match tree:
        case And(children=children):
            return " AND ".join(
                f"({text_of(child)})" if isinstance(child, Or) else text_of(child) for child in children
            )
        case Or(children=children):
            return " OR ".join(
                f"({text_of(child)})" if isinstance(child, And) else text_of(child) for child in children
            )
        case Not(child=child):
            bare = isinstance(child, Not) or (isinstance(child, Part) and isinstance(child.test, Holds))
            return f"NOT {text_of(child)}" if bare else f"NOT ({text_of(child)})"
        case Part(text=text):
            return text
