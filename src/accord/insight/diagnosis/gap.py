"""The gap between what was won and what was to be won, split exactly into factors, each with its interval.

Against an earlier period the split follows the people who entered in each period through the funnel, in cells of a
segment and of how fast sales answered; against the plan it has the steps that the plan names. Both are products, split
by `split.shapley`. What chance adds is drawn by a Poisson bootstrap of people (1,000 draws; see `attribution.draws`):
the interval of a factor holds the middle 90 % of its values. A factor whose interval holds 0 could be chance.

Mix and response multiply two differences: how the groups shifted, and what one group brings more than another. Where
neither differs, the product varies less than its draws do, which start from differences that chance made, and the
interval holds nearly always, as is known of mediated effects (MacKinnon et al. 2002). With that surplus taken away it
still held in 99 of 100 with three groups, and in 84 where both differ by two standard errors: the one that errs towards
"could be chance" is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from accord.insight.attribution.draws import people
from accord.insight.diagnosis.cohort import BANDS, Cohorts, Counts
from accord.insight.diagnosis.split import Reals, rates, shapley
from accord.insight.economics.intervals import of_sum
from accord.insight.result import LEVEL, Interval, Result, Theme, iso, theme_config

if TYPE_CHECKING:
    import altair as alt

Against = Literal["plan", "earlier period"]
Shown = Literal["count", "share", "money", "words"]
STEPS = 8
HOPELESS = 100  # times the records that there are: no such number is in sight


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor: what it was to be and was, what of the gap it explains (`effect`, in the gap's unit), of how many
    records. `before` and `after` are None where a factor is no single number; `detail` says what moved most; `records`
    are the ids (of `record_kind`: handoffs, deals, people) of the newest of them."""

    name: str
    title: str
    shown: Shown
    before: float | None
    after: float | None
    effect: float
    interval: Interval | None
    n: int
    detail: str = ""
    record_kind: str = ""
    records: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether chance alone does not explain it."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high

    @property
    def needed(self) -> int | None:
        """How many more records would tell it from chance if it stays as large: an interval narrows with the root of
        their number. 0 when it is clear; None where no such number is in sight."""
        if self.is_clear or self.interval is None:
            return 0 if self.is_clear else None
        half = max(self.interval.high - self.effect, self.effect - self.interval.low)
        times = (half / abs(self.effect)) ** 2 if self.effect else inf
        return None if times > HOPELESS or not self.n else ceil(self.n * times) - self.n

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "interval"}
        span = self.interval.to_json() if self.interval else None
        return {**told, "interval": span, "clear": self.is_clear, "records_needed": self.needed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Result):
    """What was won, what was expected, and what each factor explains of the difference. The effects add up to
    `actual` - `expected`."""

    against: Against
    label: str
    actual: float
    expected: float
    factors: tuple[Factor, ...]
    since: datetime
    until: datetime
    by: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        return self.actual - self.expected

    @property
    def sorted(self) -> tuple[Factor, ...]:
        """The largest effect first; factors that explain nothing at all are left out."""
        return tuple(sorted((f for f in self.factors if f.effect or f.is_clear), key=lambda f: -abs(f.effect)))

    def table(self) -> pa.Table:
        """One row per factor, the largest first."""
        return pa.Table.from_pylist([_row(each) for each in self.sorted], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {
            **Result.to_json(self),
            "against": self.against,
            "label": self.label,
            "from": iso(self.since),
            "to": iso(self.until),
            "by": self.by,
            "actual": self.actual,
            "expected": self.expected,
            "gap": self.gap,
            "factors": [each.to_json() for each in self.sorted],
            "notices": list(self.notices),
        }

    def chart(self, theme: Theme = "light", *, steps: int = STEPS) -> alt.TopLevelMixin:
        """A waterfall from what was expected to what was won, the largest `steps` by themselves and the others as one;
        grey steps could be chance."""
        import altair as alt

        return alt.LayerChart.from_dict({**waterfall(self, steps), "config": theme_config(theme)})


_SCHEMA = pa.schema(
    [
        ("factor", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
        ("effect", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("clear", pa.bool_()),
        ("n", pa.int64()),
        ("records_needed", pa.int64()),
    ]
)


def _row(each: Factor) -> dict[str, Any]:
    low, high = (each.interval.low, each.interval.high) if each.interval else (None, None)
    return {
        "factor": each.name, "before": each.before, "after": each.after, "effect": each.effect, "low": low,
        "high": high, "clear": each.is_clear, "n": each.n, "records_needed": each.needed,
    }  # fmt: skip


# Against an earlier period

_TITLES: Mapping[str, tuple[str, Shown]] = {
    "volume": ("Lead volume", "count"),
    "mix": ("Mix of segments", "words"),
    "qualification": ("Qualification", "share"),
    "response": ("Response time", "share"),
    "acceptance": ("Acceptance", "share"),
    "opportunity": ("Accepted to opportunity", "share"),
    "cycle_time": ("Cycle time", "share"),
    "win_rate": ("Win rate", "share"),
    "deal_size": ("Deal size", "money"),
    "earlier_leads": ("Deals of earlier leads", "money"),
    "nobody": ("Deals of nobody known", "money"),
    "late_data": ("Late data", "money"),
}
_PRODUCT = tuple(_TITLES)[:9]
_DEFINITION = (
    "What was won in the period minus in the earlier one, each factor by its Shapley value. An interval holds the truth"
    " in 9 of 10 cases; that of mix or response time, a product of two chances, in nearly all if no group differs."
)


def chain(counts: Counts) -> Reals:
    """Counts (lots) as the chain of each cell: (lots, groups, bands, 10), all leads first and what was won last."""
    leads = counts.leads[:, :, None]
    handed = counts.steps[..., 0]
    shape = handed.shape
    every = np.broadcast_to(leads.sum(axis=1, keepdims=True), shape)
    own = np.broadcast_to(leads, shape)
    group = np.broadcast_to(handed.sum(axis=2, keepdims=True), shape)
    return np.stack([every, own, group, *np.moveaxis(counts.steps, -1, 0)], axis=-1)


def parts(before: Counts, now: Counts, late: Reals) -> Reals:
    """What each factor explains: (lots, 12), in the order of the titles."""
    product = shapley(rates(chain(before)), rates(chain(now))).sum(axis=(1, 2))
    beside = np.stack([now.earlier - before.earlier, now.nobody - before.nobody, -late], axis=-1)
    return np.concatenate([product, beside], axis=-1)


def against_earlier(
    found: Cohorts, *, currency: str, since: datetime, until: datetime, sql: str, label: str,
    as_known: datetime | None = None,
) -> Gap:  # fmt: skip
    """Splits what was won in a period minus what was won in an earlier one.

    The earlier period's wins that came to be known only after the time that this period has had are `late_data`: their
    counterparts are not known yet. With no priced deal the split is of wins instead of money.
    """
    before, now, late = found.before.whole(), found.now.whole(), found.late.sum(keepdims=True)
    effects = parts(before, now, late)[0]
    spans = _intervals(found, effects)
    every, told = _levels(before), _levels(now)
    factors = tuple(
        Factor(name, title, _shown(shown, found), every[name], told[name], float(effects[place]),
               spans[place], found.behind[name].n, _detail(name, found), found.behind[name].kind,
               found.behind[name].newest)
        for place, (name, (title, shown)) in enumerate(_TITLES.items())
        if effects[place] or spans[place].low or spans[place].high
    )  # fmt: skip
    return Gap(
        unit=currency if found.in_money else "wins",
        n=int(now.leads.sum() + before.leads.sum()),
        definition=_DEFINITION,
        sql=sql,
        as_known=as_known,
        against="earlier period",
        label=label,
        actual=float(now.worth[0]),
        expected=float(before.worth[0] + late[0]),
        factors=factors,
        since=since,
        until=until,
        by=found.by,
        notices=tuple(_notices(found)),
    )


def _shown(shown: Shown, found: Cohorts) -> Shown:
    return "count" if shown == "money" and not found.in_money else shown


def _intervals(found: Cohorts, effects: Reals) -> list[Interval]:
    """One for each factor: the middle of what it explains in every draw of people. What stands beside the chain is a
    plain sum of few large amounts, and is measured by its own standard error."""
    draws = people(found.sizes)
    before, now = found.before, found.now
    drawn = parts(before.drawn(draws), now.drawn(draws), draws @ found.late)[:, : len(_PRODUCT)]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    spans = [_whole(*each) for each in zip(low, high, effects[: len(_PRODUCT)], strict=True)]
    beside = (now.earlier - before.earlier, now.nobody - before.nobody, -found.late)
    return spans + [of_sum(each, found.sizes, draws) for each in beside]


def _whole(low: float, high: float, effect: float) -> Interval:
    return Interval(float(min(low, effect)), float(max(high, effect)))


def _levels(counts: Counts) -> Mapping[str, float | None]:
    """The level of each factor over everybody."""
    leads = float(counts.leads.sum())
    handed, accepted, opened, closed, won, worth = (float(each) for each in counts.steps.sum(axis=(0, 1, 2)))
    in_time = float(counts.steps[..., 0, 0].sum())
    clocked = float(counts.steps[..., :3, 0].sum())
    return {
        "volume": leads,
        "mix": None,
        "qualification": _per(handed, leads),
        "response": _per(in_time, clocked),
        "acceptance": _per(accepted, handed),
        "opportunity": _per(opened, accepted),
        "cycle_time": _per(closed, opened),
        "win_rate": _per(won, closed),
        "deal_size": _per(worth, won),
        "earlier_leads": float(counts.earlier.sum()),
        "nobody": float(counts.nobody.sum()),
        "late_data": None,
    }


def _per(count: float, of: float) -> float | None:
    return count / of if of else None


_DETAILS = {
    "qualification": "Leads that were handed over by the end of the period",
    "response": f"Handoffs {BANDS[0]}; fast and slow answers went with different outcomes, which proves no cause",
    "acceptance": "Handed over and accepted, or further",
    "opportunity": "Accepted people with a deal",
    "cycle_time": "Deals that closed before the period ended",
    "win_rate": "Closed deals that were won",
    "deal_size": "Worth of what one customer signed",
    "earlier_leads": "Closed in the period, from people who entered before it",
    "nobody": "Deals that name no person that is known",
    "late_data": "Wins of the earlier period that became known later than this period has had time for",
}


def _detail(name: str, found: Cohorts) -> str:
    if name == "volume":
        return "People who entered in the period"
    return _mix(found) if name == "mix" else _DETAILS[name]


def _mix(found: Cohorts) -> str:
    """Which group's share moved most."""
    shares = []
    for counts in (found.before, found.now):
        leads = counts.leads.sum(axis=0)
        shares.append(leads / leads.sum() if leads.sum() else leads)
    moved = int(np.argmax(np.abs(shares[1] - shares[0])))
    was, now = 100 * shares[0][moved], 100 * shares[1][moved]
    return f"By {found.by}: {found.groups[moved]} from {was:.0f} % to {now:.0f} % of leads"


def _notices(found: Cohorts) -> Sequence[str]:
    told = []
    if not found.in_money:
        told.append("No won deal says what it is worth, so the split is of wins, not of money.")
    elif found.unpriced:
        told.append(f"{found.unpriced} won deals have no amount or no exchange rate; they count as worth nothing.")
    return told


# As a chart


def waterfall(gap: Gap, steps: int = STEPS) -> dict[str, Any]:
    """The specification of the waterfall, in thousands where the unit is money."""
    scale, unit = (1e3, f"{gap.unit} thousand") if gap.unit != "wins" else (1.0, "wins")
    expected, actual = gap.expected / scale, gap.actual / scale
    rows: list[dict[str, Any]] = [{"n": "Expected", "s": expected, "e": expected, "k": "total", "y": expected,
                                   "l": _label(expected, signed=False)}]  # fmt: skip
    stands, shown = expected, gap.sorted[:steps]
    others = sum(f.effect for f in gap.sorted[steps:]) / scale
    for factor in shown:
        rows.append(_step(factor, stands, scale))
        stands += factor.effect / scale
    if others:
        rows.append(
            {
                "n": "All others",
                "s": stands,
                "e": stands + others,
                "k": "noise",
                "l": _label(others),
                "y": max(stands, stands + others),
            }
        )
    rows.append({"n": "Actual", "s": actual, "e": actual, "k": "total", "y": actual, "l": _label(actual, signed=False)})
    return _layers(rows, unit)


def _step(factor: Factor, stands: float, scale: float) -> dict[str, Any]:
    after = stands + factor.effect / scale
    row = {"n": factor.title, "s": stands, "e": after, "k": _kind(factor),
           "l": _label(factor.effect / scale), "y": max(stands, after)}  # fmt: skip
    if factor.interval:
        row |= {"lo": stands + factor.interval.low / scale, "hi": stands + factor.interval.high / scale}
    return row


def _kind(factor: Factor) -> str:
    if not factor.is_clear:
        return "noise"
    return "clear" if factor.effect < 0 else "gain"


def _label(value: float, *, signed: bool = True) -> str:
    text = f"{abs(value):,.0f}"
    return (("−" if value < 0 else "+") if signed else "") + text


def _layers(rows: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    values = [value for row in rows for value in (row["s"], row["e"], row.get("lo", row["s"]), row.get("hi", row["e"]))]
    room = 0.06 * (max(values) - min(values) or 1.0)
    thick = room / 8
    for row in rows:
        if row["k"] == "total":
            row["s"], row["e"] = row["s"] - thick, row["e"] + thick
    domain = [min(values) - room, max(values) + 2 * room]
    x = {"field": "n", "type": "ordinal", "sort": None, "scale": {"paddingInner": 0.42, "paddingOuter": 0.15},
         "axis": {"labelAngle": 0, "title": None, "labelFontSize": 10, "labelLimit": 90,
                  "labelExpr": "split(datum.label, ' ')"}}  # fmt: skip
    y = {"field": "s", "type": "quantitative", "title": unit, "scale": {"domain": domain, "nice": False, "zero": False},
         "axis": {"format": ",d"}}  # fmt: skip
    joined = [{"n": a["n"], "n2": b["n"], "v": a["y"] if a["k"] == "total" else a["e"]}
              for a, b in pairwise(rows)]  # fmt: skip
    has = {"filter": "isValid(datum.lo)"}
    tick = {"type": "tick", "style": "interval", "orient": "horizontal", "width": 9, "thickness": 1.5}

    def field(name: str) -> dict[str, Any]:
        return {"field": name, "type": "quantitative"}

    bars = [
        {"transform": [{"filter": f"datum.k=='{kind}'"}], "mark": {"type": "bar", "style": kind},
         "encoding": {"x": x, "y": y, "y2": {"field": "e"}}}
        for kind in ("total", "clear", "gain", "noise")
    ]  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "height": 250,
        "data": {"values": rows},
        "layer": [
            {"data": {"values": joined}, "mark": {"type": "rule", "style": "connector"},
             "encoding": {"x": x, "x2": {"field": "n2"}, "y": field("v")}},
            *bars,
            {"transform": [has], "mark": {"type": "rule", "style": "interval"},
             "encoding": {"x": x, "y": field("lo"), "y2": {"field": "hi"}}},
            {"transform": [has], "mark": tick, "encoding": {"x": x, "y": field("lo")}},
            {"transform": [has], "mark": tick, "encoding": {"x": x, "y": field("hi")}},
            {"transform": [{"calculate": "isValid(datum.hi)?max(datum.hi,datum.y):datum.y", "as": "ly"}],
             "mark": {"type": "text", "style": "label", "dy": -9},
             "encoding": {"x": x, "y": field("ly"), "text": {"field": "l"}}},
        ],
    }  # fmt: skip
