"""Work that comes again and again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from accord_app.work import handlers, planning
from accord_app.work.doing import do_due
from accord_app.work.models import Job

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]


def measured(times: list[datetime], *, failing: bool = False) -> None:
    """Register `measure` every ten minutes; `times` collects when it ran."""

    def measure(jobs: Sequence[Job], at: datetime) -> None:
        assert len(jobs) == 1
        times.append(at)
        if failing:
            raise ValueError("no luck")

    handlers.register("measure", measure, give_up_after=2)
    handlers.every("measure", 600)


def do(at: datetime) -> None:
    do_due(handlers.kinds()["measure"], at=at)


def next_ones() -> list[datetime]:
    return list(Job.objects.filter(died_at=None).values_list("due_at", flat=True))


def test_the_first_is_due_at_once_and_there_is_never_a_second() -> None:
    measured([])
    planning.plan_all(at=NOW)
    planning.plan_all(at=NOW + MINUTE)
    assert next_ones() == [NOW]


def test_the_next_keeps_the_rhythm_although_the_worker_was_late() -> None:
    times: list[datetime] = []
    measured(times)
    planning.plan_all(at=NOW)
    do(NOW + 3 * MINUTE)
    assert (times, next_ones()) == ([NOW + 3 * MINUTE], [NOW + 10 * MINUTE])


def test_after_a_night_without_workers_it_is_done_once() -> None:
    times: list[datetime] = []
    measured(times)
    planning.plan_all(at=NOW)
    morning = NOW + timedelta(hours=12, minutes=4)
    do(morning)
    do(morning)
    assert (times, next_ones()) == ([morning], [NOW + timedelta(hours=12, minutes=10)])


def test_retries_do_not_move_the_rhythm_and_giving_up_does_not_end_it() -> None:
    times: list[datetime] = []
    measured(times, failing=True)
    planning.plan_all(at=NOW)
    do(NOW)
    do(NOW + MINUTE)
    assert len(times) == 2
    assert Job.objects.filter(died_at__isnull=False).count() == 1
    assert next_ones() == [NOW + 10 * MINUTE]


def test_while_one_runs_no_other_is_planned() -> None:
    def measure(jobs: Sequence[Job], at: datetime) -> None:
        planning.plan_all(at=at)
        assert Job.objects.filter(kind="measure").count() == 1

    handlers.register("measure", measure)
    handlers.every("measure", 600)
    planning.plan_all(at=NOW)
    do(NOW)
    assert next_ones() == [NOW + 10 * MINUTE]


def test_a_faster_rhythm_brings_the_waiting_one_forward() -> None:
    measured([])
    planning.plan_all(at=NOW)
    do(NOW)
    handlers.every("measure", 60)
    planning.plan_all(at=NOW + MINUTE)
    assert next_ones() == [NOW + 2 * MINUTE]
