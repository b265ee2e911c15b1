"""Measuring: what the ledger says about promises and the funnel, kept as rows with the moment they were measured at."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from time import perf_counter
from typing import Any

import pyarrow as pa
from django.db import transaction

from accord.agreement.answers import checked
from accord.agreement.counting import rows
from accord.agreement.document import Agreement
from accord.agreement.metrics import METRICS
from accord.agreement.promise import Measured, measure_in_force, shown
from accord.facts.engine import Engine
from accord.insight.defects import defects
from accord.insight.regret import Regret, regret
from accord.report import promises as told
from accord.report.building import build
from accord.report.figures import Report
from accord_app.ledger import lake
from accord_app.ledger.carrying import is_live
from accord_app.ledger.reads import versions
from accord_app.measures.models import Figure, PromiseFigure

SCOREBOARD, GIVEN_BACK = "scoreboard", "given back"
NOT_KEPT = frozenset({"counted", "measured", "at"})
PERIODS = 12
MOST_RECORDS = 500
HELD_AGAINST_FACTS = "rejections_not_contradicted"


def measure(*, at: datetime) -> bool:
    """Measure everything as of `at`; gives whether there was anything to measure."""
    measure_promises(at=at, records_of_all=True)
    return measure_board(at=at)


def measure_promises(*, at: datetime, records_of_all: bool = False) -> bool:
    """Measure every promise as of `at`; gives whether one stands otherwise than before. Only where a figure has
    changed, or for all if asked, the records behind it are read again."""
    found = _Measuring(at)
    before = _states()
    with transaction.atomic():
        changed = _keep_promises(found.promises, found.agreements, at)
    _keep_records(found, found.promises if records_of_all else changed)
    return _states() != before


def _states() -> list[tuple[str, datetime, str]]:
    return sorted(PromiseFigure.objects.values_list("promise", "begins_at", "state"))


def measure_board(*, at: datetime) -> bool:
    """Measure funnel, plan and wins as of `at`; gives whether anybody is recorded."""
    begun = perf_counter()
    found = _Measuring(at)
    report = found.report()
    if report is None:
        return False
    keep(SCOREBOARD, as_json(report), report.funnel.sql, at, begun)
    _measure_given_back(found)
    return True


def _measure_given_back(found: _Measuring) -> None:
    """What became of leads that were given back, with the records of those that came to something; and defects."""
    begun, at = perf_counter(), found.at
    later = regret(found.engine, at=at)
    wrong = defects(found.engine, since=at - later.within, at=at)
    content = {
        "later": later.to_json(),
        "records": as_json(_came_to_something(found.engine, later)),
        "defects": wrong.to_json(),
        "labels": _labels(found.agreements),
    }
    keep(GIVEN_BACK, content, later.sql, at, begun)


def _came_to_something(engine: Engine, later: Regret) -> list[dict[str, Any]]:
    some = f"SELECT * FROM ({later.records_sql}) AS r WHERE over AND (accepted OR deal OR won)"
    found: list[dict[str, Any]] = engine.rows(
        f"{some} ORDER BY ended_at DESC, handoff_id LIMIT {MOST_RECORDS}"
    ).to_pylist()
    return found


def _labels(agreements: Sequence[Agreement]) -> dict[str, str]:
    """What reasons are called, by code; as the newest version says."""
    rejected = {each.code: each.label for agreed in agreements for each in agreed.answers.reject}
    return rejected | {each.code: each.label for agreed in agreements for each in agreed.answers.recycle}


class _Measuring:
    """The ledger at a moment, with the agreements that were in force and how their promises stand."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.engine: Engine = lake.ledger().connect(memory="2GB")
        self.agreements: Sequence[Agreement] = [each.agreement for each in versions(at=at)]
        self.by_version = {each.version: each for each in self.agreements}
        self.promises: Sequence[Measured] = ()
        if self.agreements:
            self.promises = measure_in_force(self.engine, self.agreements, at=at, periods=PERIODS, check=held_against)

    def report(self) -> Report | None:
        """None while nobody is recorded."""
        (anybody,) = self.engine.one(
            "SELECT count(*) > 0 FROM (SELECT 1 FROM touches UNION ALL SELECT 1 FROM profiles LIMIT 1)"
        )
        if not anybody:
            return None
        current = self.agreements[-1] if self.agreements else None
        return build(self.engine, lake.ledger().about, current, self.promises, at=self.at)

    def records(self, each: Measured) -> list[dict[str, Any]]:
        """The records behind a figure, what was missed first."""
        agreement, promise = self.by_version[each.version], each.promise
        answers = held_against(self.engine, agreement) if promise.metric == HELD_AGAINST_FACTS else None
        table = rows(
            self.engine,
            agreement,
            METRICS[promise.metric],
            each.period,
            at=self.at,
            where=promise.where,
            answers_checked=answers,
        )
        ordered = sorted(table.to_pylist(), key=lambda row: (row["verdict"] != "missed", str(row["record_id"])))
        return [as_json(row) for row in ordered[:MOST_RECORDS]]


