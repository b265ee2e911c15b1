"""Each channel's leads, what they cost, and what came of them, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from accord.insight.economics import intervals
from accord.insight.economics.books import UNNAMED, Spending, Stretch, Wins
from accord.insight.economics.people import People
from accord.insight.result import ENOUGH, Interval


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel (or campaign). `back` is revenue divided by spend, None without spend; intervals from 20 records on.
    Leads are those that came in the stretch with spend, revenue what was won in it by people from here."""

    name: str
    spend: float | None
    leads: int
    customers: int
    deals: int
    revenue: float
    cost_per_lead: float | None
    lead_interval: Interval | None
    back: float | None
    back_interval: Interval | None
    worth: Interval | None  # what a lead from here brings

    def point(self) -> dict[str, object]:
        """The return, for a chart."""
        told = self.back_interval
        return {
            "figure": f"{self.name} ({self.deals:,})", "value": self.back,
            "low": told.low if told else None, "high": told.high if told else None,
        }  # fmt: skip

    def to_json(self, by: str) -> dict[str, Any]:
        """Plain values, the channel under the name of the dimension."""
        return {
            by: self.name,
            "spend": self.spend,
            "leads": self.leads,
            "customers": self.customers,
            "deals": self.deals,
            "revenue": self.revenue,
            "cost_per_lead": self.cost_per_lead,
            "cost_per_lead_interval": self.lead_interval.to_json() if self.lead_interval else None,
            "return": self.back,
            "return_interval": self.back_interval.to_json() if self.back_interval else None,
        }


def by_channel(
    found: People, won: Wins, spent: Spending, stretch: Stretch, paid: Stretch | None, by: str
) -> tuple[Channel, ...]:
    """Those with most spend first, then those with most leads. What was spent on no channel stands under `none`."""
    over = paid or stretch
    leads = found.by_group(over.holds(found.came))
    customers = found.by_group(found.reached("customer", over))
    group, here = found.groups_of_wins(won), won.in_stretch(over)
    money: dict[str, float] = {}
    for name, amount in zip(spent.named(by), spent.amounts, strict=True):
        money[name] = money.get(name, 0.0) + float(amount)
    channels = [
        _channel(
            name, money.pop(name, None), int(leads[place]), int(customers[place]), won.worth[here & (group == place)]
        )
        for place, name in enumerate(found.names)
    ]
    channels += [_channel(name, amount, 0, 0, np.zeros(0)) for name, amount in money.items()]
    there = [each for each in channels if each.leads or each.deals or each.spend]
    return tuple(sorted(there, key=lambda each: (each.name == UNNAMED, -(each.spend or 0.0), -each.leads, each.name)))


def _channel(name: str, spend: float | None, leads: int, customers: int, worth: intervals.Reals) -> Channel:
    revenue = float(worth.sum())
    total = intervals.of_total(worth) if np.count_nonzero(worth) >= ENOUGH else None
    paid = spend is not None and spend > 0
    enough = paid and leads >= ENOUGH
    return Channel(
        name=name,
        spend=spend,
        leads=leads,
        customers=customers,
        deals=len(worth),
        revenue=revenue,
        cost_per_lead=spend / leads if spend is not None and paid and leads else None,
        lead_interval=intervals.divided(spend, intervals.of_count(leads)) if spend is not None and enough else None,
        back=revenue / spend if spend is not None and paid and (leads or len(worth)) else None,
        back_interval=Interval(total.low / spend, total.high / spend) if spend is not None and paid and total else None,
        worth=Interval(max(total.low, 0.0) / leads, total.high / leads) if total and leads else None,
    )


def table_of(channels: tuple[Channel, ...], by: str) -> pa.Table:
    """One row per channel."""
    schema = [(by, pa.string()), ("spend", pa.float64()), ("leads", pa.int64()), ("customers", pa.int64())]
    schema += [("deals", pa.int64())]
    schema += [(name, pa.float64()) for name in (
        "revenue", "cost_per_lead", "cost_per_lead_low", "cost_per_lead_high", "return", "return_low", "return_high",
    )]  # fmt: skip
    return pa.Table.from_pylist([_row(each, by) for each in channels], pa.schema(schema))


def _row(each: Channel, by: str) -> dict[str, object]:
    told = {name: value for name, value in each.to_json(by).items() if not name.endswith("interval")}
    for name, interval in (("cost_per_lead", each.lead_interval), ("return", each.back_interval)):
        told[f"{name}_low"] = interval.low if interval else None
        told[f"{name}_high"] = interval.high if interval else None
    return told
