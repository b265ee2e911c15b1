"""Sign-in by password and second factor, a new password by mail, and nobody signs up."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.members.conftest import Letters

from accord_app.members import actions, links
from accord_app.members.models import User
from accord_app.members.roles import Role

pytestmark = pytest.mark.django_db
NEW = "quiet-river-over-stones-3"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Tries of one test do not count in the next."""
    cache.clear()


def sign_in(client: Client, user: User, password: str = cast.PASSWORD, **more: str) -> Any:
    """By the page."""
    return client.post("/account/login/", {"login": user.email, "password": password} | more)


def confirm(client: Client) -> None:
    """By the password once more, which counts for five minutes."""
    client.post("/account/reauthenticate/", {"password": cast.PASSWORD})


def signed_in(client: Client) -> bool:
    """Whether the profile opens."""
    return client.get("/profile/").status_code == 200


def now_shown(secret: str) -> str:
    """The six digits that an app shows at this moment."""
    return str(format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30)))


def test_pages_lead_to_the_sign_in_and_back(client: Client) -> None:
    tomas = cast.a_rep()
    asked = client.get("/profile/")
    assert asked.headers["Location"] == "/account/login/?next=/profile/"
    assert b"People join by invitation" in client.get(asked.headers["Location"]).content
    answer = client.post(asked.headers["Location"], {"login": tomas.email.upper(), "password": cast.PASSWORD})
    assert answer.headers["Location"] == "/profile/" and signed_in(client)
    out = client.post("/account/logout/")
    assert out.status_code == 302 and not signed_in(client)


def test_a_wrong_password_is_said_and_the_address_stays(client: Client) -> None:
    tomas = cast.a_rep()
    answer = sign_in(client, tomas, "wrong-password-1")
    assert b"are not correct" in answer.content and f'value="{tomas.email}"' in answer.content.decode()
    assert b"wrong-password-1" not in answer.content
    assert not signed_in(client)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_leads_nowhere_else(client: Client, target: str) -> None:
    assert sign_in(client, cast.a_rep(), next=target).headers["Location"] == "/"


def test_who_has_left_does_not_get_in(client: Client) -> None:
    tomas = cast.a_rep()
    cast.an_administrator()
    actions.leave(member=tomas, at=timezone.now())
    answer = client.post("/account/login/", {"login": tomas.email, "password": cast.PASSWORD}, follow=True)
    assert not signed_in(client)
    assert b"correct" in answer.content or b"This membership has ended." in answer.content


def test_after_a_few_tries_no_password_is_tried(client: Client) -> None:
    tomas = cast.a_rep()
    for number in range(5):
        sign_in(client, tomas, f"wrong-password-{number}")
    answer = sign_in(client, tomas)
    assert not signed_in(client)
    assert b"Too many failed" in answer.content or answer.status_code == 429


def test_nobody_signs_up(client: Client) -> None:
    cast.a_company()
    assert b"People join by invitation." in client.get("/account/signup/").content
    before = User.objects.count()
    client.post("/account/signup/", {"email": "me@evil.example", "password1": NEW, "password2": NEW})
    assert User.objects.count() == before


def test_a_new_password_by_a_link_that_works_once(client: Client, letters: Letters) -> None:
    tomas = cast.a_rep()
    done = client.post("/account/password/reset/", {"email": tomas.email}, follow=True)
    assert b"Look into your mail." in done.content
    [mail] = letters
    assert (mail["kind"], mail["to"]) == ("password_reset", tomas)
    assert set(mail["context"]) == {"company"}
    path = links.filled(mail["kind"], tomas, mail["context"])["link"].removeprefix("http://127.0.0.1:8000")
    page = client.get(path, follow=True)
    assert b"Set a new password." in page.content
    target = page.redirect_chain[-1][0]
    weak = client.post(target, {"password1": "tomas-rivera", "password2": "tomas-rivera"})
    assert b"too similar" in weak.content
    final = client.post(target, {"password1": NEW, "password2": NEW}, follow=True)
    assert b"Your password is set." in final.content
    assert sign_in(client, tomas, NEW).status_code == 302 and signed_in(client)
    assert b"This link no longer works." in Client().get(path, follow=True).content


@pytest.mark.parametrize("address", ["nobody@kestrel.example", "yet-to-join@kestrel.example", "left@kestrel.example"])
def test_asking_for_a_new_password_tells_nobody_who_is_a_member(client: Client, letters: Letters, address: str) -> None:
    by = cast.an_administrator()
    actions.invite(name="Yet", email="yet-to-join@kestrel.example", role=Role.REP, by=by, at=timezone.now())
    actions.leave(member=cast.a_member("left", "Left", Role.REP, None), at=timezone.now())
    letters.clear()
    done = client.post("/account/password/reset/", {"email": address}, follow=True)
    assert b"Look into your mail." in done.content and not letters


def test_the_password_is_changed_by_the_old_one(client: Client) -> None:
    tomas = cast.a_rep()
    sign_in(client, tomas)
    page = "/account/password/change/"
    typed = {"oldpassword": "not-the-old-one", "password1": NEW, "password2": NEW}
    assert b"Please type your current password." in client.post(page, typed).content
    assert client.post(page, typed | {"oldpassword": cast.PASSWORD}).headers["Location"] == "/profile/"
    assert signed_in(client)
    assert sign_in(Client(), tomas, NEW).status_code == 302


