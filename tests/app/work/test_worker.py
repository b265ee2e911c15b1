"""One worker process, as `accord worker` runs it."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from accord.facts.errors import AccordError
from accord_app.commands import worker as command
from accord_app.work import handlers, reads
from accord_app.work.actions import enqueue
from accord_app.work.models import Heartbeat, Job
from accord_app.work.worker import Worker

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]


def nothing(jobs: Sequence[Job], at: datetime) -> None:
    """Done."""


def test_once_does_what_is_due_and_what_becomes_due_by_that() -> None:
    def first(jobs: Sequence[Job], at: datetime) -> None:
        enqueue(kind="second", at=at)

    handlers.register("first", first)
    handlers.register("second", nothing)
    enqueue(kind="first", at=NOW)
    enqueue(kind="second", at=NOW, due_at=NOW + timedelta(hours=1))
    assert Worker(clock=lambda: NOW).run_once() == 2
    assert Job.objects.get().due_at > NOW


def test_only_the_named_kinds_are_done() -> None:
    handlers.register("mine", nothing)
    handlers.register("yours", nothing)
    enqueue(kind="mine", at=NOW)
    enqueue(kind="yours", at=NOW)
    Worker(clock=lambda: NOW, only=["mine"]).run_once()
    assert Job.objects.get().kind == "yours"


def test_a_worker_is_seen_while_it_works_and_gone_when_it_stops() -> None:
    alive: list[bool] = []

    def look(jobs: Sequence[Job], at: datetime) -> None:
        alive.append(bool(reads.living(at=at)))

    handlers.register("look", look)
    enqueue(kind="look", at=NOW)
    Worker(clock=lambda: NOW).run_once()
    assert (alive, Heartbeat.objects.count()) == ([True], 0)


def test_a_worker_that_was_killed_is_missed_after_half_a_minute_and_forgotten_after_a_day() -> None:
    Heartbeat.objects.create(worker="m:1", started_at=NOW, seen_at=NOW, alive_until=NOW + timedelta(seconds=30))
    assert reads.living(at=NOW + timedelta(seconds=29))
    assert not reads.living(at=NOW + timedelta(seconds=31))
    handlers.register("look", nothing)
    Worker(clock=lambda: NOW + timedelta(days=2)).run_once()
    assert Heartbeat.objects.count() == 0


def test_a_worker_on_a_long_job_is_not_missed() -> None:
    def long(jobs: Sequence[Job], at: datetime) -> None:
        later = at + timedelta(minutes=9)
        assert [beat.doing for beat in reads.living(at=later)] == ["import"]

    handlers.register("import", long, long=True, lease_seconds=600)
    enqueue(kind="import", at=NOW)
    Worker(clock=lambda: NOW).run_once()
    assert Job.objects.count() == 0


def test_it_stops_between_two_rows() -> None:
    worker = Worker(clock=lambda: NOW)

    def stop(jobs: Sequence[Job], at: datetime) -> None:
        worker.stop.ask()

    handlers.register("stop", stop)
    for _ in range(3):
        enqueue(kind="stop", at=NOW)
    assert worker.run() == 1
    assert Job.objects.count() == 2


def test_a_sleeping_worker_is_woken_to_stop() -> None:
    worker = Worker(clock=lambda: NOW)
    threading.Timer(0.05, worker.stop.ask).start()
    worker.stop.wait(60)
    assert worker.stop.is_asked


def test_it_goes_on_when_the_database_was_away_for_a_moment() -> None:
    worker = Worker(clock=lambda: NOW)
    seen: list[str] = []

    def away(beat: object) -> int:
        seen.append("asked")
        if len(seen) == 2:
            worker.stop.ask()
            return 0
        raise OperationalError("the server closed the connection")

    patched = (mock.patch.object(worker, "pass_over", away), mock.patch.object(worker.stop, "wait"))
    with patched[0], patched[1], mock.patch("accord_app.work.worker.connection"):
        worker.run()
    assert seen == ["asked", "asked"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--only", "nothing"], "no work of the kind 'nothing'"),
        (["--processes", "0"], "0 processes"),
        (["--once", "--processes", "2"], "--once works in one process"),
    ],
)
def test_the_command_says_what_cannot_be_done(words: list[str], problem: str) -> None:
    parser = argparse.ArgumentParser()
    command.add(parser)
    with pytest.raises(AccordError, match=problem):
        command.run(parser.parse_args(words))
