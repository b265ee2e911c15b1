"""A lead that is not ready is recycled, written to step by step, and comes back by the agreement's rule; a mail to
somebody in negotiation is held back, and the page says why."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from tests.app import cast
from tests.app.handoffs.leads import DAY, HOUR, a_lead, let_seconds_pass
from tests.app.outreach.nurture import a_track
from tests.app.shield.worlds import a_deal, a_person
from tests.journeys.house import House

from accord_app.handoffs.models import Handoff
from accord_app.outreach import actions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = timedelta(seconds=11)


def all_work(house: House, at: datetime) -> None:
    """What is due, and what becomes due by it."""
    for _ in range(3):
        house.work(at=at)


def test_a_lead_is_recycled_nurtured_and_comes_back_by_the_rule(house: House) -> None:
    now = timezone.now()
    a_track(at=now - DAY)
    lead = a_lead(at=now - HOUR)
    rep = cast.a_rep(str(lead.owner), str(lead.owner).title())
    page = house.page_of(rep, f"/handoffs/{lead.pk}/")
    page.get_by_role("button", name="Recycle").first.click()
    page.get_by_role("radio", name="Not now").check()
    page.locator("#recycle").get_by_role("button", name="Recycle").click()
    page.get_by_text("Undo").first.wait_for()
    let_seconds_pass(timezone.now())
    all_work(house, timezone.now() + SECONDS)
    assert house.letters_to("birgit") == ["Mail 1"]

    jonas = house.page_of(cast.a_marketer(), "/nurture/")
    jonas.get_by_role("link", name="Keep warm").click()
    expect(jonas.locator("main")).to_contain_text("1 person is in it")
    expect(jonas.get_by_role("row").filter(has_text="Birgit Sommer")).to_contain_text("Recycled by sales")

    all_work(house, timezone.now() + 31 * DAY)
    again = Handoff.objects.get(person_id="birgit", closed_at=None)
    page = house.page_of(cast.a_revops(), f"/handoffs/{again.pk}/")
    nurture = page.get_by_label("Nurture")
    expect(nurture).to_contain_text("Handed over to sales")
    expect(nurture).to_contain_text("mail warm-1 sent")


def test_a_mail_is_held_back_with_its_reason_and_one_click_ends_all(house: House) -> None:
    now = timezone.now()
    a_track(at=now - DAY)
    for person in ("noor", "ines"):
        a_person(person, at=now - 60 * DAY)
    a_deal("noor", at=now - 10 * DAY)
    for person in ("noor", "ines"):
        page = house.page_of(cast.a_marketer(), f"/people/of/{person}/")
        page.get_by_label("Track").select_option("keep-warm")
        page.get_by_role("button", name="Let in").click()
        page.get_by_text("is in Keep warm now").wait_for()
    all_work(house, timezone.now())
    assert (house.letters_to("noor"), house.letters_to("ines")) == ([], ["Mail 1"])

    jonas = house.page_of(cast.a_marketer(), "/nurture/tracks/keep-warm/")
    expect(jonas.locator("main")).to_contain_text("1 held back: 1 in negotiation")
    expect(jonas.get_by_role("row").filter(has_text="Noor")).to_contain_text("Held back: in negotiation")

    outside = house.stranger()
    outside.goto(house.link_for("ines", "/mail/unsubscribe/"))
    expect(outside.locator("h1")).to_have_text("No more marketing mail?")
    outside.get_by_role("button", name="No more mail").click()
    expect(outside.locator("h1")).to_have_text("You get no more marketing mail.")
    jonas.goto("/nurture/tracks/keep-warm/?people=gone")
    expect(jonas.get_by_role("row").filter(has_text="Ines")).to_contain_text("Said no to marketing mail")


def test_a_track_says_its_own_in_a_mail_and_sees_it_before_it_is_kept(house: House) -> None:
    now = timezone.now()
    track = a_track(at=now - DAY)
    jonas = cast.a_marketer()
    actions.write_template(
        name="visit-1", subject="A visit", body="Hello {first_name|there},\n\n[[offer:]]", by=jonas, at=now
    )
    page = house.page_of(jonas, "/nurture/tracks/keep-warm/write/")
    page.get_by_label("Steps").fill("mail warm-1\nwait 14d\nmail visit-1")
    page.get_by_role("button", name="Save").click()
    mail = page.get_by_role("region", name="visit-1")
    expect(mail).to_contain_text("visit-1 lacks the part “offer”.")
    mail.get_by_label("offer").fill("May we come to {company|you} in May?")
    page.get_by_role("button", name="Show the mails").click()
    expect(page.get_by_role("region", name="visit-1")).to_contain_text("May we come to Kestrel Foods in May?")
    assert track.versions.count() == 1
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Keep warm")).to_be_visible()
    assert track.versions.latest("number").said == {"visit-1": {"offer": "May we come to {company|you} in May?"}}
