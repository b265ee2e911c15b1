"""The price of misalignment, from a company's own records only: what was left lying between the two teams.

Handoffs that nobody in sales touched, first touches after their clock, campaigns into negotiations, content that was
never used, work done twice. Each part is priced by what comparable records brought, as a range (90 %, studentized
Poisson bootstrap of the comparable records; see `economics.intervals`), or from nothing to what was spent where chance
plays no part, or it is counted only and says why it cannot be priced. A record belongs to one part alone, the first
that it fits. What comparable records brought describes; it does not prove what would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accord.facts.engine import text
from accord.insight.attribution.draws import DRAWS, dealt, poisson
from accord.insight.diagnosis.campaigns import mails, mails_sql
from accord.insight.diagnosis.case import Case, Flags, coded, ids, moments, numbers, words
from accord.insight.diagnosis.cohort import LOTS
from accord.insight.diagnosis.finding import MOST_RECORDS
from accord.insight.diagnosis.split import Reals
from accord.insight.economics.intervals import studentized
from accord.insight.result import ENOUGH, Interval, Result, Theme, theme_config
from accord.insight.stages import moment_sql

if TYPE_CHECKING:
    import altair as alt

GRACE_DAYS = 14  # a handoff without a clock counts as never touched after so long
_DEFINITION = (
    "What handoffs without a touch, late first touches, campaigns into negotiations, unused content and doubled work "
    "went with, priced by what comparable records of the same company brought; each record counts once."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: how many records, and from `interval.low` to `interval.high` in money; both None where `says` says why
    it has no price. `records` are the ids, at most 500."""

    name: str
    title: str
    count: int
    record_kind: str
    records: tuple[str, ...]
    amount: float | None
    interval: Interval | None
    says: str

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "interval"}
        return {**told, "records": list(self.records), "interval": self.interval.to_json() if self.interval else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misalignment(Result):
    """All parts, and the range of those that have a price, together. Unit: the agreement's currency."""

    parts: tuple[Part, ...]
    amount: float | None

    def table(self) -> pa.Table:
        """One row per part."""
        return pa.Table.from_pylist([_row(each) for each in self.parts], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {**Result.to_json(self), "amount": self.amount, "parts": [each.to_json() for each in self.parts]}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """Each priced part with its range."""
        import altair as alt

        priced = [row for row in self.table().to_pylist() if row["amount"] is not None]
        base = alt.Chart(alt.Data(values=priced))
        place = alt.Y("part:N", sort=None, title=None, axis=alt.Axis(grid=False))
        rule = base.mark_rule(style="interval").encode(y=place, x=alt.X("low:Q", title=self.unit), x2="high:Q")
        point = base.mark_point(filled=True, opacity=1).encode(y=place, x="amount:Q")
        return alt.layer(rule, point).properties(config=theme_config(theme))


_SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("count", pa.int64()),
        ("amount", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)


def _row(each: Part) -> dict[str, Any]:
    low, high = (each.interval.low, each.interval.high) if each.interval else (None, None)
    return {"part": each.title, "count": each.count, "amount": each.amount, "low": low, "high": high}


def misalignment(case: Case) -> Misalignment:
    """Prices the period of a case; comparable records are those of both of its periods."""
    handoffs = _Handoffs(case)
    never, late = handoffs.never & case.in_period(handoffs.offered), handoffs.late & case.in_period(handoffs.offered)
    priced = [_never(case, handoffs, never), _late(case, handoffs, late)]
    taken = set(case.handoffs.column("person_id").filter(pa.array(never | late)).to_pylist())
    priced += [_campaigns(case, taken), _unused(case), _doubled(case)]
    amounts = [part.amount for part, _ in priced if part.amount is not None]
    return Misalignment(
        unit=case.currency,
        n=sum(part.count for part, _ in priced),
        definition=_DEFINITION,
        sql=f"{case.handoffs_sql};\n\n{mails_sql(case)}",
        interval=_together(priced),
        parts=tuple(part for part, _ in priced),
        amount=sum(amounts) if amounts else None,
    )


def _together(priced: Sequence[_Priced]) -> Interval | None:
    """Of parts that chance draws, the range of their sum; beside it the bounds of the others, lowest and highest."""
    drawn = [each for _, each in priced if each is not None]
    bounds = [part.interval for part, each in priced if each is None and part.interval is not None]
    if not drawn and not bounds:
        return None
    chance = sum(drawn, NOTHING).interval
    return Interval(
        chance.low + sum(each.low for each in bounds), chance.high + sum(each.high for each in bounds), chance.level
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """An amount with its squared standard error, and both again in each draw of the comparable records."""

    amount: float
    variance: float
    amounts: Reals
    variances: Reals

    def __add__(self, other: Drawn) -> Drawn:
        """The sum of two that rest on different records."""
        return Drawn(
            self.amount + other.amount, self.variance + other.variance,
            self.amounts + other.amounts, self.variances + other.variances,
        )  # fmt: skip

    def times(self, factor: float) -> Drawn:
        """So many times as much."""
        return Drawn(factor * self.amount, factor**2 * self.variance, factor * self.amounts, factor**2 * self.variances)

    def less(self, known: float) -> Drawn:
        """Without an amount that chance plays no part in."""
        return Drawn(self.amount - known, self.variance, self.amounts - known, self.variances)

    @property
    def interval(self) -> Interval:
        """Measured by its own standard error: the mean of a few records, of which most brought nothing, is skewed."""
        return studentized(self.amount, sqrt(self.variance), self.amounts, np.sqrt(self.variances))


NOTHING = Drawn(0.0, 0.0, np.zeros(DRAWS), np.zeros(DRAWS))


class _Handoffs:
    """Handoffs with what each brought: deals of the person that opened after the offer and before the next one."""

    def __init__(self, case: Case) -> None:
        table = case.handoffs
        self.offered, self.touched = moments(table, "offered_at"), moments(table, "touched_at")
        due, ended = moments(table, "first_touch_due"), moments(table, "ended_at")
        at = np.datetime64(case.at, "us")
        grace = self.offered + np.timedelta64(GRACE_DAYS, "D")
        over = np.where(np.isnat(due), grace, due) < at
        gone = ~np.isnat(ended) & (ended <= np.where(np.isnat(due), grace, due))
        self.never = np.isnat(self.touched) & over & ~gone
        self.late = ~np.isnat(due) & (self.touched > due)
        self.in_time = ~np.isnat(due) & (self.touched <= due)
        bands, of_each = coded(table, "band")
        self.bands = np.array([each or "no band" for each in bands], object)[of_each]
        self.worth = _brought(case, self.offered)


def _brought(case: Case, offered: np.ndarray) -> Reals:
    """What the won deals of each handoff's person were worth; each deal once, at the last offer before it."""
    found, deals = np.zeros(len(offered)), case.deals
    if not len(offered) or not len(deals):
        return found
    opened = moments(deals, "opened_at")
    begun = np.where(np.isnat(opened), moments(deals, "closed_at"), opened)
    known = case.handoffs.column("person_id").combine_chunks().dictionary_encode()
    person = np.asarray(pc.fill_null(known.indices, -1), dtype=np.int64)
    place = pc.index_in(deals.column("person_id").combine_chunks(), value_set=known.dictionary)
    of_deal = np.asarray(pc.fill_null(place, -1), dtype=np.int64)
    _, rank = np.unique(np.concatenate([offered, begun]), return_inverse=True)
    along = person * len(rank) + rank[: len(offered)]  # by person, then by moment
    order = np.argsort(along, kind="stable")
    last = np.searchsorted(along[order], of_deal * len(rank) + rank[len(offered) :], side="right") - 1
    at = order[np.maximum(last, 0)]
    won = (words(deals, "closing") == "won") & ~np.isnat(begun)
    won &= (of_deal >= 0) & (last >= 0) & (person[at] == of_deal)
    np.add.at(found, at[won], np.nan_to_num(numbers(deals, "worth"))[won])
    return found


_Priced = tuple[Part, Drawn | None]
"""A part, and its price as drawn; without draws its range, if it has one, is what bounds it."""


def _mean(worth: Reals, seed: int) -> Drawn:
    """The mean of some records; of many, lots take the place of single ones."""
    lots = min(LOTS, len(worth))
    lot = dealt(len(worth), lots)
    brought, sizes = (np.bincount(lot, each, lots).astype(np.float64) for each in (worth, np.ones(len(worth))))
    mean, variance = _mean_of_lots(np.ones((1, lots)), brought, sizes)
    return Drawn(float(mean[0]), float(variance[0]), *_mean_of_lots(poisson(lots, seed), brought, sizes))


def _mean_of_lots(drawn: Reals, brought: Reals, sizes: Reals) -> tuple[Reals, Reals]:
    """The mean in each draw and its squared standard error, that of a ratio: how lots differ from what their sizes let
    expect (Cochran 1977, 2.11)."""
    count = np.maximum(drawn @ sizes, 1.0)
    mean = (drawn @ brought) / count
    apart = drawn @ brought**2 - 2 * mean * (drawn @ (brought * sizes)) + mean**2 * (drawn @ sizes**2)
    return mean, np.maximum(apart, 0.0) / count**2


def _never(case: Case, found: _Handoffs, never: Flags) -> _Priced:
    """Priced by what touched handoffs of the same band brought."""
    says = "Handoffs that nobody in sales touched before their clock ran out, or since."
    touched = ~np.isnat(found.touched)
    drawn, missing = _by_band(found, never, lambda here: (touched & here, None), seed=1)
    return _part(case, "never_touched", "Handoffs never touched", never, says, drawn, missing)


def _late(case: Case, found: _Handoffs, late: Flags) -> _Priced:
    """Priced by how much more handoffs of the same band brought that were touched in time."""
    says = "First touches after their clock: what handoffs touched in time brought more, by band of the score."
    drawn, missing = _by_band(found, late, lambda here: (found.in_time & here, found.late & here), seed=2)
    return _part(case, "late_touch", "First touches after their clock", late, says, drawn, missing)


def _by_band(found: _Handoffs, mine: Flags, comparable: Any, *, seed: int) -> tuple[Drawn | None, int]:
    """Sum over bands of count times mean worth of the first set, minus that of the second where there is one; and how
    many have no price for want of comparable records."""
    priced, missing = [], 0
    for place, band in enumerate(sorted(set(found.bands[mine]))):
        here = found.bands == band
        better, worse = comparable(here)
        count = int((mine & here).sum())
        if min(better.sum(), ENOUGH if worse is None else worse.sum()) < ENOUGH:
            missing += count
            continue
        mean = _mean(found.worth[better], seed * 100 + place)
        if worse is None:
            own = float(found.worth[mine & here].sum())  # what they brought all the same
            priced.append(mean.times(count).less(own))
        else:
            more = mean + _mean(found.worth[worse], seed * 100 + 50 + place).times(-1)
            priced.append(more.times(count))
    return (sum(priced, NOTHING) if priced else None), missing


def _part(case: Case, name: str, title: str, flags: Flags, says: str, drawn: Drawn | None, missing: int) -> _Priced:
    count = int(flags.sum())
    if not count:
        return Part(name, title, 0, "handoffs", (), 0.0, Interval(0.0, 0.0), "There were none."), NOTHING
    if missing:
        says += f" {missing} of them have fewer than {ENOUGH} comparable records and have no price."
    amount, interval = (drawn.amount, drawn.interval) if drawn else (None, None)
    return Part(name, title, count, "handoffs", ids(case.handoffs, "handoff_id", flags), amount, interval, says), drawn


def _campaigns(case: Case, taken: set[object]) -> _Priced:
    """Priced by how much more often deals were won into which no campaign ran."""
    title, name = "Campaigns into negotiations", "campaigns"
    hit_ids = {str(row["deal_id"]) for row in mails(case).to_pylist() if row["person_id"] not in taken}
    if not hit_ids:
        return Part(name, title, 0, "deals", (), 0.0, Interval(0.0, 0.0), "There were none."), NOTHING
    deal_ids, closing = words(case.deals, "deal_id"), words(case.deals, "closing")
    hit = np.array([str(each) in hit_ids for each in deal_ids], bool)
    closed = np.isin(closing, ["won", "lost"])
    came = _came_to_negotiation(case, deal_ids)
    told, others = closed & hit, closed & came & ~hit
    says = "Deals in negotiation whose people got a campaign mail: how much more often the others were won."
    if min(told.sum(), others.sum()) < ENOUGH:
        short = f" {ENOUGH - min(told.sum(), others.sum())} more closed deals are needed for a price."
        return Part(
            name, title, len(hit_ids), "deals", tuple(sorted(hit_ids))[:MOST_RECORDS], None, None, says + short
        ), None
    won = (closing == "won").astype(float)
    worth = float(np.nansum(numbers(case.deals, "worth")[told]))
    drawn = (_mean(won[others], 301) + _mean(won[told], 302).times(-1)).times(worth)
    records = tuple(sorted(hit_ids))[:MOST_RECORDS]
    return Part(name, title, len(hit_ids), "deals", records, drawn.amount, drawn.interval, says), drawn


def _came_to_negotiation(case: Case, deal_ids: np.ndarray) -> Flags:
    rows = case.engine.rows("SELECT DISTINCT deal_id FROM deals WHERE event = 'stage' AND lower(stage) = 'negotiation'")
    came = set(rows.column("deal_id").to_pylist())
    return np.array([each in came for each in deal_ids], bool)


def _unused(case: Case) -> _Priced:
    """Priced by the share of what was spent on content that went into assets which nobody in sales used."""
    title, name = "Content never used", "unused_content"
    rows = case.engine.rows(_assets_sql(case)).to_pylist()
    unused = [str(row["asset"]) for row in rows if not row["used"]]
    if not rows:
        return Part(name, title, 0, "assets", (), None, None, "No asset of marketing is recorded."), None
    says = f"{len(unused)} of {len(rows)} assets that marketing offered were not used by sales in this time."
    spent = _spent(case, "kind IN ('content', 'asset')")
    if not spent:
        says += " No spend on content is recorded, so they have no price."
        return Part(name, title, len(unused), "assets", tuple(unused[:MOST_RECORDS]), None, None, says), None
    amount = spent * len(unused) / len(rows)
    says += " Priced as their even share of what content cost; what each asset cost is not recorded."
    part = Part(name, title, len(unused), "assets", tuple(unused[:MOST_RECORDS]), amount, Interval(0.0, spent), says)
    return part, None


def _assets_sql(case: Case) -> str:
    stretch = f"occurred_at >= {moment_sql(case.since)} AND occurred_at < {moment_sql(case.until)}"
    return f"""SELECT o.asset, MAX(CASE WHEN u.asset IS NULL THEN 0 ELSE 1 END) AS used
FROM (SELECT DISTINCT asset FROM touches WHERE side = 'marketing' AND asset IS NOT NULL AND kind LIKE 'form.%'
  AND {stretch}) o
LEFT JOIN (SELECT DISTINCT asset FROM content WHERE {stretch}) u ON u.asset = o.asset
GROUP BY o.asset ORDER BY o.asset"""


def _spent(case: Case, where: str) -> float:
    sql = f"""SELECT sum(amount) FROM spend WHERE {where} AND currency = {text(case.currency)}
  AND occurred_at >= {moment_sql(case.since)} AND occurred_at < {moment_sql(case.until)}"""
    (found,) = case.engine.one(sql)
    return float(str(found)) if found is not None else 0.0


def _doubled(case: Case) -> _Priced:
    """Priced by what a touch by sales cost, where salaries are recorded."""
    title, name = "Work done twice", "double_work"
    rows = case.engine.rows(_doubled_sql(case)).to_pylist()
    says = (
        "Touches of a person by one colleague within a day of one by another, with the handoff not passed on between."
    )
    records = tuple(f"{row['source']}:{row['source_id']}" for row in rows[:MOST_RECORDS])
    if not rows:
        return Part(name, title, 0, "touches", (), 0.0, Interval(0.0, 0.0), "There was none."), NOTHING
    cost = _spent(case, "side = 'sales' AND kind = 'salary'")
    if not cost:
        says += " No salaries are recorded, so they have no price."
        return Part(name, title, len(rows), "touches", records, None, None, says), None
    (touches,) = case.engine.one(
        f"SELECT count(*) FROM touches WHERE side = 'sales' AND occurred_at >= {moment_sql(case.since)}"
        f" AND occurred_at < {moment_sql(case.until)}"
    )
    amount = cost * len(rows) / max(int(str(touches)), 1)
    return Part(name, title, len(rows), "touches", records, amount, Interval(0.0, amount), says), None


def _doubled_sql(case: Case) -> str:
    return f"""WITH told AS (
  SELECT t.source, t.source_id, t.person_id, t.occurred_at, t.by AS who, LAG(t.by) OVER w AS whose,
    LAG(t.occurred_at) OVER w AS since
  FROM touches t WHERE t.side = 'sales' AND t.by IS NOT NULL AND t.occurred_at >= {moment_sql(case.since)}
    AND t.occurred_at < {moment_sql(case.until)}
  WINDOW w AS (PARTITION BY t.person_id ORDER BY t.occurred_at, t.source_id)
)
SELECT t.source, t.source_id FROM told t WHERE t.who <> t.whose AND t.occurred_at <= t.since + INTERVAL '1' DAY
  AND NOT EXISTS (SELECT 1 FROM handoffs h WHERE h.person_id = t.person_id AND h.event IN ('offered', 'rerouted')
    AND h.occurred_at >= t.since AND h.occurred_at <= t.occurred_at)
ORDER BY t.source, t.source_id"""


def by_name(found: Misalignment) -> Mapping[str, Part]:
    """The parts by their names."""
    return {part.name: part for part in found.parts}
