"""The test bench as people use it: from the agreement to somebody who was not handed over and why, and from a draft to
a lead that is typed, with both versions side by side."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.app.cast import a_head_of_marketing, a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.handoffs.leads import in_force
from tests.app.handoffs.test_bench import CONDITIONS, looks_around
from tests.journeys.house import House

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_why_somebody_was_not_handed_over(house: House) -> None:
    in_force(**CONDITIONS)
    looks_around("nora", name="Nora Lind")
    page = house.page_of(a_marketer(), "/agreement/")
    page.get_by_role("link", name="Try it on a lead").click()
    page.get_by_label("Name or e-mail address").fill("lind")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Nora Lind").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Below the line: ")
    expect(page.locator("#tried")).to_contain_text("points short of 40")
    employees = page.locator(".needs details").filter(has_text="Employees")
    expect(employees.get_by_text("Source", exact=True)).to_be_hidden()
    employees.locator("summary").press("Enter")
    expect(employees.get_by_text("How many people the account employs.")).to_be_visible()
    page.get_by_role("link", name="Nora Lind").click()
    page.get_by_role("region", name="Why not handed over").get_by_role("link", name="Rule by rule").click()
    expect(page.locator("#tried")).to_contain_text("points short of 40")


def test_a_draft_is_tried_on_a_lead_that_is_typed(house: House) -> None:
    in_force(**CONDITIONS)
    for member in (a_rep, a_head_of_marketing, a_head_of_sales, a_revops):
        member()
    page = house.page_of(an_administrator(), "/agreement/draft/one-team/")
    page.get_by_role("button", name="See the draft").first.click()
    text = page.get_by_label("The text of the agreement")
    text.fill(re.sub(r"at_least: \d+", "at_least: 30", text.input_value(), count=1))
    page.get_by_role("button", name="Check the text again").click()
    page.get_by_role("link", name="Try it on a lead").click()
    page.get_by_role("link", name="Type a lead").click()
    page.get_by_label("Employees", exact=True).fill("many")
    page.get_by_label("Country", exact=True).fill("DE")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Employees is a number, such as 120.")).to_be_visible()
    expect(page.get_by_label("Country", exact=True)).to_have_value("DE")
    page.get_by_label("Employees", exact=True).fill("400")
    page.get_by_label("Employees", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The draft decides differently.")
    expect(page.get_by_role("region", name="In force, version 3")).to_contain_text("Rule by rule")
    expect(page.get_by_role("region", name="Draft, version 4")).to_contain_text("Rule by rule")
