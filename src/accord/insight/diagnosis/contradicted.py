"""Reasons contradicted by facts: rejections say what the records do not bear out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from accord.agreement.answers import checked
from accord.agreement.counting import ANSWERS_CHECKED
from accord.facts.engine import Engine
from accord.insight.diagnosis.case import Case, ids, moments, share, within
from accord.insight.diagnosis.chance import above
from accord.insight.diagnosis.finding import Candidate, Examined, Rule
from accord.insight.duration import wilson
from accord.insight.result import ENOUGH, Interval

THRESHOLD = 0.2  # of the rejections whose reason names a fact; the agreement's own promise usually allows half of it


def examine(case: Case) -> Examined:
    """The share of rejections of the period that the facts contradict, of those whose reason names a fact."""
    if case.agreement is None:
        return Examined(cannot="No agreement is in force, so no reason names a fact that it could be held against.")
    if (found := _checked(case)) is None:
        return Examined(cannot="This engine cannot hold reasons against facts: hand over `answers_checked`.")
    says = found.column("contradicted").to_pylist()
    judged = np.array([each is not None for each in says], bool)
    judged &= within(moments(found, "occurred_at"), case.since, case.until)
    flags = np.array([bool(each) for each in says], bool)
    told = share(flags, judged)
    if told.of < ENOUGH:
        return Examined(cannot=f"{told.of} rejections name a fact; {ENOUGH - told.of} more would tell.")
    low_high = wilson(told.count, told.of)
    return Examined((
        Candidate(
            p=above(told, THRESHOLD),
            says=f"{told.count} of {told.of} rejections whose reason names a fact are contradicted by the record "
            f"({100 * told.rate:.0f} %).",
            amount=100 * told.rate,
            unit="% of rejections that name a fact",
            interval=Interval(100 * low_high.low, 100 * low_high.high),
            n=told.of,
            record_kind="handoffs",
            records=ids(found, "handoff_id", flags & judged),
        ),
    ))  # fmt: skip


def _checked(case: Case) -> pa.Table | None:
    """Rejections with what the facts say about their reason; held in the case, or under the version in force last.
    None where nothing is held and the engine has no lead view."""
    agreement = case.agreement
    given = case.held.get("answers_checked")
    if isinstance(given, pa.Table):
        said = given
    elif agreement is None:
        said = ANSWERS_CHECKED.empty_table()
    elif isinstance(case.engine, Engine):
        said = checked(case.engine, agreement)
    else:
        return None
    case.engine.register("diagnosis_checked", said)
    found = case.engine.rows(
        "SELECT c.handoff_id, c.contradicted, MIN(h.occurred_at) AS occurred_at FROM diagnosis_checked c"
        " JOIN handoffs h ON h.handoff_id = c.handoff_id AND h.event = 'rejected'"
        " GROUP BY c.handoff_id, c.contradicted ORDER BY c.handoff_id"
    )
    case.engine.unregister("diagnosis_checked")
    return found


RULE = Rule("contradicted", "Reasons that the facts contradict", "both", examine)
