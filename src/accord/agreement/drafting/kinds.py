"""What an answer can be: each kind reads what was typed or written in a file, and says what it allows.

An answer that was read is plain data (texts, whole numbers, lists, mappings, None), so that it can be kept as JSON and
read again with the same result.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accord.agreement.articles import CURRENCIES
from accord.agreement.calendar import Calendar, ClockError, Duration
from accord.agreement.drafting.places import COUNTRIES, SPOKEN
from accord.agreement.mistake import listed, nearest
from accord.agreement.shape import HANDLE, month_and_day, time_zones
from accord.facts.errors import AccordError

LONGEST = 20_000  # characters that are looked at in one answer
PARTED = re.compile(r"[,;\s]+")
OPEN_ALL_WEEK = {"mon-sun": "00:00-24:00"}


class RefusedError(AccordError):
    """An answer that cannot be taken. `row` and `column` say which cell of a list of rows it is, counting from 0."""

    def __init__(self, message: str, *, remedy: str, row: int | None = None, column: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.row, self.column = row, column


class SeveralRefusedError(Exception):
    """Every cell of a list of rows that cannot be taken."""

    def __init__(self, refused: Sequence[RefusedError]) -> None:
        super().__init__(f"{len(refused)} cells")
        self.refused = tuple(refused)


class Kind(ABC):
    """One kind of answer."""

    name: str

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may be answered, to be read after "Answer with"."""

    @abstractmethod
    def read(self, given: Any) -> Any:
        """The answer as plain data; raises RefusedError. What is blank never comes here."""

    def shown(self, value: Any) -> str:
        """An answer as one would type it."""
        return "" if value is None else str(value)

    def as_json(self) -> dict[str, object]:
        """Name and limits, for `--json`."""
        return {"kind": self.name, "allowed": self.allowed}

    def refuse(self, given: Any, *, near: str | None = None, reason: str = "") -> RefusedError:
        """What to raise for an answer that is not of this kind."""
        hint = f" Is {near} meant?" if near else ""
        said = f" ({reason.rstrip('.')})" if reason else ""
        return RefusedError(f"{told(given)} cannot be read{said}.", remedy=f"Answer with {self.allowed}.{hint}")


def told(given: Any) -> str:
    """What was answered, in a few words for a message."""
    if isinstance(given, Mapping | list | tuple):
        return "A list" if not isinstance(given, Mapping) else "A mapping"
    text = " ".join(str(given).split())
    return f"‘{text[:40]}…’" if len(text) > 40 else f"‘{text}’"


def is_blank(given: Any) -> bool:
    """Whether a question was left open."""
    if isinstance(given, str):
        return not given.strip()
    return given is None or (isinstance(given, list | tuple | Mapping) and not given)


def one_line(given: Any) -> str | None:
    """A text or number in one line with single spaces; None for anything else, and for signs that no text holds."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    text = " ".join(str(given)[:LONGEST].split())
    return None if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn") for sign in text) else text


def parts_of(given: Any, between: re.Pattern[str] = PARTED) -> list[str] | None:
    """The entries of a list, or of a text that parts them; None for anything else."""
    if isinstance(given, str | int) and not isinstance(given, bool):
        given = between.split(str(given)[:LONGEST])
    if not isinstance(given, list | tuple):
        return None
    found = [one_line(each) for each in given]
    return None if None in found else list(dict.fromkeys(each for each in found if each))


@dataclass(frozen=True)
class Text(Kind):
    """Any words in one line."""

    longest: int = 200
    name = "text"

    @property
    def allowed(self) -> str:
        return f"words in one line, at most {self.longest} characters"

    def read(self, given: Any) -> str:
        text = one_line(given)
        if not text or len(text) > self.longest:
            raise self.refuse(given)
        return text


@dataclass(frozen=True)
class Matching(Kind):
    """A text of a pattern, in small letters if asked."""

    what: str
    pattern: str
    lower: bool = False
    name = "word"

    @property
    def allowed(self) -> str:
        return self.what

    def read(self, given: Any) -> str:
        text = one_line(given) or ""
        text = text.lower() if self.lower else text
        if not re.fullmatch(self.pattern, text):
            raise self.refuse(given)
        return text


@dataclass(frozen=True)
class Handle(Matching):
    """One person, as the agreement names them."""

    what: str = "the handle of one person, such as mia"
    pattern: str = HANDLE.strip("^$")
    name = "handle"


@dataclass(frozen=True)
class ListOf(Kind):
    """Several entries, parted by commas, or by lines where an entry may hold a comma."""

    item: Kind
    what: str
    most: int = 50
    by_line: bool = False
    name = "list"

    @property
    def allowed(self) -> str:
        return self.what

    def read(self, given: Any) -> list[str]:
        between = re.compile(r"\s*\n\s*") if self.by_line else self._parting()
        parts = parts_of(given, between)
        if parts is None:
            raise self.refuse(given)
        if len(parts) > self.most:
            raise RefusedError(f"There are {len(parts)} entries.", remedy=f"Name at most {self.most}.")
        return list(dict.fromkeys(self.item.read(part) for part in parts))

    def _parting(self) -> re.Pattern[str]:
        return re.compile(r"\s*[,;\n]\s*") if isinstance(self.item, Text | Country | Words) else PARTED

    def shown(self, value: Any) -> str:
        return ("\n" if self.by_line else ", ").join(value or ())

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "most": self.most}


@dataclass(frozen=True)
class Words(Matching):
    """A few words that a condition looks for."""

    what: str = "words of letters, digits, spaces, & and -"
    pattern: str = r"[^\W_]([^\W_]|[ &'’./+-]){0,39}"
    name = "words"


@dataclass(frozen=True)
class Country(Kind):
    """A country by its code of ISO 3166, or by its English name."""

    name = "country"

    @property
    def allowed(self) -> str:
        return "a country by its code, such as DE, or by its English name"

    def read(self, given: Any) -> str:
        text = one_line(given) or ""
        code = SPOKEN.get(text.casefold(), text.upper())
        if code not in COUNTRIES:
            near = nearest(text, SPOKEN) if text else None
            raise self.refuse(given, near=f"{COUNTRIES[SPOKEN[near]]} ({SPOKEN[near]})" if near else None)
        return code


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number within limits."""

    least: int
    most: int
    unit: str = ""
    name = "number"

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.least:,} to {self.most:,}"

    def read(self, given: Any) -> int:
        text = re.sub(r"(?<=\d)[, _\u00a0\u2009\u202f'’](?=\d{3}(\D|$))", "", (one_line(given) or "")[:40])
        text = text.removesuffix(self.unit).strip() if self.unit == "%" else text
        if not re.fullmatch(r"[0-9]{1,15}(\.0+)?", text) or not self.least <= int(float(text)) <= self.most:
            raise self.refuse(given)
        return int(float(text))

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "least": self.least, "most": self.most, "unit": self.unit}


