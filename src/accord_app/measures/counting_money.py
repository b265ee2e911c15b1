"""What leads and customers cost and bring, and what goes with the use of content: kept with what stands behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pyarrow as pa

from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.content_effect.content import content
from accord.insight.economics.economics import Economics, economics
from accord.report import content as told_content
from accord.report import economics as told
from accord.report.charts import of_result
from accord_app.ledger import lake
from accord_app.ledger.reads import versions
from accord_app.measures.measuring import MOST_RECORDS, as_json, keep

ECONOMICS = "economics"


def measure_economics(*, at: datetime) -> bool:
    """Measure everything about money as of `at`; gives whether anything is recorded."""
    begun, ledger = perf_counter(), lake.ledger()
    engine, naive = ledger.connect(memory="2GB"), at.astimezone(UTC).replace(tzinfo=None)
    agreements = [each.agreement for each in versions(at=at)]
    currency = agreements[-1].currency if agreements else None
    zone = agreements[-1].time_zone if agreements else str(ledger.about.get("time_zone", "UTC"))
    found = _asked(lambda: economics(engine, at=naive, currency=currency, zone=zone))
    if found is None:
        return False
    kept = {**_page(found), "content": _content(engine, naive), "simulated": bool(ledger.about.get("simulated"))}
    keep(ECONOMICS, kept, found.sql, at, begun)
    return True


def _asked(question: Callable[[], Economics]) -> Economics | None:
    try:
        return question()
    except AccordError:  # nothing that has to do with money is recorded
        return None


def _page(found: Economics) -> Mapping[str, Any]:
    label = f"New revenue per unit of spend by {found.by}, with 90 % intervals"
    drawn = any(each.back is not None for each in found.channels)
    return {
        "title": told.headline(found),
        "currency": found.currency or "money",
        "context": told.context(found),
        "notices": list(found.notices),
        "groups": as_json(told.groups(found)),
        "chart": as_json(of_result(found, label)) if drawn else None,
        "channels": as_json(told.channels(found)),
        "scenarios": as_json(told.scenarios(found)),
        "definition": found.definition,
        "behind": {name: _rows(table) for name, table in found.behind.items()},
    }


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_json(table.slice(0, MOST_RECORDS).to_pylist())
    return rows


def _content(engine: Engine, at: datetime) -> Mapping[str, Any]:
    """What goes with the use of content; only the sentence where no use is recorded."""
    try:
        found = content(engine, at=at)
    except AccordError as error:
        return {"says": error.message, "effects": None, "assets": None, "definition": "", "sql": ""}
    return {
        "says": f"{told_content.headline(found)} {told_content.context(found)}",
        "effects": as_json(told_content.effects(found)),
        "assets": as_json(told_content.assets(found)),
        "definition": found.definition,
        "sql": found.sql,
    }
