"""Content: which assets are used, which are not, and what goes with the use of each at each stage.

A difference between leads with an asset and comparable leads without it is an association: leads were compared by the
channel that they came from, their band, how far they were and how long they had been there, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.facts.errors import AccordError
from accord.insight.content_effect.comparing import AtStage, Effect, effect
from accord.insight.dimensions import dimension_sql
from accord.insight.result import Interval, Result, Theme, iso, theme_config
from accord.insight.stages import (
    DAY,
    KNOWN_AS,
    STAGES,
    Histories,
    before_sql,
    histories_of,
    histories_sql,
    moment_sql,
    owned_sql,
)

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

HORIZON = 60.0  # days after its use within which the next stage counts
QUIET = 90.0  # days without a use after which an asset counts as unused
STEPS = (("MQL", "SAL"), ("SAL", "SQL"), ("SQL", "opportunity"), ("opportunity", "customer"))
_DEFINITION = (
    "Of the leads with whom an asset was first used while they were at a stage, the share that reached the next one "
    "within the horizon, against leads from the same channel and of the same band that were still there, after as many "
    "moves of deal and handoff and at about the same age, without it. An association: leads may differ in what no fact "
    "tells."
)


class NoContentError(AccordError):
    """No use of an asset is recorded."""


@dataclass(frozen=True, slots=True)
class AssetAtStage:
    """One asset at one step of the funnel."""

    asset: str
    start: str
    end: str
    effect: Effect

    def to_json(self) -> dict[str, Any]:
        told = self.effect
        return {
            "asset": self.asset, "from": self.start, "to": self.end, "n": told.n, "reached": told.reached,
            "with": told.with_it, "without": told.without_it, "difference": told.difference,
            "interval": told.interval.to_json() if told.interval else None, "overlap": told.overlap,
            "comparable": told.controls, "says": told.says or None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset: how often and with how many people each side used it, and when last."""

    name: str
    uses: int
    people: int
    by_sales: int
    by_marketing: int
    last_at: datetime | None
    is_used: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "asset": self.name, "uses": self.uses, "people": self.people, "by_sales": self.by_sales,
            "by_marketing": self.by_marketing, "last_at": iso(self.last_at), "is_used": self.is_used,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Result):
    """Uses and effects of all assets. Unit of effects: share of leads; `n` counts uses."""

    assets: tuple[Asset, ...]
    effects: tuple[AssetAtStage, ...]
    since: datetime | None
    until: datetime
    horizon: float
    notices: tuple[str, ...]

    @property
    def unused(self) -> tuple[Asset, ...]:
        """Assets that sales did not use, or not for long."""
        return tuple(each for each in self.assets if not each.is_used)

    def effect(self, asset: str, start: str) -> AssetAtStage:
        """What goes with an asset at a stage; KeyError where it was not used at it."""
        return {(each.asset, each.start): each for each in self.effects}[asset, start]

    def table(self) -> pa.Table:
        """One row per asset and step of the funnel."""
        schema = [("asset", pa.string()), ("from", pa.string()), ("to", pa.string()), ("n", pa.int64())]
        schema += [(name, pa.float64()) for name in ("with", "without", "difference", "low", "high", "overlap")]
        schema += [("comparable", pa.int64()), ("says", pa.string())]
        return pa.Table.from_pylist([_row(each) for each in self.effects], pa.schema(schema))

    def to_json(self) -> dict[str, Any]:
        """Everything: `assets`, `effects`, `notices`."""
        return {
            **Result.to_json(self), "from": iso(self.since), "to": iso(self.until), "horizon_days": self.horizon,
            "assets": [each.to_json() for each in self.assets], "effects": [each.to_json() for each in self.effects],
            "notices": list(self.notices),
        }  # fmt: skip

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """The differences that could be told, with their intervals and a line at none."""
        import altair as alt

        rows = [_point(each, told) for each in self.effects if (told := each.effect.interval) is not None]
        base = alt.Chart(alt.Data(values=rows)).encode(
            y=alt.Y("place:N", sort=None, title=None, axis=alt.Axis(grid=False))
        )
        axis = alt.Axis(format="+.0%", tickCount=5)
        zero = alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(style="target").encode(x="at:Q")
        rule = base.mark_rule(style="interval").encode(
            x=alt.X("low:Q", title="Difference in the share that reached the next stage", axis=axis), x2="high:Q"
        )
        point = base.mark_point(filled=True, opacity=1).encode(x=alt.X("difference:Q", axis=axis))
        height = max(60, 26 * len(rows))
        return alt.layer(zero, rule, point).properties(width=520, height=height, config=theme_config(theme))


