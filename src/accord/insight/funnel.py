"""From lead to customer: how many reached each stage, how many will have in the end, and how long it took.

A person who reached a later stage without a record of an earlier one has passed it and counts there as skipped. A
person who was rejected or recycled and came again counts once per stage, and the return is counted beside. Whoever is
open is not lost. A stage that the lake holds no fact about is not recorded, which is not the same as 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from accord.facts.errors import AccordError
from accord.insight.dimensions import COHORT, checked
from accord.insight.duration import (
    ARRIVED,
    LOST,
    OPEN,
    Counted,
    Days,
    Ends,
    Expected,
    Quantiles,
    Stay,
    counted,
    in_the_end,
    quantiles,
    stay,
    wilson,
)
from accord.insight.result import ENOUGH, Interval, Result, Theme, ink, iso, theme_config
from accord.insight.stages import DAY, STAGES, Flags, Histories, Moments, chosen, read_histories

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

MISSING = "missing"
_DEFINITION = (
    "People who reached each stage from lead to customer, each counted once; a conversion is the share of those who "
    "reached the first stage that has reached the second so far."
)
_TEAM = {"lead": "marketing", "MQL": "marketing", "SAL": "sales", "SQL": "sales"}


class NobodyRecordedError(AccordError):
    """No fact speaks of a person."""


@dataclass(frozen=True, slots=True)
class StageCount:
    """People at one stage. `count` is recorded there, `skipped` passed it without a record; both None where the lake
    holds no fact about the stage. `still` are there now, `lost` ended there, `returns` counts second comings."""

    stage: str
    recorded: bool
    count: int | None = None
    skipped: int | None = None
    still: int | None = None
    lost: int | None = None
    returns: int | None = None
    time: Stay | None = None

    @property
    def passed(self) -> int:
        """Recorded or skipped."""
        return (self.count or 0) + (self.skipped or 0)

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"stage": self.stage, "recorded": self.recorded, "count": self.count}
        if not self.recorded:
            return {**told, "says": "not recorded"}
        return {
            **told,
            "skipped": self.skipped,
            "passed": self.passed,
            "still_there": self.still,
            "lost": self.lost,
            "returns": self.returns,
            "days_in_stage": None if self.time is None else asdict(self.time),
        }


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one stage to another: `count` of `of` people so far, and what is expected in the end.

    `rate` and `interval` (90 %, Wilson) are None for fewer than 20 people; `needed` says how many more it takes.
    `time` are the days between the two stages of those who have both on record.
    """

    start: str
    end: str
    count: int
    of: int
    open: int
    lost: int
    rate: float | None
    interval: Interval | None
    expected: Expected
    time: Quantiles | None

    @property
    def needed(self) -> int:
        return max(0, ENOUGH - self.of)

    def to_json(self) -> dict[str, Any]:
        time = self.time
        return {
            "from": self.start,
            "to": self.end,
            "count": self.count,
            "of": self.of,
            "rate": self.rate,
            "percent": None if self.rate is None else round(100 * self.rate, 6),
            "interval": self.interval.to_json() if self.interval else None,
            "records_needed": self.needed,
            "open": self.open,
            "lost": self.lost,
            "expected_in_the_end": {
                "rate": self.expected.share,
                "interval": self.expected.interval.to_json() if self.expected.interval else None,
                "horizon_days": self.expected.horizon,
                "says": self.expected.says,
            },
            "median_days": None if time is None else time.median,
            "quantiles": None if time is None else _times(time),
        }


def _times(time: Quantiles) -> dict[str, Any]:
    told = {name: value for name, value in asdict(time).items() if name not in ("least", "most", "interval")}
    told["min"], told["max"] = time.least, time.most
    told["median_interval"] = time.interval.to_json() if time.interval else None
    return told


