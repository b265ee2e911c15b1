"""Pages that no link of a full house leads to: an empty workspace, sign-in and joining, what went wrong, forms that are
refused. Nothing that axe-core finds, in the light and in the dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page
from tests.app.cast import a_company, a_rep, an_administrator
from tests.journeys.house import House
from tests.journeys.test_accessibility import axe, look, through_the_navigation

from accord_app.members import actions, links
from accord_app.members.models import User
from accord_app.members.roles import Role

__all__ = ["axe"]  # the fixture of the other pages
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def stranger(house: House) -> Page:
    """Somebody whose browser may complain of answers that are refusals."""
    context = house.browser.new_context(base_url=house.address)
    house.contexts.append(context)
    return context.new_page()


def signed_in(house: House, member: User) -> Page:
    client, page = Client(), stranger(house)
    client.force_login(member)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": house.address}])
    return page


def wrongs(page: Page, axe: str, paths: list[str]) -> Iterator[str]:
    for path in paths:
        page.goto(path)
        yield from look(page, axe, path, 200)


def test_before_there_is_a_company_and_before_somebody_has_signed_in(house: House, axe: str) -> None:
    page = stranger(house)
    found = list(wrongs(page, axe, ["/welcome/"]))
    page.goto("/welcome/")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.locator("main form button[type=submit]").click()
    found += look(page, axe, "/welcome/ refused", 200)
    a_company()
    now = timezone.now()
    sara = actions.invite(name="Sara Lind", email="sara@kestrel.example", role=Role.REP, by=an_administrator(), at=now)
    paths = [
        "/account/login/", "/account/signup/", "/account/inactive/", "/account/password/reset/",
        "/account/password/reset/done/", "/account/password/reset/key/x-y/", f"/invitation/{links.token_of(sara)}/",
        "/invitation/nobody/", "/nowhere/",
    ]  # fmt: skip
    found += wrongs(page, axe, paths)
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill("nobody@kestrel.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    found += look(page, axe, "/account/login/ refused", 200)
    assert not found, "\n".join(found)


def test_every_page_of_an_empty_house(house: House, axe: str) -> None:
    page = signed_in(house, an_administrator())
    page.goto("/")
    found = [each for url, status in through_the_navigation(page) for each in look(page, axe, url, status)]
    paths = ["/handoffs/", "/account/2fa/", "/account/password/change/", "/account/logout/", "/search/?q=nobody"]
    found += wrongs(page, axe, paths)
    assert not found, "\n".join(found)


def test_what_cannot_be_shown_and_what_is_refused(house: House, axe: str) -> None:
    page = signed_in(house, a_rep())
    found = list(wrongs(page, axe, ["/nowhere/", "/members/", "/handoffs/undo/"]))
    page.goto("/profile/")
    page.get_by_label("Quiet from").fill("20:00")
    page.get_by_role("button", name="Save").click()
    found += look(page, axe, "/profile/ refused", 200)
    assert not found, "\n".join(found)
