"""Economics: what was spent, what a lead, an MQL and a customer cost, what customers bring, and the return by channel.

Every figure stands alone: what cannot be told says why, and the others are told all the same. Costs are counted over
the part of the stretch for which spend is recorded, because what came after has been paid by nothing that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.facts.errors import AccordError
from accord.insight.economics import books, costs, gains
from accord.insight.economics.books import Spending, Stretch, Wins
from accord.insight.economics.channels import Channel, by_channel, table_of
from accord.insight.economics.figure import TABLE, Figure, points
from accord.insight.economics.marginal import Scenario
from accord.insight.economics.people import People, people
from accord.insight.economics.reach import reach
from accord.insight.economics.scenarios import scenarios
from accord.insight.result import Result, Theme, iso
from accord.insight.stages import moment_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

    from accord.facts.engine import Answers

BY = ("channel", "campaign")
_DEFINITION = (
    "Spend of both sides, what leads, MQL and customers cost, and what customers bring, counted as the registry of "
    "metrics defines it. Where customers came from describes who was there first and proves no cause."
)


class NothingSpentOrWonError(AccordError):
    """Neither spend nor a person nor a won deal is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics(Result):
    """All figures over one stretch. `paid` is the part of it for which spend is recorded, None without any."""

    figures: tuple[Figure, ...]
    channels: tuple[Channel, ...]
    scenarios: tuple[Scenario, ...]
    by: str
    currency: str | None
    since: datetime
    until: datetime
    paid: tuple[datetime, datetime] | None
    notices: tuple[str, ...]
    behind: Mapping[str, pa.Table]

    def figure(self, name: str) -> Figure:
        """One figure by name; KeyError for another word."""
        return {each.name: each for each in self.figures}[name]

    def records(self, name: str) -> pa.Table:
        """What stands behind a figure: its deals, or its spend; newest first. Empty where nothing can be listed."""
        return self.behind.get(self.figure(name).records, pa.table({}))

    def table(self) -> pa.Table:
        """One row per figure."""
        return pa.Table.from_pylist([each.row() for each in self.figures], TABLE)

    def channel_table(self) -> pa.Table:
        """One row per channel, or campaign."""
        return table_of(self.channels, self.by)

    def to_json(self) -> dict[str, Any]:
        """Everything, with `figures` by name."""
        return {
            **Result.to_json(self),
            "by": self.by,
            "currency": self.currency,
            "from": iso(self.since),
            "to": iso(self.until),
            "paid": {"from": iso(self.paid[0]), "to": iso(self.paid[1])} if self.paid else None,
            "figures": {each.name: each.to_json() for each in self.figures},
            "channels": [each.to_json(self.by) for each in self.channels],
            "scenarios": [each.to_json() for each in self.scenarios],
            "notices": list(self.notices),
        }

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """Revenue per unit of spend by channel, with intervals."""
        rows = [each.point() for each in self.channels if each.back is not None]
        return points(rows, f"Revenue per {self.currency or 'unit'} spent", theme)


def economics(
    engine: Answers,
    *,
    by: str = "channel",
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    as_known: datetime | None = None,
    currency: str | None = None,
    margin: float = 1.0,
    zone: str = "UTC",
    progress: Callable[[str, int, int], None] | None = None,
) -> Economics:
    """The economics of [`since`, `until`) (naive UTC; by default everything that is recorded up to `at`).

    `by` is channel or campaign, `margin` the share of revenue that is left to pay for acquisition (0 to 1), `currency`
    the one to tell money in, `zone` the one whose months are counted. Facts after `at` are not read; `as_known` only
    labels the result. Raises AccordError for what cannot be asked, and NothingSpentOrWonError for an empty ledger.
    """
    _checked(by, margin)
    tell = progress or (lambda _step, _done, _of: None)
    newest = _newest(engine)
    at = min(at or newest, newest)  # nobody is followed beyond what is recorded
    stretch = _stretch(engine, since, until, at, zone)
    base = books.currency_of(engine, at, currency)
    tell("reading deals", 0, 4)
    won = books.wins(engine, stretch, at, base)
    tell("reading people", 1, 4)
    everybody = people(engine, by, at)
    _something(engine, everybody, won, at)
    tell("reading spend", 2, 4)
    paid = _paid(engine, stretch, at)
    spent = books.spending(engine, paid or stretch, at, base)
    tell("drawing intervals", 3, 4)
    asked = costs.Asked(engine, stretch, paid, at, as_known, base, margin, by)
    channels = by_channel(everybody, won, spent, stretch, paid, by)
    figures = (
        *costs.costs(asked, everybody, won, spent),
        *reach(asked, spent),
        *gains.gains(asked, won, spent),
    )
    tell("drawing intervals", 4, 4)
    return Economics(
        unit=base or "money",
        n=everybody.histories.size,
        definition=_DEFINITION,
        sql=everybody.histories.sql,
        as_known=as_known,
        figures=figures,
        channels=channels,
        scenarios=scenarios(asked, everybody, won, spent, channels),
        by=by,
        currency=base,
        since=stretch.since,
        until=stretch.until,
        paid=(paid.since, paid.until) if paid else None,
        notices=tuple(_notices(engine, stretch, paid, at, spent, won, base)),
        behind=_behind(won, spent, stretch, paid),
    )


