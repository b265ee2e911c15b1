"""Search works as a page, and below its field as somebody types."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.app.cast import a_rep
from tests.app.html import faults

from accord_app.shell import search
from accord_app.shell.search import Found

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_house")]


@pytest.fixture
def signed_in(client: Client) -> Client:
    search.register(
        "People",
        lambda user, words: (
            [Found("Birgit <i>", f"for {user.handle}", "/people/1/", "person")] if "bi" in words else []
        ),
    )
    client.force_login(a_rep())
    return client


def test_a_page_shows_what_was_found(signed_in: Client) -> None:
    page = signed_in.get("/search/", {"q": "birgit"}).content.decode()
    assert "Found for “birgit”" in page
    assert '<a href="/people/1/">' in page
    assert "Birgit &lt;i&gt;" in page
    assert "for tomas" in page
    assert faults(page) == []


def test_htmx_gets_the_list_alone(signed_in: Client) -> None:
    part = signed_in.get("/search/", {"q": "birgit"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert '<a href="/people/1/">' in part
    assert faults(part, is_part=True) == []


@pytest.mark.parametrize("asked", ["", "zzz", "<script>", "x" * 4000, "\0", "%00", "' OR 1=1 --", "🦊"])
def test_whatever_is_asked_the_page_is_sound(signed_in: Client, asked: str) -> None:
    answer = signed_in.get("/search/", {"q": asked})
    assert answer.status_code == 200
    assert faults(answer.content.decode()) == []


def test_nothing_found_is_said(signed_in: Client) -> None:
    assert "Nothing is called “zzz”" in signed_in.get("/search/", {"q": "zzz"}).content.decode()


def test_search_is_only_read(signed_in: Client) -> None:
    assert signed_in.post("/search/", {"q": "birgit"}).status_code == 405
