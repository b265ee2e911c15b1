"""Price objections rising: of the deals that are lost, more and more are lost on price."""

from __future__ import annotations

import numpy as np

from accord.insight.diagnosis.case import Case, coded, ids, known, moments, words
from accord.insight.diagnosis.chance import TWO_SIDED, trend
from accord.insight.diagnosis.finding import Candidate, Examined, Rule
from accord.insight.result import ENOUGH, Interval

LEAST = 2 * ENOUGH


def examine(case: Case) -> Examined:
    """Whether the share of losses on price grew over the two periods together."""
    closed = moments(case.deals, "closed_at")
    lost = (words(case.deals, "closing") == "lost") & (case.in_period(closed) | case.in_base(closed))
    lost &= known(case.deals, "reason")
    if lost.sum() < LEAST:
        return Examined(cannot=f"{lost.sum()} lost deals with a reason; {LEAST - lost.sum()} more would tell a trend.")
    reasons, numbers = coded(case.deals, "reason")
    price = np.array(["price" in str(each).lower() for each in reasons], bool)[numbers]
    at = closed[lost].astype("datetime64[s]").astype(np.float64)
    slope, error, p = trend(price[lost], at)
    return Examined((
        Candidate(
            p=p,
            says=f"{price[lost].sum()} of {lost.sum()} lost deals were lost on price, and the share "
            f"{'grew' if slope > 0 else 'fell'} by {abs(100 * slope):.0f} points over the two periods.",
            amount=100 * slope,
            unit="points more lost on price",
            interval=Interval(100 * (slope - TWO_SIDED * error), 100 * (slope + TWO_SIDED * error)),
            n=int(lost.sum()),
            record_kind="deals",
            records=ids(case.deals, "deal_id", price & lost & case.in_period(closed)),
        ),
    ))  # fmt: skip


RULE = Rule("price", "More deals lost on price", "both", examine, level=0.003)
