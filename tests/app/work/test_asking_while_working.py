"""Asking for work that waits already, while a worker looks at it: it must see what the asker has written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from django.db import connection, transaction

from accord_app.work.actions import enqueue
from accord_app.work.claim import claim, held
from accord_app.work.models import Job

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def postgresql() -> None:
    """SQLite lets one writer in at a time, so that there is nothing to see."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set ACCORD_DATABASE_URL")


def elsewhere(act: Callable[[], T]) -> T:
    """What another connection gets."""
    got: list[T] = []

    def run() -> None:
        got.append(act())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return got[0]


def a_worker_gets() -> list[int]:
    return [row.pk for row in claim(Job.objects.all(), at=NOW, limit=5, lease_seconds=60)]


def test_what_is_asked_for_again_is_not_taken_before_the_asker_commits() -> None:
    job = enqueue(kind="decide", key="p1", at=NOW)
    with transaction.atomic():
        assert enqueue(kind="decide", key="p1", at=NOW) == job
        assert elsewhere(a_worker_gets) == []
    assert elsewhere(a_worker_gets) == [job.pk]


def test_a_worker_skips_what_another_takes_just_now_and_takes_the_rest() -> None:
    first, second = (enqueue(kind="decide", key=key, at=NOW) for key in ("p1", "p2"))
    with transaction.atomic():
        list(Job.objects.select_for_update().filter(pk=first.pk))
        assert elsewhere(a_worker_gets) == [second.pk]


def test_a_row_whose_lease_ran_out_while_it_is_acted_upon_is_not_taken() -> None:
    enqueue(kind="decide", at=NOW)
    rows = claim(Job.objects.all(), at=NOW, limit=1, lease_seconds=-1)
    with held(rows) as ours:
        assert ours == rows
        assert elsewhere(a_worker_gets) == []
