"""The page of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.app.cast import a_rep, a_revops, an_administrator
from tests.app.html import faults

from accord_app.members.models import User
from accord_app.work import handlers
from accord_app.work.actions import enqueue
from accord_app.work.models import Heartbeat, Job

LONG_AGO = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds")]


def nothing(jobs: Sequence[Job], at: datetime) -> None:
    """Done."""


def a_dead_job(kind: str = "carry_facts") -> Job:
    return Job.objects.create(
        kind=kind,
        key="k",
        due_at=LONG_AGO,
        created_at=LONG_AGO,
        died_at=LONG_AGO,
        attempts=8,
        last_error="ValueError: <b>no luck</b>",
    )


def a_worker() -> None:
    now = timezone.now()
    Heartbeat.objects.create(
        worker="machine:1",
        started_at=now,
        seen_at=now,
        alive_until=now + timedelta(minutes=1),
        doing="import",
        done=1_234,
    )


def as_somebody(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User) -> str:
    answer = as_somebody(user).get("/work/")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert faults(text) == []
    return text


def test_an_empty_workspace_says_that_nobody_works() -> None:
    text = page(a_revops())
    assert "Nobody does what is due." in text
    assert "accord worker" in text


def test_what_a_worker_holds_is_said_to_be_done() -> None:
    handlers.register("carry_facts", nothing, title="Carry new facts")
    Job.objects.create(kind="carry_facts", key="k", due_at=LONG_AGO, created_at=LONG_AGO,
                       leased_until=timezone.now() + timedelta(minutes=1))  # fmt: skip
    text = page(a_revops())
    assert "Carry new facts" in text
    assert "being done now" in text
    assert "nothing waits" not in text


def test_all_is_well() -> None:
    handlers.register("carry_facts", nothing)
    handlers.every("carry_facts", 10)
    a_worker()
    text = page(a_revops())
    assert "Everything that is due is done." in text
    assert "machine:1" in text
    assert "1,234 done" in text
    assert "every 10 s" in text


def test_what_is_late_is_said() -> None:
    handlers.register("carry_facts", nothing)
    a_worker()
    enqueue(kind="carry_facts", at=timezone.now() - timedelta(minutes=80))
    text = page(a_revops())
    assert "1 kind of work is late." in text
    assert "1 h 20 m late" in text


def test_a_dead_letter_is_shown_with_its_error_and_can_be_done_again() -> None:
    a_worker()
    job = a_dead_job()
    ada = a_revops()
    text = page(ada)
    assert "1 piece of work waits for a decision." in text
    assert "&lt;b&gt;no luck" in text
    answer = as_somebody(ada).post(f"/work/carry_facts/{job.pk}/again/", follow=True)
    assert "It will be done again in a moment." in answer.content.decode()
    job.refresh_from_db()
    assert (job.died_at, job.attempts) == (None, 0)
    assert as_somebody(ada).post(f"/work/carry_facts/{job.pk}/again/").status_code == 404


def test_a_dead_letter_can_be_dropped() -> None:
    job = a_dead_job()
    assert as_somebody(an_administrator()).post(f"/work/carry_facts/{job.pk}/drop/").status_code == 302
    assert not Job.objects.exists()


def test_others_neither_see_nor_decide() -> None:
    job = a_dead_job()
    rep = as_somebody(a_rep())
    assert rep.get("/work/").status_code == 403
    assert rep.post(f"/work/carry_facts/{job.pk}/again/").status_code == 403
    assert rep.post(f"/work/carry_facts/{job.pk}/drop/").status_code == 403
    assert Job.objects.count() == 1


@pytest.mark.parametrize("address", ["/work/carry_facts/999/again/", "/work/other/{}/again/", "/work/x%2Fy/1/drop/"])
def test_what_is_not_there_is_not_found(address: str) -> None:
    job = a_dead_job()
    assert as_somebody(a_revops()).post(address.format(job.pk)).status_code == 404
    assert Job.objects.count() == 1


def test_a_living_job_cannot_be_dropped() -> None:
    job = enqueue(kind="carry_facts", at=LONG_AGO)
    assert as_somebody(a_revops()).post(f"/work/carry_facts/{job.pk}/drop/").status_code == 404


def test_more_rows_ask_no_more_of_the_database() -> None:
    handlers.register("carry_facts", nothing)
    client = as_somebody(a_revops())
    counts = []
    for more in (1, 40):
        for number in range(more):
            enqueue(kind="carry_facts", at=LONG_AGO)
            a_dead_job(f"kind{number}")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get("/work/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
