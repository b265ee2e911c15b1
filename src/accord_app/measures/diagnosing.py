"""The diagnosis of the ledger, kept as rows: against the plan, the last quarter, and the time before; and the price of
misalignment of the running quarter, kept by itself for the page that everybody opens first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from accord.agreement.document import Agreement, Period
from accord.agreement.periods import Periods
from accord.facts.errors import AccordError
from accord.insight.diagnosis.diagnosis import NothingToDiagnoseError, diagnose
from accord.report.diagnosis import View, view
from accord_app.ledger import lake
from accord_app.ledger.reads import versions
from accord_app.measures.measuring import as_json, held_against, keep

PLAN, QUARTER, BEFORE = "plan", "quarter", "before"
AGAINST = (PLAN, QUARTER, BEFORE)
PRICE = "price of misalignment"
MOST_SHOWN = 10  # records of a part; the diagnosis has more


def figure_name(against: str) -> str:
    """Under which name a diagnosis is kept."""
    return f"diagnosis {against}"


def measure_diagnosis(*, at: datetime) -> bool:
    """Diagnose as of `at`, against everything that there is to hold it against; gives whether anything is recorded."""
    ledger = lake.ledger()
    engine = ledger.connect(memory="2GB")
    agreements = [each.agreement for each in versions(at=at)]
    checked = held_against(engine, agreements[-1]) if agreements else None
    zone = agreements[-1].time_zone if agreements else str(ledger.about.get("time_zone", "UTC"))
    told: dict[str, View] = {}
    for against in AGAINST:
        begun = perf_counter()
        asked = _asked(against, agreements[-1] if agreements else None, at)
        if asked is None:
            keep(figure_name(against), {"cannot": "No agreement is in force, so there is no quarter."}, "", at, begun)
            continue
        try:
            found = diagnose(engine, at=_naive(at), agreements=agreements, answers_checked=checked, **asked)
        except NothingToDiagnoseError:
            return False
        except AccordError as error:
            keep(figure_name(against), {"cannot": error.message}, "", at, begun)
            continue
        told[against] = view(found, zone=zone)
        keep(figure_name(against), as_json(told[against]), found.sql, at, begun)
    _keep_price(told, at)
    return True


def _keep_price(told: Mapping[str, View], at: datetime) -> None:
    """That of the quarter so far; without an agreement, or before the first fact of a quarter, that of the newest
    time."""
    begun = perf_counter()
    for against in (QUARTER, BEFORE):
        if against in told and (price := told[against].price):
            content = as_json(price)
            rows = [{**row, "records": row["records"][:MOST_SHOWN]} for row in content["rows"]]
            keep(PRICE, {**content, "against": against, "rows": rows}, "", at, begun)
            return


def _asked(against: str, agreement: Agreement | None, at: datetime) -> Mapping[str, Any] | None:
    """The periods of one comparison; None for a quarter without an agreement, which says how time is divided."""
    if against == PLAN:
        return {"against": "plan"}
    if against == BEFORE:
        return {}
    if agreement is None:
        return None
    periods = Periods(agreement.time_zone, agreement.fiscal_year_start)
    quarter = periods.at(at, Period.QUARTER)
    last = periods.at(quarter.start - timedelta(hours=1), Period.QUARTER)
    return {
        "since": _naive(quarter.start),
        "base_since": _naive(last.start),
        "base_until": _naive(min(last.start + (at - quarter.start), quarter.start)),
    }


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
