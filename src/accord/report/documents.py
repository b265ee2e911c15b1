"""The report for machines: one JSON document of plain values, times in UTC, numbers as they were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

from accord.agreement.metrics import METRICS
from accord.agreement.promise import Measured
from accord.report.figures import Grid, Report
from accord.report.promises import by_promise


def report_json(report: Report) -> dict[str, object]:
    """What the page says: the finding, the promises of both sides, the funnel, where wins came from, the facts."""
    return {
        "simulated": report.simulated,
        "at": report.at.astimezone(UTC).isoformat(),
        "finding": report.title,
        "context": report.context,
        "notes": list(report.notes),
        "promises": [promise_json(periods) for periods in by_promise(report.measured).values()],
        "funnel": report.counted.to_json(),
        "wins": _rows(report.wins) if report.wins else [],
        "facts": _rows(report.health),
    }


def _rows(grid: Grid) -> list[Mapping[str, str]]:
    """As written on the page, a row under the names of its columns."""
    return [dict(zip(grid.head, row, strict=True)) for row in grid.rows]


def promise_json(periods: Sequence[Measured]) -> dict[str, object]:
    """One promise with its periods, oldest first."""
    promise = periods[-1].promise
    metric = METRICS.get(promise.metric)
    return {
        "id": promise.id,
        "side": promise.side,
        "metric": promise.metric,
        "what": metric.sentence if metric else None,
        "unit": metric.unit if metric else None,
        "where": promise.where,
        "at_least": promise.at_least,
        "at_most": promise.at_most,
        "per": promise.per,
        "periods": [period_json(each) for each in periods],
    }


def period_json(each: Measured) -> dict[str, object]:
    """One period: how it stands, its numbers, the sentence and the query."""
    return {
        "period": each.period.label,
        "start": each.period.start.isoformat(),
        "end": each.period.end.isoformat(),
        "version": each.version,
        "state": each.state,
        "value": each.value,
        "numerator": each.numerator,
        "denominator": each.denominator,
        "target": each.target,
        "expected_by_now": each.expected,
        "open": each.open,
        "left_out": dict(each.left_out),
        "claimed": each.claimed,
        "claimed_share": each.claimed_share,
        "records_missing": each.missing,
        "because": each.because or None,
        "sentence": each.sentence,
        "sql": each.sql or None,
    }
