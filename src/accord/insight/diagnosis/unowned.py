"""Unowned leads: more handoffs than before find no owner when they are offered."""

from __future__ import annotations

import numpy as np

from accord.insight.diagnosis.case import Case, by_text, ids, moments, share
from accord.insight.diagnosis.chance import Share, above, in_points
from accord.insight.diagnosis.finding import Candidate, Examined, Rule

MARGIN = 0.1  # of all handoffs of a team; what was usual before is added
LEAST = 5


def examine(case: Case) -> Examined:
    """Each team's share of offers without an owner against what was usual there, and the whole company's."""
    offered = moments(case.handoffs, "offered_at")
    now, before = case.in_period(offered), case.in_base(offered)
    nobody = np.asarray(case.handoffs.column("owner").is_null())
    every = [("", np.ones(len(nobody), bool))]
    every += [(team, here) for team, here in by_text(case.handoffs, "team", now) if team]
    told = [_one(case, name, share(nobody, now & here), share(nobody, before & here), nobody & now & here)
            for name, here in every]  # fmt: skip
    return Examined(tuple(each for each in told if each is not None))


def _one(case: Case, team: str, found: Share, usual: Share, flags: np.ndarray) -> Candidate | None:
    if found.of < LEAST:
        return None
    of = f"of the team {team} " if team else ""
    was = f" Before, it was {usual.count} of {usual.of}." if usual.of else ""
    return Candidate(
        p=above(found, min(usual.rate + MARGIN, 1.0)),
        says=f"{found.count} of {found.of} handoffs {of}found no owner when they were offered.{was}",
        amount=float(found.count),
        unit="handoffs",
        interval=in_points(found, usual) if usual.of else None,
        n=found.of,
        record_kind="handoffs",
        records=ids(case.handoffs, "handoff_id", flags),
        subject=team or "all teams",
    )


RULE = Rule("unowned", "Leads without an owner", "both", examine)