@dataclass(frozen=True, slots=True)
class Group:
    """The funnel of the people with one value of the dimension; None is having no value, beside 'unknown'."""

    value: object
    n: int
    stages: tuple[StageCount, ...]
    conversions: tuple[Conversion, ...]

    @property
    def label(self) -> str:
        return MISSING if self.value is None else str(self.value)

    def conversion(self, start: str, end: str) -> Conversion | None:
        """One conversion by its two stages."""
        return next((c for c in self.conversions if (c.start, c.end) == (start, end)), None)

    def stage(self, name: str) -> StageCount:
        """One stage by name; KeyError for a word that is not a stage."""
        found = {stage.stage: stage for stage in self.stages}
        return found[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel(Result):
    """The funnel of a cohort, whole and by a dimension. Unit of counts: people; of times: days."""

    whole: Group
    groups: tuple[Group, ...] = ()
    by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    entered_from: datetime | None = None
    followed_until: datetime | None = None
    visitors: int = 0  # of the people, those of whom only touches are on record, where others have a profile
    notices: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[StageCount, ...]:
        return self.whole.stages

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        return self.whole.conversions

    def conversion(self, start: str, end: str) -> Conversion | None:
        """One conversion of the whole by its two stages."""
        return self.whole.conversion(start, end)

    @property
    def overall(self) -> Conversion | None:
        """The conversion over the longest stretch that the two teams share: from MQL, else from the first stage."""
        last = [c for c in self.conversions if c.end == "customer"]
        return next((c for c in last if c.start == "MQL"), last[-1] if last else None)

    def table(self) -> pa.Table:
        """One row per conversion (and group, when there are groups)."""
        groups = self.groups or (self.whole,)
        return pa.Table.from_pylist([_row(self.by, g, c) for g in groups for c in g.conversions], _schema(self.by))

    def to_json(self) -> dict[str, Any]:
        """Everything, with `stages` and `conversions` of the whole, `groups` when asked for."""
        told = {
            **Result.to_json(self),
            "by": self.by,
            "from": iso(self.since),
            "to": iso(self.until),
            "entered_from": iso(self.entered_from),
            "followed_until": iso(self.followed_until),
            "visitors": self.visitors,
            **_group_json(self.whole),
        }
        if self.by:
            told["groups"] = [{self.by: g.value, "label": g.label, "n": g.n, **_group_json(g)} for g in self.groups]
        return {**told, "notices": list(self.notices)}

    def chart(self, theme: Theme = "light") -> alt.TopLevelMixin:
        """Bars per stage; with a dimension, the overall rate per group with its interval."""
        return _group_chart(self, theme) if self.by else _stage_chart(self, theme)


def funnel(
    engine: Answers,
    *,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    as_known: datetime | None = None,
) -> Funnel:
    """Counts the funnel of everybody who entered its first recorded stage in [`since`, `until`) (naive UTC).

    `by` is one of `dimensions.DIMENSIONS`. Facts after `at` are not read; `as_known` only
    labels the result: the engine's views were opened for it. Raises AccordError for an unknown dimension, and
    NobodyRecordedError when no fact speaks of a person.
    """
    found = read_histories(engine, by=None if by is None else checked(by), until=at)
    recorded = found.recorded
    if not recorded:
        raise NobodyRecordedError(
            "No person is recorded here yet.",
            remedy="Import profiles, touches or handoffs first: accord import --help.",
        )
    cohort = chosen(found, _entered(found, since, until))
    whole = _group(None, cohort, recorded)
    return Funnel(
        unit="people",
        n=cohort.size,
        definition=_DEFINITION,
        sql=found.sql,
        as_known=as_known,
        interval=None,
        whole=whole,
        groups=tuple(_groups(cohort, recorded, by == COHORT)),
        by=by,
        since=since,
        until=until,
        entered_from=_first(cohort),
        followed_until=found.until,
        visitors=_visitors(cohort),
        notices=tuple(_notices(found, whole, _visitors(cohort))),
    )


def _first(cohort: Histories) -> datetime | None:
    """When the first of the cohort entered."""
    entry = cohort.entry()
    found = np.min(entry).item() if len(entry) else None
    return found if isinstance(found, datetime) else None


def _visitors(cohort: Histories) -> int:
    """Where nobody is named, the lake holds touches alone, and nobody is a visitor among others."""
    return int((~cohort.named).sum()) if cohort.named.any() else 0


def _entered(found: Histories, since: datetime | None, until: datetime | None) -> Flags:
    entry = found.entry()
    keep = ~np.isnat(entry)
    if since is not None:
        keep &= entry >= np.datetime64(since, "us")
    if until is not None:
        keep &= entry < np.datetime64(until, "us")
    return keep


def _groups(cohort: Histories, recorded: tuple[str, ...], in_time: bool) -> Iterator[Group]:
    if cohort.group is None:
        return
    sizes = np.bincount(cohort.group, minlength=len(cohort.values))
    names = ["" if value is None else str(value) for value in cohort.values]
    in_groups = chosen(cohort, np.argsort(cohort.group, kind="stable"))
    ends = np.cumsum(sizes)
    for index in sorted(range(len(names)), key=lambda i: (names[i] if in_time else "", -sizes[i], names[i])):
        if sizes[index]:
            people = chosen(in_groups, slice(ends[index] - sizes[index], ends[index]))
            yield _group(cohort.values[index], people, recorded)


@dataclass(frozen=True)
class _Way:
    """From one stage to another: for everybody recorded at the first, how many days until what end."""

    days: Days
    ends: Ends

    @cached_property
    def counts(self) -> Counted:
        return counted(self.days, self.ends)


def _group(value: object, people: Histories, recorded: tuple[str, ...]) -> Group:
    passed = _passed(people, recorded)
    ways = {(start, end): _way(people, passed, start, end) for start, end in _stretches(recorded)}
    following = {start: ways[start, end] for start, end in pairwise(recorded)}
    stages = tuple(_stage(people, passed, recorded, stage, following.get(stage)) for stage in STAGES)
    steps = [_conversion(people, passed, start, end, way) for (start, end), way in ways.items()]
    return Group(value, people.size, stages, tuple(steps))


def _stretches(recorded: tuple[str, ...]) -> list[tuple[str, str]]:
    """Neighbouring stages, then MQL to customer and first to last where they are no neighbours."""
    pairs = list(pairwise(recorded))
    for pair in (("MQL", "customer"), (recorded[0], recorded[-1])):
        if len({*pair} & {*recorded}) == 2 and pair not in pairs:
            pairs.append(pair)
    return pairs


def _passed(people: Histories, recorded: tuple[str, ...]) -> dict[str, Moments]:
    """For each recorded stage the moment at which it was reached or, unrecorded, passed: the first later stage's."""
    passed: dict[str, Moments] = {}
    later = np.full(people.size, np.datetime64("NaT", "us"))
    for stage in reversed(recorded):
        own = people.reached[stage]
        passed[stage] = np.where(np.isnat(own), later, own)
        later = np.fmin(later, own)
    return passed


def _stage(
    people: Histories, passed: dict[str, Moments], recorded: tuple[str, ...], stage: str, onward: _Way | None
) -> StageCount:
    """Of the last recorded stage there is no way `onward`; whoever is there stays."""
    if stage not in recorded:
        return StageCount(stage, recorded=False)
    here, there = ~np.isnat(people.reached[stage]), ~np.isnat(passed[stage])
    count = int(here.sum())
    return StageCount(
        stage,
        recorded=True,
        count=count,
        skipped=int((there & ~here).sum()),
        still=int((onward.ends == OPEN).sum()) if onward else count,
        lost=int((onward.ends == LOST).sum()) if onward else 0,
        returns=int(people.returns[stage].sum()),
        time=stay(onward.days, onward.ends, counts=onward.counts) if onward else None,
    )


def _way(people: Histories, passed: dict[str, Moments], start: str, end: str) -> _Way:
    """Days from `start` to `end`, to being lost, or to the end of the follow-up, for everybody recorded at `start`."""
    begun = ~np.isnat(people.reached[start])
    entered, arrived, lost = people.reached[start][begun], passed[end][begun], people.lost[begun]
    is_arrived = ~np.isnat(arrived)
    is_lost = ~is_arrived & (lost >= entered)
    ended = np.where(is_arrived, arrived, np.where(is_lost, lost, np.datetime64(people.until, "us")))
    days = np.asarray((ended - entered) / DAY, dtype=np.float64)
    return _Way(days, np.where(is_arrived, ARRIVED, np.where(is_lost, LOST, OPEN)))


def _conversion(people: Histories, passed: dict[str, Moments], start: str, end: str, way: _Way) -> Conversion:
    of, count = (int((~np.isnat(passed[stage])).sum()) for stage in (start, end))
    lost = int((way.ends == LOST).sum())
    enough = of >= ENOUGH
    return Conversion(
        start=start,
        end=end,
        count=count,
        of=of,
        open=of - count - lost,
        lost=lost,
        rate=count / of if enough else None,
        interval=wilson(count, of) if enough else None,
        expected=in_the_end(way.days, way.ends, counts=way.counts),
        time=quantiles(_between(people, start, end)),
    )


def _between(people: Histories, start: str, end: str) -> Days:
    days = np.asarray((people.reached[end] - people.reached[start]) / DAY, dtype=np.float64)
    return days[~np.isnan(days)]


def _notices(found: Histories, whole: Group, visitors: int) -> Iterator[str]:
    left_out = [stage.stage for stage in whole.stages if not stage.recorded]
    if left_out:
        yield f"Not recorded in this lake: {', '.join(left_out)}."
    neighbours = len(STAGES) - len(left_out) - 1
    for step in whole.conversions[:neighbours]:
        if step.time and step.time.before:
            yield (
                f"{_people(step.time.before)} reached {step.end} before {step.start} "
                f"(by up to {-step.time.least:.2f} days); kept as recorded."
            )
    if visitors:
        yield f"{_people(visitors)} left touches and nothing else: visitors of whom it is not known who they are."
    if found.unassigned_wins:
        yield f"{found.unassigned_wins:,} won deals belong to nobody in the funnel: no person, no qualified colleague."


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _group_json(group: Group) -> dict[str, Any]:
    """Stages with their shares of the MQL (where recorded), and conversions."""
    of_mql = group.stage("MQL").passed if group.stage("MQL").recorded else 0
    stages = [stage.to_json() for stage in group.stages]
    for told in stages:
        if told["recorded"] and of_mql >= ENOUGH:
            told["of_mql"] = told["passed"] / of_mql
            told["percent_of_mql"] = round(100 * told["of_mql"], 6)
    return {"stages": stages, "conversions": [step.to_json() for step in group.conversions]}


_COLUMNS = (
    ("n", pa.int64()),
    ("from", pa.string()),
    ("to", pa.string()),
    ("count", pa.int64()),
    ("of", pa.int64()),
    ("rate", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("expected", pa.float64()),
    ("expected_low", pa.float64()),
    ("expected_high", pa.float64()),
    ("expected_says", pa.string()),
    ("open", pa.int64()),
    ("lost", pa.int64()),
    ("median_days", pa.float64()),
    ("p25_days", pa.float64()),
    ("p75_days", pa.float64()),
)


def _schema(by: str | None) -> pa.Schema:
    return pa.schema([*([(by, pa.string())] if by else []), *_COLUMNS])


def _row(by: str | None, group: Group, step: Conversion) -> dict[str, object]:
    time, expected = step.time, step.expected
    values = (
        group.n,
        step.start,
        step.end,
        step.count,
        step.of,
        step.rate,
        *_ends(step.interval),
        expected.share,
        *_ends(expected.interval),
        expected.says,
        step.open,
        step.lost,
        *((time.median, time.p25, time.p75) if time else (None, None, None)),
    )
    row: dict[str, object] = dict(zip((name for name, _ in _COLUMNS), values, strict=True))
    return {by: group.value, **row} if by else row


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _stage_chart(found: Funnel, theme: Theme) -> alt.TopLevelMixin:
    import altair as alt

    rows = [
        {"stage": s.stage, "people": s.passed, "side": _TEAM.get(s.stage, "both")} for s in found.stages if s.recorded
    ]
    sides = ["marketing", "sales", "both"]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("stage:N", sort=None, title=None), x=alt.X("people:Q", title="People", scale=alt.Scale(zero=True))
    )
    bars = base.mark_bar(height=22).encode(
        color=alt.Color("side:N", scale=alt.Scale(domain=sides, range=[ink(side, theme) for side in sides]))
    )
    text = base.mark_text(align="left", dx=6, style="label").encode(text=alt.Text("people:Q", format=",d"))
    return alt.layer(bars, text).properties(width=520, height=36 * len(rows), config=theme_config(theme))


def _group_chart(found: Funnel, theme: Theme) -> alt.TopLevelMixin:
    import altair as alt

    whole = found.overall
    steps = [(g, g.conversion(whole.start, whole.end)) for g in found.groups] if whole else []
    rows = [
        {"group": f"{g.label} ({s.of:,})", "rate": s.rate, "low": s.interval.low, "high": s.interval.high}
        for g, s in steps[:30]
        if s and s.interval
    ]
    title = f"{whole.start} to {whole.end}, so far" if whole else "So far"
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("group:N", sort=None, title=None, axis=alt.Axis(grid=False)))
    axis = alt.Axis(format=".0%", tickCount=5)
    rule = base.mark_rule(style="interval").encode(
        x=alt.X("low:Q", title=title, axis=axis, scale=alt.Scale(zero=True)), x2="high:Q"
    )
    point = base.mark_point(filled=True, opacity=1).encode(x=alt.X("rate:Q", axis=axis))
    return alt.layer(rule, point).properties(width=520, height=max(60, 26 * len(rows)), config=theme_config(theme))
