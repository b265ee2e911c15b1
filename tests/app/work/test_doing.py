"""What becomes of rows and effects when a handler is done, fails, or is too slow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from accord_app.members.models import Team
from accord_app.work import claim, handlers
from accord_app.work.actions import enqueue
from accord_app.work.doing import do_due
from accord_app.work.models import Job

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]


def found_team(jobs: Sequence[Job], at: datetime) -> None:
    """An effect in the database for each job; one that is called `bad` fails after it."""
    for job in jobs:
        Team.objects.create(name=job.payload["team"], title="A team", side="sales")
        if job.payload["team"] == "bad":
            raise ValueError("no team for birgit@kestrel.example")


def ask(*teams: str) -> None:
    for team in teams:
        enqueue(kind="found", at=NOW, payload={"team": team})


def do(at: datetime = NOW) -> int:
    return do_due(handlers.kinds()["found"], at=at)


def teams() -> set[str]:
    return set(Team.objects.values_list("name", flat=True))


def test_done_rows_are_gone_and_their_effects_are_there() -> None:
    handlers.register("found", found_team, at_once=10)
    ask("a", "b")
    assert do() == 2
    assert (teams(), Job.objects.count()) == ({"a", "b"}, 0)


def test_a_row_that_fails_leaves_no_effect_and_does_not_keep_others_from_being_done() -> None:
    handlers.register("found", found_team, at_once=10)
    ask("a", "bad", "b")
    do()
    row = Job.objects.get()
    assert teams() == {"a", "b"}
    assert (row.payload["team"], row.attempts, row.lease, row.due_at > NOW) == ("bad", 1, "", True)


def test_the_log_names_the_row_and_no_address(caplog: pytest.LogCaptureFixture) -> None:
    handlers.register("found", found_team)
    ask("bad")
    with caplog.at_level(logging.WARNING, logger="accord.work"):
        do()
    assert "found" in caplog.text
    assert "will be tried again" in caplog.text
    assert "test_doing.py" in caplog.text
    assert "@kestrel" not in caplog.text


def test_a_handler_that_was_slower_than_its_lease_has_no_effect() -> None:
    def too_slow(jobs: Sequence[Job], at: datetime) -> None:
        found_team(jobs, at)

    handlers.register("found", too_slow)
    ask("a")
    kind = handlers.kinds()["found"]
    (slow,) = claim.claim(kind.rows(), at=NOW, limit=1, lease_seconds=60)
    later = NOW + timedelta(seconds=61)
    assert do(later) == 1
    from accord_app.work.doing import _try

    _try(kind, [slow], at=NOW)
    assert (teams(), Job.objects.count()) == ({"a"}, 0)


def test_a_long_job_that_lost_its_row_stops_and_does_not_end_it() -> None:
    def long(jobs: Sequence[Job], at: datetime) -> None:
        claim.claim(Job.objects.all(), at=at + timedelta(seconds=61), limit=1, lease_seconds=60)
        claim.keep(jobs[0], at=at, lease_seconds=60)
        found_team(jobs, at)

    handlers.register("found", long, long=True)
    ask("a")
    do()
    assert (teams(), Job.objects.get().attempts) == (set(), 2)


def test_a_row_that_ends_its_worker_each_time_is_given_up() -> None:
    handlers.register("found", found_team, give_up_after=3)
    ask("a")
    Job.objects.update(attempts=3, lease="gone", leased_until=NOW)
    do()
    row = Job.objects.get()
    assert row.died_at == NOW
    assert row.last_error.startswith("WorkerEndedError: the worker ended 3 times")
    assert teams() == set()


def test_a_kind_has_one_handler() -> None:
    handlers.register("found", found_team)
    with pytest.raises(ValueError, match="two handlers"):
        handlers.register("found", found_team)
    with pytest.raises(ValueError, match="no handler"):
        handlers.every("unknown", 60)
