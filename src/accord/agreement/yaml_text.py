"""YAML 1.2 into a tree that remembers where everything stands; nothing in it is ever executed or constructed.

Built from parser events instead of a loader: a loader drops the places of scalars, joins duplicate keys, follows
aliases without limit and recurses as deep as the text asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from accord.agreement.mistake import Mistake

LARGEST = 1_000_000  # bytes
DEEPEST = 24  # levels; the example needs 6
MOST_ALIASES = 50
MOST_NODES = 50_000

INTEGER = re.compile(r"[-+]?(0|[0-9][0-9_]{0,30})")
DECIMAL = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]{0,30}(\.[0-9_]*)?)([eE][-+]?[0-9]{1,3})?")
CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a list (`items`) or a mapping (`pairs`), with its place; `line` and `column` count from 1."""

    line: int
    column: int
    scalar: Scalar = None
    text: str = ""
    items: tuple[Node, ...] | None = None
    pairs: tuple[tuple[Node, Node], ...] | None = None

    def get(self, key: str) -> Node | None:
        """The value under a key of a mapping."""
        return next((value for name, value in self.pairs or () if name.text == key), None)

    def plain(self) -> Any:
        """The same as dicts, lists and scalars; dates stay text."""
        if self.pairs is not None:
            return {key.text: value.plain() for key, value in self.pairs}
        if self.items is not None:
            return [item.plain() for item in self.items]
        return self.scalar

    def says(self) -> str:
        """What stands here, in a few words for a message."""
        if self.pairs is not None:
            return "a mapping" if self.pairs else "an empty mapping"
        if self.items is not None:
            return "a list" if self.items else "an empty list"
        if self.scalar is None:
            return "nothing"
        shown = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
        return f"'{shown}'" if isinstance(self.scalar, str) else shown


class NotYamlError(Exception):
    """Carries the one mistake that keeps a text from being read at all."""

    def __init__(self, line: int, column: int, found: str, allowed: str) -> None:
        super().__init__(found)
        message = f"found {found}; {allowed}."
        self.mistake = Mistake(line, column, "", found, allowed, None, message[0].upper() + message[1:])


