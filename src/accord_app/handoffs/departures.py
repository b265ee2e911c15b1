"""What happens to open handoffs when a colleague leaves the company: each gets a clock that ends then, answered or not.

What follows at that moment is `decide()`'s: to the deputy whom the departure names, else by the route again, else
unowned. This room only sees to it that the clock is there when the departure becomes known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from accord.agreement.state import OWNER_LEFT, Roster, microseconds
from accord_app.handoffs.deciding import desk
from accord_app.handoffs.memory import moment, roster
from accord_app.handoffs.models import Clock, Handoff

AT_ONCE = 500
PROMPT = timedelta(minutes=1)
"""A departure that was heard of within this time takes effect when it happened; one that was heard of later, now."""


def hear(*, rows: Sequence[Mapping[str, object]], at: datetime) -> None:
    """Somebody has left, in the transaction that says so. The desk is held, so that no decision that is being made
    overlooks it."""
    gone = {str(row["person"]) for row in rows if row["event"] == "left"}
    if gone:
        with desk(at) as now:
            set_clocks(at=now, only=gone)


def set_clocks(*, at: datetime, only: Collection[str] | None = None) -> int:
    """Give what is open with colleagues who leave, now or later, the clock of it; gives how many were new.

    Whoever calls holds the desk. Set again, nothing changes; so it also serves departures that an import brought.
    """
    known = roster()
    leaving = sorted(known.absences if only is None else only)
    return sum(_set(who, effect, at) for who in leaving if (effect := _effect(known, who, at)) is not None)


def _effect(known: Roster, who: str, at: datetime) -> datetime | None:
    """When a departure that has come or is to come takes effect; None: there is none."""
    now, gone = microseconds(at), known.departure(who, microseconds(at))
    coming = [at_us for at_us in known.departures(who) if at_us > now]
    if gone is None:
        return moment(min(coming)) if coming else None
    since = moment(max(gone.start, gone.known))
    return since if at - since <= PROMPT else at


def _set(who: str, effect: datetime, at: datetime) -> int:
    """Only handoffs that have none yet, so that a clock that runs is left alone."""
    timed = Clock.objects.filter(breach=OWNER_LEFT).exclude(due_at__gt=max(at, effect)).values("handoff_id")
    ours = Handoff.objects.filter(owner=who, closed_at=None, owned_since__lte=effect).exclude(pk__in=timed)
    rows = ours.order_by("handoff_id").values_list("handoff_id", "stretch")
    made = Clock.objects.bulk_create(
        (Clock(handoff_id=pk, due_at=effect, stretch=stretch, breach=OWNER_LEFT) for pk, stretch in rows),
        batch_size=AT_ONCE,
    )
    return len(made)
