"""What was done is said once, with a way back while there is one."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.app.cast import a_rep
from tests.app.html import faults

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.app.shell.addresses"),
    pytest.mark.usefixtures("empty_house"),
]
SAID = "Accepted &lt;Birgit Sommer&gt;."


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(a_rep())
    return client


def test_the_next_page_says_it_and_offers_undo_for_ten_seconds(signed_in: Client) -> None:
    page = signed_in.post("/act/", follow=True).content.decode()
    assert page.count(SAID) == 1
    assert '<div class="toast" data-seconds="10">' in page
    assert '<form method="post" action="/act/">' in page
    assert faults(page) == []


def test_it_is_said_once(signed_in: Client) -> None:
    signed_in.post("/act/", follow=True)
    assert SAID not in signed_in.get("/components/").content.decode()


def test_htmx_gets_it_beside_the_part(signed_in: Client) -> None:
    part = signed_in.post("/act/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<p>a part</p>")
    assert '<div hx-swap-oob="beforeend:#toasts">' in part
    assert part.count(SAID) == 1
    assert faults(part, is_part=True) == []
    assert SAID not in signed_in.get("/components/").content.decode()


def test_undo_carries_a_token_that_is_accepted() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_rep())
    client.get("/components/")
    token = client.cookies["csrftoken"].value
    page = client.post("/act/", {"csrfmiddlewaretoken": token}, follow=True).content.decode()
    offered = page.split('name="csrfmiddlewaretoken"')[-1].split('value="')[1].split('"')[0]
    assert client.post("/act/", {"csrfmiddlewaretoken": offered}).status_code == 302
