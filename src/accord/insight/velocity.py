"""How long people stay at each stage, with those who are still there counted as still there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.insight.duration import Quantiles, Stay
from accord.insight.funnel import Funnel, Group, funnel
from accord.insight.result import Result, Theme, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

_DEFINITION = (
    "Days that people stay at a stage until they move on or are lost, estimated with those who are still there "
    "(Kaplan-Meier); beside it the days between stages of those who did move on."
)


@dataclass(frozen=True, slots=True)
class Pace:
    """The time at one stage for one group: `stay` of everybody who came, `onward` of those who moved on, in days."""

    value: object
    stage: str
    onward_to: str
    stay: Stay | None
    onward: Quantiles | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity(Result):
    """The time at each stage, whole or by a dimension. Unit: days."""

    paces: tuple[Pace, ...]
    by: str | None = None
    followed_until: datetime | None = None

    def table(self) -> pa.Table:
        """One row per stage (and group)."""
        return pa.Table.from_pylist([_row(self.by, pace) for pace in self.paces], _schema(self.by))

    def to_json(self) -> dict[str, Any]:
        told = [
            {
                **({self.by: pace.value} if self.by else {}),
                "stage": pace.stage,
                "to": pace.onward_to,
                "days_in_stage": None if pace.stay is None else asdict(pace.stay),
                "days_of_those_who_moved_on": None if pace.onward is None else asdict(pace.onward),
            }
            for pace in self.paces
        ]
        return {**Result.to_json(self), "by": self.by, "stages": told}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """Median with its interval per stage and group, on a scale of days."""
        import altair as alt

        base = alt.Chart(alt.Data(values=[row for row in self.table().to_pylist() if row["median"] is not None]))
        place = alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(grid=False))
        rule = base.mark_rule(style="interval").encode(y=place, x=alt.X("low:Q", title="Days, median"), x2="high:Q")
        layers = alt.layer(rule, base.mark_point(filled=True, opacity=1).encode(y=place, x="median:Q"))
        chart = layers.facet(row=alt.Row(f"{self.by}:N", title=None)) if self.by else layers
        return chart.properties(config=theme_config(theme))


def velocity(
    engine: Answers,
    *,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    as_known: datetime | None = None,
) -> Velocity:
    """The time at each recorded stage of the cohort that `funnel` counts, with the same arguments and errors."""
    return velocity_of(funnel(engine, by=by, since=since, until=until, at=at, as_known=as_known))


def velocity_of(counted: Funnel) -> Velocity:
    """The same from a funnel that is already counted."""
    groups = counted.groups if counted.by else (counted.whole,)
    return Velocity(
        unit="days",
        n=counted.n,
        definition=_DEFINITION,
        sql=counted.sql,
        as_known=counted.as_known,
        paces=tuple(pace for group in groups for pace in _paces(group)),
        by=counted.by,
        followed_until=counted.followed_until,
    )


def _paces(group: Group) -> list[Pace]:
    recorded = [stage for stage in group.stages if stage.recorded]
    paces = []
    for here, following in pairwise(recorded):
        step = group.conversion(here.stage, following.stage)
        paces.append(Pace(group.value, here.stage, following.stage, here.time, step.time if step else None))
    return paces


_COLUMNS = (
    ("stage", pa.string()),
    ("to", pa.string()),
    ("n", pa.int64()),
    ("left", pa.int64()),
    ("p25", pa.float64()),
    ("median", pa.float64()),
    ("p75", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("onward_n", pa.int64()),
    ("onward_median", pa.float64()),
)


def _schema(by: str | None) -> pa.Schema:
    return pa.schema([*([(by, pa.string())] if by else []), *_COLUMNS])


def _row(by: str | None, pace: Pace) -> dict[str, object]:
    stay, onward = pace.stay, pace.onward
    interval = stay.interval if stay else None
    values = (
        pace.stage,
        pace.onward_to,
        stay.n if stay else 0,
        stay.left if stay else 0,
        *((stay.p25, stay.median, stay.p75) if stay else (None, None, None)),
        *((interval.low, interval.high) if interval else (None, None)),
        onward.n if onward else 0,
        onward.median if onward else None,
    )
    row: dict[str, object] = dict(zip((name for name, _ in _COLUMNS), values, strict=True))
    return {by: pace.value, **row} if by else row
