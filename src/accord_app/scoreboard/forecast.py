"""The forecast as the page shows it: foretold by the worker, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord_app.measures import reads as measures
from accord_app.scoreboard.reads import Drawn, kpi, period_words, pictures
from accord_app.shell.components import Kpi

_PERIODS = frozenset({"Period"})


@dataclass(frozen=True, slots=True)
class Page:
    """Where the running periods will end, and how past forecasts did."""

    title: str
    context: str
    notices: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    path: Drawn | None
    promises: Mapping[str, Any] | None
    record: Drawn | None
    record_grid: Mapping[str, Any] | None
    record_says: str
    definition: str
    sql: str
    is_simulated: bool
    age: measures.Age


def page(*, at: datetime) -> Page | None:
    """Everything as last foretold; None before anything was."""
    found = measures.forecast(at=at)
    if found is None:
        return None
    told = found.content["view"]
    return Page(
        title=told["title"],
        context=told["context"],
        notices=tuple(told["notices"]),
        kpis=tuple(kpi(tile) for tile in told["tiles"]),
        path=_drawn(told["path"], told["path_grid"]),
        promises=_spoken(told["promises"]),
        record=_drawn(told["record"], None),
        record_grid=_spoken(told["record_grid"]),
        record_says=told["record_says"],
        definition=told["definition"],
        sql=found.sql,
        is_simulated=bool(told["simulated"]),
        age=found.age,
    )


def _drawn(chart: Mapping[str, Any] | None, grid: Mapping[str, Any] | None) -> Drawn | None:
    return Drawn(chart["label"], "", pictures(chart), grid) if chart else None


def _spoken(grid: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Periods as people say them."""
    if grid is None:
        return None
    places = {place for place, name in enumerate(grid["head"]) if name in _PERIODS}
    rows = [[period_words(cell) if place in places else cell for place, cell in enumerate(row)] for row in grid["rows"]]
    return {**grid, "rows": rows}


def rows(*, at: datetime) -> Sequence[dict[str, Any]] | None:
    """Every number of the forecast as plain values."""
    found = measures.forecast(at=at)
    return found.content["rows"] if found else None


def past_rows(*, at: datetime) -> Sequence[dict[str, Any]] | None:
    """Every past forecast as plain values."""
    found = measures.forecast(at=at)
    return found.content["record"] if found else None
