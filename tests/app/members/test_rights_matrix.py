"""Role by right by door: who may open which page or API verb, generated from the roles and from every address.

A door is open to everybody, or needs a sign-in, or declares the rights of which it takes one
(`members.access.needs`). What somebody may see of an object behind a door is the matter of the room that owns it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter
from tests.app import cast

from accord_app.members import access
from accord_app.members.models import User
from accord_app.members.roles import RIGHTS, Right, Role

SAMPLES = {IntConverter: "1", UUIDConverter: "00000000-0000-4000-8000-000000000000"}
OPEN = {  # whoever adds a door here says why
    "account_login", "account_logout", "account_inactive", "account_signup", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
    "mfa_authenticate",  # the sign-in itself
    "members:welcome", "members:invitation",  # where people have no password yet
    "demo:sign_in",  # not found but in the demo workspace
    "shell:health",  # asked by machines that watch
    "api:openapi",  # describes, and tells nothing else
    "api:receive_events", "api:may_contact", "api:people", "api:person", "api:accounts", "api:account", "api:deals",
    "api:deal", "api:handoffs", "api:handoff", "api:reasons", "api:answer", "api:touch", "api:agreement",
    "api:versions",
    "api:version", "api:promises", "api:promise",  # programs, under keys of their own: tests/app/api/test_rights.py
    "api:nothing",  # 404 for programs
    "outreach:unsubscribe", "outreach:confirm", "outreach:preferences",  # who reads a mail, by its signed token
    "outreach:mail_events",  # mail providers, under a secret of their own
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """One address with what it takes; without rights: a sign-in alone."""

    name: str
    path: str
    needs: access.Needs
    is_open: bool
    methods: tuple[str, ...] = ("get", "post")


def doors() -> Iterator[Door]:
    """Every door of the product, from the addresses themselves."""
    for name, path, view in _addresses(get_resolver().url_patterns):
        is_open = not getattr(view, "login_required", True)
        operations = getattr(getattr(view, "__self__", None), "operations", None)
        if operations is None:
            yield Door(name, path, _needs(view), is_open)
        for operation in operations or ():  # of django-ninja: one address, one operation for each method
            methods = tuple(method.lower() for method in operation.methods)
            yield Door(name, path, _needs(operation.view_func), is_open, methods)


def _needs(view: object) -> access.Needs:
    found = getattr(view, access.DECLARED, access.Needs())
    assert isinstance(found, access.Needs)
    return found


def _addresses(patterns: list[Any], names: str = "", path: str = "/") -> Iterator[tuple[str, str, Any]]:
    for pattern in patterns:
        here = path + _sample(pattern)
        if isinstance(pattern, URLResolver):
            space = f"{names}{pattern.namespace}:" if pattern.namespace else names
            yield from _addresses(pattern.url_patterns, space, here)
        elif isinstance(pattern, URLPattern):
            yield f"{names}{pattern.name}", here, pattern.callback


def _sample(pattern: Any) -> str:
    """An address that the pattern answers to, with made-up ids."""
    route = str(pattern.pattern)
    if route.startswith("^"):
        return "password/reset/key/1-set-password/"
    of = pattern.pattern.converters
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES.get(type(of[found[1]]), "x"), route)


DOORS = list(doors())
DECLARED = [door for door in DOORS if door.needs.read or door.needs.send]
CAST = {
    Role.REP: cast.a_rep,
    Role.MARKETER: cast.a_marketer,
    Role.REVOPS: cast.a_revops,
    Role.HEAD_OF_SALES: cast.a_head_of_sales,
    Role.HEAD_OF_MARKETING: cast.a_head_of_marketing,
    Role.ADMINISTRATOR: cast.an_administrator,
}


def a(role: Role) -> User:
    """Somebody of that role."""
    return CAST[role]()


def asked(client: Client, door: Door, method: str) -> int:
    """The status of one door by one method. What it changed or broke is not there for the next."""
    with transaction.atomic():
        status = getattr(client, method)(door.path).status_code
        transaction.set_rollback(True)
    return int(status)


def test_the_walk_finds_the_doors() -> None:
    names = {door.name for door in DOORS}
    assert {"members:members", "members:leave", "account_login", "shell:search"} <= names
    assert len(DECLARED) >= 10


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.name}-{'-'.join(door.methods)}")
@pytest.mark.django_db
def test_without_a_sign_in_only_open_doors_open(client: Client, door: Door) -> None:
    cast.a_company()
    assert door.is_open is (door.name in OPEN), f"{door.name} must be in OPEN, with its reason, or need a sign-in"
    if not door.is_open:
        for method in door.methods:
            answer = getattr(client, method)(door.path)
            sent_to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/account/login/")
            assert sent_to_sign_in or answer.status_code == 401, (method, door, answer.status_code)


@pytest.mark.parametrize("role", Role)
@pytest.mark.django_db
def test_every_role_meets_403_at_every_door_that_takes_a_right_it_lacks_and_at_no_other(role: Role) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(a(role))
    wrong = []
    for door in DECLARED:
        for method in door.methods:
            may = bool(door.needs.by(method) & RIGHTS[role])
            status = asked(client, door, method)
            if (status == 403) is may or status >= 500:
                wrong.append((door.name, method, status, "may" if may else "may not"))
    assert not wrong


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
@pytest.mark.django_db
def test_may_says_what_the_roles_say(role: Role, right: Right) -> None:
    user = a(role)
    assert user.may(right) is user.may(right.value) is (right in role.rights)
    user.is_active = False
    assert not user.may(right)


def test_every_right_is_somebodys_and_every_role_has_its_words() -> None:
    assert frozenset().union(*RIGHTS.values()) == frozenset(Right)
    for role in Role:
        assert role.title and role.sentence.endswith(".") and role.side in {"marketing", "sales", "both"}


def test_an_unknown_right_is_a_mistake_in_the_house() -> None:
    with pytest.raises(ValueError, match="not a valid Right"):
        User(role="rep").may("fly")


@pytest.mark.django_db
def test_figures_about_one_person_are_for_that_person_and_their_manager() -> None:
    tomas = cast.a_rep()
    cast.a_rep("sara", "Sara Lind")
    everybody = [a(role) for role in Role] + [User.objects.get(handle="sara")]
    may = {viewer.handle for viewer in everybody if access.may_see_figures_of(viewer, tomas)}
    assert may == {"tomas", "clara"}
    clara = User.objects.get(handle="clara")
    clara.is_active = False
    assert not access.may_see_figures_of(clara, tomas)
