"""An empty workspace is set up once, by whoever comes first, and then guides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection, connections
from django.test import Client
from tests.app import cast

from accord.facts.errors import AccordError
from accord_app.members import actions
from accord_app.members.models import User
from accord_app.shell.models import Company

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FOUNDING = actions.Founding("Kestrel Robotics", "EUR", "Europe/Berlin")
TYPED = {
    "company": "Kestrel Robotics",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "fiscal_year": "04-01",
    "name": "Ingrid Solberg",
    "email": "Ingrid@Kestrel.example",
    "password": cast.PASSWORD,
    "again": cast.PASSWORD,
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/account/login/", "/members/", "/handoffs/", "/no-such-page/"])
def test_every_page_of_an_empty_workspace_leads_to_the_first_one(client: Client, path: str) -> None:
    assert client.get(path).headers["Location"] == "/welcome/"


@pytest.mark.django_db
def test_the_first_administrator_is_signed_in_and_sees_the_steps(client: Client) -> None:
    answer = client.post("/welcome/", TYPED, follow=True)
    assert answer.redirect_chain == [("/setup/", 302)]
    company, user = Company.objects.get(), User.objects.get()
    assert (company.currency, company.time_zone, company.fiscal_year_start) == ("EUR", "Europe/Berlin", "04-01")
    assert (user.email, user.handle, user.role) == ("ingrid@kestrel.example", "ingrid", "administrator")
    assert company.opened_at is None
    assert b"Next: Invite people." in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("password", "short", "too short"),
        ("password", "ingrid-solberg", "too similar"),
        ("again", "something-else-99", "two passwords differ"),
        ("currency", "DEM", "DEM is not one of the available choices"),
        ("time_zone", "Europe/Nowhere", "is not one of the available choices"),
        ("fiscal_year", "13-01", "is not one of the available choices"),
        ("company", "", "This field is required"),
        ("company", "x" * 100_000, "at most 200 characters"),
        ("company", "Kestrel\x00", "Null characters"),
        ("name", "<script>alert(1)</script>", "Leave out"),
        ("email", "nobody", "valid email address"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_stays_typed(
    client: Client, field: str, value: str, said: str
) -> None:
    answer = client.post("/welcome/", TYPED | {field: value})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert not Company.objects.exists() and not User.objects.exists()
    for kept in {"company", "name", "email"} - {field}:
        assert f'value="{TYPED[kept]}"' in text
    assert cast.PASSWORD not in text


@pytest.mark.django_db
def test_a_second_browser_is_told_that_somebody_was_first(client: Client) -> None:
    client.post("/welcome/", TYPED)
    late = Client().post("/welcome/", TYPED | {"email": "other@kestrel.example"}, follow=True)
    assert late.redirect_chain == [("/account/login/", 302)]
    assert b"set up by somebody else" in late.content
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_founding_a_founded_workspace_changes_nothing() -> None:
    cast.a_company()
    with pytest.raises(AccordError, match="just set up") as refused:
        actions.found(company=FOUNDING, name="Late", email="late@kestrel.example", password=cast.PASSWORD, at=NOW)
    assert "invitation" in refused.value.remedy
    assert not User.objects.filter(email="late@kestrel.example").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_wins() -> None:
    together = Barrier(2)

    def founds(number: int) -> str:
        together.wait()
        try:
            actions.found(
                company=FOUNDING,
                name=f"Founder {number}",
                email=f"founder{number}@kestrel.example",
                password=cast.PASSWORD,
                at=NOW,
            )
        except AccordError as refused:
            return refused.message
        finally:
            connections.close_all()
        return "won"

    if connection.vendor == "sqlite":
        pytest.skip("an in-memory database has one connection; tests/app/commands does this with a file and processes")
    with ThreadPoolExecutor(2) as browsers:
        came = sorted(browsers.map(founds, range(2)))
    assert came == ["Somebody else has just set up this workspace.", "won"]
    assert Company.objects.count() == User.objects.count() == 1


@pytest.mark.django_db
def test_the_workspace_goes_live_when_every_step_is_done(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from accord_app.members import setting_up
    from accord_app.shell import steps

    monkeypatch.setattr(steps, "registered", lambda: setting_up.STEPS)
    administrator = cast.an_administrator()
    Company.objects.update(opened_at=None)
    client.force_login(administrator)
    refused = client.post("/setup/live/")
    assert refused.status_code == 422 and b"Invite people" in refused.content and b"Set up teams" in refused.content
    assert Company.objects.get().opened_at is None
    cast.a_rep()
    cast.a_marketer()
    assert [step.is_done() for step in setting_up.STEPS] == [True, True, False]
    assert b"Everything is ready" in client.get("/setup/live/").content
    client.post("/setup/live/")
    opened = Company.objects.get().opened_at
    assert opened is not None
    client.post("/setup/live/")
    assert Company.objects.get().opened_at == opened
