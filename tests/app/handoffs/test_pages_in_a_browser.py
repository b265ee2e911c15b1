"""The queue in Debian's Chromium: answered by keyboard within five seconds, on a phone, and without script."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from tests.app.cast import a_rep
from tests.app.handoffs.leads import HOUR, TEAM, a_lead, in_force
from tests.app.shell.test_in_a_browser import browser, signed_in
from tests.journeys.browsers import Heard, held, press

from accord_app.handoffs.models import Handoff, Undoable

__all__ = ["browser"]  # the fixture of the shell's own tests
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PEOPLE = (("birgit", "Birgit Sommer", 3), ("laurent", "Laurent Picard", 2), ("noor", "Noor Haddad", 1))


@pytest.fixture
def leads() -> list[Handoff]:
    """Three leads that wait for Tomás, the first with the least time left."""
    in_force(teams={TEAM: {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}})
    a_rep()
    return [a_lead(person, at=timezone.now() - hours * HOUR, name=name) for person, name, hours in PEOPLE]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, leads: list[Handoff]) -> Iterator[Page]:
    """The queue as Tomás sees it; nothing may complain."""
    heard = Heard(live_server.url)
    opened = heard.listen(signed_in(browser, live_server, a_rep()).new_page())
    opened.goto("/handoffs/")
    yield opened
    heard.nothing()


def answers() -> list[tuple[str, str, str]]:
    return sorted(Undoable.objects.values_list("handoff__person_id", "event", "reason"))


def test_a_accepts_what_is_open_in_under_five_seconds_and_undo_takes_it_back(page: Page) -> None:
    begun = time.monotonic()
    press(page, "a")
    expect(page.locator("#toasts .toast")).to_contain_text("Accepted.")
    assert time.monotonic() - begun < 5
    assert answers() == [("birgit", "accepted", "")]
    expect(page.locator("#detail")).to_contain_text("Accepted")
    expect(page.locator("[data-item]").first).to_contain_text("Accepted")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Taken back.")
    assert answers() == []


def test_r_a_digit_and_enter_reject_the_row_under_the_cursor(page: Page) -> None:
    begun = time.monotonic()
    press(page, "j r")
    popover = page.locator("#asked")
    expect(popover).to_be_visible()
    expect(popover).to_contain_text("Laurent Picard")
    press(page, "1")
    expect(popover.locator(".against")).to_contain_text("The facts say otherwise: 1,400 employees.")
    press(page, "2 Enter")
    expect(page.locator("#toasts .toast")).to_contain_text("Rejected: Does not need what we make.")
    assert time.monotonic() - begun < 5
    assert answers() == [("laurent", "rejected", "no_fit")]
    expect(popover).to_be_hidden()


def test_keys_that_are_typed_before_the_reasons_have_come_count(page: Page) -> None:
    with held(page, "**/reject/**"):
        press(page, "j r 2 Enter")
    expect(page.locator("#toasts .toast")).to_contain_text("Rejected: Does not need what we make.")
    assert answers() == [("laurent", "rejected", "no_fit")]


def test_enter_opens_a_row_beside_the_list_and_marks_it(page: Page) -> None:
    press(page, "j Enter")
    expect(page.locator("#detail h2").first).to_have_text("Laurent Picard")
    expect(page.locator("[data-item][aria-current]")).to_have_count(1)
    expect(page.locator("[data-item][aria-current]")).to_contain_text("Laurent Picard")
    assert "/handoffs/" in page.url and not page.url.endswith("/handoffs/")


def test_selected_handoffs_are_counted_and_answered_together(page: Page) -> None:
    expect(page.locator("#together")).to_be_hidden()
    press(page, "x j x")
    expect(page.locator("#together")).to_be_visible()
    shown = page.evaluate("getComputedStyle(document.querySelector('.together .n'), '::before').content")
    assert "selected" in shown
    page.locator("#together").get_by_role("button", name="Accept").click()
    expect(page.locator("#toasts")).to_contain_text("Accepted: 2.")
    assert [person for person, _, _ in answers()] == ["birgit", "laurent"]


def test_a_stale_list_says_who_was_quicker_and_loses_nothing(page: Page, leads: list[Handoff]) -> None:
    until = timezone.now() + timedelta(seconds=9)
    Undoable.objects.create(handoff=leads[0], event="accepted", by="zoe", at=timezone.now(), until=until)
    press(page, "a")
    expect(page.locator("#detail [role=alert]")).to_contain_text("zoe has just accepted this handoff.")
    expect(page.locator("[data-item]").first).to_contain_text("Accepted")


def test_on_a_phone_a_handoff_is_a_page_of_its_own(
    browser: Browser, live_server: LiveServer, leads: list[Handoff]
) -> None:
    page = signed_in(browser, live_server, a_rep()).new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/handoffs/")
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Noor Haddad", exact=True).click()
    page.wait_for_url("**/handoffs/*/?view=mine")
    expect(page.locator("#list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#detail").get_by_role("button", name="Reject").click()
    page.locator("#reject").get_by_text("Does not need what we make").click()
    page.locator("#reject").get_by_role("button", name="Reject").click()
    expect(page.locator("#toasts")).to_contain_text("Rejected")
    assert answers() == [("noor", "rejected", "no_fit")]


def test_without_script_everything_can_be_answered(
    browser: Browser, live_server: LiveServer, leads: list[Handoff]
) -> None:
    page = signed_in(browser, live_server, a_rep(), java_script_enabled=False).new_page()
    page.goto("/handoffs/")
    page.locator("#list").get_by_role("button", name="Accept Laurent Picard").click()
    expect(page.locator("#list")).to_contain_text("Accepted")
    page.locator("#list").get_by_role("link", name="Reject Noor Haddad").click()
    expect(page.locator("h1")).to_have_text("Reject Noor Haddad")
    page.get_by_label("Does not need what we make").check()
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("#detail")).to_contain_text("Rejected: Does not need what we make")
    page.goto(f"/handoffs/{leads[0].pk}/")
    page.locator("#detail").get_by_role("button", name="Recycle").click()
    page.locator("#recycle").get_by_label("Not now").check()
    page.locator("#recycle").get_by_role("button", name="Recycle").click()
    assert answers() == [("birgit", "recycled", "timing"), ("laurent", "accepted", ""), ("noor", "rejected", "no_fit")]
