"""Days of both teams: leads answered by keyboard, what marketing learns of it, a clock that nobody heeded, an absence,
a figure opened down to its records, a person erased."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import a_head_of_sales, a_marketer, a_rep, a_revops, an_administrator
from tests.app.handoffs.leads import AGREED, HOUR, TEAM, in_force
from tests.journeys.browsers import press
from tests.journeys.house import House

from accord_app.handoffs.models import Handoff
from accord_app.intake.actions import receive
from accord_app.ledger.models import FACTS

PEOPLE = {"birgit": "Birgit Sommer", "laurent": "Laurent Picard", "noor": "Noor Haddad"}
WORKS = {"birgit": "Kestrel Foods", "laurent": "Ostrava Steelworks", "noor": "Delta Port Services"}
SECONDS = 5

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def agreed(**articles: Any) -> None:
    """Tomás alone answers for DACH, unless told otherwise; breaches are told to Ada before a lead moves on."""
    a_rep()
    response = {
        **AGREED["response"],
        "on_breach": [
            {"after": "0m", "do": "remind"}, {"after": "2h", "do": "escalate", "to": "ada"},
            {"after": "4h", "do": "reroute"},
        ],
    }  # fmt: skip
    teams = {TEAM: {"people": ["tomas"]}, "sales-uk": {"people": ["amy"]}}
    in_force(**{"teams": teams, "response": response, **articles})


def asks_for_a_price(house: House, *people: str, at: datetime, employees: int = 1400) -> None:
    """They look at prices and ask for one, as the website tells; the worker takes it in."""
    sent = [
        {
            "id": f"{person}-{kind}", "kind": kind, "at": (at - timedelta(minutes=back)).isoformat(),
            "side": "marketing", "campaign": "cold-chain",
            "person": {
                "email": f"{person}@{person}.example", "name": PEOPLE[person], "title": "Plant manager",
                "country": "DE",
            },
            "company": {
                "domain": WORKS[person].lower().replace(" ", "-") + ".example", "name": WORKS[person],
                "employees": employees,
            },
        }
        for person in people
        for kind, back in (("page.pricing", 3), ("form.price-request", 2))
    ]  # fmt: skip
    assert receive(source="website", sent=sent, at=at).refused == ()
    house.work(at=at)


def one(person: str) -> Handoff:
    return Handoff.objects.get(person__name=PEOPLE[person])


def happened(person: str) -> list[tuple[str, str | None, str | None]]:
    """What the ledger holds of a person's handoff: event, owner, by whom."""
    rows = FACTS["handoffs"].facts().filter(handoff_id=one(person).pk).order_by("occurred_at", "id")
    return list(rows.values_list("event", "owner", "by"))


def row_of(page: Page, person: str) -> Any:
    return page.locator("[data-item]", has_text=PEOPLE[person])


def test_a_rep_answers_by_keyboard_and_marketing_sees_what_became_of_it(house: House) -> None:
    agreed()
    now = timezone.now()
    for hours, person in ((3, "birgit"), (2, "laurent"), (1, "noor")):
        asks_for_a_price(house, person, at=now - hours * HOUR)
    tomas = house.page_of(a_rep(), "/handoffs/")
    expect(tomas.locator("[data-item]")).to_have_count(3)

    begun = time.monotonic()
    press(tomas, "a")
    expect(tomas.locator("#toasts .toast")).to_contain_text("Accepted.")
    assert time.monotonic() - begun < SECONDS
    tomas.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(tomas.locator("#toasts")).to_contain_text("Taken back.")
    tomas.goto("/handoffs/")
    press(tomas, "a")
    expect(tomas.locator("#toasts .toast")).to_contain_text("Accepted.")

    begun = time.monotonic()
    press(tomas, "j r 2 Enter")
    expect(tomas.locator("#toasts")).to_contain_text("Rejected: Does not need what we make.")
    assert time.monotonic() - begun < SECONDS

    house.work(at=timezone.now() + timedelta(seconds=11))
    assert ("accepted", "tomas", "tomas") in happened("birgit")
    assert [event for event, _, _ in happened("birgit")].count("accepted") == 1
    rejected = next(person for person in ("laurent", "noor") if one(person).reason == "no_fit")
    jonas = house.page_of(a_marketer(), f"/handoffs/{one(rejected).pk}/")
    expect(jonas.locator("#detail")).to_contain_text("Does not need what we make")
    jonas.goto("/handoffs/?view=all")
    expect(jonas.locator("#list")).to_contain_text(PEOPLE[rejected])
    jonas.goto("/")
    expect(jonas.locator("main")).to_contain_text(PEOPLE[rejected])


