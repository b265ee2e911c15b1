"""The diagnosis as the page shows it: measured by the worker, nothing is counted here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from accord_app.measures import reads as measures
from accord_app.measures.diagnosing import BEFORE, PLAN, QUARTER
from accord_app.members.models import User
from accord_app.scoreboard.reads import Known, known_records, pictures
from accord_app.shell.components import View, step

TITLES = {PLAN: "Target", QUARTER: "Last quarter", BEFORE: "The time before"}
ASSETS = "assets"
LISTED = 25
"""So many of the records behind a finding are listed by name; the command line gives all."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The records behind a statement: those that the viewer can be led to by name, and how many there are."""

    count: int
    kind: str
    known: tuple[Known, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.known)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding."""

    title: str
    says: str
    amount: str
    who: str
    also: Sequence[str]
    opened: Opened


@dataclass(frozen=True, slots=True)
class Row:
    """One factor, with the newest of the records that it is of."""

    told: Mapping[str, Any]
    count: str
    opened: Opened | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One part of the price of misalignment; `width` is its part of all prices in steps of a hundred."""

    name: str
    title: str
    says: str
    amount: str
    span: str
    width: int
    opened: Opened


@dataclass(frozen=True, slots=True)
class Page:
    """The page of both teams; `told` is what the report wrote."""

    choices: tuple[View, ...]
    cannot: str = ""
    told: Mapping[str, Any] | None = None
    pictures: Mapping[str, SafeString] | None = None
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    price: tuple[PriceRow, ...] = ()
    age: measures.Age | None = None


def page(*, against: str, viewer: User, at: Any) -> Page:
    """One comparison as last measured; without `told` before anything was, or where `cannot` says why."""
    choices = tuple(
        View(title, f"{reverse('scoreboard:diagnosis')}?against={name}", is_current=name == against)
        for name, title in TITLES.items()
    )
    shot = measures.diagnosis(against, at=at)
    if shot is None or "title" not in shot.content:
        return Page(choices, cannot=shot.content["cannot"] if shot else "")
    told = shot.content
    rows = told["price"]["rows"] if told["price"] else []
    behind = [row for row in told["rows"] if row.get("kind")]
    known = _known((*told["known"], *rows, *behind), viewer)
    return Page(
        choices=choices,
        told=told,
        pictures=pictures(told["chart"]) if told["chart"] else None,
        rows=tuple(_factor(row, known) for row in told["rows"]),
        findings=tuple(
            Finding(each["title"], each["says"], each["amount"], each["who"], each["also"], _opened(each, known))
            for each in told["known"]
        ),
        price=_price_rows(rows, known),
        age=shot.age,
    )


def _factor(row: Mapping[str, Any], known: Mapping[str, Known]) -> Row:
    """What an earlier release kept names no records, and their number by that name."""
    if "count" not in row:
        return Row(row, row["records"], None)
    return Row(row, row["count"], _opened(row, known) if row["kind"] else None)


def price_rows(rows: Sequence[Mapping[str, Any]], viewer: User) -> tuple[PriceRow, ...]:
    """The parts of a price, each opened to its records."""
    return _price_rows(rows, _known(rows, viewer))


def _price_rows(rows: Sequence[Mapping[str, Any]], known: Mapping[str, Known]) -> tuple[PriceRow, ...]:
    return tuple(
        PriceRow(
            row["name"], row["title"], row["says"], row["amount"], row["span"], step(100 * row.get("share", 0.0)),
            _opened(row, known),
        )
        for row in rows
    )  # fmt: skip


def _known(parts: Sequence[Mapping[str, Any]], viewer: User) -> dict[str, Known]:
    """Every record that is listed, by name. An asset is called what it is."""
    ids = [each for part in parts if part["kind"] != ASSETS for each in part["records"][:LISTED]]
    assets = [each for part in parts if part["kind"] == ASSETS for each in part["records"][:LISTED]]
    return {each: Known(each.replace("-", " ").replace("_", " ")) for each in assets} | known_records(ids, viewer)


def _opened(part: Mapping[str, Any], known: Mapping[str, Known]) -> Opened:
    ids = part["records"]
    count = int(str(part.get("count", len(ids))).replace(",", "")) if "count" in part else len(ids)
    return Opened(count, part["kind"], tuple(known[each] for each in ids[:LISTED] if each in known))
