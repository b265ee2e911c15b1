"""How much business time is left on the clock of a handoff, in words and as a ring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from accord.agreement.clock import Clock
from accord.agreement.rules import Rules
from accord_app.handoffs.models import Handoff
from accord_app.shell.components import AT_RISK, share_of

HOUR, DAY = 3600, 86_400
SOON = 7 * DAY
"""What runs out later than in so many seconds of wall time is told by its day."""

_PREFIX = {
    "answer": "",
    "first_touch": "Contact",
    "attempts": "Tries",
    "outcome": "Outcome",
    "reply": "Reply",
    "look": "Second look",
}


@dataclass(frozen=True, slots=True)
class Countdown:
    """A clock that runs, as the shell draws it. `left` is the share of the agreed time that is left, in percent;
    `state` is risk, missed or empty; `minutes` of business time are left, below zero since when it has run out."""

    kind: str
    words: str
    state: str
    left: int
    minutes: int
    due: datetime
    key: str
    about: str = ""


def countdown(handoff: Handoff, rules: Rules, at: datetime, zone: tzinfo, about: str = "") -> Countdown | None:
    """The clock that runs out next for the owner of an open handoff; None when none runs. `about` says whose it is."""
    if handoff.closed_at is not None or handoff.next_due is None or handoff.owned_since is None:
        return None
    kind = next((kind for kind, due in running(handoff) if due == handoff.next_due), "outcome")
    stretch = handoff.owned_since, handoff.next_due
    return replace(_shown(handoff.pk, clock_of(rules, handoff.team), kind, stretch, at, zone), about=about)


def after_rejection(
    handoff: Handoff, kind: str, rules: Rules, at: datetime, zone: tzinfo, about: str = ""
) -> Countdown | None:
    """The clock of a reply or of a second look, on the company's calendar; None when none runs."""
    due, done = (handoff.reply_due, handoff.replied_at) if kind == "reply" else (handoff.look_due, handoff.looked_at)
    if due is None or done is not None or handoff.closed_at is None:
        return None
    return replace(_shown(handoff.pk, rules.clocks[None], kind, (handoff.closed_at, due), at, zone), about=about)


def running(handoff: Handoff) -> Iterator[tuple[str, datetime]]:
    """The clocks of an open handoff that nothing has stopped yet, with when they run out."""
    dues = (
        ("answer", handoff.answer_due, handoff.answered_at),
        ("first_touch", handoff.first_touch_due, handoff.contacted_at),
        ("attempts", handoff.attempts_due, None),
        ("outcome", handoff.outcome_due, None),
    )
    return ((kind, due) for kind, due, stopped in dues if due is not None and stopped is None)


def clock_of(rules: Rules, team: str | None) -> Clock:
    """The clock on which a team's handoffs run: its own, else the company's."""
    return rules.clocks.get(team) or rules.clocks[None]


def span(seconds: int) -> str:
    """Business time in words: `38 min`, `2 h 05 m`, `5 h`."""
    if seconds < 60:
        return "under 1 min"
    if seconds < HOUR:
        return f"{seconds // 60} min"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} m" if hours < 5 and minutes else f"{hours} h"


def is_long_ago(due: datetime, at: datetime) -> bool:
    """Whether the hours since then say less than the day itself."""
    return (at - due).total_seconds() > SOON


def day(moment: datetime, zone: tzinfo) -> str:
    """`4 Dec`, on the reader's wall clock."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b}"


def moment(when: datetime, at: datetime, zone: tzinfo) -> str:
    """A moment as seen from `at`: `10:42`, `Friday 10:42`, `4 Dec, 10:42`, `4 Dec 2025, 10:42`."""
    local, now = when.astimezone(zone), at.astimezone(zone)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if 0 < (local.date() - now.date()).days < 7:
        return f"{local:%A %H:%M}"
    return f"{_date(when, at, zone)}, {local:%H:%M}"


def _date(when: datetime, at: datetime, zone: tzinfo) -> str:
    """`4 Dec`, and the year where it is another: `4 Dec 2025`."""
    local = when.astimezone(zone)
    return day(when, zone) if local.year == at.astimezone(zone).year else f"{day(when, zone)} {local.year}"


def _shown(
    key: str, clock: Clock, kind: str, stretch: tuple[datetime, datetime], at: datetime, zone: tzinfo
) -> Countdown:
    since, due = stretch
    if due <= at:
        late = clock.elapsed(due, at)
        told = f"was due {_date(due, at, zone)}" if is_long_ago(due, at) else f"{span(late)} late"
        words = f"{_PREFIX[kind]} {told}".strip()
        return Countdown(kind, words, "missed", 0, -(late // 60) - 1, due, key)
    left, agreed = clock.elapsed(at, due), clock.elapsed(min(since, at), due)
    share = share_of(left, agreed) if agreed else 100
    state = "risk" if share < AT_RISK else ""
    return Countdown(kind, _left(kind, left, due, at, zone), state, share, left // 60, due, key)


def _left(kind: str, left: int, due: datetime, at: datetime, zone: tzinfo) -> str:
    prefix = _PREFIX[kind]
    if (due - at).total_seconds() > SOON:
        return f"{prefix} by {day(due, zone)}".strip()
    return f"{prefix} in {span(left)}" if prefix else span(left)
