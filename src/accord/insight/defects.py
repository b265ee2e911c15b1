"""Defects of handoffs, by kind: incomplete, with wrong data, delivered late; from facts that are there anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.agreement.obligations import moment
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval, Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

KINDS = {
    "incomplete": "A field that was agreed was missing at the offer.",
    "wrong_data": "Sales rejected it because the data were wrong or the lead was there twice.",
    "late": "It was offered without an owner and waited for one: system time, nobody's miss.",
}
_WRONG = ("wrong_data", "duplicate")
"""Codes of reject reasons that speak of the data."""

_SCHEMA = pa.schema([
    ("kind", pa.string()), ("count", pa.int64()), ("n", pa.int64()), ("rate", pa.float64()), ("low", pa.float64()),
    ("high", pa.float64()),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defect:
    """How many handoffs had a defect of one kind, of those of which it is known."""

    kind: str
    count: int
    n: int

    @property
    def rate(self) -> float | None:
        """The share; None with too few records."""
        return self.count / self.n if self.n >= ENOUGH else None

    @property
    def interval(self) -> Interval | None:
        """What the share may be when chance is allowed for."""
        return wilson(self.count, self.n) if self.n >= ENOUGH else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defects(Result):
    """Defects of the handoffs of a stretch of time, by kind. Unit: share."""

    kinds: tuple[Defect, ...]

    def table(self) -> pa.Table:
        """One row per kind."""
        return pa.Table.from_pylist([_row(each) for each in self.kinds], _SCHEMA)

    def to_json(self) -> dict[str, Any]:
        return {**Result.to_json(self), "kinds": [_row(each) for each in self.kinds]}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The share of each kind with its interval."""
        import altair as alt

        base = alt.Chart(alt.Data(values=[row for row in self.table().to_pylist() if row["rate"] is not None]))
        place = alt.Y("kind:N", sort=None, title=None, axis=alt.Axis(grid=False))
        share = alt.X("low:Q", title="Share", axis=alt.Axis(format="%"))
        rule = base.mark_rule(style="interval").encode(y=place, x=share, x2="high:Q")
        point = base.mark_point(filled=True, opacity=1).encode(y=place, x="rate:Q")
        return alt.layer(rule, point).properties(config=theme_config(theme))


def defects(engine: Answers, *, since: datetime, at: datetime) -> Defects:
    """Defects of the handoffs that were offered from `since` until `at`."""
    codes = ", ".join(f"'{code}'" for code in _WRONG)
    sql = f"""WITH offers AS (
  SELECT * FROM (
    SELECT h.*, ROW_NUMBER() OVER (PARTITION BY handoff_id ORDER BY occurred_at, known_at, source_id) AS nth
    FROM handoffs AS h WHERE event = 'offered' AND occurred_at <= {moment(at)}
  ) AS ranked WHERE nth = 1 AND occurred_at >= {moment(since)}
), wrong AS (
  SELECT DISTINCT handoff_id FROM handoffs
  WHERE event = 'rejected' AND reason IN ({codes}) AND occurred_at <= {moment(at)}
)
SELECT COUNT(*) AS n, COUNT(o.complete) AS told,
  COALESCE(SUM(CASE WHEN NOT o.complete THEN 1 ELSE 0 END), 0) AS incomplete,
  COUNT(w.handoff_id) AS wrong_data,
  COALESCE(SUM(CASE WHEN o.owner IS NULL THEN 1 ELSE 0 END), 0) AS late
FROM offers AS o LEFT JOIN wrong AS w ON w.handoff_id = o.handoff_id"""
    (found,) = engine.rows(sql).to_pylist()
    return Defects(
        unit="share",
        n=int(found["n"]),
        definition="Handoffs with a defect, of those offered in the time; one handoff may have several.",
        sql=sql,
        kinds=tuple(_defect(kind, found) for kind in KINDS),
    )


def _defect(kind: str, found: Mapping[str, Any]) -> Defect:
    return Defect(kind, int(found[kind]), int(found["told" if kind == "incomplete" else "n"]))


def _row(each: Defect) -> dict[str, Any]:
    low, high = (each.interval.low, each.interval.high) if each.interval else (None, None)
    return {"kind": each.kind, "count": each.count, "n": each.n, "rate": each.rate, "low": low, "high": high}