def test_a_second_factor_is_turned_on_asked_for_replaced_by_a_code_and_turned_off(client: Client) -> None:
    tomas = cast.a_rep()
    sign_in(client, tomas)
    confirm(client)
    assert b"Your sign-in takes a password only." in client.get("/account/2fa/").content
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="(\w+)"', page)
    assert secret is not None and "data:image/svg+xml" in page
    wrong = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert b"Incorrect code." in wrong.content
    on = client.post("/account/2fa/totp/activate/", {"code": now_shown(secret[1])}, follow=True)
    assert b"10 of 10 recovery codes are left." in on.content
    codes = re.findall(r"^[0-9a-f]{8}$", client.get("/account/2fa/recovery-codes/download/").content.decode(), re.M)
    assert len(codes) == 10
    stored = " ".join(str(row) for row in Authenticator.objects.values_list("data", flat=True))
    assert secret[1] not in stored and codes[0] not in stored

    other = Client()
    assert sign_in(other, tomas).headers["Location"] == "/account/2fa/authenticate/"
    assert not signed_in(other)
    assert b"Incorrect code." in other.post("/account/2fa/authenticate/", {"code": "111111"}).content
    assert other.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert signed_in(other)
    third = Client()
    sign_in(third, tomas)
    assert b"Incorrect code." in third.post("/account/2fa/authenticate/", {"code": codes[0]}).content

    assert b"Turn the second factor off?" in client.get("/account/2fa/totp/deactivate/").content
    off = client.post("/account/2fa/totp/deactivate/", follow=True)
    assert b"Your sign-in takes a password only." in off.content
    assert sign_in(Client(), tomas).headers["Location"] == "/"


def test_new_recovery_codes_replace_the_old(client: Client) -> None:
    tomas = cast.a_rep()
    sign_in(client, tomas)
    confirm(client)
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="(\w+)"', page)
    assert secret is not None
    client.post("/account/2fa/totp/activate/", {"code": now_shown(secret[1])})
    first = client.get("/account/2fa/recovery-codes/download/").content
    assert b"Make new recovery codes?" in client.get("/account/2fa/recovery-codes/generate/").content
    client.post("/account/2fa/recovery-codes/generate/")
    second = client.get("/account/2fa/recovery-codes/download/").content
    assert first and second and first != second


def test_what_changes_the_sign_in_asks_for_the_password_once_more(client: Client) -> None:
    client.force_login(cast.a_rep())  # a session without a fresh password
    asked = client.get("/account/2fa/totp/activate/", follow=True)
    assert b"Confirm that it is you." in asked.content
    again = client.post(asked.redirect_chain[-1][0], {"password": cast.PASSWORD}, follow=True)
    assert b"Show this picture to your authenticator app." in again.content


def test_the_sign_out_page_asks_first(client: Client) -> None:
    client.force_login(cast.a_rep())
    assert b"Sign out of Accord?" in client.get("/account/logout/").content
    assert signed_in(client)


def test_the_links_of_reset_lead_here(settings: LazySettings) -> None:
    settings.ADDRESS = "https://accord.kestrel.example"
    link = links.reset_link(cast.a_rep())
    assert link.startswith("https://accord.kestrel.example/account/password/reset/key/")


PROFILE = {"name": "Tomás Rivera", "time_zone": "Europe/Madrid", "theme": "dark", "mail_at_once": "on"}


def test_the_profile_keeps_what_was_said(client: Client) -> None:
    tomas = cast.a_rep()
    client.force_login(tomas)
    quiet = {"quiet_from": "20:00", "quiet_until": "07:30"}
    done = client.post("/profile/", PROFILE | quiet, follow=True)
    assert b"Your profile is saved." in done.content and b'data-theme="dark"' in done.content
    tomas.refresh_from_db()
    assert (tomas.time_zone, tomas.theme, tomas.shortcuts, tomas.mail_at_once) == ("Europe/Madrid", "dark", False, True)
    assert (f"{tomas.quiet_from:%H:%M}", f"{tomas.quiet_until:%H:%M}") == ("20:00", "07:30")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mail_at_once": ""}, "digest_at"),
        ({"mail_at_once": "", "digest_at": "25:00"}, "digest_at"),
        ({"quiet_from": "20:00"}, "quiet_until"),
        ({"quiet_until": "07:00"}, "quiet_from"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "quiet_until"),
        ({"theme": "pink"}, "theme"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_a_profile_that_cannot_be_is_not_kept(client: Client, change: dict[str, str], field: str) -> None:
    tomas = cast.a_rep()
    client.force_login(tomas)
    answer = client.post("/profile/", PROFILE | {"shortcuts": "on"} | change)
    assert answer.status_code == 422 and f'id="id_{field}_error"' in answer.content.decode()
    tomas.refresh_from_db()
    assert (tomas.theme, tomas.time_zone) == ("", "")


def test_times_without_an_own_zone_are_the_companys(client: Client) -> None:
    from accord_app.members.models import Absence

    tomas = cast.a_rep()
    begins = datetime(2027, 1, 5, 23, 30, tzinfo=UTC)
    Absence.objects.create(user=tomas, begins_at=begins, ends_at=begins.replace(day=8))
    client.force_login(tomas)
    assert b"6 January, 00:30" in client.get("/absences/").content
