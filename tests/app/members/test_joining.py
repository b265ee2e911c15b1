"""People join by a link that works once, for seven days, and that no table holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.core import serializers
from django.test import Client
from django.utils import timezone
from tests.app import cast
from tests.app.members.conftest import Letters, availability

from accord.facts.errors import AccordError
from accord_app.members import actions, links, notices
from accord_app.members.models import Invitation, User
from accord_app.members.roles import Role
from accord_app.outbox.models import Message

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOON = timedelta(minutes=1)


def invited(*, at: datetime = NOW) -> Invitation:
    """Sara, whom Ingrid has just invited."""
    return actions.invite(
        name="Sara Lind", email="Sara@Kestrel.example", role=Role.REP, by=cast.an_administrator(), at=at
    )


def test_an_invitation_writes_one_mail_whose_link_is_made_when_it_leaves(letters: Letters) -> None:
    invitation = invited()
    [mail] = letters
    assert (mail["kind"], mail["to"].email, mail["urgent"]) == ("invitation", "sara@kestrel.example", True)
    assert (mail["context"]["by"], mail["context"]["company"]) == ("Ingrid Solberg", "Kestrel Robotics")
    token = links.token_of(invitation)
    assert links.filled("invitation", mail["to"], mail["context"])["link"].endswith(f"/invitation/{token}/")
    assert token not in json.dumps(mail["context"])
    assert token not in serializers.serialize("json", Invitation.objects.all())
    assert not invitation.user.has_usable_password()


def test_the_outbox_carries_it() -> None:
    invited()
    assert list(Message.objects.values_list("kind", "to__email")) == [("invitation", "sara@kestrel.example")]
    assert len(notices.mail.subscribers) == 1


def test_the_link_sets_a_password_signs_in_and_is_used_up(client: Client, letters: Letters) -> None:
    path = f"/invitation/{links.token_of(invited(at=timezone.now()))}/"
    assert b"Sara Lind, welcome to Kestrel Robotics." in client.get(path).content
    answer = client.post(path, {"password": cast.PASSWORD, "again": cast.PASSWORD})
    assert answer.headers["Location"] == "/"
    sara = User.objects.get(handle="sara")
    assert sara.joined_at is not None and check_password(cast.PASSWORD, sara.password)
    assert client.session["_auth_user_id"] == str(sara.pk)
    again = Client().get(path)
    assert again.status_code == 410 and b"used already" in again.content
    assert availability() == []  # when somebody began to work is not when they first signed in


def test_joining_does_not_get_around_weak_passwords(client: Client, letters: Letters) -> None:
    path = f"/invitation/{links.token_of(invited(at=timezone.now()))}/"
    answer = client.post(path, {"password": "sara-lind-1", "again": "sara-lind-1"})
    assert answer.status_code == 422 and b"too similar" in answer.content
    with pytest.raises(AccordError, match="too short"):
        actions.join(token=links.token_of(Invitation.objects.get()), password=cast.PASSWORD[:5], at=timezone.now())
    assert User.objects.get(handle="sara").joined_at is None


def test_the_link_ends_after_seven_days(letters: Letters) -> None:
    token = links.token_of(invited())
    assert actions.open_invitation(token=token, at=NOW + timedelta(days=7) - SOON).user.handle == "sara"
    with pytest.raises(AccordError, match="has expired"):
        actions.join(token=token, password=cast.PASSWORD, at=NOW + timedelta(days=7))


@pytest.mark.parametrize("token", ["x", "1-" + "0" * 64, "../..", "%00", "a" * 5_000, "é"])
def test_a_made_up_link_is_gone(client: Client, token: str) -> None:
    cast.a_company()
    assert client.get(f"/invitation/{token}/").status_code in (404, 410)


def test_sending_again_makes_the_old_link_useless(letters: Letters) -> None:
    first = invited()
    old, number = links.token_of(first), first.pk
    second = actions.resend(member=first.user, by=cast.an_administrator(), at=NOW + SOON)
    with pytest.raises(AccordError, match="no longer good"):
        actions.open_invitation(token=old, at=NOW + SOON)
    assert actions.open_invitation(token=links.token_of(second), at=NOW + SOON) == second
    assert [mail["key"] for mail in letters] == [f"invitation:{number}", f"invitation:{second.pk}"]


def test_an_invitation_taken_back_leaves_nothing(client: Client, letters: Letters) -> None:
    invitation = invited()
    token = links.token_of(invitation)
    client.force_login(cast.an_administrator())
    answer = client.post("/members/of/sara/withdraw/", follow=True)
    assert b"The invitation of Sara Lind is withdrawn." in answer.content
    assert not User.objects.filter(handle="sara").exists()
    with pytest.raises(AccordError, match="no longer good"):
        actions.open_invitation(token=token, at=NOW)


def test_whoever_has_joined_is_not_withdrawn() -> None:
    with pytest.raises(AccordError, match="has joined"):
        actions.withdraw(member=cast.a_rep())
    with pytest.raises(AccordError, match="has joined"):
        actions.resend(member=cast.a_rep(), by=cast.an_administrator(), at=NOW)


def test_inviting_twice_names_the_member_and_keeps_what_was_typed(client: Client, letters: Letters) -> None:
    client.force_login(cast.an_administrator())
    typed = {"name": "Sara Lind", "email": "sara@kestrel.example", "role": "rep", "handle": "sara-l"}
    assert client.post("/members/invite/", typed).headers["Location"] == "/members/of/sara-l/"
    again = client.post("/members/invite/", typed)
    assert again.status_code == 422
    assert b"sara@kestrel.example is the address of Sara Lind already." in again.content
    assert b'value="sara-l"' in again.content
    assert len(letters) == 1
    other = client.post("/members/invite/", typed | {"email": "sara2@kestrel.example"})
    assert b"Sara Lind is called sara-l already." in other.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "owner"),
        ("role", ""),
        ("team", "999999"),
        ("team", "x"),
        ("manager", "999999999999999999999"),
        ("email", "no address"),
        ("email", "x" * 300 + "@kestrel.example"),
        ("name", ""),
        ("name", "A\nB"),
        ("name", "x" * 10_000),
        ("handle", "two words"),
        ("handle", "x" * 65),
    ],
)
def test_what_cannot_be_used_is_said_under_its_field(client: Client, letters: Letters, field: str, value: str) -> None:
    client.force_login(cast.an_administrator())
    before = User.objects.count()
    typed = {"name": "Sara Lind", "email": "sara@kestrel.example", "role": "rep"} | {field: value}
    answer = client.post("/members/invite/", typed)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert User.objects.count() == before and not letters


def test_handles_are_made_from_names_and_stay_apart(letters: Letters) -> None:
    by = cast.an_administrator()
    names = ["Zoë Öst", "Zoe Other", "李 雷", "."]
    made = [
        actions.invite(name=name, email=f"n{n}@kestrel.example", role=Role.REP, by=by, at=NOW).user.handle
        for n, name in enumerate(names)
    ]
    assert made == ["zoe", "zoe-2", "n2", "n3"]
