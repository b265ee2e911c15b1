"""What became of leads that were given back: how many came back and were accepted, became a deal, were won.

For each reason of a rejection or a recycling, over the handoffs that ended so long ago that their time is over. A deal
counts where it names the person, or the account that the person belonged to when the handoff ended. What comes of a
lead later says nothing about whoever answered: it shows both teams which reasons to agree upon anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.obligations import moment
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval, Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

WITHIN = timedelta(days=180)
OUTCOMES = {
    "accepted": "came back and were accepted",
    "deal": "became a deal, theirs or their account’s",
    "won": "were won",
}
_SCHEMA = pa.schema([
    ("answer", pa.string()), ("reason", pa.string()), ("outcome", pa.string()), ("count", pa.int64()),
    ("n", pa.int64()), ("open", pa.int64()), ("rate", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Later:
    """What became of the leads that were given back for one reason. `open` ones have time left and count nowhere."""

    answer: str  # rejected or recycled
    reason: str | None
    n: int
    open: int
    counts: Mapping[str, int]

    @property
    def needed(self) -> int:
        """How many more records a rate needs; 0 where there are enough."""
        return max(0, ENOUGH - self.n)

    def rate(self, outcome: str) -> float | None:
        """The share with that outcome; None with too few records."""
        return None if self.needed else self.counts[outcome] / self.n

    def interval(self, outcome: str) -> Interval | None:
        """What the share may be when chance is allowed for."""
        return None if self.needed else wilson(self.counts[outcome], self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret(Result):
    """What became of leads that were given back, by answer and reason, most records first. Unit: share."""

    reasons: tuple[Later, ...]
    within: timedelta
    at: datetime
    records_sql: str = ""

    def table(self) -> pa.Table:
        """One row per answer, reason and outcome."""
        return pa.Table.from_pylist([row for each in self.reasons for row in _rows(each)], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        told = [{**row, "records_needed": each.needed} for each in self.reasons for row in _rows(each)]
        return {**Result.to_json(self), "within_days": self.within.days, "at": self.at.isoformat(), "reasons": told}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The share of each outcome with its interval, a row per reason; reasons with too few records are left out."""
        import altair as alt

        rows = [
            {**row, "label": f"{row['reason'] or 'no reason'} ({row['answer']}, {row['n']})"}
            for row in self.table().to_pylist()
            if row["rate"] is not None
        ]
        base = alt.Chart(alt.Data(values=rows))
        place = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(grid=False))
        share = alt.X("low:Q", title="Share", axis=alt.Axis(format="%"))
        rule = base.mark_rule(style="interval").encode(y=place, x=share, x2="high:Q")
        point = base.mark_point(filled=True, opacity=1).encode(y=place, x="rate:Q")
        chart = alt.layer(rule, point).facet(column=alt.Column("outcome:N", title=None, sort=list(OUTCOMES)))
        return chart.properties(config=theme_config(theme))


def regret(engine: Answers, *, at: datetime, within: timedelta = WITHIN) -> Regret:
    """What became, within a time, of every lead that was rejected or recycled by `at`."""
    records = records_sql(at=at, within=within)
    sql = f"""SELECT answer, reason, SUM(CASE WHEN over THEN 1 ELSE 0 END) AS n,
  SUM(CASE WHEN over THEN 0 ELSE 1 END) AS waiting,
  {", ".join(f"SUM(CASE WHEN over AND {name} THEN 1 ELSE 0 END) AS {name}" for name in OUTCOMES)}
FROM (
{records}
) AS records GROUP BY answer, reason ORDER BY n DESC, answer, reason"""
    reasons = tuple(_later(row) for row in engine.rows(sql).to_pylist())
    return Regret(
        unit="share",
        n=sum(each.n for each in reasons),
        definition=(
            f"Of the leads that were rejected or recycled for a reason at least {within.days} days ago: the share that "
            f"came back and was accepted, became a deal or was won within {within.days} days."
        ),
        sql=sql,
        reasons=reasons,
        within=within,
        at=at,
        records_sql=records,
    )


def records_sql(*, at: datetime, within: timedelta) -> str:
    """SQL over the facts: one row per handoff that was given back, with what became of the lead within the time."""
    days = f"INTERVAL '{within.days}' DAY"
    return f"""WITH ends AS (
  SELECT handoff_id, MAX(person_id) AS person_id, MIN(event) AS answer, MIN(reason) AS reason,
    MIN(occurred_at) AS ended_at
  FROM handoffs WHERE event IN ('rejected', 'recycled') AND occurred_at <= {moment(at)} GROUP BY handoff_id
), homes AS (
  SELECT handoff_id, account_id FROM (
    SELECT e.handoff_id, p.account_id,
      ROW_NUMBER() OVER (PARTITION BY e.handoff_id ORDER BY p.occurred_at DESC, p.known_at DESC, p.source_id) AS nth
    FROM ends AS e JOIN profiles AS p ON p.subject = 'person' AND p.subject_id = e.person_id
      AND p.occurred_at <= e.ended_at
  ) AS ranked WHERE nth = 1
), returns AS (
  SELECT DISTINCT e.handoff_id FROM ends AS e JOIN handoffs AS h ON h.person_id = e.person_id
    AND h.handoff_id <> e.handoff_id AND h.event = 'accepted' AND {_soon_after("h", at, days)}
), deals_of AS (
  SELECT e.handoff_id, d.event FROM ends AS e JOIN deals AS d ON d.person_id = e.person_id
    AND {_soon_after("d", at, days)}
  UNION ALL
  SELECT e.handoff_id, d.event FROM ends AS e JOIN homes AS a ON a.handoff_id = e.handoff_id
  JOIN deals AS d ON d.account_id = a.account_id AND {_soon_after("d", at, days)}
), deals_later AS (
  SELECT handoff_id, MAX(CASE WHEN event = 'opened' THEN 1 ELSE 0 END) AS opened,
    MAX(CASE WHEN event = 'won' THEN 1 ELSE 0 END) AS won
  FROM deals_of WHERE event IN ('opened', 'won') GROUP BY handoff_id
)
SELECT e.handoff_id, e.person_id, e.answer, e.reason, e.ended_at,
  e.ended_at + {days} <= {moment(at)} AS over,
  r.handoff_id IS NOT NULL AS accepted, COALESCE(l.opened, 0) = 1 AS deal, COALESCE(l.won, 0) = 1 AS won
FROM ends AS e LEFT JOIN returns AS r ON r.handoff_id = e.handoff_id
LEFT JOIN deals_later AS l ON l.handoff_id = e.handoff_id"""


def _soon_after(name: str, at: datetime, days: str) -> str:
    when = f"{name}.occurred_at"
    return f"{when} > e.ended_at AND {when} <= e.ended_at + {days} AND {when} <= {moment(at)}"


def _later(row: Mapping[str, Any]) -> Later:
    counts = {name: int(row[name]) for name in OUTCOMES}
    return Later(row["answer"], row["reason"], int(row["n"]), int(row["waiting"]), counts)


def _rows(later: Later) -> list[dict[str, Any]]:
    return [
        {
            "answer": later.answer, "reason": later.reason, "outcome": outcome, "count": later.counts[outcome],
            "n": later.n, "open": later.open, "rate": later.rate(outcome),
            "low": interval.low if interval else None, "high": interval.high if interval else None,
        }
        for outcome in OUTCOMES
        for interval in [later.interval(outcome)]
    ]  # fmt: skip
