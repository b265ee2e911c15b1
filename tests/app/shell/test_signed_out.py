"""A session that ends while somebody works: nothing is done, it is said, and sign-in leads back to where they were."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from tests.app.cast import PASSWORD, a_company, a_rep
from tests.app.handoffs.leads import HOUR, a_lead, in_force
from tests.app.html import faults

from accord_app.handoffs.models import Handoff, Note, Undoable

pytestmark = pytest.mark.django_db
SAID = "You were signed out before this was sent. Nothing was changed: sign in and send it again."


@pytest.fixture
def lead() -> Handoff:
    """A lead that waits for Tomás."""
    in_force()
    a_rep()
    return a_lead(at=timezone.now() - HOUR)


def then(location: str) -> list[str]:
    assert urlsplit(location).path == "/account/login/"
    return parse_qs(urlsplit(location).query)["next"]


def test_a_form_leads_to_sign_in_where_it_is_said_and_back_to_its_page(client: Client, lead: Handoff) -> None:
    page = f"/handoffs/{lead.pk}/?view=mine"
    sent_from = {"Referer": f"http://testserver{page}"}
    sent = client.post(f"/handoffs/{lead.pk}/note/?view=mine", {"text": "Asks about 80 °C"}, headers=sent_from)
    assert sent.status_code == 302 and then(sent["Location"]) == [page]
    asked = client.get(sent["Location"])
    text = asked.content.decode()
    assert text.count(SAID) == 1 and faults(text) == []
    signed_in = client.post(sent["Location"], {"login": "tomas@kestrel.example", "password": PASSWORD, "next": page})
    assert (signed_in.status_code, signed_in["Location"]) == (302, page)
    assert client.get(page).status_code == 200
    assert not Note.objects.exists()


def test_htmx_takes_the_whole_page_to_sign_in_and_it_is_said_there(client: Client, lead: Handoff) -> None:
    page = f"/handoffs/{lead.pk}/?view=mine"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    sent = client.post(f"/handoffs/{lead.pk}/accept/?view=mine", headers=headers)
    assert sent.status_code == 200 and then(sent["HX-Redirect"]) == [page]
    assert SAID in client.get(sent["HX-Redirect"]).content.decode()
    assert not Undoable.objects.exists()


@pytest.mark.parametrize(
    "referer", ["", "https://elsewhere.example/handoffs/", "http://testserver//evil", "javascript:1"]
)
def test_the_way_back_never_leaves_the_house(client: Client, referer: str) -> None:
    a_company()
    sent = client.post("/handoffs/together/", headers={"Referer": referer} if referer else {})
    assert then(sent["Location"]) == ["/"]


def test_a_page_that_was_only_asked_for_needs_no_words(client: Client) -> None:
    a_company()
    asked = client.get("/handoffs/?view=team")
    assert then(asked["Location"]) == ["/handoffs/?view=team"]
    assert SAID not in client.get(asked["Location"]).content.decode()


def test_a_form_from_before_signing_in_anew_is_told_to_be_stale(lead: Handoff) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(a_rep())
    for headers in ({}, {"HX-Request": "true"}):
        sent = client.post(f"/handoffs/{lead.pk}/accept/", {"csrfmiddlewaretoken": "x" * 64}, headers=headers)
        assert sent.status_code == 403
        assert "This page has been open for too long." in sent.content.decode()
        assert "what you typed is still there" in sent.content.decode()
    assert not Undoable.objects.exists()


def test_an_address_that_takes_forms_alone_says_so_when_it_is_opened(lead: Handoff) -> None:
    client = Client()
    client.force_login(a_rep())
    opened = client.get(f"/handoffs/{lead.pk}/accept/")
    assert (opened.status_code, opened["Allow"]) == (405, "POST")
    text = opened.content.decode()
    assert "There is no page at this address." in text and faults(text) == []
    part = client.get(f"/handoffs/{lead.pk}/accept/", headers={"HX-Request": "true"})
    assert part["HX-Retarget"] == "#toasts" and faults(part.content.decode(), is_part=True) == []