def test_a_rejection_that_the_facts_contradict_is_answered_in_time_from_marketings_list(house: House) -> None:
    agreed()
    marketer, now = a_marketer(), timezone.now()
    asks_for_a_price(house, "birgit", at=now - HOUR, employees=410)
    tomas = house.page_of(a_rep(), "/handoffs/")
    press(tomas, "r 1")
    expect(tomas.locator("#asked .against")).to_contain_text("The facts say otherwise: 410 employees.")
    press(tomas, "Enter")
    expect(tomas.locator("#toasts")).to_contain_text("Rejected: Company too small.")
    house.work(at=timezone.now() + timedelta(seconds=11))

    jonas = house.page_of(marketer)
    expect(jonas.locator("h1")).to_contain_text("One rejection waits for your reply.")
    jonas.goto("/handoffs/?view=replies")
    expect(row_of(jonas, "birgit")).to_contain_text("Facts say otherwise")
    expect(jonas.locator("#detail")).to_contain_text("The facts say otherwise: 410 employees.")
    begun = time.monotonic()
    press(jonas, "r")
    jonas.locator("#asked textarea").fill("They have 410 people; the line is 100.")
    jonas.locator("#asked").get_by_role("button", name="Reply").click()
    expect(jonas.locator("#toasts")).to_contain_text("Reply sent.")
    assert time.monotonic() - begun < SECONDS
    expect(row_of(jonas, "birgit")).to_contain_text("in time")
    jonas.goto("/handoffs/?view=replies")
    expect(jonas.locator("#list")).to_contain_text("No rejection waits for a reply.")

    assert ("replied", "tomas", "jonas") in happened("birgit")
    tomas.goto(f"/handoffs/{one('birgit').pk}/")
    expect(tomas.locator("#detail")).to_contain_text("Reply to the rejection by Jonas Weber")
    expect(tomas.locator("#detail")).to_contain_text("They have 410 people; the line is 100.")
    house.work(at=timezone.now() + timedelta(days=1))
    assert any("Birgit Sommer" in subject for subject in house.letters_to("tomas") if subject.startswith("Reply"))


def test_a_clock_that_nobody_heeds_reminds_escalates_and_moves_the_lead_on(house: House) -> None:
    agreed(teams={TEAM: {"people": ["tomas", "zoe"]}, "sales-uk": {"people": ["amy"]}})
    zoe, ada = a_rep("zoe", "Zoë Baumann"), a_revops()
    asked = timezone.now() - 9 * HOUR
    asks_for_a_price(house, "birgit", at=asked)
    first = one("birgit").owner
    assert first in ("tomas", "zoe")
    house.work(at=asked + timedelta(hours=3, minutes=59))
    assert "reminded" not in [event for event, _, _ in happened("birgit")]
    steps = ((4, "reminded"), (6, "escalated"), (8, "rerouted"))
    for hours, step in steps:
        house.work(at=asked + hours * HOUR + timedelta(minutes=1))
        assert [event for event, _, _ in happened("birgit")][-1] == step
    second = one("birgit").owner
    assert {first, second} == {"tomas", "zoe"}

    house.work()
    assert any("Birgit Sommer" in subject for subject in house.letters_to("ada"))
    seen = house.page_of(zoe if second == "zoe" else a_rep(), "/handoffs/")
    expect(row_of(seen, "birgit")).to_be_visible()
    seen = house.page_of(ada, f"/handoffs/{one('birgit').pk}/")
    expect(seen.locator("#detail")).to_contain_text("Birgit Sommer")
    seen = house.page_of(a_rep() if second == "zoe" else zoe, "/handoffs/")
    expect(row_of(seen, "birgit")).to_have_count(0)


