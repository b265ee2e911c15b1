"""A real SMTP server in this process, which takes mail or does not, as a test wants it."""

# ruff: noqa: N802, ARG002 -- aiosmtpd names the methods and hands everything to each

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class PostOffice:
    """What came, and how to answer for a recipient: in `to_recipient` or `to_content` by the name before the `@`.

    `hang_up` breaks the connection once, instead of the answer to the content: `before` keeping the mail or `after`.
    """

    port: int
    came: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    to_recipient: dict[str, str] = field(default_factory=dict)
    to_content: dict[str, str] = field(default_factory=dict)
    hang_up: str = ""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient.get(_name(address), "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.to_content.get(_name(envelope.rcpt_tos[0]), "250 taken")
        hang_up, self.hang_up = self.hang_up, ""
        if answer.startswith("250") and hang_up != "before":
            self.came.append(_read(envelope))
        if hang_up:
            transport: Any = server.transport
            transport.abort()
        return answer

    def to(self, name: str) -> list[EmailMessage]:
        """The mails that came for somebody, by the name before the `@`."""
        return [mail for mail in self.came if _name(mail["To"]) == name]


def text_of(mail: EmailMessage) -> str:
    """The plain part."""
    body = mail.get_body(("plain",))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


def html_of(mail: EmailMessage) -> str:
    """The part that mail programs show."""
    body = mail.get_body(("html",))
    return str(body.get_content()) if body else ""


def a_free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def open_post_office() -> Iterator[PostOffice]:
    """A server that takes mail while the context lasts."""
    office = PostOffice(a_free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def _name(address: str) -> str:
    return address.partition("@")[0].strip("<")


def _read(envelope: Envelope) -> EmailMessage:
    content = envelope.content
    assert isinstance(content, bytes)
    return email.message_from_bytes(content, policy=email.policy.default)
