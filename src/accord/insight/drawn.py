"""What became of leads that were drawn by lot below the line, beside those just above it: whether the line stands well.

The `explore` clause hands over a random few leads that the line would have kept back, and nobody who answers them knows
which. Just above are leads that the line let through with no more points over it than the lot reaches below it. A lead
counts for an outcome once its time for it is over; a deal counts where it names the person, or the account that the
person belonged to at the offer. The difference of the two shares has Newcombe's interval (1998, from Wilson's).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.document import Agreement
from accord.agreement.obligations import moment
from accord.agreement.qualify import EXPLORE, OVER_THE_LINE
from accord.insight.collisions import difference
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval, Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

WITHIN = {
    "accepted": timedelta(days=30),
    "rejected": timedelta(days=30),
    "qualified": timedelta(days=90),
    "won": timedelta(days=180),
}
"""How long after the offer each outcome is waited for."""

_SCHEMA = pa.schema([
    ("outcome", pa.string()), ("days", pa.int64()), ("group", pa.string()), ("count", pa.int64()), ("n", pa.int64()),
    ("open", pa.int64()), ("rate", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """How many of the leads of one group had an outcome. `open` ones have time left and count nowhere."""

    count: int
    n: int
    open: int

    @property
    def needed(self) -> int:
        """How many more would give a share; 0 where there are enough."""
        return max(0, ENOUGH - self.n)

    @property
    def rate(self) -> float | None:
        return None if self.needed else self.count / self.n

    @property
    def interval(self) -> Interval | None:
        """What the share may be when chance is allowed for."""
        return None if self.needed else wilson(self.count, self.n)


@dataclass(frozen=True, slots=True)
class Judged:
    """One outcome of leads drawn by lot and of those just above the line."""

    outcome: str
    lot: Group
    above: Group

    @property
    def difference(self) -> Interval | None:
        """By how much the share of the lot may lie above the other; None where either has too few."""
        if self.lot.needed or self.above.needed:
            return None
        return difference(self.lot.count, self.lot.n, self.above.count, self.above.n)

    @property
    def verdict(self) -> str:
        """too_few, chance, more or fewer."""
        apart = self.difference
        if apart is None:
            return "too_few"
        if apart.low <= 0 <= apart.high:
            return "chance"
        return "more" if apart.low > 0 else "fewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Result):
    """Every outcome of both groups. `n` counts the leads that were drawn. Unit: share."""

    outcomes: tuple[Judged, ...]

    def table(self) -> pa.Table:
        """One row per outcome and group."""
        return pa.Table.from_pylist([row for each in self.outcomes for row in _rows(each)], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {**Result.to_json(self), "outcomes": [_told(each) for each in self.outcomes]}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The share of each outcome with its interval, a row per group."""
        import altair as alt

        rows = [row for row in self.table().to_pylist() if row["rate"] is not None]
        base = alt.Chart(alt.Data(values=rows))
        place = alt.Y("group:N", sort=None, title=None, axis=alt.Axis(grid=False))
        share = alt.X("low:Q", title="Share", axis=alt.Axis(format="%"))
        rule = base.mark_rule(style="interval").encode(y=place, x=share, x2="high:Q")
        point = base.mark_point(filled=True, opacity=1).encode(y=place, x="rate:Q")
        chart = alt.layer(rule, point).facet(column=alt.Column("outcome:N", title=None, sort=list(WITHIN)))
        return chart.properties(config=theme_config(theme))


def drawn(engine: Answers, agreements: Sequence[Agreement], *, at: datetime) -> Drawn:
    """What became of leads drawn by lot until `at` under these versions, and of those just above the line of each."""
    sql = outcomes_sql(agreements, at=at)
    found = {row["lot"]: row for row in engine.rows(sql).to_pylist()}
    return Drawn(
        unit="share",
        n=int(found[True]["leads"]) if True in found else 0,
        definition=(
            "Leads that were drawn by lot below the line, beside leads over it by no more points than the lot reaches "
            "below: the share with each outcome, of those whose time for it is over."
        ),
        sql=sql,
        outcomes=tuple(Judged(name, _group(name, found.get(True)), _group(name, found.get(False))) for name in WITHIN),
    )


