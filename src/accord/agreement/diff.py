"""What changed between two versions of an agreement, clause by clause, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import chain

from accord.agreement.document import Agreement
from accord.agreement.prose import Article, articles
from accord.agreement.yaml_text import Node, NotYamlError, below, parsed

NAMES = ("id", "code", "role", "name", "touch")  # by which entries of a list are recognised, wherever they stand


class Kind(StrEnum):
    """What happened to a clause."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One clause that differs: its path in the newer version (the older, if removed), and both values as text."""

    path: str
    kind: Kind
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        match self.kind:
            case Kind.ADDED:
                return f"{self.path}: added {self.after}"
            case Kind.REMOVED:
                return f"{self.path}: removed {self.before}"
            case Kind.MOVED:
                return f"{self.path}: moved from place {self.before} to place {self.after}"
        return f"{self.path}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One article whose sentences are not the same; empty text where a version does not have it."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of a text; `is_other` where the other version does not have it."""

    text: str
    is_other: bool


_WORD = re.compile(r"\S+\s*")


def marked_words(before: str, after: str) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Two texts word by word: what only the first has, and what only the second has."""
    ours, theirs = _WORD.findall(before), _WORD.findall(after)
    steps = SequenceMatcher(None, [w.strip() for w in ours], [w.strip() for w in theirs], autojunk=False).get_opcodes()
    old = [_stretch(ours[a:b], kind != "equal") for kind, a, b, _, _ in steps if a < b]
    new = [_stretch(theirs[c:d], kind != "equal") for kind, _, _, c, d in steps if c < d]
    return tuple(chain.from_iterable(old)), tuple(chain.from_iterable(new))


def _stretch(words: Sequence[str], is_other: bool) -> Iterator[Words]:
    """The blank after marked words is not marked."""
    text = "".join(words)
    if not is_other:
        yield Words(text, is_other=False)
        return
    yield Words(text.rstrip(), is_other=True)
    if text != text.rstrip():
        yield Words(" ", is_other=False)


def changes(older: Agreement, newer: Agreement) -> tuple[Change, ...]:
    """Every clause that differs, by path, in the order of the newer text.

    Entries of lists are matched by their name (`id`, `code`, …), so that one new entry is one change and not many.
    Comments, spelling of numbers and order of keys are no changes; the order of rules is.
    """
    return tuple(_between(_tree(older), _tree(newer), ""))


def rewritten(older: Agreement, newer: Agreement) -> tuple[Rewritten, ...]:
    """The articles whose sentences differ, in the order of the newer version."""
    before, after = _by_title(articles(older)), _by_title(articles(newer))
    titles = [*after, *(title for title in before if title not in after)]
    pairs = [Rewritten(title, before.get(title, ""), after.get(title, "")) for title in titles]
    return tuple(each for each in pairs if each.before != each.after)


def _tree(agreement: Agreement) -> Node:
    try:
        return parsed(agreement.text)[0]
    except NotYamlError:
        return Node(0, 0, pairs=())


def _by_title(written: tuple[Article, ...]) -> Mapping[str, str]:
    return {each.title: each.text for each in written}


def _between(older: Node, newer: Node, path: str) -> Iterator[Change]:
    if older.plain() == newer.plain():
        return
    if older.pairs is not None and newer.pairs is not None:
        yield from _of_mappings(_named(older), _named(newer), path)
    elif older.items is not None and newer.items is not None:
        yield from _of_lists(older.items, newer.items, path)
    elif older.plain() != newer.plain():
        yield Change(path, Kind.CHANGED, shown(older), shown(newer))


def _of_mappings(older: Mapping[str, Node], newer: Mapping[str, Node], path: str) -> Iterator[Change]:
    for key, value in newer.items():
        here = below(path, key)
        if key in older:
            yield from _between(older[key], value, here)
        else:
            yield Change(here, Kind.ADDED, after=shown(value))
    for key, value in older.items():
        if key not in newer:
            yield Change(below(path, key), Kind.REMOVED, before=shown(value))


def _of_lists(older: tuple[Node, ...], newer: tuple[Node, ...], path: str) -> Iterator[Change]:
    before, after = _identified(older), _identified(newer)
    common = [name for name in after if name in before]
    earlier = [name for name in before if name in after]
    for place, name in enumerate(after):
        here = f"{path}[{name}]"
        if name not in before:
            yield Change(here, Kind.ADDED, after=shown(after[name]))
            continue
        if common.index(name) != earlier.index(name):
            yield Change(here, Kind.MOVED, str(list(before).index(name) + 1), str(place + 1))
        yield from _between(before[name], after[name], here)
    for name, value in before.items():
        if name not in after:
            yield Change(f"{path}[{name}]", Kind.REMOVED, before=shown(value))


def _identified(items: tuple[Node, ...]) -> dict[str, Node]:
    """Entries by their name, by their own text for plain words, else by their place."""
    found: dict[str, Node] = {}
    for index, item in enumerate(items):
        named = next((value.text for key in NAMES if (value := item.get(key)) is not None and value.text), "")
        name = named or (item.text if item.pairs is None and item.items is None else "")
        found[name if name and name not in found else str(index)] = item
    return found


def _named(node: Node) -> Mapping[str, Node]:
    return {key.text: value for key, value in node.pairs or ()}


def shown(node: Node) -> str:
    """A value as it stands, mappings and lists in one line."""
    if node.pairs is not None:
        return "{" + ", ".join(f"{key.text}: {shown(value)}" for key, value in node.pairs) + "}"
    if node.items is not None:
        return "[" + ", ".join(shown(item) for item in node.items) + "]"
    return re.sub(r"\s+", " ", node.text) or "nothing"
