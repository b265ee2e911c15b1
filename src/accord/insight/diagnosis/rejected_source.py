"""A source rejected for one reason: leads of one origin are given back far more often than all others."""

from __future__ import annotations

import numpy as np

from accord.insight.diagnosis.case import Case, Flags, by_text, coded, ids, known, moments, share, words
from accord.insight.diagnosis.chance import Share, beyond, in_points
from accord.insight.diagnosis.finding import Candidate, Examined, Rule
from accord.insight.result import ENOUGH

MARGIN = 0.15  # so many points more than all other sources


def examine(case: Case) -> Examined:
    """Every origin with at least 20 answered handoffs against all others; the reason named most often is told."""
    answers = words(case.handoffs, "answer")
    answered = case.in_period(moments(case.handoffs, "offered_at")) & known(case.handoffs, "answer")
    rejected = (answers == "rejected") | (answers == "recycled")
    told = []
    for origin, here in by_text(case.handoffs, "origin", answered):
        found, others = share(rejected, answered & here), share(rejected, answered & ~here)
        if min(found.of, others.of) >= ENOUGH:
            told.append(_one(case, origin, found, others, rejected & answered & here))
    if not told:
        return Examined(cannot=f"No source has {ENOUGH} answered handoffs yet.")
    return Examined(tuple(told))


def _one(case: Case, origin: str, found: Share, others: Share, flags: Flags) -> Candidate:
    reasons, numbers = coded(case.handoffs, "reason")
    given = np.bincount(numbers[flags], minlength=len(reasons))[:-1]
    most = f"{reasons[given.argmax()]} ({given.max()} of {given.sum()})" if given.any() else ""
    named = f" The reason given most often is {most}." if most else ""
    return Candidate(
        p=beyond(found, others, margin=MARGIN),
        says=f"{found.count} of {found.of} answered handoffs from {origin} were given back "
        f"({100 * found.rate:.0f} %), of all others {100 * others.rate:.0f} %.{named}",
        amount=100 * (found.rate - others.rate),
        unit="points more given back",
        interval=in_points(found, others),
        n=found.of + others.of,
        record_kind="handoffs",
        records=ids(case.handoffs, "handoff_id", flags),
        subject=origin,
    )


RULE = Rule("rejected_source", "A source that is given back", "marketing", examine)
