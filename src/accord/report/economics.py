"""Economics as people read them: headline, figures in groups, channels, scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from accord.insight.economics.channels import Channel
from accord.insight.economics.economics import Economics
from accord.insight.economics.figure import Figure
from accord.insight.economics.marginal import Scenario
from accord.insight.result import Interval
from accord.report.figures import Grid
from accord.report.numbers import day, money, percent, whole

GROUPS = (
    ("What was spent", ("spend", "spend_of_marketing", "spend_of_sales", "spent_on_won", "spent_on_lost",
                        "spent_on_open", "spent_on_nobody")),
    ("What a step costs", ("cost_per_click", "cost_per_engagement", "cost_per_social_engagement", "cost_per_lead",
                           "cost_per_mql", "cost_per_handoff", "acquisition_cost", "acquisition_cost_without_lost",
                           "cost_of_sales")),
    ("What marketing reaches", ("opt_ins", "landing_page_conversion")),
    ("What customers bring", ("new_revenue", "revenue_growth", "deal_size", "revenue_per_account", "retention", "churn",
                              "lifetime_value", "value_to_cost", "payback", "return_on_spend")),
)  # fmt: skip
_SHARES = ("landing_page_conversion", "revenue_growth", "retention", "churn", "cost_of_sales")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in words. `beside` is its range, or why there is none."""

    name: str
    title: str
    value: str
    beside: str
    n: str
    definition: str
    kind: str
    sql: str
    records: str


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that belong together."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One scenario in words."""

    name: str
    says: str
    assumptions: tuple[str, ...]


def headline(found: Economics) -> str:
    """What was spent and what came of it, as far as it can be told."""
    spend, revenue = found.figure("spend"), found.figure("new_revenue")
    if spend.value is None and revenue.value is None:
        return "Neither spend nor a won deal is recorded here."
    if spend.value is None:
        return f"{written(revenue)} of new revenue; what it cost is not recorded."
    cost = found.figure("acquisition_cost")
    customer = f"; a new customer cost {written(cost)}" if cost.value is not None else "; nobody is a customer yet"
    return f"{written(spend)} were spent{customer}."


def context(found: Economics) -> str:
    """The stretch and what the ranges are."""
    last = (
        "" if found.paid is None else f" Costs are of {day(found.paid[0])} to {day(found.paid[1])}, where spend ends."
    )
    return f"{day(found.since)} to {day(found.until)}.{last} Ranges hold the truth in 9 of 10 cases."


def groups(found: Economics) -> tuple[Group, ...]:
    """All figures, those that belong together beside each other."""
    by_name = {each.name: each for each in found.figures}
    return tuple(Group(title, tuple(line(by_name[name]) for name in names)) for title, names in GROUPS)


def line(each: Figure) -> Line:
    """One figure."""
    ends = [amount(each, end) for end in (each.interval.low, each.interval.high)] if each.interval else [each.says]
    told = " to ".join(dict.fromkeys(ends))
    return Line(
        name=each.name, title=each.title, value=written(each), beside=told or "counted, not estimated",
        n=whole(each.n), definition=each.definition, kind=each.kind, sql=each.sql, records=each.records,
    )  # fmt: skip


def written(each: Figure) -> str:
    """Its value with its unit."""
    return "–" if each.value is None else amount(each, each.value)


def amount(each: Figure, value: float) -> str:
    """A number in the unit of a figure, as short as it can be read."""
    if each.name in _SHARES:
        return percent(value)
    if each.name == "payback":
        return "at the first deal" if value == 0 else f"{whole(value)} days"
    if each.name in ("value_to_cost", "return_on_spend"):
        return f"{value:.1f} times"
    if each.name == "opt_ins":
        return whole(value)
    return money(value, each.unit.split(" ")[0])


def span(found: Interval | None, currency: str) -> str:
    """A range of money; nothing for none."""
    return f"{money(found.low, currency)} to {money(found.high, currency)}" if found else ""


def channels(found: Economics) -> Grid:
    """Every channel with what it cost and brought."""
    head = (found.by[:1].upper() + found.by[1:], "Spend", "Leads", "Cost per lead", "Customers", "Revenue", "Return")
    rows = tuple(_channel(each, found.currency or "money") for each in found.channels)
    return Grid(head, rows, right=(1, 2, 3, 4, 5, 6), hide_small=(1, 4))


def _channel(each: Channel, currency: str) -> tuple[str, ...]:
    lead = "–" if each.cost_per_lead is None else money(each.cost_per_lead, currency)
    lead += f" ({span(each.lead_interval, currency)})" if each.lead_interval else ""
    back = "–" if each.back is None else f"{each.back:.1f}"
    back += f" ({each.back_interval.low:.1f} to {each.back_interval.high:.1f})" if each.back_interval else ""
    spend = "–" if each.spend is None else money(each.spend, currency)
    name = "on no channel" if each.name == "none" else each.name
    return name, spend, whole(each.leads), lead, whole(each.customers), money(each.revenue, currency), back


def scenarios(found: Economics) -> tuple[Told, ...]:
    """What the next unit may bring."""
    return tuple(_scenario(each, found.currency or "money") for each in found.scenarios)


def _scenario(each: Scenario, currency: str) -> Told:
    if each.interval is None:
        return Told(each.name, each.because, each.assumptions)
    worth = f", worth {span(each.value, currency)}" if each.value else ""
    says = f"{each.interval.low:.1f} to {each.interval.high:.1f} {each.unit}{worth}."
    return Told(each.name, says, each.assumptions)
