"""What cannot be shown is said in words, with a way out, in the look; to htmx as a note."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from tests.app.cast import a_company, a_rep
from tests.app.html import faults

from accord_app.shell.errors import server_error

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.app.shell.addresses"),
    pytest.mark.usefixtures("empty_house"),
]
CASES = [
    ("/fail/bad/", 400, "This request cannot be read."),
    ("/fail/forbidden/", 403, "Your role does not open this."),
    ("/fail/missing/", 404, "There is nothing at this address."),
    ("/nowhere", 404, "There is nothing at this address."),
    ("/fail/refused/", 409, "Ada Holm has answered this handoff."),
    ("/fail/broken/", 500, "Something broke on our side."),
]


@pytest.fixture
def signed_in() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(a_rep())
    return client


@pytest.mark.parametrize(("address", "status", "title"), CASES)
def test_a_page_says_what_happened_and_leads_out(signed_in: Client, address: str, status: int, title: str) -> None:
    answer = signed_in.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert f'<h1 class="h1">{title}</h1>' in page
    assert '<a class="btn" href="/">Go to Today</a>' in page
    assert "a secret of ours" not in page
    assert faults(page) == []


@pytest.mark.parametrize(("address", "status", "title"), CASES)
def test_htmx_gets_a_note_beside_what_stands(signed_in: Client, address: str, status: int, title: str) -> None:
    answer = signed_in.get(address, headers={"HX-Request": "true"})
    part = answer.content.decode()
    assert answer.status_code == status
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#toasts", "beforeend")
    assert f"<b>{title}</b>" in part
    assert 'role="alert"' in part
    assert faults(part, is_part=True) == []


def test_a_refusal_says_what_can_be_done(signed_in: Client) -> None:
    assert "Open the next one." in signed_in.get("/fail/refused/").content.decode()


def test_strangers_get_a_page_without_a_frame(client: Client) -> None:
    a_company()
    page = client.get("/nowhere").content.decode()
    assert "There is nothing at this address." in page
    assert "<nav" not in page
    assert faults(page) == []


def test_a_form_without_its_token_changes_nothing_and_says_so() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_rep())
    answer = client.post("/act/")
    assert answer.status_code == 403
    assert "This page has been open for too long." in answer.content.decode()


def test_when_something_broke_the_database_is_not_asked(rf: RequestFactory) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("The database was asked.")

    with connection.execute_wrapper(refuse):
        answer = server_error(rf.get("/"))
    assert answer.status_code == 500
