"""The calendar from which somebody's absences are read: its owner gives the address, the worker reads it.

What counts there becomes absences as if it were typed, and follows the calendar: moved, shortened or gone there, it is
so here. Absences typed by hand stay, and win; one from the calendar that a person ended stays ended.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accord.facts.errors import AccordError
from accord_app.members import absences, calendars, fetching, notices
from accord_app.members.calendars import Counts, Found, Stretch
from accord_app.members.models import Absence, CalendarFeed, User
from accord_app.members.sealing import cipher
from accord_app.shell.models import Company

EVERY, LONGEST_PAUSE = timedelta(minutes=15), timedelta(days=1)
LASTING = timedelta(days=1)  # a calendar that fails for so long is told to its owner by mail
AHEAD = timedelta(days=120)
AT_ONCE = 8
COMPUTING_SECONDS, READING_SECONDS = 12, 120  # the second is for a machine that is busy with other things
MOST_MAILS = 3  # about new absences, to one deputy at one reading
_PURPOSE = "calendar-feed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody says about their calendar. An empty `address` keeps the one that was given before."""

    address: str
    all_day: bool
    words: str
    deputy: User | None


@transaction.atomic
def follow(*, of: User, wanted: Wanted, at: datetime) -> CalendarFeed:
    """Has somebody's absences read from a calendar from now on, first within a minute. Said again, nothing changes."""
    of = User.objects.locked(of)
    feed = CalendarFeed.objects.filter(user=of).first() or CalendarFeed(user=of)
    address = fetching.checked(wanted.address, own=settings.CALENDAR_NETWORKS) if wanted.address else ""
    said = (address or _address_of(feed), wanted.all_day, wanted.words, wanted.deputy)
    if said == (_address_of(feed), feed.all_day, feed.words, feed.deputy) and feed.pk:
        return feed
    if address:
        feed.address = cipher(_PURPOSE).encrypt(address.encode()).decode()
        feed.host = fetching.host_of(address)[:255]
        feed.stretches, feed.read_at = feed.stretches if feed.pk else [], None
        feed.failing_since, feed.is_told = None, False
    if not feed.address:
        raise AccordError("No address is given.", remedy="Copy it from your calendar in iCal format (ICS).")
    feed.all_day, feed.words, feed.deputy = wanted.all_day, wanted.words, wanted.deputy
    _read_anew(feed, at)
    feed.save()
    return feed


@transaction.atomic
def read_soon(*, of: User, at: datetime) -> None:
    """Has the calendar read at the worker's next look. Raises AccordError where there is none."""
    mine = CalendarFeed.objects.filter(user=of)
    is_asked = Q(next_at__lte=at, read_as="", etag="", last_modified="")
    if not mine.exclude(is_asked).update(next_at=at, read_as="", etag="", last_modified="") and not mine.exists():
        raise AccordError("No calendar is read for you.", remedy="Give its address first.")


@transaction.atomic
def stop(*, of: User, at: datetime) -> None:
    """Forgets somebody's calendar and its address, and ends what is still to come of its absences."""
    of = User.objects.locked(of)
    removed, _ = CalendarFeed.objects.filter(user=of).delete()
    if removed:
        _stand_as(of, (), deputy=None, at=at)
        of.absences.filter(from_calendar=True, let_go=True).update(let_go=False)


def due(*, at: datetime) -> list[CalendarFeed]:
    """Calendars that are to be read by now, of people who work here."""
    found = CalendarFeed.objects.filter(next_at__lte=at, user__is_active=True, user__joined_at__isnull=False)
    return list(found.order_by("next_at", "pk"))


def read(keys: Collection[int], *, at: datetime) -> None:
    """Reads calendars, some at a time, and lets the absences of their owners follow. What goes wrong is kept with each
    for its owner; the absences then stay as they are."""
    begun = monotonic()
    found = list(CalendarFeed.objects.filter(pk__in=keys).select_related("user"))
    company = Company.objects.first()
    asks = [_ask(feed, company.time_zone if company else "UTC", at) for feed in found]
    with ThreadPoolExecutor(AT_ONCE) as together:
        answers = list(together.map(_get, asks))
    known_at = at + timedelta(seconds=monotonic() - begun)
    for ask, answer in zip(asks, answers, strict=True):
        _keep(ask, answer, at=known_at)


# Inside: getting, in threads that know nothing of the database