def _checked(by: str, margin: float) -> None:
    if by not in BY:
        raise AccordError(f"Money cannot be told apart by {by!r}.", remedy=f"Possible are: {', '.join(BY)}.")
    if not 0 < margin <= 1:
        raise AccordError(f"A margin of {margin:g} cannot be.", remedy="Give a share above 0 and up to 1, such as 0.7.")


def _newest(engine: Answers) -> datetime:
    """Until when anything is recorded: the newest fact, or the end of what was paid for."""
    facts = ("profiles", "touches", "handoffs", "deals")
    moments = [f"SELECT max(occurred_at) + INTERVAL '1' SECOND AS moment FROM {table}" for table in facts]
    moments.append(
        "SELECT max(CASE WHEN until > occurred_at THEN until ELSE occurred_at + INTERVAL '1' DAY END) FROM spend"
    )
    (found,) = engine.one(f"SELECT max(moment) FROM ({' UNION ALL '.join(moments)}) AS latest")
    if not isinstance(found, datetime):
        raise _nothing()
    return found


def _nothing() -> NothingSpentOrWonError:
    return NothingSpentOrWonError(
        "No spend, no person and no deal is recorded here.",
        remedy="Import spend, leads and deals first: accord import --help.",
    )


def _something(engine: Answers, everybody: People, won: Wins, at: datetime) -> None:
    if not everybody.histories.size and not len(won.worth) and books.spent_stretch(engine, at) is None:
        raise _nothing()


def _stretch(engine: Answers, since: datetime | None, until: datetime | None, at: datetime, zone: str) -> Stretch:
    last = min(until or at, at)
    if since is None:
        union = " UNION ALL ".join(
            f"SELECT min(occurred_at) AS moment FROM {table}" for table in ("touches", "handoffs", "deals", "spend")
        )
        (found,) = engine.one(f"SELECT min(moment) FROM ({union}) AS first WHERE moment < {moment_sql(last)}")
        since = found if isinstance(found, datetime) else None
    if since is None or since >= last:
        raise NothingSpentOrWonError(
            f"Nothing that has to do with money happened before {last:%Y-%m-%d %H:%M} UTC.",
            remedy="Look at --from and --to, or import spend, leads and deals: accord import --help.",
        )
    return Stretch(since, last, zone)


def _paid(engine: Answers, stretch: Stretch, at: datetime) -> Stretch | None:
    found = books.spent_stretch(engine, at)
    if found is None:
        return None
    since, until = max(found[0], stretch.since), min(found[1], stretch.until)
    return Stretch(since, until, stretch.zone) if since < until else None


def _notices(
    engine: Answers, stretch: Stretch, paid: Stretch | None, at: datetime, spent: Spending, won: Wins, base: str | None
) -> Iterator[str]:
    if paid is None:
        yield "No spend is recorded in this stretch, so that no cost can be told."
    elif (paid.since - stretch.since).days > 1 or (stretch.until - paid.until).days > 1:
        yield (
            f"Spend is recorded from {paid.since:%-d %B %Y} to {paid.until:%-d %B %Y}: costs are counted over these "
            "days only."
        )
    yield from books.says(spent, won, base)
    for table in ("spend", "deals"):
        (later,) = engine.one(f"SELECT count(*) FROM {table} WHERE occurred_at > {moment_sql(at)}")
        if later:
            told = books.counted(float(str(later)), "fact", "facts")
            yield f"{told} of {table} dated after {at:%Y-%m-%d %H:%M} UTC: not read."


def _behind(won: Wins, spent: Spending, stretch: Stretch, paid: Stretch | None) -> Mapping[str, pa.Table]:
    here = pa.array(won.in_stretch(stretch))
    deals = pa.table(
        {
            "deal_id": won.deals, "customer_id": won.customers, "person_id": won.people,
            "won_at": pa.array(won.won), "worth": pa.array(won.worth),
        }
    ).filter(here)  # fmt: skip
    months = [span.label for span in (paid or stretch).spans]
    money = pa.table(
        {
            "month": pa.array([months[place] for place in spent.places], pa.string()),
            "channel": pa.array(spent.channels, pa.string()), "side": pa.array(spent.sides, pa.string()),
            "amount": pa.array(spent.amounts),
        }
    )  # fmt: skip
    return {"deals": deals.sort_by([("won_at", "descending")]), "spend": money.sort_by([("month", "descending")])}
