"""What stood on the way to wins, as the page shows it: measured by the worker, nothing is shared out here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from accord.insight.attribution.wins import BY
from accord_app.measures import reads as measures
from accord_app.measures.attributing import MOST_WINS
from accord_app.members.models import User
from accord_app.scoreboard.reads import Drawn, known_records, pictures

TITLES = {"channel": "Channel", "campaign": "Campaign", "asset": "Asset", "side": "Side"}


@dataclass(frozen=True, slots=True)
class View:
    """One way to share wins out, as a tab."""

    title: str
    url: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Win:
    """One won deal, and what touched its person on the way."""

    title: str
    beside: str
    url: str
    when: datetime
    touched_by: str


@dataclass(frozen=True, slots=True)
class Page:
    """Nine models side by side, and the wins behind them. `nothing` says why there is nothing to share out."""

    by: str
    views: tuple[View, ...]
    title: str
    context: str
    nothing: str
    notices: tuple[str, ...]
    chart: Drawn | None
    grid: Mapping[str, Any] | None
    wins: tuple[Win, ...]
    most: str
    definition: str
    sql: str
    age: measures.Age


def page(*, by: str, viewer: User, at: datetime) -> Page | None:
    """Everything as last measured; None before anything was."""
    found = measures.attribution(by=by, at=at)
    if found is None:
        return None
    told = found.content
    records = told.get("records", [])
    return Page(
        by=by,
        views=tuple(_views(by)),
        title=told.get("title", "There is nothing to share out yet."),
        context=told.get("context", ""),
        nothing=told.get("nothing", ""),
        notices=tuple(told.get("notices", ())),
        chart=_drawn(told.get("chart")),
        grid=told.get("grid"),
        wins=tuple(_wins(records, viewer)),
        most=f"The newest {MOST_WINS} are listed." if len(records) == MOST_WINS else "",
        definition=told.get("definition", ""),
        sql=found.sql,
        age=found.age,
    )


def _views(by: str) -> Iterator[View]:
    for name in BY:
        yield View(TITLES[name], reverse("scoreboard:attribution_by", args=[name]), name == by)


def _drawn(chart: Mapping[str, Any] | None) -> Drawn | None:
    return Drawn(chart["label"], "", pictures(chart), None) if chart else None


def _wins(records: Sequence[Mapping[str, Any]], viewer: User) -> Iterator[Win]:
    known = known_records([str(each["deal_id"]) for each in records], viewer)
    for each in records:
        deal = known.get(str(each["deal_id"]))
        if deal:
            when = datetime.fromisoformat(str(each["won_at"])).replace(tzinfo=UTC)
            yield Win(deal.title, deal.beside, deal.url, when, str(each["touched_by"] or "no touch on record"))


def rows(*, by: str, at: datetime) -> Sequence[dict[str, Any]] | None:
    """Every share as plain values: one row per model and value."""
    found = measures.attribution(by=by, at=at)
    return found.content.get("rows") if found else None
