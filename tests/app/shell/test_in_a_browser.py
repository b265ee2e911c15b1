"""What the script adds, in Debian's Chromium: keys, clocks, toasts, forms that are sent once. And what it does not
take away: the same work without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer
from tests.app.cast import a_rep
from tests.journeys.browsers import Heard, a_browser, held, press

from accord_app.members.models import User
from accord_app.shell import navigation
from accord_app.shell.navigation import Entry

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.app.shell.addresses"),
    pytest.mark.usefixtures("empty_house"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Its event loop runs beside the test, where Django would not expect the database."""
    with pytest.MonkeyPatch.context() as patched, a_browser() as found:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield found


def signed_in(browser: Browser, server: LiveServer, member: User, **options: bool) -> BrowserContext:
    client = Client()
    client.force_login(member)
    context = browser.new_context(base_url=server.url, **options)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": server.url}])
    return context


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The list of three, as Tomás sees it; nothing may complain and no other host may be asked."""
    heard = Heard(live_server.url)
    opened = heard.listen(signed_in(browser, live_server, a_rep()).new_page())
    opened.goto("/rows/")
    yield opened
    heard.nothing()


def focused(page: Page) -> str:
    words: str = page.evaluate("document.activeElement.textContent")
    return " ".join(words.split())


def test_j_and_k_move_and_enter_opens(page: Page) -> None:
    press(page, "j j j j k")
    assert focused(page) == "Row 2"
    press(page, "Enter")
    page.wait_for_url("**/rows/2/")


def test_x_selects_and_shift_x_selects_up_to_here(page: Page) -> None:
    press(page, "j x j j Shift+X")
    assert page.locator("[data-item] input[type=checkbox]:checked").count() == 3


def test_a_accepts_the_row_and_focus_goes_to_the_next(page: Page) -> None:
    press(page, "j j a")
    expect(page.locator("[data-item]")).to_have_count(2)
    expect(page.locator("[data-open]:focus")).to_have_text("Row 3")
    expect(page.locator("#toasts .toast")).to_contain_text("Accepted 2.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_contain_text("3 rows, 0 answers")


def test_a_toast_counts_down_and_goes(page: Page) -> None:
    page.clock.install()
    page.goto("/rows/")
    press(page, "j a")
    expect(page.locator("[data-left]")).to_have_text("10 s")
    page.clock.run_for(3000)
    expect(page.locator("[data-left]")).to_have_text("7 s")
    page.clock.run_for(8000)
    expect(page.locator(".toast")).to_have_count(0)


def test_r_a_digit_and_enter_reject_with_a_reason(page: Page) -> None:
    press(page, "j r 2 Enter")
    expect(page.locator("h1")).to_contain_text("reason authority")


def test_while_a_choice_is_open_letters_do_nothing(page: Page) -> None:
    press(page, "j r a j")
    assert page.locator("#reject-1").is_visible()
    press(page, "Escape")
    assert not page.locator("#reject-1").is_visible()
    expect(page.locator("[data-item]")).to_have_count(3)


def test_a_form_is_sent_once(page: Page) -> None:
    with held(page, "**/accept/"):
        press(page, "j a a a")
    expect(page.locator("[data-item]")).to_have_count(2)
    page.goto("/rows/")
    expect(page.locator("h1")).to_contain_text("2 rows, 1 answers")


def test_keys_are_letters_while_typing(page: Page) -> None:
    page.locator("#words").focus()
    press(page, "j a x / ?")
    expect(page.locator("#words")).to_have_value("jax/?")
    expect(page.locator("[data-item]")).to_have_count(3)


def test_slash_searches_and_escape_leaves(page: Page) -> None:
    press(page, "/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("zz")
    expect(page.locator("#found")).to_contain_text("Nothing is called “zz”")
    press(page, "Escape")
    expect(page.locator("[data-search]")).not_to_be_focused()


def test_a_search_that_a_longer_word_overtakes_is_given_up_quietly(page: Page) -> None:
    press(page, "/")
    with held(page, "**/search/**"):
        with page.expect_request("**/search/*zz"):
            page.keyboard.type("zz")
        with page.expect_request("**/search/*zzy"), page.expect_event("requestfailed"):
            page.keyboard.type("y")
    expect(page.locator("#found")).to_contain_text("Nothing is called “zzy”")


def test_g_and_a_letter_go_and_a_question_mark_shows_all_keys(page: Page) -> None:
    navigation.register(Entry("See", "parts", "Components", "books", "shell:components", go="c"))
    page.goto("/rows/")
    press(page, "?")
    expect(page.locator("#keys")).to_contain_text("Components")
    press(page, "Escape g c")
    page.wait_for_url("**/components/")


def test_the_last_ten_minutes_are_told_once(page: Page) -> None:
    expect(page.locator("#said")).to_have_text("9 minutes left: Birgit Sommer")
    page.goto("/rows/2/")
    expect(page.locator(".clock")).to_have_text("9 min")
    expect(page.locator("#said")).to_have_text("")


def test_once_a_minute_clocks_stand_as_the_server_counts_them(page: Page) -> None:
    page.clock.install()
    page.goto("/rows/")
    expect(page.locator(".clock")).to_have_text("9 min")
    page.evaluate(
        "fetch('/rows/1/accept/', {method: 'POST', headers: JSON.parse(document.body.getAttribute('hx-headers'))})"
    )
    page.clock.run_for(61_000)
    expect(page.locator(".clock")).to_have_text("8 min")


def test_when_the_session_has_ended_the_whole_page_goes_to_sign_in(page: Page) -> None:
    Session.objects.all().delete()
    press(page, "j a")
    page.wait_for_url("**/account/login/?next=%2Frows%2F")


def test_single_keys_can_be_switched_off(browser: Browser, live_server: LiveServer) -> None:
    member = a_rep()
    member.shortcuts = False
    member.save()
    page = signed_in(browser, live_server, member).new_page()
    page.goto("/rows/")
    press(page, "j a ?")
    assert focused(page).startswith("Skip to content")
    expect(page.locator("[data-item]")).to_have_count(3)


def test_without_script_the_same_work_is_done(browser: Browser, live_server: LiveServer) -> None:
    page = signed_in(browser, live_server, a_rep(), java_script_enabled=False).new_page()
    page.goto("/rows/")
    page.get_by_role("button", name="Accept 2").click()
    expect(page.locator("h1")).to_contain_text("2 rows, 1 answers")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_contain_text("3 rows, 0 answers")
    page.get_by_role("button", name="Reject 1").click()
    page.locator("#reject-1").get_by_label("No authority").check()
    page.locator("#reject-1").get_by_role("button", name="Reject").click()
    expect(page.locator("h1")).to_contain_text("reason authority")
    page.get_by_role("searchbox").fill("zz")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Found for “zz”")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_stands_out_of_the_screen(browser: Browser, live_server: LiveServer, width: int, scheme: str) -> None:
    page = signed_in(browser, live_server, a_rep()).new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/components/")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_the_lane_is_a_list(browser: Browser, live_server: LiveServer) -> None:
    page = signed_in(browser, live_server, a_rep()).new_page()
    page.goto("/components/")
    expect(page.locator(".lane")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".lane")).to_be_hidden()
    told = page.locator(".lane + ol").bounding_box()
    assert told is not None
    assert told["height"] > 80
