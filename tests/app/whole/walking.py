"""Every address of the product as it is routed, with the ways to ask it: nothing here has to be told of a new page."""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from time import time
from typing import Any

from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY as _OF_WHOM
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from tests.app.html import faults
from tests.app.whole.world import CAST, Sample, Samples

from accord_app.members import access
from accord_app.members.roles import Role

_PART = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
PART_OF_PAGE = {"HX-Request": "true"}


@dataclass(frozen=True)
class Door:
    """One address: its name, its route with the parts that vary, and the rights that it takes."""

    name: str
    route: str
    converters: Mapping[str, Any]
    needs: access.Needs
    is_open: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts that vary."""
        return tuple(found["name"] for found in _PART.finditer(self.route))

    def may(self, role: Role, method: str) -> bool:
        """Whether a role comes through by this method."""
        needed = self.needs.by(method)
        return not needed or bool(needed & role.rights)

    def path(self, values: Mapping[str, str]) -> str:
        """The address with these values."""
        return _PART.sub(lambda found: values[found["name"]], self.route)

    def samples(self, part: str, known: Samples) -> tuple[Sample, ...]:
        """What the house has for one part. Whoever adds an address adds to `world.a_full_house` what it opens."""
        found = known.get(f"{self.name}.{part}", known.get(part))
        assert found, f"Nothing in tests/app/whole/world.py says what stands for {part} in {self.route} ({self.name})."
        return found

    def addresses(self, known: Samples, role: Role | None = None) -> Iterator[tuple[str, bool]]:
        """Every address that the house makes of the route, and whether what it names exists for the role."""
        for chosen in product(*(self.samples(part, known) for part in self.parts)):
            values = dict(zip(self.parts, (each.value for each in chosen), strict=True))
            yield self.path(values), all(role is None or role in each.exists_for for each in chosen)


def doors() -> list[Door]:
    """Every door for people. Those for programs take a key and no sign-in: tests/app/api asks each of them."""
    found = _doors(get_resolver().url_patterns, "", "/", {})
    return [door for door in found if not door.name.startswith("api:")]


def _doors(patterns: list[Any], names: str, before: str, converters: Mapping[str, Any]) -> Iterator[Door]:
    for pattern in patterns:
        route = before + _route(pattern)
        of = {**converters, **getattr(pattern.pattern, "converters", {})}
        if isinstance(pattern, URLResolver):
            space = f"{names}{pattern.namespace}:" if pattern.namespace else names
            yield from _doors(pattern.url_patterns, space, route, of)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            needs = getattr(view, access.DECLARED, access.Needs())
            yield Door(f"{names}{pattern.name}", route, of, needs, not getattr(view, "login_required", True))


def _route(pattern: Any) -> str:
    """The route; a regular expression in the same form."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", str(pattern.pattern)).strip("^$")


@dataclass(frozen=True)
class Asked:
    """One answer with its text, where it is one."""

    status: int
    text: str
    headers: Mapping[str, str]
    is_changed: bool
    """Whether the database holds something else afterwards; looked at only where it matters."""

    @property
    def is_page(self) -> bool:
        """A whole page of HTML, or a part of one."""
        return self.headers.get("Content-Type", "").startswith("text/html") and bool(self.text)


@dataclass
class Visitor:
    """Somebody of a role who asks one thing after the other; what an answer changed is taken back at once. Without a
    role: somebody who is not signed in."""

    role: Role | None
    cookie: str = field(init=False, default="")
    before: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if self.role is not None:
            self.cookie = _session_of(self.role)

    def client(self) -> Client:
        """A browser in which they are signed in."""
        client = Client(raise_request_exception=False)
        if self.cookie:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookie
        return client

    def get(self, path: str, data: Any = None, **more: Any) -> Asked:
        """A page."""
        return self._ask("get", path, data, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Asked:
        """What comes of something sent; for a refusal also whether it changed anything."""
        self.before = self.before or everything_held()
        return self._ask("post", path, data, **more)

    def _ask(self, method: str, path: str, data: Any, **more: Any) -> Asked:
        with nothing_happened(files=method == "post"):
            with written() as rows:
                answer: Any = getattr(self.client(), method)(path, data, **more)
                content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            is_refused = method == "post" and answer.status_code in (400, 404, 409, 410, 422)
            is_changed = is_refused and bool(rows) and everything_held() != self.before
        is_text = str(answer.get("Content-Type", "")).startswith("text/")
        text = content.decode(errors="replace") if is_text else ""
        return Asked(answer.status_code, text, dict(answer.items()), is_changed)


def _session_of(role: Role) -> str:
    """The cookie of somebody who has just typed their password."""
    client = Client()
    client.force_login(CAST[role]())
    session = client.session
    session[_OF_WHOM] = session[SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time(), "reauthenticated": True}]
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def nothing_happened(*, files: bool = True) -> Iterator[None]:
    """What happens within is taken back: rows, files, and how often somebody has tried to sign in."""
    cache.clear()
    kept = Path(settings.UPLOADS)
    aside = kept.with_name("uploads-aside")
    if files and kept.exists():
        shutil.copytree(kept, aside)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        if aside.exists():
            shutil.rmtree(kept, ignore_errors=True)
            aside.rename(kept)


_READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def written() -> Iterator[list[str]]:
    """Every statement within that may have changed a row. Where there is none, nothing has to be compared; on
    PostgreSQL everything always is, since rows that are copied in pass by no statement."""
    found: list[str] = ["COPY"] if connection.vendor == "postgresql" else []

    def told(execute: Any, sql: str, *given: Any) -> Any:
        if not sql.lstrip("( \n").upper().startswith(_READS):
            found.append(sql)
        return execute(sql, *given)

    with connection.execute_wrapper(told):
        yield found


TOUCHED = {"changed_at", "last_login", "decided_until"}
"""Columns that say when something was last looked at, and nothing else."""


def everything_held() -> str:
    """Every row of every table but sessions, as one digest. When something was last touched does not count."""
    digest = hashlib.sha256()
    for model in apps.get_models(include_auto_created=True):
        if model is not Session:
            names = [field.attname for field in model._meta.concrete_fields if field.name not in TOUCHED]
            rows = list(model._base_manager.order_by("pk").values_list(*names))
            digest.update(repr(rows).encode(errors="replace"))
    return digest.hexdigest()


_TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+|(?<=X-CSRFToken&quot;: &quot;)\w+')


def sound(text: str) -> tuple[str, ...]:
    """What is wrong with a page or a part of one. The same page comes often: where nothing is, or nobody may go."""
    return _sound(_TOKEN.sub("", text))


@functools.cache
def _sound(text: str) -> tuple[str, ...]:
    return tuple(faults(text, is_part=not text.lstrip().lower().startswith("<!doctype")))
