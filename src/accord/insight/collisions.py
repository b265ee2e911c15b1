"""Where work met other work: campaigns into negotiations, two colleagues or both teams writing to one account at once.

Each message counts once, for the first kind that it fits, and messages of one kind to one account that follow each
other within a few days are one collision. What collisions went with is read from closed deals of the same company: how
often deals were won into whose time one fell, against the others. That describes; it does not prove what would have
been. A deal counts once, for the first kind that fell into its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import sqrt
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.facts.engine import text
from accord.facts.lead_view import WRITTEN
from accord.insight.dimensions import last_of_person
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval, Result, Theme, iso, theme_config
from accord.insight.stages import moment_sql

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

WITHIN = timedelta(days=2)
SPAN = timedelta(days=365)
KINDS = {
    "negotiation": "Campaigns into negotiations",
    "colleagues": "Two colleagues to one account",
    "teams": "Both teams to one account",
}
"""In the order in which a message is judged."""
_DEFINITION = (
    "Messages to people of one account that met other work: a campaign while a deal was in negotiation, one by a "
    "colleague or a team within {days} days after one by another; each message and each deal counts once."
)
_SCHEMA = pa.schema([
    ("kind", pa.string()), ("account_id", pa.string()), ("began_at", pa.timestamp("us")),
    ("ended_at", pa.timestamp("us")), ("messages", pa.int64()), ("by", pa.string()), ("deal_id", pa.string()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One message that met other work. `after` is who had written before, empty for a campaign into a negotiation."""

    source_id: str
    person_id: str
    at: datetime
    by: str
    after: str
    campaign: str


