"""What the worker finds out about the data, and the page that tells it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.app.cast import a_marketer, a_rep, a_revops
from tests.app.intake.bringing import CONTACTS, TOUCHES, a_client, do_work, imported, the_page

from accord_app.intake import handlers
from accord_app.measures.models import Figure
from accord_app.shell.steps import registered
from accord_app.work import handlers as work
from accord_app.work.actions import enqueue

pytestmark = pytest.mark.django_db


def test_findings_are_shown_with_examples_and_their_age() -> None:
    ada = a_client(a_revops())
    assert "was not looked at yet" in the_page(ada, "/data-health/")
    imported(ada, TOUCHES + "t99,lead1@site.example,page.pricing,2026-04-02 08:00:00\n")
    imported(ada, CONTACTS)
    enqueue(kind=handlers.HEALTH, at=timezone.now())
    do_work([handlers.HEALTH])
    page = the_page(ada, "/data-health/")
    assert "41 touches" in page and "41 of 41 touches are of people without a profile" in page
    assert "the same person, kind and second" in page and "from files" in page
    assert "measured 0\u00a0s ago" in page or "measured 1\u00a0s ago" in page
    Figure.objects.update(measured_at=timezone.now() - timedelta(hours=1))
    assert "older than 15 minutes" in the_page(ada, "/data-health/")
    assert work.recurring()[handlers.HEALTH] == timedelta(minutes=5)


def test_an_empty_lake_says_what_cannot_be_measured() -> None:
    enqueue(kind=handlers.HEALTH, at=timezone.now())
    do_work([handlers.HEALTH])
    assert "Nothing is recorded in touches" in the_page(a_client(a_marketer()), "/data-health/")
    assert a_client(a_rep()).get("/data-health/").status_code == 403


def test_the_history_is_a_step_of_a_new_workspace() -> None:
    (step,) = (each for each in registered() if each.title == "Import your history")
    assert not step.is_done()
    imported(a_client(a_revops()), TOUCHES)
    assert step.is_done()


def test_two_may_not_write_into_the_lake_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_app.intake import turns

    with turns.turn(wait=True) as first, turns.turn(wait=False) as second:
        assert first and not second
        called: list[bool] = []
        monkeypatch.setattr(handlers, "carry", lambda **_: called.append(True))
        handlers.carry_facts([], timezone.now())
        assert called == []
    handlers.carry_facts([], timezone.now())
    assert called == [True]