def _row(each: AssetAtStage) -> dict[str, object]:
    told = each.to_json()
    interval = each.effect.interval
    return {**told, "low": interval.low if interval else None, "high": interval.high if interval else None}


def _point(each: AssetAtStage, told: Interval) -> dict[str, object]:
    place = f"{each.asset}, {each.start} to {each.end}"
    return {"place": place, "difference": each.effect.difference, "low": told.low, "high": told.high}


def content(
    engine: Answers,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    as_known: datetime | None = None,
    horizon: float = HORIZON,
) -> Content:
    """Assets used in [`since`, `until`) (naive UTC; by default all), and what goes with their use.

    `horizon` are the days after a use within which the next stage counts. Facts after `at` are not read; `as_known`
    only labels the result. Raises NoContentError where no use is recorded, AccordError for a horizon that cannot be.
    """
    if not 0 < horizon < float("inf"):
        raise AccordError(f"A horizon of {horizon:g} days cannot be.", remedy="Give a number of days above 0.")
    uses_sql = _uses_sql(since, until, at)
    uses = engine.rows(uses_sql)
    if not uses.num_rows:
        raise NoContentError(
            "No use of an asset is recorded here.", remedy="Import content uses: accord import --help."
        )
    rows = engine.rows(histories_sql("channel", at))
    found = histories_of(engine, rows, by="channel", until=at)
    ids = rows.filter(rows.column("person_id").is_valid()).column("person_id")
    bands = _bands(engine, ids)
    last = min(until, found.until) if until else found.until
    assets = tuple(_assets(engine, uses, last, at))
    return Content(
        unit="share of leads",
        n=uses.num_rows,
        definition=_DEFINITION,
        sql=uses_sql,
        as_known=as_known,
        assets=assets,
        effects=tuple(_effects(_Known(found, ids, bands, *_occasions(engine, ids, at)), uses, horizon)),
        since=since,
        until=last,
        horizon=horizon,
        notices=tuple(_notices(uses, assets)),
    )


def _uses_sql(since: datetime | None, until: datetime | None, at: datetime | None) -> str:
    """Every use with its person; where only a deal is named, with the person that the funnel gives the deal to."""
    stretch = [before_sql(at)]
    stretch += [f"occurred_at >= {moment_sql(since)}"] if since else []
    stretch += [f"occurred_at < {moment_sql(until)}"] if until else []
    return f"""{owned_sql(at)}
SELECT c.asset, coalesce(k.person_id, c.person_id, o.person_id) AS person_id, c.occurred_at AS used_at, c.side
FROM (SELECT * FROM content WHERE {" AND ".join(stretch)}) c LEFT JOIN owned o ON o.deal_id = c.deal_id
LEFT JOIN ({KNOWN_AS}) k ON k.alias_id = coalesce(c.person_id, o.person_id) ORDER BY used_at, asset"""


def _bands(engine: Answers, ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The band of each at the first offer, numbered; 0 for none."""
    told = engine.rows(dimension_sql("band"))
    place = pc.index_in(ids.combine_chunks(), value_set=told.column("id").combine_chunks())
    band = told.column("value").combine_chunks().take(place).dictionary_encode("encode")
    return np.asarray(band.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _assets(engine: Answers, uses: pa.Table, last: datetime, at: datetime | None) -> Iterator[Asset]:
    """Assets that were used in the stretch, and those that marketing shows in touches; most used first."""
    shown = engine.rows(f"SELECT DISTINCT asset FROM touches WHERE asset IS NOT NULL AND {before_sql(at)}")
    ever = engine.rows(f"SELECT DISTINCT asset FROM content WHERE {before_sql(at)}")
    names = {*shown.column("asset").to_pylist(), *ever.column("asset").to_pylist()}
    told = {name: _asset(str(name), uses.filter(pc.field("asset") == name), last) for name in names}
    yield from sorted(told.values(), key=lambda each: (-each.uses, each.name))


def _asset(name: str, uses: pa.Table, last: datetime) -> Asset:
    sides = uses.column("side").to_pylist()
    by_sales = uses.filter(pc.field("side") == "sales") if uses.num_rows else uses
    newest = pc.max(by_sales.column("used_at")).as_py() if by_sales.num_rows else None
    return Asset(
        name=name,
        uses=uses.num_rows,
        people=pc.count_distinct(uses.column("person_id")).as_py(),
        by_sales=sides.count("sales"),
        by_marketing=sides.count("marketing"),
        last_at=pc.max(uses.column("used_at")).as_py(),
        is_used=newest is not None and newest >= last - timedelta(days=QUIET),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of everybody: stages, ids, bands, and the occasions in order of time (`who`, `when`)."""

    histories: Histories
    ids: pa.ChunkedArray
    bands: npt.NDArray[np.int64]
    who: npt.NDArray[np.int64]
    when: npt.NDArray[np.datetime64]

    @property
    def stratum(self) -> npt.NDArray[np.int64]:
        """Channel and band as one number."""
        group = self.histories.group
        channel = np.zeros(self.histories.size, dtype=np.int64) if group is None else group
        return np.asarray(channel * (int(self.bands.max(initial=0)) + 1) + self.bands)


def _occasions(
    engine: Answers, ids: pa.ChunkedArray, at: datetime | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.datetime64]]:
    """When a deal or a handoff of somebody moved, in order of time."""
    past = before_sql(at)
    told = engine.rows(f"""{owned_sql(at)}
SELECT coalesce(k.person_id, m.person_id) AS person_id, m.moment FROM (
  SELECT o.person_id, d.occurred_at AS moment FROM deals d JOIN owned o ON o.deal_id = d.deal_id WHERE {past}
  UNION ALL SELECT person_id, occurred_at FROM handoffs WHERE {past}
) m LEFT JOIN ({KNOWN_AS}) k ON k.alias_id = m.person_id ORDER BY moment""")
    who = _places(told.column("person_id"), ids)
    when = told.column("moment").cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    return who[who >= 0], when[who >= 0]


