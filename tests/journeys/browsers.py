"""A real browser, and what its pages complain about. What is missing here is said with its remedy; in CI it fails."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

# Chromium tells each refusal, and pages say what it was. htmx gives up a search that a longer word overtakes, and tells
# it as an error; one that failed says `htmx:sendError` or `htmx:responseError` beside.
_EXPECTED = re.compile(r"responded with a status of (409|422)|^htmx:(sendAbort|afterRequest)\b")


def missing(what: str, remedy: str) -> NoReturn:
    """Skip, or fail where everything should be there."""
    said = f"{what} is not installed: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Chromium as Debian packs it."""
    chromium = shutil.which("chromium")
    if not chromium:
        missing("chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()


@contextmanager
def held(page: Page, pattern: str) -> Iterator[None]:
    """Requests to such addresses that are sent within go out at the end, so that what happens meanwhile is certain."""
    waiting: list[Route] = []
    page.route(pattern, lambda route: waiting.append(route))
    yield
    while not waiting:
        page.wait_for_timeout(10)
    for route in waiting:
        route.continue_()
    page.unroute(pattern)


@dataclass
class Heard:
    """What pages complained about, and requests that went to anybody but their own server."""

    home: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> Page:
        """Hear this page from now on."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        return page

    def nothing(self) -> None:
        """Nobody complained and nobody else was asked."""
        assert self.complaints == [], self.complaints
        assert self.elsewhere == []

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _asked(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob") and f"{asked.scheme}://{asked.netloc}" != self.home:
            self.elsewhere.append(request.url)


def press(page: Page, keys: str) -> None:
    """Keys, one after the other."""
    for key in keys.split():
        page.keyboard.press(key)
