"""Attribution, measured by the worker: nine models by channel, campaign, asset and side, with the wins behind them."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any

from accord.facts.engine import Engine
from accord.insight.attribution.attribution import Attribution, NothingToAttributeError, attribute
from accord.insight.attribution.increment import Memory
from accord.insight.attribution.wins import BY, behind_sql
from accord.report import attribution as told
from accord.report.charts import of_panels
from accord_app.ledger import lake
from accord_app.measures.measuring import as_json, keep

MOST_WINS = 200
KEPT = "attribution"  # beside the lake: what the next run goes on from, and no backup needs


def attribution_name(by: str) -> str:
    """Under which name an attribution is kept."""
    return f"attribution by {by}"


def measure_attribution(*, at: datetime) -> bool:
    """Share wins out as of `at`, in every way; gives whether there was anything to share out."""
    ledger = lake.ledger()
    memory = Memory.of(ledger, ledger.folder.parent / KEPT)
    engine = ledger.connect(memory="2GB")
    told = [_measured(engine, memory, by, at) for by in BY]  # every way, though one may have nothing to tell
    return any(told)


def _measured(engine: Engine, memory: Memory, by: str, at: datetime) -> bool:
    begun = perf_counter()
    try:
        found = attribute(engine, by=by, at=at.replace(tzinfo=None), memory=memory)
    except NothingToAttributeError as error:
        keep(attribution_name(by), {"nothing": f"{error.message} {error.remedy}"}, "", at, begun)
        return False
    keep(attribution_name(by), _content(engine, found, at), found.sql, at, begun)
    return True


def _content(engine: Engine, found: Attribution, at: datetime) -> dict[str, Any]:
    behind = engine.rows(behind_sql(found.by, at.replace(tzinfo=None), found.currency, MOST_WINS))
    return {
        "title": told.headline(found),
        "context": told.context(found),
        "grid": as_json(told.grid(found)),
        "chart": as_json(of_panels(found, f"Share of conversions by {found.by} and model, with 90 % intervals")),
        "notices": list(found.notices),
        "definition": found.definition,
        "rows": found.table().to_pylist(),
        "records": as_json(behind.to_pylist()),
        "currency": found.currency,
    }
