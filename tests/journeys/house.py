"""The house as people meet it: its pages in a browser, its worker at a time that is given, its mail as it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page
from tests.journeys.browsers import Heard
from tests.post_office import PostOffice, text_of

from accord_app.members.models import User
from accord_app.work.worker import Worker


@dataclass
class House:
    """One workspace during one journey."""

    browser: Browser
    address: str
    post: PostOffice
    heard: Heard = field(init=False)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heard = Heard(self.address)

    def stranger(self) -> Page:
        """A page of somebody who is not signed in."""
        context = self.browser.new_context(base_url=self.address, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        return self.heard.listen(context.new_page())

    def page_of(self, member: User, path: str = "/") -> Page:
        """A page of a member who has signed in."""
        client = Client()
        client.force_login(member)
        page = self.stranger()
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}])
        page.goto(path)
        return page

    def work(self, *, at: datetime | None = None) -> int:
        """Let a worker do all that is due at a moment, now unless told; gives how many rows it claimed."""
        moment = at or timezone.now()
        return Worker(clock=lambda: moment).run_once()

    def deliver(self, *, at: datetime) -> None:
        """Let a worker send the mail that is due by then, quiet hours over, and do nothing else."""
        Worker(clock=lambda: at, only=["mail"]).run_once()

    def letters_to(self, name: str) -> list[str]:
        """The subjects of the mails that came for somebody, in order."""
        return [str(mail["Subject"]) for mail in self.post.to(name)]

    def link_for(self, name: str, path: str) -> str:
        """The link below a path in the last mail that came for somebody."""
        found = re.search(rf"{re.escape(self.address)}({re.escape(path)}\S*)", text_of(self.post.to(name)[-1]))
        assert found, text_of(self.post.to(name)[-1])
        return found[1]

    def close(self) -> None:
        """End every browser; nothing may have gone wrong in one."""
        for context in self.contexts:
            context.close()
        self.heard.nothing()
