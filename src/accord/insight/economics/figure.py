"""One figure of money: frozen, with its unit, its interval, its definition and the query that made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.insight.result import Interval, Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

TABLE = pa.schema(
    [
        ("figure", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("says", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Result):
    """One figure. `value` None where it cannot be told: `says` is why. `kind` says what the interval is made of.
    `records` names what stands behind it: deals, spend, or nothing that can be listed."""

    name: str
    title: str
    value: float | None
    says: str = ""
    kind: str = ""
    records: str = ""

    def table(self) -> pa.Table:
        """One row."""
        return pa.Table.from_pylist([self.row()], TABLE)

    def row(self) -> dict[str, object]:
        """The figure under the names of `TABLE`."""
        return {
            "figure": self.name, "unit": self.unit, "value": self.value,
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None, "n": self.n, "says": self.says or None,
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """With `interval_kind` beside the interval, and `says` where there is no value."""
        return {
            **Result.to_json(self), "name": self.name, "title": self.title, "value": self.value,
            "interval_kind": self.kind or None, "says": self.says or None,
        }  # fmt: skip

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The value as a point on its interval."""
        return points([self.row()], self.unit, theme)


def points(rows: list[dict[str, object]], title: str, theme: Theme) -> alt.TopLevelMixin:
    """Rows with `figure`, `value`, `low`, `high` as points with their intervals."""
    import altair as alt

    told = [row for row in rows if row["value"] is not None]
    for row in told:
        row["low"] = row["value"] if row["low"] is None else row["low"]
        row["high"] = row["value"] if row["high"] is None else row["high"]
    base = alt.Chart(alt.Data(values=told)).encode(
        y=alt.Y("figure:N", sort=None, title=None, axis=alt.Axis(grid=False))
    )
    axis = alt.Axis(tickCount=5, format="~s")
    rule = base.mark_rule(style="interval").encode(
        x=alt.X("low:Q", title=title, axis=axis, scale=alt.Scale(zero=True)), x2="high:Q"
    )
    point = base.mark_point(filled=True, opacity=1).encode(x=alt.X("value:Q", axis=axis))
    return alt.layer(rule, point).properties(width=520, height=max(60, 26 * len(told)), config=theme_config(theme))


def told(figure: Interval | None) -> tuple[float | None, float | None]:
    """The ends of an interval, or of none."""
    return (figure.low, figure.high) if figure else (None, None)
