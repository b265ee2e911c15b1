"""The record of past forecasts: each made again in the middle of its period, from what could be known then, and held
against what came."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accord.agreement.counting import NotMeasurableError, count
from accord.agreement.document import Agreement, Period
from accord.agreement.periods import Periods, Span
from accord.agreement.promise import versions_in_force
from accord.insight.forecast.forecast import SEED, Past, Progress, _silent, targets
from accord.insight.forecast.outlook import WINS, Check, Room, Target, outlook

if TYPE_CHECKING:
    from accord.facts.engine import Engine

PERIODS: Mapping[Period, int] = {Period.WEEK: 8, Period.MONTH: 6, Period.QUARTER: 4, Period.YEAR: 2}
AsKnown = Callable[[datetime], "Engine"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One past period of one kind, and the moment in its middle."""

    per: Period
    span: Span

    @property
    def moment(self) -> datetime:
        return self.span.start + (self.span.end - self.span.start) / 2


def past_periods(agreement: Agreement, *, at: datetime, first: datetime | None) -> tuple[Asked, ...]:
    """The ended periods whose forecasts are made again, oldest first: of every kind that something is promised for,
    and of quarters; those that had begun before the first fact are left out."""
    calendar = Periods(agreement.time_zone, agreement.fiscal_year_start)
    kinds = dict.fromkeys((Period.QUARTER, *(promise.per for promise in agreement.promises)))
    return tuple(
        Asked(per, span)
        for per in kinds
        for span in calendar.last(at, per, PERIODS[per] + 1)[:-1]
        if first is None or span.start >= first
    )


def record(
    as_known: AsKnown,
    engine: Engine,
    agreement: Agreement,
    *,
    at: datetime,
    is_in_force: bool = True,
    seed: int = SEED,
    check: Check | None = None,
    known: Collection[Past] = (),
    most: int | None = None,
    progress: Progress = _silent,
) -> tuple[Past, ...]:
    """Past forecasts of everything that is foretold now, by target and period.

    `as_known(moment)` opens the facts as they could be known then; `engine` has those of now, which say what came.
    With `is_in_force` each was made under the version in force then, else under `agreement`. Those in `known` are not
    made again: what came is read anew. `most` bounds to how many moments it goes back, the latest first.
    """
    before = {(each.target, each.period): each for each in known}
    asked = past_periods(agreement, at=at, first=_first(engine))
    missing = [each for each in asked if not _is_known(each, _wanted(agreement, at, each), before)]
    latest = sorted(missing, key=lambda each: each.moment, reverse=True)[:most]
    found: list[Past] = []
    for done, each in enumerate(asked):
        progress("looking back", done, len(asked))
        wanted = _wanted(agreement, at, each)
        again: list[Past] = []
        if each in latest:
            again = list(_made(as_known(each.moment), agreement, wanted, each, is_in_force, seed, check))
        elif each not in missing:
            again = [before[target.id, each.span.label] for target in wanted]
        found += _with_what_came(engine, agreement, again, wanted, each.span, at, check)
    progress("looking back", len(asked), len(asked))
    return tuple(found)


def _wanted(agreement: Agreement, at: datetime, asked: Asked) -> list[Target]:
    return [target for target, _ in targets(agreement, at) if target.per is asked.per]


def _is_known(asked: Asked, wanted: Sequence[Target], before: Mapping[tuple[str, str], Past]) -> bool:
    return all((target.id, asked.span.label) in before for target in wanted)


def _first(engine: Engine) -> datetime | None:
    tables = " UNION ALL ".join(f"SELECT min(occurred_at) AS t FROM {name}" for name in ("handoffs", "deals"))
    (found,) = engine.one(f"SELECT min(t) FROM ({tables}) AS first")
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else None


def _made(
    engine: Engine,
    agreement: Agreement,
    wanted: Sequence[Target],
    asked: Asked,
    is_in_force: bool,
    seed: int,
    check: Check | None,
) -> Iterator[Past]:
    moment = asked.moment
    then = (versions_in_force(engine, at=moment) if is_in_force else ()) or (agreement,)
    room = Room(engine, then[-1], moment, seed, check)
    try:
        for target in wanted:
            told = outlook(room, target, asked.span)
            low, high = (told.interval.low, told.interval.high) if told.interval else (None, None)
            yield Past(target.id, target.metric, asked.span.label, asked.span.end, moment, low, high, told.middle, None)
    finally:
        engine.close()


def _with_what_came(
    engine: Engine,
    agreement: Agreement,
    made: Sequence[Past],
    wanted: Sequence[Target],
    span: Span,
    at: datetime,
    check: Check | None,
) -> Iterator[Past]:
    room = Room(engine, agreement, at, SEED, check)
    by_id = {target.id: target for target in wanted}
    for each in made:
        yield Past(
            each.target, each.metric, each.period, each.ends, each.made_at, each.low, each.high, each.middle,
            _came(room, by_id[each.target], span),
        )  # fmt: skip


def _came(room: Room, target: Target, span: Span) -> float | None:
    """What the period came to; None while something of it is open, and where nothing counts."""
    metric = target.definition
    try:
        counted = count(
            room.engine, room.agreement, metric, [span], at=room.at, where=target.where,
            answers_checked=room.answers_checked(metric),
        ).periods[0]  # fmt: skip
    except NotMeasurableError:
        return None
    if counted.open:
        return None
    return counted.numerator if target.metric == WINS else counted.value
