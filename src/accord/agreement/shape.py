"""The shapes that a value of an agreement can have: each reads itself, says what it allows, and is JSON Schema.

`articles.py` declares the agreement with these; the reader, the published schema, the list of what is not yet enforced
and the docs all follow from that one declaration.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from accord.agreement.clock import Calendar, ClockError
from accord.agreement.mistake import Mistake, MistakeKind, listed, nearest
from accord.agreement.yaml_text import Node, below

UNKNOWN_KEY = "the unknown key"
MEANT = 75.0  # similarity in per cent from which a misspelt key is read as the valid one
HANDLE = r"^[\w][\w.@+-]{0,63}$"
NEVER = datetime(1, 1, 1, tzinfo=ZoneInfo("UTC"))


@dataclass(slots=True)
class Reading:
    """What one run of the reader gathers."""

    time_zone: str
    mistakes: list[Mistake] = field(default_factory=list)
    unenforced: list[tuple[Node, str, Field]] = field(default_factory=list)
    misspelt: dict[str, str] = field(default_factory=dict)  # path as it was meant -> path as it is written

    def refuse(self, node: Node, path: str, allowed: str, *, found: str = "", near: str | None = None) -> None:
        """Note that what stands at a node is not allowed."""
        found = found or node.says()
        hint = f" Did you mean {near}?" if near else ""
        message = f"{path or 'the agreement'}: found {found}, allowed is {allowed}.{hint}"
        self.mistakes.append(Mistake(node.line, node.column, path, found, allowed, near, message))

    def notice(self, node: Node, path: str, message: str) -> None:
        """Note something that is right and still worth knowing."""
        found = node.says()
        self.mistakes.append(Mistake(node.line, node.column, path, found, "", None, message, MistakeKind.NOTICE))


class Shape(ABC):
    """One kind of value. A refused value is replaced, so that the rest can be judged."""

    @property
    @abstractmethod
    def blank(self) -> Any:
        """What stands in for a value that was refused."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may stand here, to be read after "allowed is"."""

    @abstractmethod
    def read(self, node: Node, path: str, reading: Reading) -> Any:
        """The value of a node; what is wrong goes to `reading`."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema (draft 2020-12)."""

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        """What lies below: (step of the path, shape)."""
        return ()


@dataclass(frozen=True)
class Text(Shape):
    """A text; `pattern` narrows it."""

    what: str = "a text"
    pattern: str = r"\S"

    @property
    def blank(self) -> Any:
        return ""

    @property
    def allowed(self) -> str:
        return self.what

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        value = node.scalar
        if isinstance(value, str) and re.search(self.pattern, value):
            return value
        quoted = f"{self.what} (put {node.text} in quotes)" if _is_number_or_switch(node) else self.what
        reading.refuse(node, path, quoted)
        return self.blank

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


