"""What leads and customers cost and bring, as the pages show it: measured by the worker, nothing is counted here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.safestring import SafeString

from accord.report.numbers import MONTHS, money
from accord_app.measures import reads as measures
from accord_app.measures.measuring import MOST_RECORDS
from accord_app.members.models import User
from accord_app.scoreboard.reads import Known, known_records, pictures


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawn return by channel."""

    says: str
    pictures: Mapping[str, SafeString]
    grid: None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The page of both teams."""

    told: Mapping[str, Any]
    chart: Chart | None
    sql: str
    age: measures.Age


@dataclass(frozen=True, slots=True)
class Deal:
    """One won deal behind a figure."""

    title: str
    url: str
    when: datetime
    worth: str


@dataclass(frozen=True, slots=True)
class Spend:
    """What was spent on a channel in a month."""

    month: str
    channel: str
    side: str
    amount: str


@dataclass(frozen=True, slots=True)
class FigurePage:
    """One figure opened."""

    line: Mapping[str, str]
    deals: tuple[Deal, ...]
    spend: tuple[Spend, ...]
    is_cut: bool
    age: measures.Age


def page(*, at: datetime) -> Page | None:
    """Everything as last measured; None before anything was."""
    found = measures.economics(at=at)
    if found is None:
        return None
    drawn = found.content["chart"]
    chart = Chart(drawn["label"], pictures(drawn)) if drawn else None
    return Page(found.content, chart, found.sql, found.age)


def figure(*, name: str, viewer: User, at: datetime) -> FigurePage | None:
    """One figure with what stands behind it; None where there is no such one."""
    found = measures.economics(at=at)
    lines = {line["name"]: line for group in found.content["groups"] for line in group["lines"]} if found else {}
    if found is None or name not in lines:
        return None
    line = lines[name]
    kept: Sequence[Mapping[str, Any]] = found.content["behind"].get(line["records"], [])
    currency = str(found.content["currency"])
    is_deals = line["records"] == "deals"
    return FigurePage(
        line=line,
        deals=tuple(_deals(kept, currency, viewer)) if is_deals else (),
        spend=() if is_deals else tuple(_spend(kept, currency)),
        is_cut=len(kept) == MOST_RECORDS,
        age=found.age,
    )


def _deals(kept: Sequence[Mapping[str, Any]], currency: str, viewer: User) -> Iterator[Deal]:
    known = known_records([str(each["deal_id"]) for each in kept], viewer)
    for each in kept:
        deal = known.get(str(each["deal_id"]), Known("A deal that is not recorded here by name"))
        won = datetime.fromisoformat(str(each["won_at"])).replace(tzinfo=UTC)
        yield Deal(deal.title, deal.url, won, money(float(each["worth"]), currency))


def _spend(kept: Sequence[Mapping[str, Any]], currency: str) -> Iterator[Spend]:
    for each in kept:
        channel = "on no channel" if each["channel"] == "none" else str(each["channel"])
        yield Spend(_month(str(each["month"])), channel, str(each["side"]), money(float(each["amount"]), currency))


def _month(told: str) -> str:
    """`2026-11` as `November 2026`."""
    year, month = told.split("-")
    return f"{MONTHS[int(month) - 1]} {year}"