_held = threading.local()


def held_against(engine: Engine, agreement: Agreement) -> pa.Table:
    """Rejections held against facts, as `checked` gives them. Those that this thread knows are not held again, unless
    an import or an undo has told of the past since."""
    ledger = lake.ledger()
    past = frozenset((state.id, state.state) for state in ledger.states().values() if not is_live(state))
    place = ledger.folder, agreement.version, agreement.in_force_from, past
    held: tuple[object, dict[object, pa.Table]] = getattr(_held, "answers", (None, {}))
    known = held[1] if held[0] == place[::3] else {}
    known[place] = checked(engine, agreement, known=known.get(place))
    _held.answers = place[::3], known
    found: pa.Table = known[place]
    return found


def _keep_promises(measured: Sequence[Measured], agreements: Sequence[Agreement], at: datetime) -> Sequence[Measured]:
    """Gives those whose figures are not what they were."""
    by_version = {each.version: each for each in agreements}
    figures = {
        (each.promise.id, each.period.start): (each, _row(each, by_version[each.version], at, is_current=is_last))
        for periods in told.by_promise(measured).values()
        for each, is_last in zip(periods, [*[False] * (len(periods) - 1), True], strict=True)
    }
    before = {(row.promise, row.begins_at): row for row in PromiseFigure.objects.all()}
    names = [f.name for f in PromiseFigure._meta.fields if f.name not in ("id", "promise", "begins_at")]
    PromiseFigure.objects.bulk_create(
        [row for _, row in figures.values()],
        update_conflicts=True, unique_fields=["promise", "begins_at"], update_fields=names,
    )  # fmt: skip
    PromiseFigure.objects.exclude(measured_at=at).delete()  # promises and periods that are no longer measured
    return [each for key, (each, row) in figures.items() if not _is_same(row, before.get(key))]


_COUNTED = ("version", "state", "value", "target", "numerator", "denominator")
_TOLD = ("open", "claimed", "left_out")


def _is_same(row: PromiseFigure, before: PromiseFigure | None) -> bool:
    return (
        before is not None
        and all(getattr(row, name) == getattr(before, name) for name in _COUNTED)
        and all(row.details[name] == before.details.get(name) for name in _TOLD)
    )


def _keep_records(found: _Measuring, changed: Collection[Measured]) -> None:
    """The records behind the last two periods of every promise, read again where a figure has changed."""
    names = {
        records_name(each.promise.id, each.period.label): each
        for periods in told.by_promise(found.promises).values()
        for each in periods[-2:]
    }
    there = set(Figure.objects.filter(name__startswith="records ").values_list("name", flat=True))
    asked = {name: each for name, each in names.items() if name not in there or each in changed}
    fresh = [
        Figure(name=name, content=found.records(each), as_known=found.at, measured_at=found.at)
        for name, each in asked.items()
    ]
    with transaction.atomic():
        Figure.objects.filter(name__in=there - names.keys()).delete()
        Figure.objects.bulk_create(
            fresh, update_conflicts=True, unique_fields=["name"], update_fields=["content", "as_known", "measured_at"]
        )


def records_name(promise: str, label: str) -> str:
    """Under which name the records behind a figure are kept."""
    return f"records {promise} {label}"


def _row(each: Measured, agreement: Agreement, at: datetime, *, is_current: bool) -> PromiseFigure:
    metric = METRICS[each.promise.metric]
    return PromiseFigure(
        promise=each.promise.id,
        version=each.version,
        side=each.promise.side.value,
        begins_at=each.period.start,
        ends_at=each.period.end,
        is_current=is_current,
        state=each.state.value,
        value=each.value,
        target=each.target,
        numerator=each.numerator,
        denominator=each.denominator,
        shown=shown(each.value, metric, agreement),
        sentence=each.sentence,
        details={
            "title": told.title(each),
            "definition": told.definition(each),
            "period": each.period.label,
            "sql": each.sql,
            "open": each.open,
            "claimed": each.claimed,
            "left_out": dict(each.left_out),
            "missing": each.missing,
            "target": shown(each.target, metric, agreement),
            "because": each.because,
        },
        measured_at=at,
    )


def keep(name: str, content: Any, sql: str, at: datetime, begun: float) -> None:
    """Keep a measured thing in the place of the one before. `begun` is when the work began, by `perf_counter`."""
    took = round((perf_counter() - begun) * 1_000)
    Figure.objects.update_or_create(
        name=name,
        defaults={"content": content, "sql": sql, "as_known": at, "measured_at": at, "took_ms": took},
    )


def as_json(value: Any) -> Any:
    """Values of a report as JSON, without the numbers that it was written from."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in fields(value) if f.name not in NOT_KEPT}
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
