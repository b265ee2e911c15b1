"""Measuring: what the ledger says about promises and the funnel, kept as rows with the moment they were measured at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from time import perf_counter
from typing import Any

from django.db import transaction

from accord.agreement.answers import checked
from accord.agreement.counting import rows
from accord.agreement.document import Agreement
from accord.agreement.metrics import METRICS
from accord.agreement.promise import Measured, measure_in_force, shown
from accord.facts.engine import Engine
from accord.report import promises as told
from accord.report.building import build
from accord.report.figures import Report
from accord_app.ledger import lake
from accord_app.ledger.reads import versions
from accord_app.measures.models import Figure, PromiseFigure

SCOREBOARD = "scoreboard"
NOT_KEPT = frozenset({"counted", "measured", "at"})
PERIODS = 12
MOST_RECORDS = 500
HELD_AGAINST_FACTS = "rejections_not_contradicted"


def measure(*, at: datetime) -> bool:
    """Measure everything as of `at`; gives whether there was anything to measure."""
    begun = perf_counter()
    engine = lake.ledger().connect(memory="2GB")
    agreements = [each.agreement for each in versions(at=at)]
    measured = measure_in_force(engine, agreements, at=at, periods=PERIODS, check=checked) if agreements else ()
    report = _report(engine, agreements, measured, at)
    records = _records(engine, measured, agreements, at)
    with transaction.atomic():
        _keep_promises(measured, agreements, at)
        _keep_records(records, at)
        if report is not None:
            _keep(SCOREBOARD, _as_json(report), report.funnel.sql, at, perf_counter() - begun)
    return report is not None


def _report(
    engine: Engine, agreements: Sequence[Agreement], measured: Sequence[Measured], at: datetime
) -> Report | None:
    """None while nobody is recorded."""
    (anybody,) = engine.one("SELECT count(*) > 0 FROM (SELECT 1 FROM touches UNION ALL SELECT 1 FROM profiles LIMIT 1)")
    if not anybody:
        return None
    current = agreements[-1] if agreements else None
    return build(engine, lake.ledger().about, current, measured, at=at)


def _keep_promises(measured: Sequence[Measured], agreements: Sequence[Agreement], at: datetime) -> None:
    by_version = {each.version: each for each in agreements}
    figures = [
        _row(each, by_version[each.version], at, is_current=place == len(periods) - 1)
        for periods in told.by_promise(measured).values()
        for place, each in enumerate(periods)
    ]
    names = [f.name for f in PromiseFigure._meta.fields if f.name not in ("id", "promise", "begins_at")]
    PromiseFigure.objects.bulk_create(
        figures, update_conflicts=True, unique_fields=["promise", "begins_at"], update_fields=names
    )
    PromiseFigure.objects.exclude(measured_at=at).delete()  # promises and periods that are no longer measured


def records_name(promise: str, label: str) -> str:
    """Under which name the records behind a figure are kept."""
    return f"records {promise} {label}"


def _records(
    engine: Engine, measured: Sequence[Measured], agreements: Sequence[Agreement], at: datetime
) -> dict[str, list[dict[str, Any]]]:
    """The records behind the last two periods of every promise, what was missed first."""
    by_version = {each.version: each for each in agreements}
    found: dict[str, list[dict[str, Any]]] = {}
    for periods in told.by_promise(measured).values():
        for each in periods[-2:]:
            agreement, promise = by_version[each.version], each.promise
            answers = checked(engine, agreement) if promise.metric == HELD_AGAINST_FACTS else None
            table = rows(
                engine,
                agreement,
                METRICS[promise.metric],
                each.period,
                at=at,
                where=promise.where,
                answers_checked=answers,
            )
            ordered = sorted(table.to_pylist(), key=lambda row: (row["verdict"] != "missed", str(row["record_id"])))
            found[records_name(promise.id, each.period.label)] = [_as_json(row) for row in ordered[:MOST_RECORDS]]
    return found


def _keep_records(records: Mapping[str, list[dict[str, Any]]], at: datetime) -> None:
    Figure.objects.filter(name__startswith="records ").exclude(name__in=records).delete()
    Figure.objects.bulk_create(
        [Figure(name=name, content=content, as_known=at, measured_at=at) for name, content in records.items()],
        update_conflicts=True, unique_fields=["name"], update_fields=["content", "as_known", "measured_at"],
    )  # fmt: skip


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


def _keep(name: str, content: Any, sql: str, at: datetime, seconds: float) -> None:
    Figure.objects.update_or_create(
        name=name,
        defaults={
            "content": content, "sql": sql, "as_known": at, "measured_at": at, "took_ms": round(seconds * 1_000),
        },
    )  # fmt: skip


def _as_json(value: Any) -> Any:
    """Values of a report as JSON, without the numbers that it was written from."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _as_json(getattr(value, f.name)) for f in fields(value) if f.name not in NOT_KEPT}
    if isinstance(value, Mapping):
        return {str(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
