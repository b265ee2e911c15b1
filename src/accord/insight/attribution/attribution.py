"""Attribution: nine models side by side, each share with its interval, and where the models disagree.

From a lake, from a relation of touches, or from paths that somebody has counted already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accord.facts.errors import AccordError
from accord.insight.attribution import chain, draws, wins
from accord.insight.attribution.counted_paths import CountedPath, by_lot
from accord.insight.attribution.disagreement import Disagreement, disagreements, plain, says
from accord.insight.attribution.increment import Memory, Question, recalled, remember
from accord.insight.attribution.models import HALF_LIFE
from accord.insight.attribution.paths import Reals
from accord.insight.attribution.reading import Progress, Relation, look, tallied, untold
from accord.insight.attribution.tally import MODELS, Plan, Tally, planned, tally
from accord.insight.result import ENOUGH, Interval, Result, Theme, ink, iso, theme_config

if TYPE_CHECKING:
    import altair as alt

    from accord.facts.engine import Answers

_DEFINITION = (
    "Conversions, and their value, shared out among the touches before them. Each model shares in its own way; all of "
    "them describe who was there on the way and do not tell what would have happened otherwise: shares are no causes."
)
_CHARTED = 6  # channels
_NAMES_TAKE, _BETWEEN = 70, 24  # pixels of a chart: the names of the models, and from panel to panel
_MOST_STATES = 30_000


class NothingToAttributeError(AccordError):
    """No touch, or no conversion."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What one model gives to one channel: conversions, their `share` of all (0 to 1), and value, None where no value
    is known. Intervals (90 %) are in the unit of their estimate, None below 20 people with a conversion."""

    channel: str
    conversions: float
    interval: Interval | None
    share: float
    share_interval: Interval | None
    value: float | None
    value_interval: Interval | None

    def to_json(self) -> dict[str, Any]:
        """`low` and `high` are in conversions, `value_low` and `value_high` in value."""
        shares = self.share_interval
        return {
            "conversions": self.conversions,
            "value": self.value,
            "low": self.interval.low if self.interval else None,
            "high": self.interval.high if self.interval else None,
            "share": self.share,
            "share_low": shares.low if shares else None,
            "share_high": shares.high if shares else None,
            "value_low": self.value_interval.low if self.value_interval else None,
            "value_high": self.value_interval.high if self.value_interval else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Result):
    """Conversions shared out by every model. Unit: conversions; value in `currency`, as recorded where that is None.

    `n` are the conversions with at least one touch before them, which is what is shared out. Conversions without one
    (`alone`), touches before the window (`outside`) and paths without a conversion (`nulls`) are counted beside.
    """

    models: Mapping[str, tuple[Credit, ...]]
    conversions: float
    value: float | None
    people: int
    converters: int
    touches: int
    nulls: float
    alone: int = 0
    outside: int = 0
    rows: int = 0  # that were read
    by: str = "channel"
    currency: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    window: float | None = None
    half_life: float = HALF_LIFE
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """What the conversions are shared out among, in order of the name."""
        first = next(iter(self.models.values()))
        return tuple(credit.channel for credit in first)

    @property
    def needed(self) -> int:
        """How many more people with a conversion it takes to give intervals."""
        return max(0, ENOUGH - self.converters)

    def credit(self, model: str, channel: str) -> Credit:
        """One figure; KeyError for a model that was not computed or a channel that does not occur."""
        return {credit.channel: credit for credit in self.models[model]}[channel]

    def table(self) -> pa.Table:
        """One row per model and channel."""
        rows = [_row(self.by, model, credit) for model, given in self.models.items() for credit in given]
        return pa.Table.from_pylist(rows, _schema(self.by))

    def to_json(self) -> dict[str, Any]:
        """Everything, with `models` by name and channel."""
        return {
            **Result.to_json(self),
            "by": self.by,
            "from": iso(self.since),
            "to": iso(self.until),
            "window_days": self.window,
            "half_life_days": self.half_life,
            "conversions": self.conversions,
            "value": self.value,
            "currency": self.currency,
            "people": self.people,
            "people_with_conversion": self.converters,
            "records_needed": self.needed,
            "touches": self.touches,
            "paths_without_conversion": self.nulls,
            "conversions_without_touch": self.alone,
            "touches_before_window": self.outside,
            "models": {
                model: {credit.channel: credit.to_json() for credit in given} for model, given in self.models.items()
            },
            "disagreements": [each.to_json() for each in self.disagreements],
            "notices": list(self.notices),
        }

    def chart(self, theme: Theme = "light", *, columns: int = 2, width: int = 520) -> alt.TopLevelMixin:
        """The share by each model with its interval: a panel for each of the six channels with most by the linear
        model, `columns` of them side by side, about `width` pixels in all."""
        import altair as alt

        most = [credit.channel for credit in _most(self)]
        rows = [_point(model, self.credit(model, channel)) for channel in most for model in self.models]
        axis = alt.Axis(format=".0%", tickCount=4, labelFlush=False)
        base = alt.Chart().encode(y=alt.Y("model:N", sort=None, title=None, axis=alt.Axis(grid=False)))
        rule = base.mark_rule(style="interval").encode(
            x=alt.X("low:Q", title=None, axis=axis, scale=alt.Scale(zero=True)), x2="high:Q"
        )
        point = base.mark_point(filled=True, opacity=1).encode(x=alt.X("share:Q", axis=axis))
        header = alt.Header(labelAnchor="start", labelFontWeight=600, labelColor=ink("both", theme), labelPadding=2)
        columns = min(columns, len(most))
        panel = (width - _NAMES_TAKE) // columns - _BETWEEN
        return (
            alt.layer(rule, point, data=alt.Data(values=rows))
            .properties(width=panel, height=15 * len(self.models))
            .facet(
                facet=alt.Facet("channel:N", sort=most, title=None, header=header), columns=columns, spacing=_BETWEEN
            )
            .properties(autosize="pad", bounds="flush")
            .configure(**theme_config(theme))
        )


def attribute(
    engine: Answers,
    *,
    by: str = "channel",
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
    as_known: datetime | None = None,
    window: float | None = None,
    half_life: float = HALF_LIFE,
    currency: str | None = None,
    models: Sequence[str] = MODELS,
    progress: Progress = untold,
    memory: Memory | None = None,
) -> Attribution:
    """Attributes the deals of a lake that were won in [`since`, `until`) (naive UTC) to the touches before them.

    `by` is channel, campaign, asset or side. `window` (days) leaves earlier touches out. Facts after `at` are not read;
    `as_known` only labels the result: the engine's views were opened for it. With a `memory` only the touches of
    people are read for whom something is new since the last run, where that is enough; the figures are the same. Raises
    AccordError for what cannot be asked, and NothingToAttributeError where there is no touch or no win.
    """
    _one_of(by, wins.BY, "Wins cannot be shared out by")
    last = min((moment for moment in (at, until and until - timedelta(microseconds=1)) if moment), default=None)
    priced = wins.price(engine, last, currency)
    asked = Question(by, last, priced.currency, since, window, half_life, tuple(models))
    return _attributed(
        engine, wins.rows_sql(by, last, priced.currency), asked, progress, memory if until is None else None,
        until=until, as_known=as_known, has_value=priced.currency is not None, notices=tuple(_of_wins(priced)),
    )  # fmt: skip


def _of_wins(priced: wins.Priced) -> Iterator[str]:
    if priced.currency is None and priced.without:
        yield "No value: the won deals name no currency that all can be told in. Record exchange rates, or say which."
    elif priced.without:
        yield f"{priced.without:,} won deals have no amount that can be told in {priced.currency}: 0 in value."
    if priced.nobodys:
        yield f"{priced.nobodys:,} won deals belong to nobody: no person, no qualified colleague. They are left out."


def attribute_rows(
    engine: Answers,
    sql: str | Relation,
    *,
    by: str = "channel",
    since: datetime | None = None,
    until: datetime | None = None,
    as_known: datetime | None = None,
    window: float | None = None,
    half_life: float = HALF_LIFE,
    currency: str | None = None,
    has_value: bool = True,
    models: Sequence[str] = MODELS,
    progress: Progress = untold,
    notices: tuple[str, ...] = (),
) -> Attribution:
    """The same from a query with one row per touch: `person`, `moment` (naive UTC), `channel` (NULL for a conversion
    that is no touch), `converted`, `value` (of the conversion, not negative). Rows at or after `until` are for the
    query to leave out."""
    asked = Question(by, None, currency, since, window, half_life, tuple(models))
    return _attributed(
        engine, sql, asked, progress, until=until, as_known=as_known, has_value=has_value, notices=notices
    )  # fmt: skip


def _attributed(
    engine: Answers,
    sql: str | Relation,
    asked: Question,
    progress: Progress,
    memory: Memory | None = None,
    *,
    notices: tuple[str, ...],
    **labels: Any,
) -> Attribution:
    _checked(asked.models, asked.window, asked.half_life)
    kept = recalled(engine, memory, asked)
    if kept:
        channels, counted = kept.channels, kept.tally
        plan = planned(channels, asked.models, asked.half_life)
    else:
        relation = _relation(engine, sql)
        channels = relation.channels
        plan = planned(channels, asked.models, asked.half_life)
        counted = tallied(engine, relation, plan, since=asked.since, window=asked.window, progress=progress)
        notices = (*notices, *remember(engine, memory, asked, relation, counted))
    return _told(
        counted, plan, channels, progress, sql=sql if isinstance(sql, str) else sql.sql, by=asked.by,
        since=asked.since, window=asked.window, currency=asked.currency, notices=notices, **labels,
    )  # fmt: skip


def _relation(engine: Answers, sql: str | Relation) -> Relation:
    relation = look(engine, sql) if isinstance(sql, str) else sql
    if not relation.channels:
        raise NothingToAttributeError(
            "No touch is recorded here.", remedy="Import touches with their channel first: accord import --help."
        )
    return relation


def attribute_paths(
    counted: Sequence[CountedPath],
    *,
    half_life: float = HALF_LIFE,
    models: Sequence[str] = MODELS,
    progress: Progress = untold,
    sql: str = "paths counted elsewhere",
) -> Attribution:
    """The same from counted paths. They do not say when the touches were, so that time decay cannot be told."""
    _checked(models, None, half_life)
    channels = tuple(sorted({channel for path in counted for channel in path.channels}))
    if not channels:
        raise NothingToAttributeError("There is no path with a channel.", remedy="Write paths as `email > call`.")
    plan = planned(channels, [model for model in models if model != "time_decay"], half_life)
    notices = ("Time decay is left out: counted paths do not say when the touches were.",)
    found = tally(by_lot(counted, channels, plan.groups), plan)
    return _told(
        found, plan, channels, progress, has_value=any(path.value for path in counted), sql=sql,
        notices=notices if "time_decay" in models else (),
    )  # fmt: skip


def _one_of(word: str, allowed: Sequence[str], what: str) -> None:
    if word not in allowed:
        raise AccordError(f"{what} {word!r}.", remedy=f"Possible are: {', '.join(allowed)}.")


def _checked(models: Sequence[str], window: float | None, half_life: float) -> None:
    for model in models:
        _one_of(model, MODELS, "There is no model")
    if window is not None and not 0 <= window < float("inf"):
        raise AccordError(
            f"A look-back window of {window:g} days cannot be.", remedy="Give a number of days from 0 on."
        )
    if not 0 < half_life < float("inf"):
        raise AccordError(f"A half-life of {half_life:g} days cannot be.", remedy="Give a number of days above 0.")


# From the tally to the result


def _told(
    counted: Tally,
    plan: Plan,
    channels: Sequence[str],
    progress: Progress,
    *,
    has_value: bool,
    sql: str,
    notices: tuple[str, ...],
    **labels: Any,
) -> Attribution:
    conversions, value = (float(total) for total in counted.totals.sum(axis=1))
    if conversions <= 0:
        raise _no_conversion(counted)
    has_value = has_value and value > 0
    drawn = draws.poisson(plan.groups) if counted.converters >= ENOUGH else None
    models, left_out = {}, []
    for model in plan.models:
        shared = _shared(model, counted, plan, drawn, progress)
        if shared is None:
            left_out.append(model)
        else:
            models[model] = tuple(_credits(channels, shared, conversions, value if has_value else None))
    found = disagreements(models)
    return Attribution(
        unit="conversions",
        n=round(conversions),
        definition=_DEFINITION,
        sql=sql,
        models=models,
        conversions=conversions,
        value=value if has_value else None,
        people=counted.people,
        converters=counted.converters,
        touches=counted.touches,
        nulls=counted.nulls,
        alone=counted.alone,
        outside=counted.outside,
        rows=counted.rows,
        half_life=plan.half_life,
        disagreements=found,
        notices=(*says(found, models), *_notices(counted, left_out, len(channels)), *notices),
        **labels,
    )


def _no_conversion(counted: Tally) -> NothingToAttributeError:
    if counted.alone:
        return NothingToAttributeError(
            f"None of the {counted.alone:,} conversions has a touch before it.",
            remedy="Look at the window and at the times of touches, or import the touches of these people.",
        )
    return NothingToAttributeError(
        f"Nobody converted: {counted.people:,} people, {counted.touches:,} touches, no conversion to share out.",
        remedy="Look at --from and --to, or record won deals (in a file: rows that say `converted`).",
    )


def _notices(counted: Tally, left_out: Sequence[str], channels: int) -> Iterator[str]:
    if left_out:
        yield (
            f"{', '.join(left_out)} left out: {channels:,} channels make too many states. "
            "Share out by something with fewer values."
        )
    if counted.converters < ENOUGH:
        more = ENOUGH - counted.converters
        yield f"No intervals: {counted.converters} people with a conversion; {more} more would give them."
    if counted.alone:
        yield f"{counted.alone:,} conversions have no touch before them and are shared out to nobody."
    if counted.outside:
        yield f"{counted.outside:,} touches lie before the window."


@dataclass(frozen=True, slots=True)
class _Shared:
    """Per channel its share of conversions and of value, and the ends of both intervals where they can be told."""

    share: Reals
    value_share: Reals | None
    ends: tuple[Reals, Reals] | None
    value_ends: tuple[Reals, Reals] | None


def _shared(model: str, counted: Tally, plan: Plan, drawn: Reals | None, progress: Progress) -> _Shared | None:
    if model in chain.ORDERS:
        return _by_chain(model, counted, plan, drawn, progress)
    shares, ends = [], []
    for credit, total in zip(counted.credits[model], counted.totals, strict=True):
        whole = float(total.sum())
        share = credit.sum(axis=0) / whole if whole else None
        shares.append(share)
        ends.append(None if share is None or drawn is None else _drawn(drawn, credit, total, share))
    share, value_share = shares
    return _Shared(share, value_share, *ends)  # type: ignore[arg-type]


def _drawn(drawn: Reals, credit: Reals, total: Reals, share: Reals) -> tuple[Reals, Reals]:
    return draws.spread(draws.shares_of_sums(drawn, credit, total), share, draws.pull_of_sums(credit, total))


def _by_chain(model: str, counted: Tally, plan: Plan, drawn: Reals | None, progress: Progress) -> _Shared | None:
    made = chain.chain(counted.steps[model], plan.shape(model), plan.groups)
    if len(made.states) > _MOST_STATES:
        return None

    def step(done: int, of: int) -> None:
        progress(f"solving {model}", done, of)

    by_count, by_value = chain.removal_effects(made, progress=step)
    ends = [
        None
        if effects is None or drawn is None
        else draws.spread(draws.shares_to_first_order(drawn, *effects), *effects)
        for effects in (by_count, by_value)
    ]
    return _Shared(by_count.share, by_value.share if by_value else None, *ends)


def _credits(channels: Sequence[str], shared: _Shared, conversions: float, value: float | None) -> Iterator[Credit]:
    told = value is not None and shared.value_share is not None
    for place, channel in enumerate(channels):
        yield Credit(
            channel=channel,
            conversions=float(shared.share[place]) * conversions,
            interval=_interval(shared.ends, place, conversions),
            share=float(shared.share[place]),
            share_interval=_interval(shared.ends, place, 1.0),
            value=float(shared.value_share[place]) * value if told else None,  # type: ignore[index,operator]
            value_interval=_interval(shared.value_ends, place, value) if told else None,  # type: ignore[arg-type]
        )


def _interval(ends: tuple[Reals, Reals] | None, place: int, whole: float) -> Interval | None:
    return None if ends is None else Interval(float(ends[0][place]) * whole, float(ends[1][place]) * whole)


# Tables and charts

_COLUMNS = (
    ("conversions", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("share", pa.float64()),
    ("share_low", pa.float64()),
    ("share_high", pa.float64()),
    ("value", pa.float64()),
    ("value_low", pa.float64()),
    ("value_high", pa.float64()),
)


def _schema(by: str) -> pa.Schema:
    return pa.schema([("model", pa.string()), (by, pa.string()), *_COLUMNS])


def _row(by: str, model: str, credit: Credit) -> dict[str, object]:
    told = credit.to_json()
    return {"model": model, by: credit.channel, **{name: told[name] for name, _ in _COLUMNS}}


def _most(found: Attribution) -> list[Credit]:
    """The credits of the channels that have most by the linear model, or by the first that was computed."""
    model = "linear" if "linear" in found.models else next(iter(found.models))
    return sorted(found.models[model], key=lambda credit: (-credit.conversions, credit.channel))[:_CHARTED]


def _point(model: str, credit: Credit) -> dict[str, object]:
    ends = credit.share_interval
    low, high = (ends.low, ends.high) if ends else (credit.share, credit.share)
    return {"model": plain(model), "channel": credit.channel, "share": credit.share, "low": low, "high": high}