@dataclass(frozen=True, slots=True)
class _Ask:
    feed: int
    address: str  # sealed
    said: str  # what the owner said, to see whether they said something else meanwhile
    own: Sequence[fetching.Network]
    etag: str
    last_modified: str
    read_as: str
    zone: str
    counts: Counts
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of it: a problem with its remedy, or the marks of the text and, where it has changed, what it holds."""

    problem: str = ""
    remedy: str = ""
    wait: timedelta | None = None
    etag: str = ""
    last_modified: str = ""
    read_as: str = ""
    found: Found | None = None


def _ask(feed: CalendarFeed, company_zone: str, at: datetime) -> _Ask:
    """From the midnight before last on, in days of the owner's zone, so that an unchanged text is read once a day."""
    zone = feed.user.time_zone or company_zone
    today = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    words = tuple(word.strip() for word in feed.words.split(",") if word.strip())
    same_day = feed.read_at is not None and feed.read_at >= today
    return _Ask(
        feed=feed.pk,
        address=feed.address,
        said=_said_by_owner(feed),
        own=settings.CALENDAR_NETWORKS,
        etag=feed.etag if same_day else "",
        last_modified=feed.last_modified if same_day else "",
        read_as=feed.read_as if same_day else "",
        zone=zone,
        counts=Counts(feed.all_day, words),
        since=today - timedelta(days=1),
        until=today + AHEAD,
    )


def _get(ask: _Ask) -> _Answer:
    try:
        address = _opened(ask.address)
        came = fetching.fetch(address, own=ask.own, etag=ask.etag, last_modified=ask.last_modified)
        if came.text is None:
            return _Answer(etag=ask.etag, last_modified=ask.last_modified, read_as=ask.read_as)
        read_as = hashlib.sha256(came.text).hexdigest()
        found = None if read_as == ask.read_as else _read_apart(ask, came.text)
        return _Answer(etag=came.etag, last_modified=came.last_modified, read_as=read_as, found=found)
    except fetching.UnreachableError as error:
        return _Answer(error.message, error.remedy, error.wait)
    except calendars.NotACalendarError as error:
        return _Answer(str(error), "Copy the address of the calendar in iCal format (ICS) once more, and give it here.")
    except InvalidToken:
        return _Answer(
            "Its address cannot be opened, for the secret key of this workspace has changed.", "Give it anew."
        )


