"""What the figures of money are made from: the currency, the months, what was spent in each, and every won deal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.agreement import obligations
from accord.agreement.document import Period
from accord.agreement.obligations import NO_AMOUNT, NO_RATE, Question
from accord.agreement.periods import Periods, Span
from accord.facts.engine import text
from accord.insight.economics.intervals import Reals
from accord.insight.stages import KNOWN_AS, Moments, before_sql, moment_sql, owned_sql

if TYPE_CHECKING:
    from accord.facts.engine import Answers

UNNAMED = "none"  # the channel of money that was spent on no channel
_KEPT_ON_SPEND = {
    "channel": "p.channel", "campaign": "p.campaign", "side": "p.side", "kind": "p.kind",
    "clicks": "p.clicks * PART", "impressions": "p.impressions * PART", "engagements": "p.engagements * PART",
    "clicked": "CASE WHEN p.clicks IS NULL THEN 0 ELSE 1 END",
    "engaged": "CASE WHEN p.engagements IS NULL THEN 0 ELSE 1 END",
    "named": "s.label",
}  # fmt: skip
_NAMED = "SELECT currency FROM deals WHERE event = 'won' AND currency IS NOT NULL AND {past}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, `since` within and `until` without (naive UTC), and its months, cut at its ends."""

    since: datetime
    until: datetime
    zone: str = "UTC"

    @property
    def days(self) -> float:
        return (self.until - self.since) / timedelta(days=1)

    def holds(self, moments: Moments) -> npt.NDArray[np.bool_]:
        """Which moments lie in it; a moment that never came does not."""
        found: npt.NDArray[np.bool_] = (moments >= np.datetime64(self.since, "us")) & (
            moments < np.datetime64(self.until, "us")
        )
        return found

    @property
    def spans(self) -> tuple[Span, ...]:
        """The months, the first and the last only as far as they lie in the stretch."""
        since, until, periods = self.since.replace(tzinfo=UTC), self.until.replace(tzinfo=UTC), Periods(self.zone)
        months = periods.between(periods.at(since, Period.MONTH).start, until, Period.MONTH)
        return tuple(Span(each.label, max(each.start, since), min(each.end, until)) for each in months)

    def before(self) -> Stretch:
        """The stretch of the same length that ends where this begins."""
        return Stretch(self.since - (self.until - self.since), self.since, self.zone)


@dataclass(frozen=True, slots=True)
class Spending:
    """Money by month, channel, campaign, side and kind, one row each. `places` is the month's place in the stretch."""

    places: npt.NDArray[np.int64]
    channels: tuple[str, ...]
    campaigns: tuple[str, ...]
    sides: tuple[str, ...]
    amounts: Reals
    clicks: Reals
    engagements: Reals
    on_clicks: Reals  # what was spent where clicks are recorded
    on_engagements: Reals
    records: int
    left_out: dict[str, int]
    below_zero: int
    sql: str

    @property
    def total(self) -> float:
        return float(self.amounts.sum())

    def of_side(self, side: str) -> float:
        """What one side spent."""
        return float(self.amounts[[each == side for each in self.sides]].sum()) if self.sides else 0.0

    def named(self, by: str) -> tuple[str, ...]:
        """The channel, or the campaign, of each row."""
        return self.channels if by == "channel" else self.campaigns


@dataclass(frozen=True, slots=True)
class Wins:
    """Every won deal with its person (or none), customer, when it was won and what it is worth in the currency."""

    deals: pa.ChunkedArray
    people: pa.ChunkedArray
    customers: pa.ChunkedArray
    won: Moments
    worth: Reals
    left_out: dict[str, int]
    below_zero: int
    sql: str

    def in_stretch(self, stretch: Stretch) -> npt.NDArray[np.bool_]:
        """Which of them were won in the stretch."""
        return stretch.holds(self.won)


def currency_of(engine: Answers, at: datetime, wanted: str | None) -> str | None:
    """The currency to tell money in: the one that is asked for, the base of the exchange rates, or the one that most
    won deals, else most of the spend, are in. None where no money is recorded."""
    if wanted:
        return wanted
    past = before_sql(at)
    for sql in (
        f"SELECT base AS currency FROM rates WHERE {past}",
        _NAMED.format(past=past),
        f"SELECT currency FROM spend WHERE currency IS NOT NULL AND {past}",
    ):
        most = (
            f"SELECT currency, count(*) AS n FROM ({sql}) AS named GROUP BY currency ORDER BY n DESC, currency LIMIT 1"
        )
        found = engine.rows(most).column("currency").to_pylist()
        if found:
            return str(found[0])
    return None


def spent_stretch(engine: Answers, at: datetime) -> tuple[datetime, datetime] | None:
    """From when until when spend is recorded, up to `at`; None where there is none."""
    ends = "CASE WHEN until > occurred_at THEN until ELSE occurred_at + INTERVAL '1' DAY END"
    sql = f"SELECT min(occurred_at), max({ends}) FROM spend WHERE {before_sql(at)}"
    since, until = engine.one(sql)
    if isinstance(since, datetime) and isinstance(until, datetime):
        return since, min(until, at)
    return None


def question(stretch: Stretch, at: datetime, currency: str | None) -> Question:
    """What the registry's queries need to know."""
    return Question(at=at.replace(tzinfo=UTC), spans=stretch.spans, currency=currency or "")


