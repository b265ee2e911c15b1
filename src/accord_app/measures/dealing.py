"""How handoffs were dealt out among the people of each team, quarter by quarter, and what became of leads that were
drawn by lot below the line; both kept as they were counted last."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter

from accord.agreement.document import Period
from accord.agreement.periods import Periods
from accord.insight.drawn import drawn
from accord.insight.fairness import fairness
from accord_app.ledger import lake
from accord_app.ledger.reads import versions
from accord_app.measures.measuring import keep

FAIRNESS, DRAWN = "how handoffs were dealt out", "leads drawn by lot"
QUARTERS = 4
"""The running quarter and so many before it, less one."""


def measure_fairness(*, at: datetime) -> bool:
    """Look at the last quarters as of `at`; gives whether an agreement was in force, which says what a quarter is."""
    begun = perf_counter()
    known = versions(at=at)
    if not known:
        return False
    agreement = known[-1].agreement
    spans = Periods(agreement.time_zone, agreement.fiscal_year_start).last(at, Period.QUARTER, QUARTERS)
    engine = lake.ledger().connect(memory="1GB", tables=["handoffs", "availability"])
    try:
        found = fairness(engine, {each.version: each.rules for each in known}, spans=spans, at=at)
    finally:
        engine.close()
    quarters = [{"label": span.label, "begins": span.start.isoformat(), "ends": span.end.isoformat()} for span in spans]
    keep(FAIRNESS, {**found.to_json(), "quarters": quarters}, found.sql, at, begun)
    return True


def measure_drawn(*, at: datetime) -> bool:
    """Look at leads drawn by lot as of `at`; gives whether any version of the agreement has leads drawn."""
    begun = perf_counter()
    agreements = [each.agreement for each in versions(at=at)]
    if not any(each.explore for each in agreements):
        return False
    engine = lake.ledger().connect(memory="1GB", tables=["decisions", "handoffs", "deals", "profiles"])
    try:
        found = drawn(engine, agreements, at=at)
    finally:
        engine.close()
    keep(DRAWN, found.to_json(), found.sql, at, begun)
    return True
