"""What stands between the pages and everybody else: the content policy, sign-in, sessions that end."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.app.cast import a_company, a_rep

from accord_app.shell.models import Company

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.app.shell.addresses"),
    pytest.mark.usefixtures("empty_house"),
]
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/components/?team=dach&page=2"}


@pytest.fixture(autouse=True)
def company() -> None:
    """There is one, so that nobody is led to its first page."""
    a_company()


@pytest.mark.parametrize(
    "address",
    [
        "/components/",
        "/search/?q=x",
        "/health",
        "/nowhere",
        "/fail/bad/",
        "/fail/refused/",
        "/fail/broken/",
        "/account/login/",
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_every_answer_carries_the_policy(address: str, is_known: bool) -> None:
    client = Client(raise_request_exception=False)
    if is_known:
        client.force_login(a_rep())
    answer = client.get(address)
    told = {name: rest for name, *rest in (part.split() for part in answer["Content-Security-Policy"].split(";"))}
    assert told == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_who_comes_before_there_is_a_company_is_no_exception(client: Client) -> None:
    Company.objects.all().delete()
    answer = client.get("/components/")
    assert answer.status_code == 302
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_strangers_are_led_to_sign_in_and_back(client: Client) -> None:
    answer = client.get("/components/?a=1")
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query) == {"next": ["/components/?a=1"]}


def test_when_a_session_has_ended_htmx_takes_the_whole_page_to_sign_in_and_back_to_it(client: Client) -> None:
    answer = client.get("/search/?q=x", headers=HTMX)
    assert answer.status_code == 200
    assert urlsplit(answer["HX-Redirect"]).path == "/account/login/"
    assert parse_qs(urlsplit(answer["HX-Redirect"]).query) == {"next": ["/components/?team=dach&page=2"]}


@pytest.mark.parametrize(
    "here",
    [
        "https://elsewhere.example/components/",
        "https://elsewhere.example//evil",
        "http://testserver//evil",
        "javascript:1",
        "",
    ],
)
def test_the_way_back_never_leaves_the_house(client: Client, here: str) -> None:
    answer = client.get("/search/", headers={"HX-Request": "true", "HX-Current-URL": here})
    then = parse_qs(urlsplit(answer["HX-Redirect"]).query)["next"]
    assert then == ["/"]


def test_pages_of_the_shell_are_closed_to_strangers_but_for_health(client: Client) -> None:
    shell = next(each for each in get_resolver().url_patterns if getattr(each, "app_name", "") == "shell")
    assert isinstance(shell, URLResolver)
    routes = [str(each.pattern) for each in shell.url_patterns if isinstance(each, URLPattern)]
    opened = {route for route in routes if client.get(f"/{route}").status_code != 302}
    assert opened == {"health"}


def test_htmx_may_do_nothing_that_the_policy_forbids(client: Client) -> None:
    client.force_login(a_rep())
    page = client.get("/components/").content.decode()
    for setting in ("includeIndicatorStyles", "allowEval", "allowScriptTags"):
        assert f"&quot;{setting}&quot;: false" in page