def spending(engine: Answers, stretch: Stretch, at: datetime, currency: str | None) -> Spending:
    """What was spent in a stretch, as the registry's `acquisition_cost` counts it."""
    asked = question(stretch, at, currency)
    begins = f"CASE WHEN p.occurred_at >= s.starts OR s.label = {text(asked.spans[0].label)} THEN 1 ELSE 0 END"
    rows = obligations.spent(asked, {**_KEPT_ON_SPEND, "begins": begins})
    sql = f"""{obligations.with_parts(("spans", "rate_spans"), asked)},
judged AS (
{rows}
)
SELECT named, channel, campaign, side, verdict, sum(begins) AS records, sum(numerator) AS amount, sum(clicks) AS clicks,
  sum(engagements) AS engagements, sum(CASE WHEN clicked = 1 THEN numerator END) AS on_clicks,
  sum(CASE WHEN engaged = 1 THEN numerator END) AS on_engagements,
  sum(CASE WHEN numerator < 0 THEN begins ELSE 0 END) AS below_zero
FROM judged GROUP BY named, channel, campaign, side, verdict ORDER BY named, channel, campaign, side, verdict"""
    found = engine.rows(sql).to_pylist()
    kept = [row for row in found if row["verdict"] == "kept"]
    place = {span.label: number for number, span in enumerate(asked.spans)}

    def numbers(name: str) -> Reals:
        return np.array([float(row[name] or 0) for row in kept], dtype=np.float64)

    return Spending(
        places=np.array([place[row["named"]] for row in kept], dtype=np.int64),
        channels=tuple(row["channel"] or UNNAMED for row in kept),
        campaigns=tuple(row["campaign"] or UNNAMED for row in kept),
        sides=tuple(row["side"] or "" for row in kept),
        amounts=numbers("amount"),
        clicks=numbers("clicks"),
        engagements=numbers("engagements"),
        on_clicks=numbers("on_clicks"),
        on_engagements=numbers("on_engagements"),
        records=int(sum(row["records"] for row in kept)),
        left_out={why: int(sum(row["records"] for row in found if row["verdict"] == why)) for why in _reasons(found)},
        below_zero=int(sum(row["below_zero"] for row in kept)),
        sql=sql,
    )


def _reasons(found: list[dict[str, object]]) -> list[str]:
    return sorted({str(row["verdict"]) for row in found} - {"kept"})


def wins(engine: Answers, stretch: Stretch, at: datetime, currency: str | None) -> Wins:
    """Every won deal up to `at`, as the registry's `new_revenue` counts it, with the person that the funnel gives it
    to."""
    asked = question(stretch, at, currency)
    parts = obligations.with_parts(("deal_events", "closings", "rate_spans", "wins"), asked)
    sql = f"""{parts},
judged AS (
{obligations.new_revenue(asked)}
), {owned_sql(at).removeprefix("WITH ")}
SELECT j.record_id AS deal_id, c.customer_id, coalesce(k.person_id, o.person_id) AS person_id, j.cohort_at AS won_at,
  j.numerator AS worth, j.verdict
FROM judged j JOIN closings c ON c.deal_id = j.record_id LEFT JOIN owned o ON o.deal_id = j.record_id
LEFT JOIN ({KNOWN_AS}) k ON k.alias_id = o.person_id ORDER BY won_at, deal_id"""
    found = engine.rows(sql)
    verdicts = found.column("verdict").to_pylist()
    worth = np.nan_to_num(np.asarray(found.column("worth").cast(pa.float64()).to_numpy(), dtype=np.float64))
    counts = [verdict == "kept" for verdict in verdicts]
    return Wins(
        deals=found.column("deal_id"),
        people=found.column("person_id"),
        customers=found.column("customer_id"),
        won=found.column("won_at").cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]"),
        worth=np.where(counts, np.maximum(worth, 0.0), 0.0),
        left_out={why: verdicts.count(why) for why in (NO_AMOUNT, NO_RATE) if why in verdicts},
        below_zero=int(((worth < 0) & np.array(counts, dtype=np.bool_)).sum()),
        sql=sql,
    )


def says(spent: Spending, won: Wins, currency: str | None) -> Iterator[str]:
    """What of the money could not be told, and why."""
    for (one, more), left_out in ((("payment", "payments"), spent.left_out), (("won deal", "won deals"), won.left_out)):
        for why, count in left_out.items():
            told = f"no exchange rate to {currency or 'one currency'}" if why == NO_RATE else why
            yield f"{counted(count, one, more)} {'has' if count == 1 else 'have'} {told}: left out of sums of money."
    if spent.below_zero:
        yield f"{counted(spent.below_zero, 'payment', 'payments')} below 0: counted as money that came back."
    if won.below_zero:
        yield f"{counted(won.below_zero, 'won deal', 'won deals')} with an amount below 0: counted as worth 0."


def counted(count: float, one: str, more: str) -> str:
    """`1 payment`, `1,204 payments`."""
    return f"{count:,.0f} {one if count == 1 else more}"


def moments_between(stretch: Stretch, at: datetime, days: int) -> str:
    """The condition that `seen_at` lies in the stretch and that so many days have passed since, by `at`."""
    last = min(stretch.until, at - timedelta(days=days))
    return f"seen_at >= {moment_sql(stretch.since)} AND seen_at < {moment_sql(last)}"
