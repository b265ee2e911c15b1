"""Words that were typed outlive a session that ended, for whoever typed them and for nobody else."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import PASSWORD, a_member, a_rep, an_administrator
from tests.journeys.house import House
from tests.journeys.test_working_days import agreed, asks_for_a_price, one

from accord_app.members.models import User
from accord_app.members.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def signs_in_again(page: Page, member: User) -> None:
    page.wait_for_url("**/account/login/**")
    page.get_by_label("E-mail").fill(member.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/login/" not in url)


def an_invitation_is_typed(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Noor Haddad")
    page.get_by_label("E-mail address").fill("noor@kestrel.example")
    page.get_by_label("Handle").fill("noor")
    page.get_by_label("Role").select_option(label="Sales rep")


def test_a_form_is_filled_again_after_signing_in_and_empty_once_it_arrived(house: House) -> None:
    ingrid = an_administrator()
    page = house.page_of(ingrid, "/members/invite/")
    an_invitation_is_typed(page)
    Session.objects.all().delete()
    page.get_by_role("button", name="Send the invitation").click()
    signs_in_again(page, ingrid)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Noor Haddad")
    expect(page.get_by_label("E-mail address")).to_have_value("noor@kestrel.example")
    expect(page.locator("#toasts")).to_contain_text("What you typed is here again.")
    page.get_by_label("Role").select_option(label="Sales rep")
    page.get_by_role("button", name="Send the invitation").click()
    page.wait_for_load_state()
    page.goto("/members/invite/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('accord-typed')") is None


def test_somebody_else_who_signs_in_does_not_see_them(house: House) -> None:
    ingrid, vera = an_administrator(), a_member("vera", "Vera Blum", Role.ADMINISTRATOR, None)
    page = house.page_of(ingrid, "/members/invite/")
    an_invitation_is_typed(page)
    Session.objects.all().delete()
    page.get_by_role("button", name="Send the invitation").click()
    signs_in_again(page, vera)
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('accord-typed')") is None


def test_a_note_that_a_part_of_the_page_sends_is_there_again(house: House) -> None:
    agreed()
    at: datetime = timezone.now()
    asks_for_a_price(house, "birgit", at=at)
    tomas = a_rep()
    page = house.page_of(tomas, f"/handoffs/{one('birgit').pk}/")
    page.get_by_label("Write something for both teams").fill("She asked whether sensors survive wash-down.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Keep the note").click()
    signs_in_again(page, tomas)
    note = page.get_by_label("Write something for both teams")
    expect(note).to_have_value("She asked whether sensors survive wash-down.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#detail")).to_contain_text("Tomás Rivera")
    expect(note).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('accord-typed')") is None
