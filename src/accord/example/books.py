"""The books of the simulated company: money spent, exchange rates, meetings planned and held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from accord.example.columns import facts
from accord.example.deals import POUND
from accord.example.people import Registry
from accord.example.staff import LEADS_PER_MONTH, LIAISON, SPONSOR
from accord.example.world import CHANNELS, DAY, HOUR, Span, micros, moment

_SALARIES = {"marketing": 11_000, "sales": 24_000}  # EUR a month for every 500 leads
_PRICE_OF_CLICK = 6.0


def spend(*, seed: int, span: Span, leads: int, ids: Registry) -> pa.Table:
    """Money for each channel and month, tools and salaries; events are paid in pounds. Known with the invoice."""
    chance = np.random.default_rng([seed, 6])
    months = span.months()
    scale = leads / len(months) / LEADS_PER_MONTH
    rows = [row for month in months for row in _spent(chance, month, scale) if row["known"] < span.end]
    return _table("spend", rows, source="finance", ids=ids, which=60_002)


def _spent(chance: np.random.Generator, month: tuple[int, int], scale: float) -> Iterator[dict[str, Any]]:
    invoiced = {"at": month[0], "known": month[1] + 4 * DAY, "until": month[1]}
    for channel in CHANNELS:
        amount = channel.monthly_spend * scale * float(np.exp(chance.normal(0, 0.15)))
        clicks = int(amount / _PRICE_OF_CLICK * float(np.exp(chance.normal(0, 0.2))))
        if not amount:
            continue
        event = channel.name == "event"
        paid = {"side": "marketing", "campaign": None, "impressions": clicks * 40, "clicks": clicks}
        kind = "event" if event else "media"
        money = {"amount": round(amount / (POUND if event else 1), 2), "currency": "GBP" if event else "EUR"}
        yield {**invoiced, **paid, **money, "channel": channel.name, "kind": kind}
    for side, salary in _SALARIES.items():
        plain = {"campaign": None, "impressions": None, "clicks": None, "currency": "EUR", "channel": "none"}
        yield {**invoiced, **plain, "side": side, "kind": "salary", "amount": round(salary * max(scale, 0.2), 2)}
        yield {**invoiced, **plain, "side": side, "kind": "tool", "amount": round(900 * max(scale, 0.2), 2)}


def rates(*, seed: int, span: Span, ids: Registry) -> pa.Table:
    """What a pound was worth in euros, week by week."""
    chance = np.random.default_rng([seed, 7])
    days = np.arange(span.start, span.end, 7 * DAY, dtype=np.int64)
    walk = POUND * np.exp(np.cumsum(chance.normal(0, 0.004, len(days))))
    rows = [
        {"at": int(day), "known": int(day), "currency": "GBP", "base": "EUR", "rate": round(float(rate), 4)}
        for day, rate in zip(days, walk, strict=True)
    ]
    return _table("rates", rows, source="bank", ids=ids, which=60_003)


def reviews(*, seed: int, span: Span, ids: Registry) -> pa.Table:
    """Meetings every second Tuesday, quarterly ones, and when the plan of each quarter was agreed."""
    chance = np.random.default_rng([seed, 8])
    rows = [row for row in (*_meetings(chance, span), *_plans(chance, span)) if row["at"] < span.end]
    return _table("reviews", rows, source="accord", ids=ids, which=60_004)


def first_tuesday(day: date) -> date:
    """The first Tuesday on or after a day."""
    return day + timedelta(days=(1 - day.weekday()) % 7)


def _meetings(chance: np.random.Generator, span: Span) -> Iterator[dict[str, Any]]:
    starts = micros(first_tuesday(moment(span.start).date())) + 9 * HOUR
    for number, at in enumerate(range(starts, span.end, 14 * DAY)):
        quarterly = ("retune_score", "pulse") if number % 6 == 0 and number else ()
        for kind in ("meeting", *quarterly):
            told = {"kind": kind, "period": moment(at).date().isoformat()}
            yield {**told, "at": at, "known": at, "event": "due", "by": None}
            if chance.random() < 0.93:
                held = at + (3 * DAY if chance.random() < 0.1 else HOUR)
                yield {**told, "at": held, "known": held, "event": "held", "by": LIAISON}


def _plans(chance: np.random.Generator, span: Span) -> Iterator[dict[str, Any]]:
    for year, quarter in quarters(span):
        begins = micros(date(year, 3 * quarter - 2, 1))
        told = {"kind": "plan", "period": f"{year}-Q{quarter}"}
        late = chance.random() < 0.12
        agreed = begins + int(chance.integers(2, 12) if late else -chance.integers(3, 20)) * DAY + 14 * HOUR
        yield {**told, "at": begins, "known": begins, "event": "due", "by": None}
        yield {**told, "at": agreed, "known": agreed, "event": "agreed", "by": SPONSOR}


def quarters(span: Span) -> Sequence[tuple[int, int]]:
    """Year and number of every calendar quarter that begins or ends within the span."""
    days = [moment(start).date() for start, _ in span.months()]
    return sorted({(day.year, (day.month + 2) // 3) for day in days})


def _table(table: str, rows: Sequence[Mapping[str, Any]], *, source: str, ids: Registry, which: int) -> pa.Table:
    names = [name for name in (rows[0] if rows else {}) if name not in ("at", "known")]
    own: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    if "until" in own:
        own["until"] = pa.array(own["until"], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    number = np.arange(len(rows), dtype=np.int64)
    return facts(
        table,
        own,
        source=source,
        source_id=ids.facts.column((number << 16) + which),
        occurred=np.array([row["at"] for row in rows], np.int64),
        known=np.array([row["known"] for row in rows], np.int64),
    )
