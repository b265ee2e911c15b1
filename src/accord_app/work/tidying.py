"""What grows or ages by itself is looked after once a day: sessions that have ended, and what the planner of SQLite
knows about the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import connection

from accord_app.work import handlers
from accord_app.work.models import Job

TIDY, EVERY_SECONDS = "tidy", 86_400
_LOOKED_AT = 1000  # rows of each index, so that it takes moments on large tables too


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(TIDY, tidy, title="Delete ended sessions", lease_seconds=600, long=True)
    handlers.every(TIDY, EVERY_SECONDS)


def tidy(jobs: Sequence[Job], at: datetime) -> None:
    """Delete sessions that ended before `at`. PostgreSQL keeps its own statistics up to date."""
    Session.objects.filter(expire_date__lt=at).delete()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit = {_LOOKED_AT}")
            cursor.execute("PRAGMA optimize = 0x10002")  # also tables that this connection has not read
