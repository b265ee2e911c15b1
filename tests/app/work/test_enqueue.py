"""Asking for work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accord_app.work.actions import enqueue
from accord_app.work.claim import claim
from accord_app.work.models import Job

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db


def waiting() -> list[tuple[str, str, datetime]]:
    return list(Job.objects.order_by("id").values_list("kind", "key", "due_at"))


def test_work_without_a_key_is_asked_for_each_time() -> None:
    enqueue(kind="carry", at=NOW)
    enqueue(kind="carry", at=NOW)
    assert waiting() == [("carry", "", NOW), ("carry", "", NOW)]


def test_work_with_a_key_waits_once_and_takes_the_earlier_time_and_the_newer_payload() -> None:
    enqueue(kind="decide", key="p1", at=NOW, due_at=LATER, payload={"because": "old"})
    enqueue(kind="decide", key="p1", at=NOW, payload={"because": "new"})
    enqueue(kind="decide", key="p1", at=NOW, due_at=LATER, payload={"because": "newest"})
    enqueue(kind="decide", key="p2", at=NOW)
    assert waiting() == [("decide", "p1", NOW), ("decide", "p2", NOW)]
    assert Job.objects.get(key="p1").payload == {"because": "newest"}


def test_work_that_runs_is_asked_for_anew_because_it_may_not_have_seen_why() -> None:
    enqueue(kind="decide", key="p1", at=NOW)
    (running,) = claim(Job.objects.all(), at=NOW, limit=1, lease_seconds=60)
    enqueue(kind="decide", key="p1", at=NOW)
    enqueue(kind="decide", key="p1", at=NOW)
    assert Job.objects.count() == 2
    assert Job.objects.exclude(pk=running.pk).get().lease == ""


def test_a_dead_one_does_not_stand_in_the_way() -> None:
    Job.objects.create(kind="decide", key="p1", due_at=NOW, created_at=NOW, died_at=NOW)
    enqueue(kind="decide", key="p1", at=NOW)
    assert Job.objects.filter(died_at=None).count() == 1