@dataclass(frozen=True)
class Number(Shape):
    """A number from `least` to `most`; `above` excludes its own value."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    whole: bool = False
    only: int | None = None

    @property
    def blank(self) -> Any:
        return 0

    @property
    def allowed(self) -> str:
        noun = "a whole number" if self.whole else "a number"
        if self.only is not None:
            return str(self.only)
        if self.above is not None:
            return f"{noun} above {self.above:g}"
        if self.least is not None and self.most is not None:
            return f"{noun} from {self.least:g} to {self.most:g}"
        return noun if self.least is None else f"{noun}, {self.least:g} or more"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        value = node.scalar
        if isinstance(value, bool) or not isinstance(value, int | float) or not self._fits(value):
            reading.refuse(node, path, self.allowed)
            return self.blank
        return int(value) if self.whole else value

    def _fits(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and abs(value) <= 1e15
            and (not self.whole or value == int(value))
            and (self.only is None or value == self.only)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )

    def schema(self) -> dict[str, Any]:
        limits = {"const": self.only, "minimum": self.least, "maximum": self.most, "exclusiveMinimum": self.above}
        kind = {"type": "integer" if self.whole else "number", "minimum": -1e15, "maximum": 1e15}
        return {**kind, **{name: limit for name, limit in limits.items() if limit is not None}}


@dataclass(frozen=True)
class Switch(Shape):
    """true or false."""

    @property
    def blank(self) -> Any:
        return False

    @property
    def allowed(self) -> str:
        return "true or false"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if not isinstance(node.scalar, bool):
            reading.refuse(node, path, self.allowed)
            return False
        return node.scalar

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Shape):
    """One of a few words."""

    words: type[StrEnum] | tuple[str, ...]
    what: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return self.words if isinstance(self.words, tuple) else tuple(word.value for word in self.words)

    @property
    def blank(self) -> Any:
        return self._made(self.names[0])

    @property
    def allowed(self) -> str:
        return self.what or listed(self.names, "or")

    def _made(self, name: str) -> Any:
        return name if isinstance(self.words, tuple) else self.words(name)

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if isinstance(node.scalar, str) and node.scalar in self.names:
            return self._made(node.scalar)
        reading.refuse(node, path, self.allowed, near=nearest(node.text, self.names) if node.text else None)
        return self.blank

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.names)}


@dataclass(frozen=True)
class Parsed(Shape):
    """A text that `parse` turns into a value, or explains with ValueError or ClockError why not."""

    what: str
    pattern: str
    parse: Callable[[str], Any]
    stand_in: Callable[[], Any]

    @property
    def blank(self) -> Any:
        return self.stand_in()

    @property
    def allowed(self) -> str:
        return self.what

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        text = node.scalar
        if isinstance(text, str) and re.search(self.pattern, text):
            try:
                return self.parse(text)
            except (ValueError, ClockError, OverflowError) as error:
                reading.refuse(node, path, f"{self.what} ({_reason(error)})")
                return self.blank
        reading.refuse(node, path, self.what)
        return self.blank

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


@dataclass(frozen=True)
class Moment(Shape):
    """An ISO date or time; without a zone it is read in the company's, which is said."""

    @property
    def blank(self) -> Any:
        return NEVER

    @property
    def allowed(self) -> str:
        return "an ISO date with time and zone, such as 2026-12-01T00:00:00+01:00"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        text = node.scalar
        if not isinstance(text, str) or not re.search(MOMENT, text):
            reading.refuse(node, path, self.allowed)
            return NEVER
        try:
            moment = datetime.fromisoformat(text.replace(" ", "T", 1) if "T" not in text else text)
        except ValueError as error:
            reading.refuse(node, path, f"{self.allowed} ({error})")
            return NEVER
        if moment.tzinfo is None:
            reading.notice(node, path, f"{path} names no zone; it is read as {text} in {reading.time_zone}.")
            moment = moment.replace(tzinfo=ZoneInfo(reading.time_zone))
        return moment

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": MOMENT}


@dataclass(frozen=True)
class Zone(Shape):
    """A time zone of the IANA data base."""

    @property
    def blank(self) -> Any:
        return "UTC"

    @property
    def allowed(self) -> str:
        return "a time zone such as Europe/Berlin"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if isinstance(node.scalar, str) and node.scalar in time_zones():
            return node.scalar
        near = nearest(node.text, time_zones()) if node.text else None
        reading.refuse(node, path, self.allowed, near=near)
        return self.blank

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_+/-]*$"}


@dataclass(frozen=True)
class ListOf(Shape):
    """Several of one shape, in the order of the text."""

    item: Shape
    least: int = 0

    @property
    def blank(self) -> Any:
        return ()

    @property
    def allowed(self) -> str:
        return "a list with at least one entry" if self.least else "a list"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.items is None:
            reading.refuse(node, path, f"{self.allowed}, as in [one, two]")
            return ()
        if len(node.items) < self.least:
            reading.refuse(node, path, self.allowed)
        return tuple(self.item.read(item, below(path, index), reading) for index, item in enumerate(node.items))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), **({"minItems": self.least} if self.least else {})}

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        return (("[]", self.item),)