def outcomes_sql(agreements: Sequence[Agreement], *, at: datetime) -> str:
    """SQL over the facts: a row for leads drawn by lot and one for those just above the line."""
    counts = ",\n  ".join(
        f"SUM(CASE WHEN {_over(days, at)} THEN 1 ELSE 0 END) AS {name}_n, "
        f"SUM(CASE WHEN {_over(days, at)} AND {name}_at <= offered_at + {_days(days)} THEN 1 ELSE 0 END) AS {name}"
        for name, days in WITHIN.items()
    )
    return f"""WITH lines AS (
  {_lines(agreements)}
), offers AS (
  SELECT d.handoff_id, MIN(d.person_id) AS person_id, MIN(d.occurred_at) AS offered_at,
    MAX(CASE WHEN d.because = '{EXPLORE}' THEN 1 ELSE 0 END) = 1 AS lot
  FROM decisions AS d JOIN lines AS l ON l.version = d.version
  WHERE d.outcome = 'offered' AND d.handoff_id IS NOT NULL AND d.occurred_at <= {moment(at)}
    AND (d.because = '{EXPLORE}' OR (d.because = '{OVER_THE_LINE}' AND d.score < l.at_least + l.points_below))
  GROUP BY d.handoff_id
), answers AS (
  SELECT handoff_id, {", ".join(_first(name) for name in ("accepted", "rejected", "qualified"))}
  FROM handoffs WHERE occurred_at <= {moment(at)} GROUP BY handoff_id
), homes AS (
  SELECT handoff_id, account_id FROM (
    SELECT o.handoff_id, p.account_id,
      ROW_NUMBER() OVER (PARTITION BY o.handoff_id ORDER BY p.occurred_at DESC, p.known_at DESC, p.source_id) AS nth
    FROM offers AS o JOIN profiles AS p ON p.subject = 'person' AND p.subject_id = o.person_id
      AND p.account_id IS NOT NULL AND p.occurred_at <= o.offered_at
  ) AS ranked WHERE nth = 1
), wins AS (
  SELECT handoff_id, MIN(occurred_at) AS won_at FROM (
    SELECT o.handoff_id, d.occurred_at FROM offers AS o JOIN deals AS d ON d.person_id = o.person_id
      AND d.event = 'won' AND d.occurred_at > o.offered_at AND d.occurred_at <= {moment(at)}
    UNION ALL
    SELECT o.handoff_id, d.occurred_at FROM offers AS o JOIN homes AS h ON h.handoff_id = o.handoff_id
    JOIN deals AS d ON d.account_id = h.account_id
      AND d.event = 'won' AND d.occurred_at > o.offered_at AND d.occurred_at <= {moment(at)}
  ) AS won GROUP BY handoff_id
)
SELECT lot, COUNT(*) AS leads,
  {counts}
FROM offers AS o LEFT JOIN answers AS a ON a.handoff_id = o.handoff_id
LEFT JOIN wins AS w ON w.handoff_id = o.handoff_id
GROUP BY lot ORDER BY lot"""


def _lines(agreements: Sequence[Agreement]) -> str:
    """Which versions draw leads, over which line, from how far below."""
    rows = [
        f"SELECT {each.version} AS version, {line.at_least} AS at_least, {each.explore.points_below} AS points_below"
        for each in {one.version: one for one in agreements}.values()
        if each.explore is not None and (line := each.qualification.score) is not None
    ]
    return " UNION ALL ".join(rows or ["SELECT 0 AS version, 0.0 AS at_least, 0.0 AS points_below WHERE 1 = 0"])


def _first(event: str) -> str:
    return f"MIN(CASE WHEN event = '{event}' THEN occurred_at END) AS {event}_at"


def _days(within: timedelta) -> str:
    return f"INTERVAL '{within.days}' DAY"


def _over(within: timedelta, at: datetime) -> str:
    return f"offered_at + {_days(within)} <= {moment(at)}"


def _group(name: str, row: Mapping[str, Any] | None) -> Group:
    if row is None:
        return Group(0, 0, 0)
    n = int(row[f"{name}_n"])
    return Group(int(row[name]), n, int(row["leads"]) - n)


def _groups(each: Judged) -> Iterator[tuple[str, Group]]:
    yield "lot", each.lot
    yield "above", each.above


def _rows(each: Judged) -> list[dict[str, Any]]:
    return [
        {
            "outcome": each.outcome, "days": WITHIN[each.outcome].days, "group": name, "count": group.count,
            "n": group.n, "open": group.open, "rate": group.rate,
            "low": group.interval.low if group.interval else None,
            "high": group.interval.high if group.interval else None,
        }
        for name, group in _groups(each)
    ]  # fmt: skip


def _told(each: Judged) -> dict[str, Any]:
    apart = each.difference
    return {
        "outcome": each.outcome, "days": WITHIN[each.outcome].days, "verdict": each.verdict,
        "difference": apart.to_json() if apart else None,
        **{row["group"]: {**row, "needed": group.needed}
           for row, (_, group) in zip(_rows(each), _groups(each), strict=True)},
    }  # fmt: skip
