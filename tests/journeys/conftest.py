"""What every journey stands on: a real server with real pages, a worker that is told the time, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer
from tests.app.conftest import data_folder, static_folder, strict_templates
from tests.journeys.browsers import a_browser
from tests.journeys.house import House
from tests.post_office import PostOffice, open_post_office

from accord_app.outbox import carrier

__all__ = ["data_folder", "static_folder", "strict_templates"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Its event loop runs beside the test, where Django would not expect the database."""
    with pytest.MonkeyPatch.context() as patched, a_browser() as found:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield found


@pytest.fixture
def post_office(settings: LazySettings) -> Iterator[PostOffice]:
    """A real SMTP server to which Accord sends."""
    with open_post_office() as office:
        settings.EMAIL_BACKEND = carrier.SMTP
        settings.EMAIL_URL = f"smtp://127.0.0.1:{office.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", office.port, 5
        yield office


@pytest.fixture
def house(
    browser: Browser, live_server: LiveServer, post_office: PostOffice, settings: LazySettings
) -> Iterator[House]:
    """Pages, worker and post. When the journey has ended, no page may have complained or asked another host."""
    settings.ADDRESS = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    found = House(browser, live_server.url, post_office)
    yield found
    found.close()
