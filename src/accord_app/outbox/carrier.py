"""How mail leaves: by SMTP, and what its answers mean. What Accord says in a mail is decided elsewhere."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from accord_app.outbox.composing import Mail

SMTP = "django.core.mail.backends.smtp.EmailBackend"


class RefusedError(Exception):
    """The server will never take this mail: there is no such mailbox, or it dislikes the content."""


class DelayedError(Exception):
    """The server may take it later. `is_down`: it answers to nobody now, so there is no use in trying the next."""

    def __init__(self, message: str, *, is_down: bool) -> None:
        super().__init__(message)
        self.is_down = is_down


def is_set_up() -> bool:
    """Whether there is anywhere to send mail to."""
    return bool(settings.EMAIL_URL) or settings.EMAIL_BACKEND != SMTP


@dataclass
class Line:
    """One connection, used for several mails."""

    connection: Any

    def send(self, mail: Mail) -> None:
        """Hand one mail over. Returning means that the server has taken it.

        Raises RefusedError or DelayedError. A connection that breaks after the last byte leaves open whether the mail
        was taken; it counts as delayed, so it can arrive twice, under one message id, but is never lost.
        """
        try:
            self.connection.open()
            self.connection.send_messages([_as_sent(mail, self.connection)])
        except (OSError, smtplib.SMTPException) as error:
            self.connection.close()
            raise _told(error) from None  # the original names addresses


@contextmanager
def line() -> Iterator[Line]:
    """A connection that opens with the first mail and closes after the last."""
    connection = get_connection()
    try:
        yield Line(connection)
    finally:
        connection.close()


def _as_sent(mail: Mail, connection: Any) -> EmailMultiAlternatives:
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    whole = EmailMultiAlternatives(
        mail.subject, mail.text, settings.MAIL_FROM, [mail.to], headers=headers, connection=connection
    )
    whole.attach_alternative(mail.html, "text/html")
    return whole


def _told(error: Exception) -> RefusedError | DelayedError:
    """What an SMTP error means for this mail. Only an answer about its recipient or content can be for ever: a wrong
    password or sender is a setting, and whoever corrects it wants the mails to leave."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _by_code(*_worst(error.recipients))
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        return DelayedError(f"{error.smtp_code} {_words(error.smtp_error)}", is_down=True)
    return DelayedError(f"{type(error).__name__} {error}".strip(), is_down=True)


def _by_code(code: int, words: bytes | str) -> RefusedError | DelayedError:
    answer = f"{code} {_words(words)}"
    return RefusedError(answer) if 500 <= code < 600 else DelayedError(answer, is_down=False)


def _worst(recipients: Mapping[str, tuple[int, bytes]]) -> tuple[int, bytes]:
    return max(recipients.values())


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
