"""The record of past forecasts as a chart: every range that was foretold, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accord.agreement.metrics import Unit
from accord.insight.result import Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.insight.forecast.forecast import Forecast, Past
    from accord.insight.forecast.outlook import Outlook


WITHOUT_YEAR = "replace(datum.label, /^\\d{4}-(?=[WQ])/, '')"
"""`W42` for 2026-W42; which year it is follows from the order."""


def backtest(found: Forecast, theme: Theme = "light", target: str | None = None) -> alt.TopLevelMixin:
    """Past ranges with what came, then the running period's range without; of new revenue unless a target is named."""
    import altair as alt

    shown = found.outlook(target or found.outlooks[0].target.id) or found.outlooks[0]
    rows = points([each for each in found.record if each.target == shown.target.id], shown)
    title = axis_title(shown, found.currency)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "period:O",
            sort=None,
            title=None,
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelExpr=WITHOUT_YEAR),
        )
    )
    scale = alt.Scale(zero=shown.target.unit is not Unit.SHARE)
    rule = base.mark_rule(style="interval").encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    came = base.mark_point(filled=True, opacity=1, size=55).encode(y=alt.Y("came:Q", scale=scale))
    middle = base.mark_tick(width=14, height=1.5, style="interval").encode(y=alt.Y("middle:Q", scale=scale))
    return alt.layer(rule, middle, came).properties(width=520, height=190, config=theme_config(theme))


def points(past: Sequence[Past], running: Outlook) -> list[dict[str, Any]]:
    """One row per range that could be told, oldest first; values in the unit of the axis."""
    size = _size(running)
    told = [(each.period, each.low, each.middle, each.high, each.came) for each in past if each.low is not None]
    if running.interval and running.period.label not in {period for period, *_ in told}:
        interval = running.interval
        told.append((running.period.label, interval.low, running.middle, interval.high, None))
    names = ("low", "middle", "high", "came")
    return [
        {"period": period, **{n: None if v is None else v / size for n, v in zip(names, values, strict=True)}}
        for period, *values in told
    ]


def axis_title(shown: Outlook, currency: str) -> str:
    """What the axis counts."""
    name = shown.target.id.replace("_", " ").replace("-", " ").capitalize()
    unit = {Unit.SHARE: ", %", Unit.MONEY: f", {currency} k", Unit.HOURS: ", hours"}.get(shown.target.unit, "")
    return name + unit


def _size(shown: Outlook) -> float:
    return {Unit.SHARE: 0.01, Unit.MONEY: 1_000.0}.get(shown.target.unit, 1.0)