@dataclass(frozen=True)
class Time(Kind):
    """A length of time: minutes, hours or days, at least one minute and at most a year."""

    what: str = "business time"
    name = "time"

    @property
    def allowed(self) -> str:
        return f"{self.what} such as 30m, 4h or 2d"

    def read(self, given: Any) -> str:
        text = re.sub(r"\s", "", one_line(given) or "").lower()
        try:
            found = Duration.parse(text)
        except ClockError:
            raise self.refuse(given) from None
        if found.unit == "s" or not 60 <= found.wall().total_seconds() <= 366 * 86_400:
            raise self.refuse(given, reason="from one minute to one year")
        return str(found)


@dataclass(frozen=True)
class Option:
    """One choice: how it is kept, and how it is read."""

    value: str
    label: str


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few."""

    options: tuple[Option, ...]
    name = "choice"

    @property
    def values(self) -> tuple[str, ...]:
        """The choices as they are kept."""
        return tuple(option.value for option in self.options)

    @property
    def allowed(self) -> str:
        return listed(self.values, "or")

    def read(self, given: Any) -> str:
        text = {True: "yes", False: "no"}[given] if isinstance(given, bool) else (one_line(given) or "")
        if text not in self.values:
            raise self.refuse(given, near=nearest(text, self.values) if text else None)
        return text

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "options": {option.value: option.label for option in self.options}}


@dataclass(frozen=True)
class Several(Choice):
    """Any number of a few, in their order."""

    name = "choices"

    @property
    def allowed(self) -> str:
        return f"any of {listed(self.values)}"

    def read(self, given: Any) -> Any:
        parts = parts_of(given)
        if parts is None:
            raise self.refuse(given)
        for part in parts:
            if part not in self.values:
                raise self.refuse(part, near=nearest(part, self.values))
        return [value for value in self.values if value in parts]

    def shown(self, value: Any) -> str:
        return ", ".join(value or ())


YES_NO = Choice((Option("yes", "Yes"), Option("no", "No")))


@dataclass(frozen=True)
class Hours(Kind):
    """The windows of one working day."""

    name = "hours"

    @property
    def allowed(self) -> str:
        return "hours of a day such as 09:00-17:00 or 09:00-12:30, 13:15-17:30"

    def read(self, given: Any) -> str:
        text = (one_line(given) or "").replace("–", "-")
        try:
            Calendar.read({"hours": {"mon": text}}, time_zone="UTC")
        except ClockError as error:
            raise self.refuse(given, reason=error.message) from None
        return ", ".join(part.strip() for part in text.split(","))


@dataclass(frozen=True)
class Holidays(Kind):
    """A country or region whose public holidays are known."""

    name = "holidays"

    @property
    def allowed(self) -> str:
        return "a country or region with known public holidays, such as DE or DE-BE"

    def read(self, given: Any) -> str:
        text = (one_line(given) or "").upper()
        try:
            Calendar.read({"hours": OPEN_ALL_WEEK, "holidays": text}, time_zone="UTC")
        except ClockError as error:
            raise RefusedError(error.message, remedy=error.remedy or f"Answer with {self.allowed}.") from None
        return text


@dataclass(frozen=True)
class Zone(Kind):
    """A time zone of the IANA data base."""

    name = "zone"

    @property
    def allowed(self) -> str:
        return "a time zone such as Europe/Berlin"

    def read(self, given: Any) -> str:
        text = one_line(given) or ""
        if text not in time_zones():
            raise self.refuse(given, near=nearest(text, time_zones()) if text else None)
        return text


@dataclass(frozen=True)
class Currency(Kind):
    """A currency by its code."""

    name = "currency"

    @property
    def allowed(self) -> str:
        return "a currency by its code, such as EUR"

    def read(self, given: Any) -> str:
        text = (one_line(given) or "").upper()
        if text not in CURRENCIES:
            raise self.refuse(given, near=nearest(text, CURRENCIES) if text else None)
        return text


@dataclass(frozen=True)
class MonthDay(Kind):
    """A day of every year."""

    name = "month_day"

    @property
    def allowed(self) -> str:
        return "month and day such as 01-01 or 04-01"

    def read(self, given: Any) -> str:
        text = one_line(given) or ""
        try:
            if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
                raise ValueError(text)
            month_and_day(text)
        except ValueError:
            raise self.refuse(given) from None
        return text


@dataclass(frozen=True)
class Day(Kind):
    """A day of the calendar."""

    name = "day"

    @property
    def allowed(self) -> str:
        return "a day such as 2027-01-04"

    def read(self, given: Any) -> str:
        text = given.isoformat()[:10] if isinstance(given, date) else (one_line(given) or "")
        try:
            found = date.fromisoformat(text)
        except ValueError:
            raise self.refuse(given) from None
        if not 2000 <= found.year <= 2090 or found.isoformat() != text:
            raise self.refuse(given, reason="from 2000 to 2090")
        return text


@dataclass(frozen=True)
class Column:
    """One cell of a row: what is asked, of which kind; blank is allowed where it is `optional`."""

    key: str
    ask: str
    kind: Kind
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Rows(Kind):
    """A list of rows. With `labels` there is exactly one row for each, in that order."""

    columns: tuple[Column, ...]
    noun: str
    least: int = 1
    most: int = 12
    labels: tuple[str, ...] = ()
    example: str = ""
    name = "rows"

    @property
    def allowed(self) -> str:
        cells = listed([f"{each.key} (may be left out)" if each.optional else each.key for each in self.columns])
        if self.labels:
            number = "one row" if len(self.labels) == 1 else f"{len(self.labels)} rows ({listed(self.labels)})"
            return f"{number} with {cells}"
        return f"{self.least} to {self.most} rows, each with {cells}"

    def read(self, given: Any) -> list[dict[str, Any]]:
        if not isinstance(given, list | tuple) or not all(isinstance(row, Mapping) for row in given):
            raise self.refuse(given)
        rows = [row for row in given if self.labels or any(not is_blank(cell) for cell in row.values())]
        most = len(self.labels) or self.most
        if not (len(self.labels) or self.least) <= len(rows) <= most:
            raise RefusedError(f"There are {len(rows)} rows.", remedy=f"Answer with {self.allowed}.")
        refused: list[RefusedError] = []
        found = [self._row(number, row, refused) for number, row in enumerate(rows)]
        if refused:
            raise SeveralRefusedError(refused)
        return found

    def _row(self, number: int, row: Mapping[Any, Any], refused: list[RefusedError]) -> dict[str, Any]:
        keys = [column.key for column in self.columns]
        for key in row:
            if key not in keys:
                near = nearest(str(key), keys)
                hint = f" Is {near} meant?" if near else ""
                refused.append(
                    RefusedError(f"{told(key)} is no part of a row.", remedy=f"Use {listed(keys)}.{hint}", row=number)
                )
        return {column.key: self._cell(number, column, row.get(column.key), refused) for column in self.columns}

    def _cell(self, number: int, column: Column, given: Any, refused: list[RefusedError]) -> Any:
        if is_blank(given):
            if not column.optional:
                remedy = f"Answer with {column.kind.allowed}."
                refused.append(RefusedError("An answer is needed.", remedy=remedy, row=number, column=column.key))
            return None
        try:
            return column.kind.read(given)
        except RefusedError as error:
            refused.append(RefusedError(error.message, remedy=error.remedy, row=number, column=column.key))
            return None

    def shown(self, value: Any) -> str:
        return f"{len(value or ())} rows"

    def as_json(self) -> dict[str, object]:
        columns = [
            {"key": each.key, "ask": each.ask, "optional": each.optional, **each.kind.as_json()}
            for each in self.columns
        ]
        return {**super().as_json(), "columns": columns, "least": self.least, "most": self.most, "labels": self.labels}
