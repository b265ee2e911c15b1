"""The tally of an attribution as queries that DuckDB and Spark both answer: the same sums as `cut` and `tally` make.

On one machine the kernel is several times faster. This form is for an engine that reads more than one machine holds:
what comes back are sums by group of people and step, as few as there are. Two queries ask for them: of the paths
without a conversion, which are most, only the steps count, and they need one window; the paths of those who converted
are few enough for all the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accord.facts.engine import Answers
from accord.insight.attribution.chain import ORDERS, Shape, Steps, merged
from accord.insight.attribution.models import ENDS, SHARING
from accord.insight.attribution.paths import DAY, Reals, Whole
from accord.insight.attribution.tally import Plan, Tally

_ORDER = "us, channel IS NULL, conversions, channel"
"""Conversions come after the touches of their moment, those without a touch at the very end."""


class Cuts(NamedTuple):
    """How rows are cut into paths: paths that end before `since` (µs) and touches more than `window` days before the
    end of theirs are left out."""

    since: int | None
    window: float | None

    @property
    def in_time(self) -> str:
        return "TRUE" if self.since is None else f"ends >= {self.since}"

    @property
    def inside(self) -> str:
        within = "" if self.window is None else f" AND ends - us <= {_real(self.window * DAY)}"
        return f"(channel IS NOT NULL{within})"


def _real(number: float) -> str:
    """A number that no engine takes for a decimal."""
    return f"CAST({float(number)!r} AS DOUBLE)"


def tallied_in_sql(engine: Answers, sql: str, channels: tuple[str, ...], plan: Plan, cuts: Cuts) -> Tally:
    """Add up what the models need of a query with `person`, `moment`, `channel`, `converted` and `value`."""
    codes = pa.array(range(len(channels)), pa.int32())
    engine.register("channel_codes", pa.table({"channel": pa.array(channels, pa.string()), "code": codes}))
    try:
        rows = _ROWS.format(sql=sql)
        memory = max([1, *(ORDERS[model] for model in plan.models if model in ORDERS)])
        shape = Shape(plan.channels, memory)
        alone = engine.one(f"WITH {rows} SELECT count(*) FROM given WHERE channel IS NULL")[0] != 0
        lost = engine.rows(_lost_sql(rows, shape, plan, cuts))
        won = engine.rows(_won_sql(rows, shape, plan, cuts, alone=alone))
    finally:
        engine.unregister("channel_codes")
    return _tally(lost, won, shape, plan)


_ROWS = """given AS (
    SELECT hash(g.person) AS person, epoch_us(g.moment) AS us, c.code AS channel,
        CASE WHEN g.converted THEN 1 ELSE 0 END AS conversions,
        CASE WHEN g.converted THEN CAST(g.value AS DOUBLE) ELSE CAST(0 AS DOUBLE) END AS value
    FROM ({sql}) g LEFT JOIN channel_codes c ON c.channel = g.channel
)"""


_LATEST = "latest AS (SELECT person, max(us) AS won FROM given WHERE conversions > 0 GROUP BY person)"
"""When somebody converted last: up to then every touch is on the way to a conversion, and after it none is."""


def _group(plan: Plan) -> str:
    """The group in which a person is drawn: by the hash alone, and not by its last bits."""
    return f"CAST(abs((person >> 20) % {plan.groups}) AS INT)"


def _before(shape: Shape, place: str) -> str:
    """The state from which a touch is stepped to: the channels before it, where `place` counts those of its path."""
    digits = (
        f"CASE WHEN {place} > {back} THEN lag(channel, {back}) OVER w + 1 ELSE 0 END * {shape.base ** (back - 1)}"
        for back in range(1, shape.order + 1)
    )
    return f"CAST({' + '.join(digits)} AS BIGINT)"


def _lost_sql(rows: str, shape: Shape, plan: Plan, cuts: Cuts) -> str:
    """Steps of the paths without a conversion: what came after the last one of each person, if any did."""
    first = "" if cuts.window is None else f" - sum(CASE WHEN {cuts.inside} THEN 0 ELSE 1 END) OVER w"
    return f"""WITH {rows},
    {_LATEST},
    after AS (
        SELECT g.person, g.us, g.channel, w.won IS NOT NULL AS has_won
        FROM given g LEFT JOIN latest w ON w.person = g.person WHERE w.won IS NULL OR g.us > w.won
    ),
    ended AS ({_with_ends("after", "person", cuts)}),
    walked AS (
        SELECT person, channel, has_won, {cuts.inside} AS inside, ends, lead(us) OVER w IS NULL AS closes,
            {_before(shape, f"(row_number() OVER w{first})")} AS before
        FROM ended WINDOW w AS (PARTITION BY person ORDER BY us, channel)
    )
    SELECT {_group(plan)} AS grp, inside, before, channel, count(*) AS touches,
        sum(CASE WHEN {cuts.in_time} THEN 1 ELSE 0 END) AS times,
        sum(CASE WHEN closes AND NOT has_won THEN 1 ELSE 0 END) AS people,
        sum(CASE WHEN closes AND {cuts.in_time} THEN 1 ELSE 0 END) AS paths
    FROM walked GROUP BY 1, 2, 3, 4"""


def _with_ends(relation: str, path: str, cuts: Cuts) -> str:
    """When each path ends, where somebody asks."""
    asked = cuts.since is not None or cuts.window is not None
    ends = f"max(us) OVER (PARTITION BY {path})" if asked else "CAST(NULL AS BIGINT)"
    return f"SELECT *, {ends} AS ends FROM {relation}"


def _won_sql(rows: str, shape: Shape, plan: Plan, cuts: Cuts, *, alone: bool) -> str:
    """Steps and shares of the paths that end in a conversion; and in one more row, whose group is -1, what there is of
    people and of paths without a touch."""
    kinds = _KINDS if "shapley" in plan.models else ""
    models = {model: weight for model, weight in _WEIGHTS.items() if model in plan.models}
    given = "".join(f", sum({weight} * {sum_}) AS {m}_{sum_}" for m, weight in models.items() for sum_ in _SUMS)
    place = "(row_number() OVER w)"  # what is kept of a path is its end
    nothing = "".join(f", {_real(0)}" for _ in models for _ in _SUMS)
    return f"""WITH {rows},
    {_LATEST},
    theirs AS (SELECT g.* FROM given g JOIN latest w ON w.person = g.person AND g.us <= w.won),
    {_paths(alone=alone)},
    ways AS (
        SELECT person, path, max(us) AS ends, CAST(sum(conversions) AS DOUBLE) AS times, sum(value) AS won,
            max(CASE WHEN channel IS NOT NULL THEN us END) AS latest, count(channel) AS touches
        FROM pathed GROUP BY person, path
    ),
    kept AS (
        SELECT p.person, p.path, p.us, p.channel, p.conversions, w.times, w.won,
            power({_real(2)}, CAST(p.us - w.latest AS DOUBLE) / {_real(plan.half_life * DAY)}) AS decay
        FROM pathed p JOIN ways w ON w.person = p.person AND w.path = p.path WHERE {cuts.inside} AND {cuts.in_time}
    ),
    counted AS (
        SELECT person, path, CAST(count(*) AS DOUBLE) AS n, sum(decay) AS decays FROM kept GROUP BY person, path
    ){kinds},
    weighed AS (
        SELECT k.*, c.n, c.decays{", m.often, y.kinds" if kinds else ""}
        FROM kept k JOIN counted c ON c.person = k.person AND c.path = k.path{_JOINED if kinds else ""}
    ),
    walked AS (
        SELECT *, {place} AS place, {_before(shape, place)} AS before
        FROM weighed WINDOW w AS (PARTITION BY person, path ORDER BY us, conversions, channel)
    )
    SELECT {_group(plan)} AS grp, before, channel, count(*) AS touches, sum(times) AS times,
        sum(CASE WHEN place = n THEN times ELSE {_real(0)} END) AS ended,
        sum(CASE WHEN place = n THEN won ELSE {_real(0)} END) AS ended_won{given}
    FROM walked GROUP BY 1, 2, 3
    UNION ALL SELECT -1, count(DISTINCT w.person), count(DISTINCT c.person), 0,
        coalesce(sum(CASE WHEN {cuts.in_time} AND c.n IS NULL THEN w.times END), 0),
        coalesce(sum(CASE WHEN {cuts.in_time} THEN w.touches - coalesce(c.n, 0) END), 0), {_real(0)}{nothing}
    FROM ways w LEFT JOIN counted c ON c.person = w.person AND c.path = w.path"""


_SUMS = ("times", "won")
_KINDS = """,
    met AS (SELECT person, path, channel, CAST(count(*) AS DOUBLE) AS often FROM kept GROUP BY person, path, channel),
    many AS (SELECT person, path, CAST(count(*) AS DOUBLE) AS kinds FROM met GROUP BY person, path)"""
_JOINED = """
        JOIN met m ON m.person = k.person AND m.path = k.path AND m.channel = k.channel
        JOIN many y ON y.person = k.person AND y.path = k.path"""
_WEIGHTS = {
    "first": f"CASE WHEN place = 1 THEN {_real(1)} ELSE {_real(0)} END",
    "last": f"CASE WHEN place = n THEN {_real(1)} ELSE {_real(0)} END",
    "linear": "1 / n",
    "position": f"CASE WHEN n = 1 THEN {_real(1)} WHEN n = 2 THEN {_real(0.5)} WHEN place = 1 OR place = n"
    f" THEN {_real(ENDS)} ELSE {_real(1 - 2 * ENDS)} / (n - 2) END",
    "time_decay": "decay / decays",
    "shapley": "1 / (kinds * often)",
}
"""The part of a conversion that a touch gets by its `place` among the `n` of its path. By Shapley each of its `kinds`
of channels gets the same, and of that each of the channel's touches, as `often` as there are. See `models`."""