def decoded(raw: bytes) -> str:
    """UTF-8 text of a file of at most 1 MB; raises `NotYamlError` with the place of the first byte that is not."""
    if len(raw) > LARGEST:
        raise NotYamlError(0, 0, f"a file of {len(raw):,} bytes", f"an agreement has at most {LARGEST:,}")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotYamlError(1, 1, "UTF-16", "save the file as UTF-8")
    if b"\0" in raw:
        raise NotYamlError(
            raw[: raw.index(0)].count(b"\n") + 1, 1, "a binary file", "an agreement is YAML text in UTF-8"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        byte = f"the byte 0x{raw[error.start]:02X}, which is not UTF-8"
        raise NotYamlError(
            line, column, byte, "save the file as UTF-8 (it looks like Latin-1 or Windows-1252)"
        ) from None


def parsed(text: str) -> tuple[Node, tuple[Mistake, ...]]:
    """The tree of one YAML document and its duplicate keys; raises `NotYamlError` when there is no tree."""
    if len(text) > LARGEST:
        raise NotYamlError(0, 0, f"a text of {len(text):,} characters", f"an agreement has at most {LARGEST:,}")
    tree = _Tree(text)
    try:
        return tree.document(), tuple(tree.mistakes)
    except MarkedYAMLError as error:
        raise _syntax(error, text) from None
    except (YAMLError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise NotYamlError(0, 0, f"text that is not YAML ({_first_line(error)})", "see the example agreement") from None


def places(text: str) -> Mapping[str, tuple[int, int]]:
    """Line and column of every path of a text that can be read; empty for any other."""
    try:
        node, _ = parsed(text)
    except NotYamlError:
        return {}
    return dict(_walk(node, ""))


def below(path: str, key: str | int) -> str:
    """The path of what stands under a key or at an index: `routing.rules[2]`, `contact.consent['marketing.email']`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = key if re.fullmatch(r"[\w-]+", key) else f"[{key[:60]!r}]"
    return f"{path}{name}" if not path or name.startswith("[") else f"{path}.{name}"


def _walk(node: Node, path: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for key, value in node.pairs or ():
        here = below(path, key.text)
        yield here, (key.line, key.column)
        yield from _walk(value, here)
    for index, item in enumerate(node.items or ()):
        here = below(path, index)
        yield here, (item.line, item.column)
        yield from _walk(item, here)


def resolved(text: str) -> Scalar:
    """The value of a plain scalar by the core schema of YAML 1.2, with `20_000` as a number. NO is a word here."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if DECIMAL.fullmatch(text):
        return float(text.replace("_", ""))
    return text


class _Tree:
    """Builds nodes from the events of one text."""

    def __init__(self, text: str) -> None:
        self.events = iter(YAML(typ="safe", pure=True).parse(text))
        self.anchors: dict[str, Node] = {}
        self.mistakes: list[Mistake] = []
        self.aliases = 0
        self.nodes = 0

    def document(self) -> Node:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                break
            if isinstance(event, StreamEndEvent):
                raise NotYamlError(1, 1, "an empty file", "an agreement begins with `accord: 1`")
        node = self.node(next(self.events), "", 0)
        self._nothing_after()
        return node

    def _nothing_after(self) -> None:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                line, column = _place(event)
                raise NotYamlError(line, column, "a second document", "an agreement is one YAML document without `---`")
            if not isinstance(event, DocumentEndEvent | StreamEndEvent):
                raise NotYamlError(*_place(event), "text after the end", "an agreement is one YAML document")

    def node(self, event: Any, path: str, depth: int) -> Node:
        line, column = _place(event)
        self._count(line, column, depth)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        self._no_tag(event)
        node = self._made(event, path, depth)
        if isinstance(event, NodeEvent) and event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _count(self, line: int, column: int, depth: int) -> None:
        self.nodes += 1
        if depth > DEEPEST:
            raise NotYamlError(line, column, f"more than {DEEPEST} levels", f"at most {DEEPEST} levels are allowed")
        if self.nodes > MOST_NODES:
            raise NotYamlError(line, column, "too many values", f"an agreement has at most {MOST_NODES:,}")

    def _made(self, event: Any, path: str, depth: int) -> Node:
        line, column = _place(event)
        if isinstance(event, MappingStartEvent):
            return Node(line, column, pairs=tuple(self._pairs(path, depth + 1)))
        if isinstance(event, SequenceStartEvent):
            return Node(line, column, items=tuple(self._items(path, depth + 1)))
        plain = isinstance(event, ScalarEvent) and event.style in (None, "")
        return Node(line, column, resolved(event.value) if plain else event.value, event.value)

    def _items(self, path: str, depth: int) -> Iterator[Node]:
        for index in count():
            if isinstance(event := next(self.events), SequenceEndEvent):
                return
            yield self.node(event, below(path, index), depth)

    def _pairs(self, path: str, depth: int) -> Iterator[tuple[Node, Node]]:
        seen: dict[str, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self.node(event, path, depth)
            here = below(path, key.text)
            value = _beside(key, self.node(next(self.events), here, depth))
            if key.items is not None or key.pairs is not None:
                raise NotYamlError(key.line, key.column, f"{key.says()} as a key", "a key is a word")
            if key.text in seen:
                self.mistakes.append(_twice(key, here, seen[key.text]))
                continue
            seen[key.text] = key.line
            yield key, value

    def _alias(self, event: Any) -> Node:
        line, column = _place(event)
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            raise NotYamlError(line, column, f"more than {MOST_ALIASES} aliases (*)", "write the values out")
        target = self.anchors.get(event.anchor)
        if target is None:
            raise NotYamlError(line, column, f"the alias *{event.anchor}", "no finished anchor has this name")
        self.nodes += _size(target)
        self._count(line, column, 0)
        return target

    def _no_tag(self, event: Any) -> None:
        if event.tag and not str(event.tag).startswith("tag:yaml.org,2002:str"):
            line, column = _place(event)
            raise NotYamlError(
                line, column, f"the tag {str(event.tag)[:60]}", "tags are not allowed; write the plain value"
            )


def _size(node: Node) -> int:
    inner = [*(node.items or ()), *(value for _, value in node.pairs or ())]
    return 1 + sum(_size(each) for each in inner)


def _beside(key: Node, value: Node) -> Node:
    """A key without a value: the parser places the missing value at the next line, people look beside the key."""
    return replace(value, line=key.line, column=key.column) if _is_missing(value) else value


def _is_missing(node: Node) -> bool:
    return not node.text and node.scalar is None and node.items is None and node.pairs is None


def _twice(key: Node, path: str, first: int) -> Mistake:
    message = f"'{key.text[:60]}' is written twice; it stands in line {first} already. Keep one of them."
    return Mistake(key.line, key.column, path, key.says(), "each key once", None, message)


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _syntax(error: MarkedYAMLError, text: str) -> NotYamlError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    rows = text.splitlines()
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    if "\t" in row[:column]:
        return NotYamlError(line, row.index("\t") + 1, "a tab", "YAML indents with spaces")
    problem = _first_line(error.problem or error.context or "a mistake in the YAML")
    return NotYamlError(
        line, column, f"text that is not YAML ({problem})", "check brackets, quotes and indents here and above"
    )


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["unreadable"])[0][:160]
