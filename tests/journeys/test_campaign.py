"""A campaign list is checked, some are held back, the owner lets one through, and it is checked again."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import a_marketer, a_rep
from tests.app.handoffs.leads import DAY
from tests.app.shield.worlds import a_campaign_list, agreed
from tests.journeys.house import House

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_list_is_checked_one_is_let_through_and_it_is_checked_again(house: House) -> None:
    agreed()
    people = a_campaign_list(timezone.now())
    owner = a_rep()
    jonas = house.page_of(a_marketer(), "/shield/")
    check(jonas, people)
    expect(jonas.locator("h1")).to_contain_text("4 held back")
    expect(jonas.locator("main")).to_contain_text("1 of 5 may be written to")
    shielded = jonas.get_by_role("row").filter(has=jonas.get_by_role("link", name="Deal"))
    expect(shielded).to_contain_text("Tomás Rivera")

    tomas = house.page_of(owner, "/people/of/deal/")
    tomas.get_by_role("link", name="Let mail through").click()
    tomas.get_by_label("Why").fill("She asked for the newsletter.")
    tomas.get_by_label("Until the end of").fill(f"{timezone.now() + 7 * DAY:%Y-%m-%d}")
    tomas.get_by_role("button", name="Let mail through").click()
    expect(tomas.locator("main")).to_contain_text("May go to Deal now.")

    jonas.get_by_role("link", name="Check another list").click()
    check(jonas, people)
    expect(jonas.locator("h1")).to_contain_text("3 held back")
    with jonas.expect_download() as download:
        jonas.get_by_role("link", name="Who may be written to").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == ["free", "deal"]


def check(page: Page, people: list[str]) -> None:
    page.get_by_label("Paste the list").fill("\n".join(people))
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("link", name="Check another list").wait_for()
