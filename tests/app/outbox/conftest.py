"""What the tests of the outbox share: a post office, and records that messages can be about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from unittest import mock

import pytest
from django.conf import LazySettings
from tests.post_office import PostOffice, open_post_office

from accord_app.outbox import abouts, carrier
from accord_app.outbox.abouts import About

LEADS = {"1": "Birgit Sommer", "2": "Noor Haddad", "3": "Miles O’Neill & Sons"}


@pytest.fixture
def post_office(settings: LazySettings) -> Iterator[PostOffice]:
    """A real SMTP server to which Django sends."""
    with open_post_office() as office:
        settings.EMAIL_BACKEND = carrier.SMTP
        settings.EMAIL_URL = f"smtp://127.0.0.1:{office.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", office.port, 5
        yield office


@pytest.fixture(autouse=True)
def leads() -> Iterator[dict[str, str]]:
    """Leads by number, called `lead:NUMBER` in messages; taking one out is erasing it."""
    known = dict(LEADS)

    def resolve(numbers: Collection[str]) -> Mapping[str, About]:
        return {each: About(known[each], "Kestrel Foods", f"/leads/{each}") for each in numbers if each in known}

    with mock.patch.dict(abouts._resolvers, {"lead": resolve}):
        yield known
