"""Reads the calendars in which colleagues keep their absences: one row finds which are due, a row each reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.members import feeds
from accord_app.members.models import CalendarFeed
from accord_app.work import handlers
from accord_app.work.actions import enqueue
from accord_app.work.models import Job

FIND, READ = "calendar_feeds", "calendar_feed"
LOOK_SECONDS = 60
LEASE_SECONDS = 300  # longer than the longest that fetching and reading may take


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(FIND, find, title="Find calendars to read")
    handlers.every(FIND, LOOK_SECONDS)
    handlers.register(
        READ, read, title="Read calendars of absences", at_once=feeds.AT_ONCE, lease_seconds=LEASE_SECONDS, long=True
    )


def find(jobs: Sequence[Job], at: datetime) -> None:
    """Ask for every calendar that is due, and for none of them again before its time has passed once more."""
    for feed in feeds.due(at=at):
        enqueue(kind=READ, key=str(feed.pk), at=at)
        CalendarFeed.objects.filter(pk=feed.pk).update(next_at=at + feeds.EVERY)


def read(jobs: Sequence[Job], at: datetime) -> None:
    """Read calendars and let absences follow. What goes wrong with one of them is told to its owner."""
    feeds.read([int(job.key) for job in jobs], at=at)
