"""Foretelling: the forecast of the running periods, kept with the record of past forecasts, which grows run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any

from accord.facts.engine import Engine
from accord.facts.ledger import Ledger
from accord.insight.forecast.forecast import Forecast, Past, forecast
from accord.insight.forecast.record import record
from accord.report.forecast import view
from accord_app.ledger import lake
from accord_app.ledger.carrying import is_live
from accord_app.ledger.reads import versions
from accord_app.measures.measuring import as_json, held_against, keep
from accord_app.measures.models import Figure

FORECAST = "forecast"
MOST_MOMENTS = 6  # to which one run looks back, so that a long history does not hold up the worker


def measure_forecast(*, at: datetime, most: int | None = MOST_MOMENTS) -> bool:
    """Foretell as of `at`; gives whether an agreement is in force whose numbers can be asked for."""
    begun = perf_counter()
    agreements = [each.agreement for each in versions(at=at)]
    if not agreements:
        return False
    ledger = lake.ledger()
    engine = ledger.connect(memory="2GB")
    found = forecast(engine, agreements[-1], at=at, check=held_against)
    past = _past(ledger)
    known = _known(past)
    told = record(
        lambda moment: _as_known(ledger, moment), engine, agreements[-1], at=at, check=held_against, known=known,
        most=most,
    )  # fmt: skip
    found = replace(found, record=told)
    keep(FORECAST, _content(found, past, simulated=bool(ledger.about.get("simulated"))), found.sql, at, begun)
    return True


def _as_known(ledger: Ledger, moment: datetime) -> Engine:
    return ledger.connect(known_at=moment, memory="2GB")


def _past(ledger: Ledger) -> list[list[str]]:
    """Imports and undos: where one has changed what was known then, past forecasts are made again."""
    return sorted([state.id, state.state] for state in ledger.states().values() if not is_live(state))


def _known(past: Sequence[Sequence[str]]) -> list[Past]:
    row = Figure.objects.filter(name=FORECAST).first()
    if row is None or row.content.get("past") != list(past):
        return []
    return [Past.of(each) for each in row.content["record"]]


def _content(found: Forecast, past: list[list[str]], *, simulated: bool) -> dict[str, Any]:
    rows = found.table().to_pylist()
    return {
        "view": as_json(view(found, simulated=simulated)),
        "rows": rows,
        "record": [each.to_json() for each in found.record],
        "past": past,
    }