def _read_apart(ask: _Ask, text: bytes) -> Found:
    """By a process of its own that gets the text and nothing else: no database, no settings, little time."""
    question = calendars.asked(
        text,
        zone=ask.zone,
        counts=ask.counts,
        since=ask.since,
        until=ask.until,
        seconds=COMPUTING_SECONDS,
    )
    alone = {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", calendars.__name__],
            input=question,
            capture_output=True,
            env=alone,
            timeout=READING_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise calendars.NotACalendarError("Its events take too much time or memory to read.") from error
    return calendars.answered(done.stdout)


# Inside: keeping


@transaction.atomic
def _keep(ask: _Ask, answer: _Answer, *, at: datetime) -> None:
    feed = CalendarFeed.objects.select_related("user", "deputy").filter(pk=ask.feed).first()
    if feed is None or not feed.user.is_active:
        return
    of = User.objects.locked(feed.user)
    feed = CalendarFeed.objects.select_for_update(of=("self",)).select_related("deputy").filter(pk=ask.feed).first()
    if feed is None or _said_by_owner(feed) != ask.said:  # and is read anew soon
        return
    if answer.problem:
        feed.failures += 1
        feed.problem, feed.remedy = answer.problem, answer.remedy
        _tell_of_failing(feed, of, at)
        feed.next_at = max(_tried_again(feed, at), at + (answer.wait or timedelta()))
        feed.save()
        return
    if found := answer.found:
        feed.stretches = [[begins.isoformat(), ends.isoformat()] for begins, ends in found.stretches]
        feed.events, feed.counted, feed.unreadable = found.events, found.counted, found.unreadable
    feed.etag, feed.last_modified, feed.read_as = answer.etag, answer.last_modified, answer.read_as
    feed.failures, feed.problem, feed.remedy, feed.read_at, feed.next_at = 0, "", "", at, at + EVERY
    feed.failing_since, feed.is_told = None, False
    feed.save()
    _stand_as(of, _said(feed), deputy=_fit(feed.deputy), at=at)


def _tried_again(feed: CalendarFeed, at: datetime) -> datetime:
    """When a calendar that fails is read again: after a pause that doubles, but when its owner is to be told."""
    pause: timedelta = EVERY * 2 ** min(feed.failures - 1, 20)
    after = at + min(pause, LONGEST_PAUSE)
    if feed.failing_since is None or feed.is_told:
        return after
    return min(after, feed.failing_since + LASTING)


def _tell_of_failing(feed: CalendarFeed, owner: User, at: datetime) -> None:
    """Writes to the owner of a calendar that has failed for long: once, until it has worked in between."""
    feed.failing_since = feed.failing_since or at
    if feed.is_told or at - feed.failing_since < LASTING:
        return
    feed.is_told = True
    notices.post(
        kind="calendar_fails",
        to=owner,
        key=f"calendar_fails:{feed.pk}:{feed.failing_since.isoformat()}",
        context={
            "host": feed.host,
            "problem": feed.problem,
            "remedy": feed.remedy,
            "since_at": feed.failing_since.isoformat(),
            "path": reverse("members:calendar"),
        },
        at=at,
    )


def _said(feed: CalendarFeed) -> tuple[Stretch, ...]:
    return tuple((datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in feed.stretches)


def _said_by_owner(feed: CalendarFeed) -> str:
    return repr((feed.address, feed.all_day, feed.words))


def _address_of(feed: CalendarFeed) -> str:
    """The address as it was given; empty where none is kept, or none that this company's key opens."""
    try:
        return _opened(feed.address) if feed.address else ""
    except InvalidToken:
        return ""


def _opened(sealed: str) -> str:
    return cipher(_PURPOSE).decrypt(sealed.encode()).decode()


def _read_anew(feed: CalendarFeed, at: datetime) -> None:
    feed.next_at, feed.read_as, feed.etag, feed.last_modified = at, "", "", ""
    feed.failures, feed.problem, feed.remedy = 0, "", ""


def _fit(deputy: User | None) -> User | None:
    return deputy if deputy is not None and deputy.is_active and deputy.joined_at is not None else None


def _stand_as(of: User, said: Sequence[Stretch], *, deputy: User | None, at: datetime) -> None:
    """Lets what is still to come of the absences from a calendar be what it says, but where people said something.

    A fact is never changed: what is no longer away is told as `back`, what is newly away as one more absence.
    """
    rows = [row for row in of.absences.filter(from_calendar=True, ends_at__gt=at) if not row.is_over(at)]
    wanted = calendars.without([s for s in said if s[1] > at], _by_people(of, at))
    for row in rows:
        gone = calendars.without([(max(row.begins_at, at), row.over_at)], wanted)
        if gone:
            row.ended_early_at = gone[0][0]
            row.save(update_fields=["ended_early_at"])
            key = f"absence-{row.pk}-until-{row.ended_early_at.isoformat()}"
            absences.tell(of, "back", row=key, occurred_at=row.ended_early_at, at=at)
        if row.deputy_id != (deputy.pk if deputy else None) and not row.is_over(at):
            _hand_to(row, of, deputy, at)
    standing = [(row.begins_at, row.over_at) for row in rows]
    new = [_begin(of, stretch, deputy, at) for stretch in calendars.without(wanted, standing)]
    if deputy is not None:
        for absence in new[:MOST_MAILS]:
            absences.write_to(deputy, absence, by=of, at=at)


def _by_people(of: User, at: datetime) -> list[Stretch]:
    """When somebody said by hand that they are away, or that they are there although the calendar says otherwise."""
    rows = of.absences.filter(ends_at__gt=at)
    typed = [(row.begins_at, row.over_at) for row in rows if not row.from_calendar and not row.is_over(at)]
    return typed + [(row.over_at, row.ends_at) for row in rows if row.let_go and row.over_at < row.ends_at]


def _begin(of: User, stretch: Stretch, deputy: User | None, at: datetime) -> Absence:
    begins_at, ends_at = stretch
    absence = Absence.objects.create(
        user=of, begins_at=begins_at, ends_at=ends_at, deputy=deputy, set_by=of, from_calendar=True
    )
    row = f"absence-{absence.pk}"
    absences.tell(of, "absent", row=row, occurred_at=begins_at, at=at, deputy=deputy, until=ends_at)
    return absence


def _hand_to(row: Absence, of: User, deputy: User | None, at: datetime) -> None:
    """Somebody else stands in from now on: the absence is told once more, and what was told last counts."""
    row.deputy = deputy
    row.save(update_fields=["deputy"])
    key = f"absence-{row.pk}-deputy-{at.isoformat()}"
    absences.tell(of, "absent", row=key, occurred_at=row.begins_at, at=at, deputy=deputy, until=row.over_at)
