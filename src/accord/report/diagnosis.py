"""A diagnosis as people read it: what is known, what could be chance, what cannot be told, and who can act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from accord.insight.diagnosis.diagnosis import Diagnosis
from accord.insight.diagnosis.finding import Finding
from accord.insight.diagnosis.gap import Factor, Gap
from accord.insight.misalignment import Misalignment, Part
from accord.insight.result import Interval
from accord.report.charts import of_gap
from accord.report.figures import Chart
from accord.report.numbers import day, percent, short_money, whole

WHO = {"marketing": "Marketing", "sales": "Sales", "both": "Both teams", "liaison": "The liaison"}
_SHARED = 0.05  # a factor that explains less of all movement goes unmentioned in the title
_SMALL = 0.005


@dataclass(frozen=True, slots=True)
class Row:
    """One factor as a line of the table."""

    title: str
    detail: str
    before: str
    after: str
    effect: str
    span: str
    count: str
    is_clear: bool
    is_down: bool
    kind: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as a paragraph, with the records that it opens to."""

    rule: str
    title: str
    says: str
    amount: str
    who: str
    also: tuple[str, ...]
    kind: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One part of the price; `share` is its part of all prices above nothing, from 0 to 1."""

    name: str
    title: str
    count: str
    amount: str
    share: float
    span: str
    says: str
    kind: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """The price of misalignment over a `period`, in words. `span` is the range of all parts that have a price, and
    `middle` its most likely amount; both are empty where there is none. `count` is of all records, each once."""

    title: str
    period: str
    span: str
    middle: str
    count: str
    says: str
    rows: tuple[PriceRow, ...]
    definition: str


@dataclass(frozen=True, slots=True)
class View:
    """The page. `columns` are the names of what was to be and what was."""

    title: str
    context: str
    period: str
    against: str
    columns: tuple[str, str]
    chart: Chart | None
    rows: tuple[Row, ...]
    known: tuple[Told, ...]
    clean: str
    unknown: tuple[str, ...]
    limit: str
    cannot: tuple[str, ...]
    price: Price | None
    definition: str
    sql: str


def view(found: Diagnosis, *, zone: str = "UTC", draw: bool = True) -> View:
    """Everything in words, with the days of a time zone; the chart is drawn in both themes where asked for."""
    gap = found.gap
    is_plan = gap is not None and gap.against == "plan"
    return View(
        title=title(found),
        context=context(found, zone),
        period=_days((gap or found).since, found.until, zone),
        against=f"the plan of {gap.label}" if gap and is_plan else _earlier(found, zone),
        columns=("Agreed", "Was") if is_plan else ("Before", "Was"),
        chart=of_gap(gap, _label(gap)) if gap and draw else None,
        rows=tuple(_row(factor, gap) for factor in gap.sorted) if gap else (),
        known=tuple(_told(each) for each in found.findings),
        clean=_clean(found),
        unknown=tuple(_unknown(gap)) if gap else (),
        limit=next((each.limit for each in found.looked if each.limit), ""),
        cannot=(*found.cannot, *(gap.notices if gap else ())),
        price=_price(found.price, _days(found.since, found.until, zone)) if found.price else None,
        definition=f"{gap.definition if gap else ''} {found.definition}".strip(),
        sql=found.sql,
    )


def title(found: Diagnosis) -> str:
    """`New revenue is 18 % below the plan. Two factors explain 67 % of the way down.`"""
    gap = found.gap
    if gap is None:
        count = len(found.findings)
        return (
            f"{_number(count)} finding{'s' if count != 1 else ''}, no gap to explain."
            if count
            else "No cause can be told from chance."
        )
    what = "New revenue" if gap.unit != "wins" else "The number of wins"
    return f"{what} {_stands(gap)}. {_explained(gap)}"


def _stands(gap: Gap) -> str:
    than = "the plan" if gap.against == "plan" else "before"
    if not gap.expected:
        return f"was nothing by {than}, and is {_money(gap.actual, gap.unit)}"
    share = gap.gap / gap.expected
    if abs(share) < _SMALL:
        return "is where the plan has it" if gap.against == "plan" else "is as it was before"
    word = ("below" if share < 0 else "above") if gap.against == "plan" else ("less than" if share < 0 else "more than")
    return f"is {percent(abs(share), 0)} {word} {than}"


def _explained(gap: Gap) -> str:
    """How much of the movement in the gap's direction the clear factors make up."""
    way = [f for f in gap.sorted if (f.effect < 0) == (gap.gap < 0)]
    total = sum(abs(f.effect) for f in way)
    clear = [f for f in way if f.is_clear and total and abs(f.effect) >= _SHARED * total]
    if not clear:
        return "No factor can be told from chance."
    share = sum(abs(f.effect) for f in clear) / total
    names = f"{_number(len(clear))} factor{'s' if len(clear) != 1 else ''}"
    verb, way_ = "explains" if len(clear) == 1 else "explain", "down" if gap.gap < 0 else "up"
    return f"{names} {verb} {percent(share, 0)} of the way {way_}."


def _number(count: int) -> str:
    names = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return names[count] if count < len(names) else str(count)


