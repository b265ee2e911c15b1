"""The colleagues whom nobody signs in as: in business hours they answer, call and decide, by the verbs that everybody
uses. Whoever looks around answers for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random

from accord.agreement.clock import Clock
from accord.agreement.handoff import ACCEPTED, CONTACTED, OFFERED, REJECTED
from accord.agreement.state import microseconds
from accord_app.demo.people import SIGN_INS
from accord_app.handoffs import actions
from accord_app.handoffs.countdown import clock_of
from accord_app.handoffs.memory import roster
from accord_app.handoffs.models import Handoff
from accord_app.ledger.reads import versions
from accord_app.members.models import User
from accord_app.members.roles import Role
from accord_app.work import handlers
from accord_app.work.models import Job

KIND = "demo colleagues"
EVERY_SECONDS = 30
MEDIAN_MINUTES, SPREAD = 45, 0.8
_TALKS = 6
"""An outcome takes so many times as long as an answer."""


def register() -> None:
    """Let the worker have one of them do something every few seconds."""
    handlers.register(KIND, act_next)
    handlers.every(KIND, EVERY_SECONDS)


def act_next(jobs: Sequence[Job], at: datetime) -> None:
    """One colleague does what is next with one handoff."""
    act(at=at, most=1)


def act(*, at: datetime, most: int) -> int:
    """What colleagues do with at most so many handoffs whose time has come; gives how many there were."""
    done = 0
    for handoff, owner in _whose_time_has_come(at):
        if done == most:
            break
        _go_on(handoff, owner, at)
        done += 1
    return done


def _whose_time_has_come(at: datetime) -> Iterator[tuple[Handoff, User]]:
    """Open handoffs of colleagues who are there, and who have had them for long enough by the clock of their team."""
    there, now = roster(), microseconds(at)
    agreed = {each.version: each.rules for each in versions()}
    owners = {user.handle: user for user in User.objects.filter(role=Role.REP, is_active=True)}
    waiting = Handoff.objects.filter(closed_at=None, pending=None, owner__in=owners.keys() - set(SIGN_INS))
    for handoff in waiting.order_by("next_due", "handoff_id"):
        owner = owners[handoff.owner or ""]
        clock = clock_of(agreed[handoff.version], handoff.team)
        if there.is_there(owner.handle, now) and _has_taken(handoff, clock, at) >= _takes(handoff):
            yield handoff, owner


def _has_taken(handoff: Handoff, clock: Clock, at: datetime) -> int:
    """Minutes of business time since the last step. Nothing is done outside of business hours."""
    since = {ACCEPTED: handoff.answered_at, CONTACTED: handoff.contacted_at}.get(handoff.status) or handoff.owned_since
    if since is None or since >= at or not clock.is_open(at):
        return 0
    return clock.elapsed(since, at) // 60


def _takes(handoff: Handoff) -> int:
    drawn = _chance(handoff).lognormvariate(0, SPREAD) * MEDIAN_MINUTES
    return max(5, round(drawn * (_TALKS if handoff.status == CONTACTED else 1)))


def _chance(handoff: Handoff) -> Random:
    return Random(f"{handoff.pk} {handoff.status}")  # noqa: S311


def _go_on(handoff: Handoff, owner: User, at: datetime) -> None:
    drawn = _chance(handoff)
    if handoff.status == ACCEPTED:
        actions.log_touch(handoff=handoff, kind="call.connected", by=owner, at=at)
    elif drawn.random() < (0.72 if handoff.status == OFFERED else 0.6):
        (actions.accept if handoff.status == OFFERED else actions.qualify)(handoff=handoff, by=owner, at=at)
    elif drawn.random() < 0.35:
        reason = drawn.choice(list(actions.reasons(handoff, "recycled")))
        actions.recycle(handoff=handoff, reason=reason, by=owner, at=at)
    else:
        actions.reject(handoff=handoff, reason=_honest(handoff, drawn, at), by=owner, at=at)


def _honest(handoff: Handoff, drawn: Random, at: datetime) -> str:
    """A reason that the facts bear out, as far as they tell."""
    known = list(actions.reasons(handoff, REJECTED))
    drawn.shuffle(known)
    against = actions.contradicted(handoff=handoff, at=at)
    said = (code for code in known if not against.get(code))
    return next(said, known[0])
