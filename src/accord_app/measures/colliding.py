"""Where work met other work, and what that went with: kept as it was counted last."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from accord.insight.collisions import Collisions, collisions
from accord_app.ledger import lake
from accord_app.ledger.reads import versions
from accord_app.measures.measuring import keep

COLLISIONS = "collisions"
MOST = 1_000
"""Of more collisions the newest are kept; the counts are of all."""


def measure_collisions(*, at: datetime) -> None:
    """Look for collisions as of `at`."""
    begun = perf_counter()
    agreements = [each.agreement for each in versions(at=at)]
    currency = agreements[-1].currency if agreements else "EUR"
    engine = lake.ledger().connect(memory="2GB", tables=["touches", "deals", "handoffs", "profiles"])
    try:
        found = collisions(engine, at=at.astimezone(UTC).replace(tzinfo=None), currency=currency)
    finally:
        engine.close()
    keep(COLLISIONS, _content(found), found.sql, at, begun)


def _content(found: Collisions) -> dict[str, Any]:
    told = found.to_json()
    return {**told, "sql": "", "collisions": told["collisions"][:MOST]}
