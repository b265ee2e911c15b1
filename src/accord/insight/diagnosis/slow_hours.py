"""Slow answers at certain hours: offers of one weekday, or of one part of the day, run out of time far more often."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accord.insight.diagnosis.case import Case, Flags, ids, moments, share
from accord.insight.diagnosis.chance import Share, beyond, in_points
from accord.insight.diagnosis.finding import Candidate, Examined, Rule
from accord.insight.result import ENOUGH

MARGIN = 0.2  # so many points more answers late than at other times are worth a sentence
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PARTS = (
    ("before 9:00", 0, 9),
    ("from 9:00 to 13:00", 9, 13),
    ("from 13:00 to 17:00", 13, 17),
    ("after 17:00", 17, 24),
)


def examine(case: Case) -> Examined:
    """Every weekday against the other days, every part of the day against the rest of it; in company time."""
    offered = moments(case.handoffs, "offered_at")
    due, answered = moments(case.handoffs, "answer_due"), moments(case.handoffs, "answered_at")
    over = ~np.isnat(due) & (~np.isnat(answered) | (due < np.datetime64(case.at, "us")))
    judged = case.in_period(offered) & over & (case.handoffs.column("owned").to_numpy() == 1)
    judged &= np.asarray(pc.fill_null(case.handoffs.column("in_capacity"), True))
    if judged.sum() < 2 * ENOUGH:
        return Examined(cannot=f"{judged.sum()} answers with a clock are too few to tell hours apart.")
    late = judged & (np.isnat(answered) | (answered > due))
    zone = ZoneInfo(case.agreement.time_zone if case.agreement else "UTC")
    local = case.handoffs.column("offered_at").cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone.key))
    weekday, hour = pc.day_of_week(local).to_numpy(), pc.hour(local).to_numpy()
    places = [(f"on {day}s", weekday == place) for place, day in enumerate(_DAYS)]
    places += [(words, (hour >= first) & (hour < end)) for words, first, end in _PARTS]
    told = [_one(case, said, here & judged, judged & ~here, late) for said, here in places]
    return Examined(tuple(each for each in told if each is not None))


def _one(case: Case, said: str, here: Flags, elsewhere: Flags, late: Flags) -> Candidate | None:
    slow, other = share(late, here), share(late, elsewhere)
    if min(slow.of, other.of) < ENOUGH:
        return None
    return Candidate(
        p=beyond(slow, other, margin=MARGIN),
        says=_sentence(said, slow, other),
        amount=100 * (slow.rate - other.rate),
        unit="points more answered late",
        interval=in_points(slow, other),
        n=slow.of + other.of,
        record_kind="handoffs",
        records=ids(case.handoffs, "handoff_id", late & here),
        subject=said,
    )


def _sentence(said: str, slow: Share, other: Share) -> str:
    return (
        f"Of handoffs offered {said}, {100 * slow.rate:.0f} % were not answered before the clock ran out "
        f"({slow.count} of {slow.of}); at other times {100 * other.rate:.0f} % ({other.count} of {other.of})."
    )


RULE = Rule("slow_hours", "Slow answers at certain hours", "sales", examine)