@dataclass(frozen=True)
class OneOrMore(Shape):
    """One entry, or a list of which the first that fits counts; always read as a tuple."""

    item: Shape

    @property
    def blank(self) -> Any:
        return ()

    @property
    def allowed(self) -> str:
        return f"{self.item.allowed} or a list of them"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.items is None:
            return (self.item.read(node, path, reading),)
        return ListOf(self.item, least=1).read(node, path, reading)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.item.schema(), ListOf(self.item, least=1).schema()]}

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        return (("", self.item),)


@dataclass(frozen=True)
class MapOf(Shape):
    """Names that the agreement chooses, each with a value of one shape; `make` joins name and value."""

    value: Shape
    noun: str = "name"
    key: str = HANDLE
    least: int = 0
    make: Callable[[str, Any], Any] = lambda _name, value: value

    @property
    def blank(self) -> Any:
        return {}

    @property
    def allowed(self) -> str:
        return f"a mapping with one {self.noun} a key"

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.pairs is None:
            reading.refuse(node, path, self.allowed)
            return {}
        if len(node.pairs) < self.least:
            reading.refuse(node, path, f"{self.allowed}, at least one")
        return {key.text: self._entry(key, value, path, reading) for key, value in node.pairs}

    def _entry(self, key: Node, value: Node, path: str, reading: Reading) -> Any:
        here = below(path, key.text)
        if not re.search(self.key, key.text):
            reading.refuse(key, here, f"a {self.noun} of letters, digits, '.', '-' and '_'", found=f"'{key.text[:60]}'")
        return self.make(key.text, self.value.read(value, here, reading))

    def schema(self) -> dict[str, Any]:
        names = {"propertyNames": {"pattern": self.key}, **({"minProperties": self.least} if self.least else {})}
        return {"type": "object", "additionalProperties": self.value.schema(), **names}

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        return ((f".<{self.noun}>", self.value),)


@dataclass(frozen=True)
class Field:
    """One key: its shape, what it means, and which code reads which attribute of it.

    `by` are the modules below `accord` that enforce or measure it; empty means that nothing does yet, and `later` says
    what will. `reads` is the attribute those modules look at, by default the key itself.
    """

    key: str
    shape: Shape
    sentence: str
    by: tuple[str, ...] = ()
    reads: str = ""
    later: str = ""
    required: bool = False

    @property
    def attribute(self) -> str:
        """The name of the attribute in `document.py`."""
        return self.reads or self.key


@dataclass(frozen=True)
class Record(Shape):
    """A mapping with agreed keys, made into one article of `document.py`."""

    noun: str
    fields: tuple[Field, ...]
    make: Callable[..., Any]
    one_of: tuple[str, ...] = ()  # at least one of these keys is needed

    @property
    def blank(self) -> Any:
        return self.make(**{f.attribute: f.shape.blank for f in self.fields if f.required})

    @property
    def allowed(self) -> str:
        return f"{self.noun}, a mapping with {listed(sorted(self.keys()))}"

    def keys(self) -> tuple[str, ...]:
        return tuple(f.key for f in self.fields)

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.pairs is None:
            reading.refuse(node, path, self.allowed)
            return self.blank
        self._unknown(node, path, reading)
        node = self._as_meant(node, path, reading)
        self._missing(node, path, reading)
        values: dict[str, Any] = {f.attribute: f.shape.blank for f in self.fields if f.required}
        for each in self.fields:
            found = node.get(each.key)
            if found is not None:
                values[each.attribute] = each.shape.read(found, below(path, each.key), reading)
        self._unenforced(node, path, reading)
        return self.make(**values)

    def _unknown(self, node: Node, path: str, reading: Reading) -> None:
        for key, _ in node.pairs or ():
            if key.text not in self.keys():
                allowed = f"one of {listed(sorted(self.keys()), 'or')}"
                found = f"{UNKNOWN_KEY} '{key.text[:60]}'"
                reading.refuse(key, below(path, key.text), allowed, found=found, near=nearest(key.text, self.keys()))

    def _as_meant(self, node: Node, path: str, reading: Reading) -> Node:
        """The node with keys that are nearly right put right, so that what stands below them is read all the same."""
        written = {key.text for key, _ in node.pairs or ()}
        pairs = []
        for key, value in node.pairs or ():
            meant = None if key.text in self.keys() else nearest(key.text, self.keys(), MEANT)
            if meant is not None and meant not in written:
                written.add(meant)
                reading.misspelt[below(path, meant)] = below(path, key.text)
                key = replace(key, scalar=meant, text=meant)
            pairs.append((key, value))
        return replace(node, pairs=tuple(pairs))

    def _missing(self, node: Node, path: str, reading: Reading) -> None:
        for each in self.fields:
            if each.required and node.get(each.key) is None:
                reading.refuse(node, below(path, each.key), each.shape.allowed, found="nothing")
        if self.one_of and not any(node.get(key) for key in self.one_of):
            reading.refuse(node, path, f"at least one of {listed(self.one_of, 'or')}", found="none of them")

    def _unenforced(self, node: Node, path: str, reading: Reading) -> None:
        for key, _ in node.pairs or ():
            each = next((f for f in self.fields if f.key == key.text), None)
            if each is not None and not each.by and not isinstance(each.shape, Record):
                reading.unenforced.append((key, below(path, key.text), each))

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {f.key: {**f.shape.schema(), "description": f.sentence} for f in self.fields},
            "additionalProperties": False,
            **(
                {"required": [f.key for f in self.fields if f.required]} if any(f.required for f in self.fields) else {}
            ),
            **({"anyOf": [{"required": [key]} for key in self.one_of]} if self.one_of else {}),
        }

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        return tuple((f".{f.key}", f.shape) for f in self.fields)


