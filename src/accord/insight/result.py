"""What every insight hands back: a frozen value that can say how it was counted.

A result carries its unit, how many records it rests on, the interval, one sentence of definition, the query that made
it and the moment as of which the facts were read. It turns into an Arrow table, a chart, JSON or CSV.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

if TYPE_CHECKING:
    import altair as alt

Theme = Literal["light", "dark"]
LEVEL = 0.9  # how often an interval made this way holds the truth
ENOUGH = 20  # fewer records than this get their count and what is missing instead of a rate
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high` in the unit of its estimate; `level` is the share of such intervals that hold the truth."""

    low: float
    high: float
    level: float = LEVEL

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval runs from low to high, not from {self.low} to {self.high}")

    def to_json(self) -> dict[str, float]:
        return {"low": self.low, "high": self.high, "level": self.level}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The base of all results. `n` counts the records under it; `as_known` is None for 'as known now'."""

    unit: str
    n: int
    definition: str
    sql: str
    as_known: datetime | None = None
    interval: Interval | None = None

    def __post_init__(self) -> None:
        if not self.unit or not self.definition.endswith(".") or self.n < 0:
            raise ValueError("a result needs a unit, a definition that is a sentence, and a count")

    def table(self) -> pa.Table:
        """One row per number, with its own columns; every subclass says which."""
        raise NotImplementedError

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The result as an Altair chart under the theme of both teams."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """What every result says about itself; subclasses add their numbers."""
        return {
            "unit": self.unit,
            "n": self.n,
            "definition": self.definition,
            "as_known": iso(self.as_known),
            "interval": self.interval.to_json() if self.interval else None,
            "sql": self.sql,
        }


def iso(moment: datetime | None) -> str | None:
    """A moment (naive times are UTC) as ISO 8601, or None."""
    return None if moment is None else moment.isoformat()


@cache
def _theme_text(theme: Theme) -> str:
    return resources.files("accord.insight").joinpath(f"themes/theme-{theme}.json").read_text("utf-8")


def theme_config(theme: Theme = "light") -> dict[str, Any]:
    """The Vega configuration of one theme; specs hold no colours of their own."""
    config: dict[str, Any] = json.loads(_theme_text(theme))
    return config


def ink(role: str, theme: Theme = "light") -> str:
    """The colour of a role (marketing, sales, both, quiet, risk, missed) in a theme."""
    roles = ("marketing", "sales", "both", "quiet", "risk", "missed")
    colour: str = theme_config(theme)["range"]["category"][roles.index(role)]
    return colour


def themed(spec: Mapping[str, Any], theme: Theme = "light") -> dict[str, Any]:
    """A chart specification with the theme as its configuration."""
    return {**spec, "config": theme_config(theme)}


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value


def csv_text(table: pa.Table) -> str:
    """A table as CSV: UTF-8 with BOM, ISO dates, raw numbers. A text that a spreadsheet would run as a formula gets an
    apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_cell(name) for name in table.column_names)
    for row in table.to_pylist():
        writer.writerow(_cell(value) for value in row.values())
    return "\ufeff" + out.getvalue()
