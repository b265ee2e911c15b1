"""Capacity exceeded: more handoffs than the two teams agreed that one team can answer, in some weeks."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from accord.insight.diagnosis.case import Case, by_text, ids, moments, share
from accord.insight.diagnosis.chance import Share, above, in_points
from accord.insight.diagnosis.finding import Candidate, Examined, Rule

MARGIN = 0.06  # so many of a team's handoffs beyond capacity count as ordinary peaks
LEAST = 20


def examine(case: Case) -> Examined:
    """Each team's share of offers above capacity against what was usual before and an ordinary peak."""
    offered = moments(case.handoffs, "offered_at")
    within = case.handoffs.column("in_capacity")
    if within.null_count == len(within):
        return Examined(cannot="No handoff says whether it was within the agreed capacity.")
    above_it = ~np.asarray(pc.fill_null(within, True))
    now, before = case.in_period(offered), case.in_base(offered)
    told = []
    for team, here in by_text(case.handoffs, "team", now):
        found, usual = share(above_it, now & here), share(above_it, before & here)
        if team and found.of >= LEAST:
            told.append(_one(case, team, found, usual, above_it & now & here, offered))
    return Examined(tuple(told))


def _one(case: Case, team: str, found: Share, usual: Share, flags: np.ndarray, offered: np.ndarray) -> Candidate:
    when = _stretch(offered[flags])
    return Candidate(
        p=above(found, min(usual.rate + MARGIN, 1.0)),
        says=f"{found.count} of {found.of} handoffs to the team {team} came when it had all that was agreed{when}; "
        "their response clauses were suspended.",
        amount=float(found.count),
        unit="handoffs above capacity",
        interval=in_points(found, usual) if usual.of else None,
        n=found.of,
        record_kind="handoffs",
        records=ids(case.handoffs, "handoff_id", flags),
        subject=team,
    )


def _stretch(moments: np.ndarray) -> str:
    if not len(moments):
        return ""
    first, last = moments.min().astype("datetime64[D]"), moments.max().astype("datetime64[D]")
    return f" ({first} to {last})"


RULE = Rule("capacity", "More handoffs than agreed", "both", examine)
