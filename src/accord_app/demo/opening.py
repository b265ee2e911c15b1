"""The hours before somebody looks around for the first time: lived through the live path, so that clocks run, some of
them soon at their end, and a colleague is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from accord.agreement.clock import Clock
from accord.agreement.rules import Rules
from accord.agreement.state import microseconds
from accord.example.papers import papers
from accord.example.staff import scale_of
from accord.example.world import Span
from accord_app.demo import colleagues, traffic
from accord_app.demo.people import CAST
from accord_app.handoffs import actions
from accord_app.handoffs.handlers import take_in_and_decide
from accord_app.handoffs.memory import roster
from accord_app.members import absences
from accord_app.members.models import User

MINUTES_AGO = (165, 150, 110, 70, 30, 5)
"""Business time before now: when the recorded history ends, and when people come who are handed over."""

SENT_AT_ONCE = 40
AWAY, FOR = "amy", timedelta(days=1)
LEAVES = 3
"""So many moments before the end she goes home."""

_LOOKED_BACK = timedelta(days=14)


def begins(at: datetime, *, leads: int) -> datetime:
    """Until when the history is recorded."""
    return next(_moments(at, leads))


def live(*, at: datetime, leads: int) -> None:
    """Let the hours up to `at` pass: who left has left, one colleague is away, people come, colleagues answer."""
    since, *moments = _moments(at, leads)
    _show_who_left(since)
    for moment in moments:
        if moment == moments[-LEAVES]:
            _be_away(moment, until=at + FOR)
        traffic.send(SENT_AT_ONCE, at=moment)
        take_in_and_decide((), moment)
        colleagues.act(at=moment, most=len(CAST))
        actions.settle(at=moment + actions.TO_TAKE_BACK)


def _moments(at: datetime, leads: int) -> Iterator[datetime]:
    clock = _clock(at.date(), leads)
    return (_before(clock, at, minutes) for minutes in MINUTES_AGO)


def _clock(day: date, leads: int) -> Clock:
    span = Span.of(last_day=day)
    _, agreement = papers(span=span, leads=leads, scale=scale_of(leads, span))
    return Rules.of(agreement).clocks[None]


def _before(clock: Clock, at: datetime, minutes: int) -> datetime:
    """The latest moment since which so many minutes of business time have passed."""
    low, high = at - _LOOKED_BACK, at
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if clock.elapsed(middle, at) >= minutes * 60 else (low, middle)
    return low


def _show_who_left(at: datetime) -> None:
    """Who has left by the recorded history cannot sign in, and is shown as somebody who left."""
    there = roster()
    for user in User.objects.filter(handle__in=[each.handle for each in CAST]):
        away = there.absence(user.handle, microseconds(at))
        if away is not None and away.end > microseconds(at + timedelta(days=365)):
            User.objects.filter(pk=user.pk).update(is_active=False, left_at=at)


def _be_away(since: datetime, *, until: datetime) -> None:
    user = User.objects.get(handle=AWAY)
    absences.begin(of=user, begins_at=since, ends_at=until, deputy=None, by=user, at=since)