def context(found: Diagnosis, zone: str = "UTC") -> str:
    """How large the gap is, over which time, from how many records."""
    gap = found.gap
    if gap is None:
        return f"{_days(found.since, found.until, zone)}."
    size = f"{_money(abs(gap.gap), gap.unit)} {'behind' if gap.gap < 0 else 'ahead'}"
    of = f"{_money(gap.actual, gap.unit)} against {_money(gap.expected, gap.unit)}"
    against = f"the plan of {gap.label} as due by now" if gap.against == "plan" else _earlier(found, zone)
    return f"{size}: {of}, {_days(gap.since, gap.until, zone)} held against {against}; {whole(gap.n)} records."


def _earlier(found: Diagnosis, zone: str) -> str:
    return _days(found.base_since, found.base_until, zone)


def _days(since: datetime, until: datetime, zone: str) -> str:
    """`1 July 2026 to 30 September 2026`: the first day and the last of a stretch of naive UTC, `until` left out."""
    first, last = (
        each.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        for each in (since, max(since, until - timedelta(microseconds=1)))
    )
    return f"{day(first)} to {day(last)}"


def _label(gap: Gap) -> str:
    steps = ", ".join(f"{each.title} {_signed(each.effect, gap.unit)}" for each in gap.sorted[:8])
    return f"Waterfall from {_money(gap.expected, gap.unit)} to {_money(gap.actual, gap.unit)}: {steps}"


def _row(factor: Factor, gap: Gap) -> Row:
    return Row(
        title=factor.title,
        detail=factor.detail,
        before=_level(factor.before, factor.shown, gap.unit),
        after=_level(factor.after, factor.shown, gap.unit),
        effect=_signed(factor.effect, gap.unit),
        span=_span(factor.interval, gap.unit),
        count=whole(factor.n) if factor.n else "–",
        is_clear=factor.is_clear,
        is_down=factor.effect < 0,
        kind=factor.record_kind if factor.records else "",
        records=factor.records,
    )


def _level(value: float | None, shown: str, unit: str) -> str:
    if value is None:
        return "–"
    if shown == "share":
        return percent(value)
    return _money(value, unit) if shown == "money" else whole(round(value))


def _money(amount: float, unit: str) -> str:
    return f"{whole(round(amount))} wins" if unit == "wins" else short_money(amount, unit)


def _signed(amount: float, unit: str) -> str:
    return ("+" if amount > 0 else "") + (
        f"{amount:,.1f}".replace("-", "−") if unit == "wins" else short_money(amount, unit)
    )


def _span(interval: Interval | None, unit: str) -> str:
    return f"{_signed(interval.low, unit)} to {_signed(interval.high, unit)}" if interval else "–"


def _told(each: Finding) -> Told:
    amount = short_money(each.amount, each.unit) if len(each.unit) == 3 and each.unit.isupper() else (
        f"{each.amount:,.0f} {each.unit}")  # fmt: skip
    if each.interval and each.unit.startswith(("points", "%")):
        amount += f" ({each.interval.low:.0f} to {each.interval.high:.0f})"
    return Told(each.rule, each.title, each.says, amount, WHO[each.who], each.also, each.record_kind, each.records)


def _clean(found: Diagnosis) -> str:
    if found.findings:
        return ""
    looked = sum(each.comparisons for each in found.looked)
    return f"No cause can be told from chance: {whole(looked)} comparisons by {len(found.looked)} rules found nothing."


def _unknown(gap: Gap) -> Iterator[str]:
    """What could be chance, the largest effects first, with how many more records would tell."""
    for factor in [each for each in gap.sorted if not each.is_clear and each.n][:4]:
        size = f"{factor.title}: {_signed(factor.effect, gap.unit)} could be chance."
        more = factor.needed
        yield f"{size} {_need(more)}"


def _need(more: int | None) -> str:
    if more is None:
        return "It is so small that no number of records in sight would tell."
    return f"About {whole(more)} more records would tell if it stays as large."


def _price(found: Misalignment, period: str) -> Price:
    above, span = sum(_above(each) for each in found.parts), _price_span(found)
    says = "What comparable records of this company brought; it does not prove what would have been."
    if span and found.interval and found.interval.low <= 0:
        says = f"The range holds 0, so it could be nothing. {says}"
    return Price(
        title=_price_title(found, span, period),
        period=period,
        span=span,
        middle=short_money(found.amount or 0.0, found.unit) if span else "",
        count=whole(found.n),
        says=says,
        rows=tuple(_price_row(each, found.unit, _above(each) / above if above else 0.0) for each in found.parts),
        definition=found.definition,
    )


def _above(each: Part) -> float:
    return max(each.amount or 0.0, 0.0)


def _price_span(found: Misalignment) -> str:
    """`€104 k to €196 k`; nothing where nothing was left lying that has a price."""
    if found.interval is None or not any(each.count and each.amount is not None for each in found.parts):
        return ""
    return f"{short_money(found.interval.low, found.unit)} to {short_money(found.interval.high, found.unit)}"


def _price_title(found: Misalignment, span: str, period: str) -> str:
    """The range of all parts with a price; what can be said where there is none."""
    if not any(each.count for each in found.parts):
        return f"Nothing was left lying between the two teams, {period}."
    if not span:
        return f"What was left lying between the two teams, {period}, has no price yet."
    return f"The price of misalignment is {span}, {period}."


def _price_row(each: Part, unit: str, share: float) -> PriceRow:
    return PriceRow(
        name=each.name,
        title=each.title,
        count=whole(each.count),
        amount="no price" if each.amount is None else short_money(each.amount, unit),
        share=share,
        span="" if each.interval is None or not each.count else _span(each.interval, unit),
        says=each.says,
        kind=each.record_kind,
        records=each.records,
    )