@dataclass(frozen=True)
class OpeningHours(Shape):
    """A calendar, as `clock.Calendar` reads it."""

    record: Record

    @property
    def blank(self) -> Any:
        return always_open()

    @property
    def allowed(self) -> str:
        return self.record.allowed

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        before = len(reading.mistakes)
        self.record.read(node, path, reading)
        if len(reading.mistakes) > before or node.pairs is None:
            return self.blank
        try:
            return Calendar.read(node.plain(), time_zone=reading.time_zone)
        except ClockError as error:
            reading.mistakes.append(_of_calendar(error, node, path))
            return self.blank

    def schema(self) -> dict[str, Any]:
        return self.record.schema()

    def inner(self) -> tuple[tuple[str, Shape], ...]:
        return self.record.inner()


MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([+-]\d{2}:\d{2}|Z)?)?$"


def always_open() -> Calendar:
    """The calendar that stands in for one that could not be read."""
    return Calendar.read({"hours": {"mon-sun": "00:00-24:00"}, "time_zone": "UTC"}, time_zone="UTC")


@cache
def time_zones() -> frozenset[str]:
    """All names of the IANA data base."""
    return frozenset(available_timezones())


def seconds_after_midnight(text: str) -> int:
    """`06:00` as 21600; raises ValueError."""
    clock = time.fromisoformat(text)
    return clock.hour * 3600 + clock.minute * 60


def month_and_day(text: str) -> tuple[int, int]:
    """`04-01` as (4, 1); raises ValueError for a day that some year does not have."""
    day = datetime.strptime(f"2001-{text}", "%Y-%m-%d").replace(tzinfo=ZoneInfo("UTC"))
    return day.month, day.day


def _is_number_or_switch(node: Node) -> bool:
    return isinstance(node.scalar, int | float) and bool(node.text)


def _reason(error: Exception) -> str:
    return getattr(error, "message", str(error)).rstrip(".")


def _of_calendar(error: ClockError, node: Node, path: str) -> Mistake:
    for key in error.path:
        below_it = node.get(key)
        if below_it is not None:
            node, path = below_it, below(path, key)
    near = re.search(r"nearest valid name is (.+?)\.(?: |$)", error.remedy)
    kind = MistakeKind.CONTRADICTION if "never opens" in error.message else MistakeKind.MISTAKE
    found, message = node.says(), f"{path}: {error}"
    return Mistake(node.line, node.column, path, found, error.remedy, near[1] if near else None, message, kind)
