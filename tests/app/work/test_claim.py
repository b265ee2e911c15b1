"""Who holds a row, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accord.facts.errors import AccordError
from accord_app.work import claim
from accord_app.work.models import Job

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def a_job(key: str = "", due_at: datetime = NOW) -> Job:
    return Job.objects.create(kind="test", key=key, due_at=due_at, created_at=NOW)


def taken(at: datetime = NOW, limit: int = 10) -> list[Job]:
    return claim.claim(Job.objects.all(), at=at, limit=limit, lease_seconds=60)


def test_what_is_due_is_taken_earliest_first_and_not_more_than_asked_for() -> None:
    late, early = a_job(due_at=NOW), a_job(due_at=NOW - MINUTE)
    a_job(due_at=NOW + MINUTE)
    assert taken(limit=1) == [early]
    assert taken() == [late]
    assert taken() == []


def test_a_row_whose_lease_ran_out_is_taken_by_another_and_the_first_holds_nothing_any_more() -> None:
    a_job()
    (slow,) = taken()
    assert taken(at=NOW + MINUTE - timedelta(seconds=1)) == []
    (second,) = taken(at=NOW + MINUTE)
    assert second.attempts == 2
    with claim.held([slow]) as ours:
        assert ours == []
    with claim.held([second]) as ours:
        assert ours == [second]


def test_whoever_was_too_slow_can_neither_keep_nor_end_the_row() -> None:
    a_job()
    (slow,) = taken()
    (second,) = taken(at=NOW + MINUTE)
    with pytest.raises(claim.LeaseLostError):
        claim.keep(slow, at=NOW, lease_seconds=60)
    claim.fail(slow, error=ValueError("late"), at=NOW, give_up_after=1)
    claim.put_back(slow, due_at=NOW)
    row = Job.objects.get()
    assert (row.lease, row.died_at, row.attempts) == (second.lease, None, 2)


def test_a_long_job_holds_its_row_for_longer() -> None:
    a_job()
    (long,) = taken()
    claim.keep(long, at=NOW + MINUTE / 2, lease_seconds=300)
    assert taken(at=NOW + 5 * MINUTE) == []
    assert taken(at=NOW + 6 * MINUTE) == [long]


def test_a_row_that_could_not_be_done_waits_longer_each_time_and_is_given_up_at_last() -> None:
    a_job()
    at, waits = NOW, []
    for _ in range(4):
        (row,) = taken(at=at)
        claim.fail(row, error=ValueError("no luck"), at=at, give_up_after=5)
        due_at = Job.objects.get().due_at
        waits.append((due_at - at).total_seconds())
        at = due_at
    assert all(low <= wait <= high for wait, low, high in zip(waits, (2.5, 5, 10, 20), (7.5, 15, 30, 60), strict=True))
    (row,) = taken(at=at)
    assert claim.fail(row, error=ValueError("no luck"), at=at, give_up_after=5)
    dead = Job.objects.get()
    assert (dead.died_at, dead.last_error) == (at, "ValueError: no luck")
    assert taken(at=at + timedelta(days=30)) == []


def test_waits_never_pass_an_hour_and_a_half() -> None:
    assert max(claim.wait_after(attempts) for attempts in (1, 5, 20, 10_000)) <= timedelta(minutes=90)


def test_what_failed_while_the_same_was_asked_for_anew_leaves_the_new_one() -> None:
    a_job(key="p1")
    (row,) = taken()
    newer = a_job(key="p1")
    claim.fail(row, error=ValueError("no luck"), at=NOW, give_up_after=5)
    assert Job.objects.get() == newer


def test_a_dead_row_is_done_again_with_all_its_attempts_but_only_once() -> None:
    a_job()
    (row,) = taken()
    claim.give_up(row, error=ValueError("no luck"), at=NOW)
    claim.do_again(row, at=NOW + MINUTE)
    (again,) = taken(at=NOW + MINUTE)
    assert again.attempts == 1
    with pytest.raises(AccordError, match="any more"):
        claim.do_again(row, at=NOW)


def test_a_dead_row_whose_work_waits_already_is_not_done_twice() -> None:
    a_job(key="p1")
    (row,) = taken()
    claim.give_up(row, error=ValueError("no luck"), at=NOW)
    newer = a_job(key="p1")
    claim.do_again(row, at=NOW)
    assert Job.objects.get() == newer


def test_errors_are_kept_short_and_without_addresses() -> None:
    error = ValueError("no such user: birgit.sommer@kestrel.example (550)\nDETAIL: Key (email)=(b@x.example)")
    assert claim.in_short(error) == "ValueError: no such user: …@… (550)"
    assert len(claim.in_short(ValueError("x" * 5_000))) <= 200
    assert claim.in_short(ValueError()) == "ValueError"


def test_an_idle_worker_learns_when_to_look_again() -> None:
    assert claim.next_due(Job.objects.all(), at=NOW) is None
    a_job(due_at=NOW + MINUTE)
    a_job(due_at=NOW)
    taken()
    assert claim.next_due(Job.objects.all(), at=NOW) == NOW + MINUTE