def test_while_somebody_is_away_the_deputy_of_the_absence_gets_the_next_lead(house: House) -> None:
    agreed()
    a_rep("zoe", "Zoë Baumann")
    asks_for_a_price(house, "birgit", at=timezone.now())
    assert one("birgit").owner == "tomas"
    tomas = house.page_of(a_rep(), "/absences/")
    here = timezone.localtime(timezone.now(), ZoneInfo("Europe/Berlin"))
    tomas.get_by_label("Begins").fill(f"{here - timedelta(minutes=5):%Y-%m-%dT%H:%M}")
    tomas.get_by_label("Ends").fill(f"{here + timedelta(days=3):%Y-%m-%dT%H:%M}")
    tomas.get_by_label("Deputy").select_option(label="Zoë Baumann")
    tomas.get_by_role("button", name="Set absence").click()
    expect(tomas.locator("h1")).to_contain_text("You are away")
    asks_for_a_price(house, "laurent", at=timezone.now())
    assert one("laurent").owner == "zoe"
    tomas.get_by_role("button", name="End now").click()
    expect(tomas.locator("h1")).to_contain_text("No absence of yours")
    asks_for_a_price(house, "noor", at=timezone.now())
    assert one("noor").owner == "tomas"


def test_a_figure_opens_down_to_the_facts_behind_it(house: House) -> None:
    promise = {"id": "answered", "side": "sales", "metric": "answered_in_time", "at_least": 0.9, "per": "week"}
    agreed(promises=[promise])
    now = timezone.now()
    for days, person in ((9, "birgit"), (8, "laurent")):
        asks_for_a_price(house, person, at=now - timedelta(days=days))
    house.work()
    clara = house.page_of(a_head_of_sales(), "/scoreboard/")
    expect(clara.locator("h1")).to_be_visible()
    clara.locator("main a[href*='/scoreboard/promise/answered']").first.click()
    expect(clara.locator("h1")).to_contain_text("agreed")
    clara.locator(".period a", has_text=week_of(now - timedelta(days=9))).click()
    behind = clara.get_by_role("region", name="Records").get_by_role("link")
    expect(behind.first).to_be_visible()
    behind.first.click()
    expect(clara.locator("#main")).to_contain_text(one("birgit").person.name)


def week_of(moment: datetime) -> str:
    year, week, _ = moment.isocalendar()
    return f"Week {week}, {year}"


def test_an_erased_person_is_nowhere_to_be_read(house: House) -> None:
    agreed()
    asks_for_a_price(house, "birgit", "laurent", at=timezone.now() - HOUR)
    house.work()
    handoff = one("birgit").pk
    ingrid = house.page_of(an_administrator(), "/people/erase/")
    ingrid.get_by_label("E-mail address, id here").fill("birgit@birgit.example")
    ingrid.get_by_role("button", name="Look up").click()
    expect(ingrid.locator("h1")).to_contain_text("Erase Birgit Sommer")
    ingrid.get_by_label("I am sure").check()
    ingrid.get_by_role("button", name="Erase for good").click()
    ingrid.wait_for_load_state()
    house.work()
    for path in ("/people/erase/", "/people/", "/accounts/", "/handoffs/?view=all", f"/handoffs/{handoff}/"):
        ingrid.goto(path)
        assert "Birgit" not in ingrid.content() and "birgit@" not in ingrid.content(), path
    ingrid.goto("/people/")
    expect(ingrid.locator("main")).to_contain_text("Laurent Picard")
    assert Handoff.objects.filter(pk=handoff).exists()
