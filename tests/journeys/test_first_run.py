"""From an empty workspace to the first handoff in a colleague's queue, by the pages, the mail and the API alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import PASSWORD
from tests.journeys.house import House

TEAMS = (("dach-sdr", "Sales, DACH", "Sales"), ("demand", "Demand generation", "Marketing"))
HISTORY = b"""Contact ID,Email,Full Name,Company,Created
1,old@lagoon.example,Chiara Conti,Lagoon Glass,2026-03-01 09:00:00
"""

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_empty_company_comes_to_its_first_handoff(house: House) -> None:
    ingrid = house.stranger()
    ingrid.goto("/")
    found_the_workspace(ingrid)
    expect(ingrid.locator("h1")).to_contain_text("Next:")
    for name, title, side in TEAMS:
        add_team(ingrid, name, title, side)
    invite_tomas(ingrid)
    draft_the_agreement(ingrid)
    bring_history(ingrid)
    house.work()
    go_live(ingrid)

    tomas = house.stranger()
    tomas.goto(house.link_for("tomas", "/invitation/"))
    tomas.get_by_label("Password", exact=True).fill(PASSWORD)
    tomas.get_by_label("The same password again").fill(PASSWORD)
    tomas.get_by_role("button", name="Join").click()
    tomas.goto("/handoffs/")
    expect(tomas.locator("#main")).not_to_contain_text("Birgit Sommer")

    send_events(ingrid)
    house.work()
    tomas.goto("/handoffs/")
    expect(tomas.locator("[data-item]")).to_have_count(1)
    expect(tomas.locator("[data-item]")).to_contain_text("Birgit Sommer")
    tomas.keyboard.press("a")
    expect(tomas.locator("#toasts .toast")).to_contain_text("Accepted.")
    house.deliver(at=timezone.now() + timedelta(days=1))
    assert any("Birgit Sommer" in subject for subject in house.letters_to("tomas"))


def found_the_workspace(page: Page) -> None:
    page.wait_for_url("**/welcome/")
    page.get_by_label("Company").fill("Northwind Robotics")
    page.get_by_label("Your name").fill("Ingrid Solberg")
    page.get_by_label("Your e-mail address").fill("ingrid@northwind.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set up the workspace").click()
    page.wait_for_url("**/setup/")


def add_team(page: Page, name: str, title: str, side: str) -> None:
    page.goto("/teams/")
    page.get_by_label("Name in the agreement").fill(name)
    page.get_by_label("Title").fill(title)
    page.get_by_label("Side").select_option(label=side)
    page.get_by_role("button", name="Add team").click()
    expect(page.get_by_role("table")).to_contain_text(title)


def invite_tomas(page: Page) -> None:
    page.goto("/members/invite/")
    page.get_by_label("Name", exact=True).fill("Tomás Rivera")
    page.get_by_label("E-mail address").fill("tomas@northwind.example")
    page.get_by_label("Role").select_option(label="Sales rep")
    page.get_by_label("Team").select_option(label="Sales, DACH")
    page.get_by_label("Handle").fill("tomas")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator("#toasts")).to_contain_text("Tomás Rivera")


def draft_the_agreement(page: Page) -> None:
    """From the first steps to a version: what the workspace knows is answered, a mistake is told, so is one in the
    text by its line, and a team that is not here is added."""
    page.goto("/setup/")
    page.get_by_role("link", name="Draft the agreement").click()
    page.get_by_role("link", name="Answer the questions of Sales teams by country").click()
    expect(page.get_by_label("What is your company called?")).to_have_value("Northwind Robotics")
    page.get_by_label("Who signs for marketing?").fill("mia")
    page.get_by_label("Who signs for sales?").fill("sam")
    page.get_by_label("Who is the liaison between both teams?").fill("ingrid-solberg")
    emea = page.get_by_role("group", name="Team 2")
    emea.get_by_label("Short name").fill("emea-sdr")
    emea.get_by_label("People").fill("amy")
    page.get_by_role("button", name="See the draft").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Leave the countries of exactly one team open.")
    emea.get_by_label("Countries").fill("GB, Ireland")
    emea.get_by_label("Time zone").fill("Europe/London")
    page.get_by_role("button", name="See the draft").last.click()
    page.wait_for_url("**/agreement/draft/by-country/text/")
    expect(page.locator("h1")).to_have_text("What both teams will read")
    expect(page.locator("#main")).to_contain_text("Leads go to emea-sdr when country is GB or IE")
    page.get_by_role("button", name="Add this team").click()
    expect(page.locator("#toasts")).to_contain_text("Emea sdr")
    text = page.get_by_label("The text of the agreement")
    written = text.input_value()
    text.fill(written.replace("do: remind", "do: whistle"))
    page.get_by_role("button", name="Check the text again").click()
    line = 1 + next(n for n, each in enumerate(written.splitlines()) if "do: remind" in each)
    expect(page.get_by_text(f"Line {line}", exact=True)).to_be_visible()
    text.fill(written)
    page.get_by_label("In force from").fill(timezone.localtime().strftime("%Y-%m-%dT00:00"))
    page.get_by_role("button", name="Check and load").click()
    page.wait_for_url("**/agreement/1/")
    expect(page.locator("h1")).to_be_visible()


def bring_history(page: Page) -> None:
    page.goto("/imports/new/")
    page.locator("input[type=file]").set_input_files(
        {"name": "contacts.csv", "mimeType": "text/csv", "buffer": HISTORY}
    )
    page.locator("main form button[type=submit]").click()
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_load_state()


def go_live(page: Page) -> None:
    page.goto("/setup/live/")
    page.get_by_role("button", name="Go live").click()
    expect(page.locator("#toasts")).to_contain_text("The workspace is live.")


def send_events(page: Page) -> None:
    """With a key of the page Events, as a program sends them; one of the two is damaged and is told."""
    page.goto("/events/")
    page.get_by_role("textbox", name="Program").fill("Website")
    page.get_by_role("textbox", name="Source").fill("website")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator("code.secret").inner_text()
    event = {
        "id": "form-1",
        "kind": "form.price-request",
        "at": (timezone.now() - timedelta(minutes=2)).isoformat(),
        "side": "marketing",
        "person": {
            "email": "birgit@kestrel.example", "name": "Birgit Sommer", "title": "Plant manager", "country": "DE",
        },
        "company": {"name": "Kestrel Foods", "domain": "kestrel.example", "employees": 400, "country": "DE"},
    }  # fmt: skip
    answer = page.context.request.post(
        "/v1/events",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        data=json.dumps({"events": [event, {"id": "form-2"}]}),
    )
    assert answer.status == 202
    told = answer.json()
    assert told["received"] == 1
    assert {each["index"] for each in told["refused"]} == {1}