def _places(people: pa.ChunkedArray, ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Where each of the people stands among the ids; -1 for nobody."""
    place = pc.index_in(people.combine_chunks(), value_set=ids.combine_chunks()).fill_null(-1)
    return np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)


def _effects(known: _Known, uses: pa.Table, horizon: float) -> Iterator[AssetAtStage]:
    found, first = known.histories, _first_uses(known.ids, uses)
    for start, end in STEPS:
        if np.isnat(found.reached[start]).all() or np.isnat(_later(found, end)).all():
            continue
        stage = _at_stage(known, start, end)
        here = ~np.isnat(found.reached[start])
        for asset in sorted(first):
            used = _days(first[asset][here], found.reached[start][here])
            if ((used >= 0) & (used < stage.ends)).any():
                yield AssetAtStage(asset, start, end, effect(replace(stage, used=used), horizon))


def _first_uses(ids: pa.ChunkedArray, uses: pa.Table) -> Mapping[str, npt.NDArray[np.datetime64]]:
    """When each asset was first used with each."""
    who = _places(uses.column("person_id"), ids)
    when = uses.column("used_at").cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    names = np.array(uses.column("asset").to_pylist(), dtype=object)
    found = {}
    for name in set(names.tolist()):
        mine = (names == name) & (who >= 0)
        first = np.full(len(ids), np.datetime64("NaT", "us"))
        first[who[mine][::-1]] = when[mine][::-1]  # uses come in order of time, so that the earliest is written last
        found[str(name)] = first
    return found


def _later(found: Histories, end: str) -> npt.NDArray[np.datetime64]:
    """When each came to a stage or to a later one."""
    return np.asarray(np.fmin.reduce([found.reached[stage] for stage in STAGES[STAGES.index(end) :]]))


def _days(moments: npt.NDArray[np.datetime64], since: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    return np.nan_to_num(np.asarray((moments - since) / DAY, dtype=np.float64), nan=np.inf)


def _at_stage(known: _Known, start: str, end: str) -> AtStage:
    """Everybody who came to a stage, with their occasions there; no asset is used yet."""
    found = known.histories
    here = ~np.isnat(found.reached[start])
    begun = found.reached[start][here]
    place = np.cumsum(here) - 1
    who, age = place[known.who], _days(known.when, found.reached[start][known.who])
    there = here[known.who] & (age > 0) & np.isfinite(age)
    who = np.concatenate([np.arange(len(begun)), who[there]])
    age = np.concatenate([np.zeros(len(begun)), age[there]])
    order = np.lexsort((age, who))
    who, age = who[order], age[order]
    nth = np.arange(len(who)) - np.searchsorted(who, who)
    return AtStage(
        moved=_days(_later(found, end)[here], begun),
        left=_days(found.lost[here], begun),
        used=np.full(len(begun), np.inf),
        followed=_days(np.full(len(begun), np.datetime64(found.until, "us")), begun),
        stratum=known.stratum[here], who=who, age=age, nth=nth,
    )  # fmt: skip


def _notices(uses: pa.Table, assets: tuple[Asset, ...]) -> Iterator[str]:
    nobody = uses.column("person_id").null_count
    if nobody:
        yield f"{nobody:,} uses belong to nobody: no person, and no deal of one. They count as uses and no more."
    unused = [each.name for each in assets if not each.is_used]
    if unused:
        yield f"Not used by sales for {QUIET:g} days or ever: {len(unused)} of {len(assets)} assets."
    yield "A difference is an association: leads were compared by channel, band, and how far and long they were there."
