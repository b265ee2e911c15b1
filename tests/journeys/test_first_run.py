"""From an empty workspace to the first handoff in a colleague's queue, by the pages, the mail and the API alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import PASSWORD
from tests.journeys.house import House

EXAMPLE = Path(__file__).parents[2] / "examples/agreement.yaml"
TEAMS = (
    ("dach-sdr", "Sales, DACH", "Sales"),
    ("emea-sdr", "Sales, EMEA", "Sales"),
    ("enterprise", "Sales, enterprise", "Sales"),
    ("demand", "Demand generation", "Marketing"),
)
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
    load_the_agreement(ingrid)
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


def load_the_agreement(page: Page) -> None:
    """As text, first with a mistake, which is told by its line."""
    text = EXAMPLE.read_text()
    page.goto("/agreement/load/")
    page.get_by_label("Or its text").fill(text.replace("method: weighted", "method: whimsical"))
    page.get_by_role("button", name="Check and load").click()
    expect(page.get_by_role("alert").first).to_contain_text("to mend before it can come into force")
    page.get_by_label("Or its text").fill(text)
    page.get_by_role("button", name="Check and load").click()
    page.wait_for_url("**/agreement/7/")
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