def _paths(*, alone: bool) -> str:
    """`pathed`: the number of each row's path. It grows with every conversion before; conversions that are no touch
    share the path of what converted at their moment, and to see that takes a second look."""
    if not alone:
        before = f"sum(conversions) OVER (PARTITION BY person ORDER BY {_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING"
        return f"pathed AS (SELECT *, coalesce({before} AND 1 PRECEDING), 0) AS path FROM theirs)"
    begins = "lag(conversions) OVER w > 0 AND (channel IS NOT NULL OR lag(us) OVER w <> us)"
    return f"""begun AS (
        SELECT *, CASE WHEN {begins} THEN 1 ELSE 0 END AS begins
        FROM theirs WINDOW w AS (PARTITION BY person ORDER BY {_ORDER})
    ),
    pathed AS (
        SELECT *, sum(begins) OVER (PARTITION BY person ORDER BY {_ORDER}
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS path FROM begun
    )"""


# From rows to the tally


def _tally(lost: pa.Table, won: pa.Table, shape: Shape, plan: Plan) -> Tally:
    seen, missed = _where(lost, "inside"), _where(lost, "inside", is_not=True)
    beside = pc.equal(won["grp"], -1)
    walked, (rest,) = won.filter(pc.invert(beside)), won.filter(beside).to_pylist()
    group = _whole(walked, "grp")
    return Tally(
        credits={model: _credits(walked, model, plan) for model in plan.models if model in SHARING},
        totals=np.stack([_summed(group, _reals(walked, name), plan.groups) for name in ("ended", "ended_won")]),
        steps={model: _steps(seen, walked, shape, plan.shape(model), plan) for model in plan.models if model in ORDERS},
        people=_sum(lost, "people") + rest["before"],
        converters=rest["channel"],
        touches=_sum(seen, "times") + _sum(walked, "touches"),
        nulls=float(_sum(seen, "paths")),
        alone=int(rest["times"]),
        outside=_sum(missed, "times") + int(rest["ended"]),
    )


