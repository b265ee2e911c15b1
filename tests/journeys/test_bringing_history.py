"""A file with bad rows: looked at, imported, its refused rows mended, and taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from tests.app.cast import a_revops
from tests.journeys.house import House

from accord_app.records.models import Person

CONTACTS = """Contact ID,Email,Full Name,Company,Created
1,birgit@kestrel.example,Birgit Sommer,Kestrel Foods,2026-03-01 09:00:00
2,noor@delta.example,Noor Haddad,Delta Port,2026-03-02 10:00:00
3,piotr@brenn.example,Piotr Nowak,Brenn Papier,yesterday
4,chiara@lagoon.example,Chiara Conti,Lagoon Glass,
"""

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_bad_rows_come_back_are_mended_and_the_import_can_be_taken_back(house: House, tmp_path: Path) -> None:
    ada = house.page_of(a_revops(), "/imports/")
    bring(ada, "contacts.csv", CONTACTS)
    expect(ada.get_by_role("table").first).to_contain_text("“When it happened” is empty")
    ada.get_by_role("button", name="Import", exact=True).click()
    ada.wait_for_load_state()
    house.work()
    ada.reload()
    expect(ada.locator("h1")).to_contain_text("2 of 4 rows stored, 2 refused")
    with ada.expect_download() as coming:
        ada.locator("a[href*='/refused/']").first.click()
    refused = coming.value.path().read_text("utf-8-sig")
    assert "yesterday" in refused and "Chiara Conti" in refused and "Birgit" not in refused
    assert names() == {"Birgit Sommer", "Noor Haddad"}

    mended = CONTACTS.replace("yesterday", "2026-03-03").replace("Glass,\n", "Glass,2026-03-05\n")
    bring(ada, "mended.csv", mended)
    ada.get_by_role("button", name="Import", exact=True).click()
    ada.wait_for_load_state()
    house.work()
    ada.reload()
    expect(ada.locator("h1")).to_contain_text("2 of 4 rows stored")
    expect(ada.locator("h1")).not_to_contain_text("refused")
    assert names() == {"Birgit Sommer", "Noor Haddad", "Piotr Nowak", "Chiara Conti"}

    ada.get_by_role("button", name="Take this import back").click()
    ada.wait_for_load_state()
    house.work(at=timezone.now() + timedelta(seconds=1))
    ada.reload()
    expect(ada.locator("h1")).to_contain_text("taken back")
    ada.goto("/people/")
    expect(ada.locator("main")).to_contain_text("Birgit Sommer")
    expect(ada.locator("main")).not_to_contain_text("Chiara Conti")


def bring(page: Page, name: str, content: str) -> None:
    page.goto("/imports/new/")
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main form button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text(name)


def names() -> set[str]:
    return set(Person.objects.exclude(name="").values_list("name", flat=True))