@dataclass(frozen=True, slots=True)
class Collision:
    """Messages of one kind to one account that followed each other. `account_id` is the person's id where no account is
    known; `deal_id` is the deal in negotiation, else empty."""

    kind: str
    account_id: str
    deal_id: str
    messages: tuple[Message, ...]

    @property
    def began_at(self) -> datetime:
        return self.messages[0].at

    @property
    def by(self) -> tuple[str, ...]:
        """Everybody who wrote, by handle; `marketing` for the team."""
        return tuple(sorted({who for each in self.messages for who in (each.by, each.after) if who}))

    def to_json(self) -> dict[str, Any]:
        """Of many messages the first fifty."""
        told = [
            {**{name: getattr(each, name) for name in each.__slots__}, "at": iso(each.at)}
            for each in self.messages[:50]
        ]
        return {
            "kind": self.kind, "account_id": self.account_id, "deal_id": self.deal_id, "began_at": iso(self.began_at),
            "count": len(self.messages), "by": list(self.by), "messages": told,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class WentWith:
    """What collisions of one kind went with: closed deals into whose time one fell, and all others, with how many of
    each were won. `amount` is what the first were worth times the difference in shares, with its range; both None where
    `needed` more closed deals would tell."""

    kind: str
    collisions: int
    deals: int
    won: int
    others: int
    others_won: int
    amount: float | None
    interval: Interval | None

    @property
    def needed(self) -> int:
        return max(0, ENOUGH - min(self.deals, self.others))

    def to_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "interval"}
        return {**told, "needed": self.needed, "interval": self.interval.to_json() if self.interval else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collisions(Result):
    """Every collision of the span, the newest first, and what each kind went with. Unit: collisions."""

    collisions: tuple[Collision, ...]
    went_with: tuple[WentWith, ...]
    currency: str

    def table(self) -> pa.Table:
        """One row per collision."""
        rows = [
            {
                "kind": each.kind, "account_id": each.account_id, "began_at": each.began_at,
                "ended_at": each.messages[-1].at, "messages": len(each.messages), "by": ", ".join(each.by),
                "deal_id": each.deal_id,
            }
            for each in self.collisions
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {
            **Result.to_json(self),
            "currency": self.currency,
            "kinds": [each.to_json() for each in self.went_with],
            "collisions": [each.to_json() for each in self.collisions],
        }

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """How many there were in each month, by kind."""
        import altair as alt

        rows = [{"month": f"{each.began_at:%Y-%m}", "kind": KINDS[each.kind]} for each in self.collisions]
        bars = alt.Chart(alt.Data(values=rows)).mark_bar(style="actual")
        bars = bars.encode(x=alt.X("month:O", title=None), y=alt.Y("count():Q", title="Collisions"))
        return bars.facet(column=alt.Column("kind:N", title=None)).properties(config=theme_config(theme))


def collisions(
    engine: Answers, *, at: datetime, currency: str = "EUR", within: timedelta = WITHIN, span: timedelta = SPAN
) -> Collisions:
    """Every collision of the `span` before `at` (naive UTC) and what they went with, in deals closed in that time."""
    since = at - span
    sql = messages_sql(since=since, until=at, within=within)
    found = tuple(sorted(_together(engine.rows(sql).to_pylist(), within), key=lambda each: each.began_at, reverse=True))
    deals = engine.rows(_deals_sql(since=since, until=at, currency=currency)).to_pylist()
    return Collisions(
        unit="collisions",
        n=len(found),
        definition=_DEFINITION.format(days=within.days),
        sql=sql,
        collisions=found,
        went_with=tuple(_went_with(found, deals)),
        currency=currency,
    )


def _together(rows: Sequence[Mapping[str, Any]], within: timedelta) -> Iterator[Collision]:
    """Messages of one kind to one account; where more than the time lies between two, a new collision begins."""
    for (kind, account, deal), some in groupby(
        rows, lambda row: (row["kind"], row["account_id"], row["deal_id"] or "")
    ):
        held: list[Message] = []
        for row in some:
            message = Message(
                row["source_id"], row["person_id"], row["occurred_at"], row["who"], row["whose"] or "",
                row["campaign"] or "",
            )  # fmt: skip
            if held and message.at - held[-1].at > within:
                yield Collision(kind, account, deal, tuple(held))
                held = []
            held.append(message)
        yield Collision(kind, account, deal, tuple(held))


def messages_sql(*, since: datetime, until: datetime, within: timedelta) -> str:
    """One row per message of [`since`, `until`) that met other work: `kind`, `account_id`, `deal_id`, `source_id`,
    `person_id`, `occurred_at`, `who` wrote and `whose` message was before it, `campaign`; in order."""
    pause = f"INTERVAL '{within.days}' DAY"
    return f"""WITH works AS ({last_of_person("account_id")}),
written AS (
  SELECT t.source_id, t.person_id, COALESCE(w.value, t.person_id) AS account_id, t.side, t.campaign, t.occurred_at,
    CASE WHEN t.side = 'sales' THEN t.by ELSE t.side END AS who
  FROM touches AS t LEFT JOIN works AS w ON w.id = t.person_id
  WHERE t.{WRITTEN} AND t.side IS NOT NULL AND t.occurred_at >= {moment_sql(since - within)}
    AND t.occurred_at < {moment_sql(until)}
), stages AS (
  SELECT d.deal_id, COALESCE(d.account_id, w.value, d.person_id) AS account_id, d.stage, d.event, d.known_at AS since,
    LEAD(d.occurred_at) OVER (PARTITION BY d.deal_id ORDER BY d.occurred_at, d.known_at, d.source_id) AS until
  FROM deals AS d LEFT JOIN works AS w ON w.id = d.person_id
  WHERE d.event IN ('opened', 'stage', 'won', 'lost', 'reopened', 'deleted')
), hits AS (
  SELECT t.source_id, MIN(s.deal_id) AS deal_id FROM written AS t JOIN stages AS s ON s.account_id = t.account_id
  WHERE t.side = 'marketing' AND LOWER(s.stage) = 'negotiation' AND s.event IN ('opened', 'stage', 'reopened')
    AND t.occurred_at >= s.since AND (s.until IS NULL OR t.occurred_at < s.until)
  GROUP BY t.source_id
), pairs AS (
  SELECT later.source_id, CASE WHEN later.side = before.side THEN 'colleagues' ELSE 'teams' END AS kind,
    before.who AS whose, ROW_NUMBER() OVER (PARTITION BY later.source_id
      ORDER BY later.side <> before.side, before.occurred_at DESC, before.source_id) AS nth
  FROM written AS later JOIN written AS before ON before.account_id = later.account_id
    AND before.occurred_at <= later.occurred_at AND before.occurred_at >= later.occurred_at - {pause}
    AND before.source_id <> later.source_id
  WHERE (later.side <> before.side OR (later.side = 'sales' AND later.who <> before.who))
    AND NOT EXISTS (SELECT 1 FROM handoffs AS h WHERE h.person_id = later.person_id
      AND h.event IN ('offered', 'rerouted') AND h.occurred_at >= before.occurred_at
      AND h.occurred_at <= later.occurred_at)
)
SELECT CASE WHEN i.source_id IS NOT NULL THEN 'negotiation' ELSE p.kind END AS kind, t.account_id, i.deal_id,
  t.source_id, t.person_id, t.occurred_at, t.who, CASE WHEN i.source_id IS NULL THEN p.whose END AS whose, t.campaign
FROM written AS t LEFT JOIN hits AS i ON i.source_id = t.source_id
LEFT JOIN pairs AS p ON p.source_id = t.source_id AND p.nth = 1
WHERE t.occurred_at >= {moment_sql(since)} AND (i.source_id IS NOT NULL OR p.source_id IS NOT NULL)
ORDER BY kind, t.account_id, i.deal_id, t.occurred_at, t.source_id"""


def _deals_sql(*, since: datetime, until: datetime, currency: str) -> str:
    """Deals that were closed in the time: their account, when they began and closed, how, and what they were worth."""
    return f"""WITH works AS ({last_of_person("account_id")})
SELECT d.deal_id, MAX(COALESCE(d.account_id, w.value, d.person_id)) AS account_id, MIN(d.occurred_at) AS began_at,
  MAX(CASE WHEN d.event IN ('won', 'lost') THEN d.occurred_at END) AS closed_at,
  MAX(CASE WHEN d.event = 'won' THEN 1 ELSE 0 END) AS won,
  MAX(CASE WHEN d.currency = {text(currency)} THEN d.amount END) AS worth
FROM deals AS d LEFT JOIN works AS w ON w.id = d.person_id WHERE d.occurred_at < {moment_sql(until)}
GROUP BY d.deal_id
HAVING MAX(CASE WHEN d.event IN ('won', 'lost') THEN d.occurred_at END) >= {moment_sql(since)}
  AND MAX(CASE WHEN d.event = 'deleted' THEN 1 ELSE 0 END) = 0"""


def _went_with(found: Sequence[Collision], deals: Sequence[Mapping[str, Any]]) -> Iterator[WentWith]:
    moments: dict[str, dict[str, list[datetime]]] = {}
    for each in found:
        moments.setdefault(each.account_id, {}).setdefault(each.kind, []).extend(m.at for m in each.messages)
    hit = {deal["deal_id"]: _first_kind(deal, moments.get(deal["account_id"], {})) for deal in deals}
    others = [deal for deal in deals if hit[deal["deal_id"]] is None]
    for kind in KINDS:
        mine = [deal for deal in deals if hit[deal["deal_id"]] == kind]
        yield _priced(kind, sum(each.kind == kind for each in found), mine, others)


def _first_kind(deal: Mapping[str, Any], moments: Mapping[str, Sequence[datetime]]) -> str | None:
    """The first kind of collision that fell into the time of a deal."""
    return next(
        (k for k in KINDS if any(deal["began_at"] <= at <= deal["closed_at"] for at in moments.get(k, ()))), None
    )


def _priced(
    kind: str, count: int, mine: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> WentWith:  # fmt: skip
    won, others_won = sum(deal["won"] for deal in mine), sum(deal["won"] for deal in others)
    amount = interval = None
    if min(len(mine), len(others)) >= ENOUGH:
        worth = sum(deal["worth"] or 0.0 for deal in mine)
        less = difference(others_won, len(others), won, len(mine))
        amount = worth * (others_won / len(others) - won / len(mine))
        interval = Interval(worth * less.low, worth * less.high)
    return WentWith(kind, count, len(mine), won, len(others), others_won, amount, interval)


def difference(one: int, of_one: int, two: int, of_two: int) -> Interval:
    """What the difference of two shares may be when chance is allowed for (Newcombe 1998, from Wilson's intervals)."""
    first, second, apart = wilson(one, of_one), wilson(two, of_two), one / of_one - two / of_two
    low = sqrt((one / of_one - first.low) ** 2 + (second.high - two / of_two) ** 2)
    high = sqrt((first.high - one / of_one) ** 2 + (two / of_two - second.low) ** 2)
    return Interval(apart - low, apart + high)
