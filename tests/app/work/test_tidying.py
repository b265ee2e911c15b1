"""What the worker looks after once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from accord_app.work import handlers, tidying

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_sessions_that_have_ended_go_and_others_stay() -> None:
    for key, left in (("ended", timedelta(seconds=-1)), ("ends now", timedelta()), ("goes on", timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=NOON + left)
    tidying.tidy((), NOON)
    assert set(Session.objects.values_list("session_key", flat=True)) == {"ends now", "goes on"}


def test_the_planner_of_sqlite_gets_to_know_the_tables() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its own statistics.")
    ended = NOON - timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=str(n), session_data="", expire_date=NOON + timedelta(days=n)) for n in range(200)
    )
    Session.objects.filter(session_key="0").update(expire_date=ended)
    tidying.tidy((), NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'django_session'")
        assert cursor.fetchone()[0] > 0


def test_it_recurs_every_day() -> None:
    assert handlers.recurring()[tidying.TIDY] == timedelta(days=1)