def _credits(walked: pa.Table, model: str, plan: Plan) -> Reals:
    cell = _whole(walked, "grp") * plan.channels + _whole(walked, "channel")
    cells = plan.groups * plan.channels
    given = [_summed(cell, _reals(walked, f"{model}_{amount}"), cells) for amount in _SUMS]
    return np.stack(given).reshape(2, plan.groups, plan.channels)


def _steps(seen: pa.Table, walked: pa.Table, asked: Shape, shape: Shape, plan: Plan) -> Steps:
    """Steps to touches and to ends; a state of many channels tells that of fewer."""
    parts = []
    for rows, end, times, ended, value in (
        (seen, shape.channels + 1, "times", "paths", None),
        (walked, shape.channels, "times", "ended", "ended_won"),
    ):
        group, channel, before = (_whole(rows, name) for name in ("grp", "channel", "before"))
        after = (before * asked.base + channel + 1) % shape.base**shape.order
        state, nothing = before % shape.base**shape.order, np.zeros(len(rows))
        worth = nothing if value is None else _reals(rows, value)
        parts += [
            Steps(state * shape.exits + channel, group, _reals(rows, times), nothing),
            Steps(after * shape.exits + end, group, _reals(rows, ended), worth),
        ]
    return merged(parts, shape, plan.groups)


def _summed(cell: Whole, amount: Reals, cells: int) -> Reals:
    return np.bincount(cell, amount, cells).astype(np.float64)


def _where(rows: pa.Table, flag: str, *, is_not: bool = False) -> pa.Table:
    return rows.filter(pc.invert(rows[flag]) if is_not else rows[flag])


def _whole(rows: pa.Table, name: str) -> Whole:
    return np.asarray(rows[name].cast(pa.int64()).to_numpy(), np.int64)


def _reals(rows: pa.Table, name: str) -> Reals:
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), np.float64)


def _sum(rows: pa.Table, name: str) -> int:
    return int(_reals(rows, name).sum())
