"""Without a mouse: everything that can be used is reached by Tab, is seen to be focused, and the keys do what the list
of keys says."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import a_rep
from tests.app.handoffs.leads import HOUR, TEAM, a_lead, in_force
from tests.journeys.browsers import press
from tests.journeys.house import House

from accord_app.handoffs.models import Note

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST = 250  # presses of Tab; no page of this house has so many places to go to
NUMBERED = """
  () => {
    const fields = 'input:not([type=hidden]), select, textarea';
    const all = [...document.querySelectorAll(`a[href], button, summary, ${fields}`)];
    const isLaterRadio = (e) => e.type === 'radio' && document.querySelector(`input[name="${e.name}"]`) !== e;
    const places = all.filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && !isLaterRadio(e));
    places.forEach((e, place) => e.setAttribute('data-place', place));
    return places.map((e) => e.outerHTML.slice(0, 160));
  }
"""
FOCUSED = """
  () => {
    const e = document.activeElement;
    const around = [e, e.parentElement, e.closest('.it'), e.closest('label')].filter(Boolean);
    const isRinged = around.map((each) => getComputedStyle(each)).some((style) => style.outlineStyle !== 'none');
    const place = e === document.body ? 'body' : e.getAttribute('data-place');
    return {place, isRinged, what: e.outerHTML.slice(0, 160)};
  }
"""


@pytest.fixture
def page(house: House) -> Page:
    """The queue as Tomás sees it, with three leads."""
    in_force(teams={TEAM: {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}})
    a_rep()
    for person, hours in (("birgit", 3), ("laurent", 2), ("noor", 1)):
        a_lead(person, at=timezone.now() - hours * HOUR, name=person.capitalize())
    return house.page_of(a_rep(), "/handoffs/")


@pytest.mark.parametrize(
    "path", ["/", "/handoffs/", "/people/", "/absences/", "/profile/", "/agreement/", "/scoreboard/"]
)
def test_tab_reaches_everything_and_each_place_is_seen(page: Page, path: str) -> None:
    page.goto(path)
    places = page.evaluate(NUMBERED)
    reached: list[str] = []
    unseen = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        is_around = found["place"] in reached and found["place"] != reached[-1]
        if found["place"] == "body" or is_around:
            break  # once around; a field of a time takes several presses
        reached.append(found["place"])
        if not found["isRinged"]:
            unseen.append(found["what"])
    assert len(places) > 10
    assert [what for place, what in enumerate(places) if str(place) not in reached] == []
    assert unseen == []


def test_the_first_place_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    assert page.locator(":focus").bounding_box()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_key_that_the_list_of_keys_names_does_something(page: Page) -> None:
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    told = page.locator("#keys dt").all_inner_texts()
    assert {"/", "J K", "A", "R", "X", "N", "E"} <= {" ".join(each.split()) for each in told}
    press(page, "Escape")
    expect(page.locator("#keys")).to_be_hidden()
    press(page, "/")
    expect(page.locator("[data-search]")).to_be_focused()
    press(page, "Escape")
    press(page, "j k k")
    expect(page.locator("[data-item][aria-current]")).to_contain_text("Birgit")
    press(page, "x")
    expect(page.locator("[data-item] input:checked")).to_have_count(1)
    press(page, "r")
    expect(page.locator("#asked")).to_be_visible()
    press(page, "Escape")
    assert page.locator("[data-key=e]").get_attribute("href") == "mailto:birgit@at-birgit.example"
    press(page, "n")
    expect(page.locator("#detail textarea")).to_be_focused()
    page.keyboard.type("nnn a note")
    page.locator("#detail").get_by_role("button", name="Keep the note").click()
    expect(page.locator("#toasts")).to_contain_text("Note kept.")
    assert Note.objects.get().text == "nnn a note"
