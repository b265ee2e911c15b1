"""Somebody is known twice: the pair is proposed, looked at side by side, merged, and the merge is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import a_revops
from tests.journeys.house import House

from accord_app.intake.actions import receive
from accord_app.ledger.models import FACTS
from accord_app.records.models import Person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COMPANY = {"domain": "kestrel-foods.example", "name": "Kestrel Foods", "employees": 1400}
TWICE = {"name": "Birgit Sommer", "phone": "+49 941 20 30 40", "city": "Regensburg", "country": "DE"}
LOOKED, ASKED = "Pricing page", "Price request"
OTHERS = ("Laurent Picard", "Noor Haddad", "Piotr Zielinski", "Amina Diallo", "Sean Murphy", "Chloe Martin")


def comes(house: House, email: str, kind: str, **person: str) -> None:
    """Somebody does something, as a website tells it; the worker takes it in."""
    at = timezone.now()
    sent = {
        "id": f"{email}-{kind}", "kind": kind, "at": at.isoformat(), "side": "marketing",
        "person": {"email": email, "title": "Plant manager", **person}, "company": COMPANY,
    }  # fmt: skip
    assert receive(source="website", sent=[sent], at=at).refused == ()
    house.work(at=at)


def timeline(page: Page, email: str) -> None:
    """Open the page of whoever is shown under this address."""
    page.goto(f"/people/of/{Person.objects.get(email=email).pk}/")


def test_two_records_become_one_person_and_two_again(house: House) -> None:
    comes(house, "birgit.sommer@kestrel-foods.example", "page.pricing", **TWICE)
    comes(house, "b.sommer@kestrel-foods.example", "form.price-request", **TWICE)
    for name in OTHERS:
        comes(house, f"{name.split()[0].lower()}@delta.example", "page.pricing", name=name)
    before = {table: model.facts().count() for table, model in FACTS.items() if table != "identities"}

    ada = house.page_of(a_revops(), "/duplicates/")
    ada.get_by_role("button", name="Look anew").click()
    expect(ada.locator("#toasts")).to_contain_text("The worker looks for duplicates now.")
    house.work(at=timezone.now() + timedelta(seconds=1))
    ada.goto("/duplicates/")
    ada.get_by_role("link", name="Birgit Sommer and Birgit Sommer").click()
    expect(ada.locator("h1")).to_have_text("Are they the same?")
    row = ada.get_by_role("row").filter(has=ada.get_by_role("rowheader", name="E-mail"))
    expect(row).to_contain_text("birgit.sommer@kestrel-foods.example")
    expect(row).to_contain_text("b.sommer@kestrel-foods.example")

    ada.get_by_label("the left one").check()
    ada.get_by_role("button", name="Decide").click()
    expect(ada.locator("#toasts")).to_contain_text("Merged. It can be taken back at any time.")
    for seen in (LOOKED, ASKED):
        expect(ada.locator("main")).to_contain_text(seen)
    assert before == {table: model.facts().count() for table, model in FACTS.items() if table != "identities"}

    ada.goto("/duplicates/merged/")
    ada.get_by_role("button", name="Take back").click()
    expect(ada.locator("#toasts")).to_contain_text("Taken back. Both stand as before.")
    timeline(ada, "birgit.sommer@kestrel-foods.example")
    expect(ada.locator("main")).to_contain_text(LOOKED)
    expect(ada.locator("main")).not_to_contain_text(ASKED)
