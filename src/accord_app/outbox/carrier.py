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
    """The server will never take this mail: there is no such mailbox (`is_address`), or it dislikes the content."""

    def __init__(self, message: str, *, is_address: bool = False) -> None:
        super().__init__(message)
        self.is_address = is_address


class DelayedError(Exception):
    """The server may take it later. `is_down`: it answers to nobody now, so there is no use in trying the next."""

    def __init__(self, message: str, *, is_down: bool) -> None:
        super().__init__(message)
        self.is_down = is_down


class UnsureError(Exception):
    """The connection broke, or nobody answered, after the mail itself had been begun: it may have been taken."""


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

    def send_once(self, message: EmailMultiAlternatives) -> str:
        """Hand a mail over that must not arrive twice. Returning means that it was taken; gives what the provider calls
        it, or its own message id.

        Raises RefusedError and DelayedError where it is certain that it was not taken, else UnsureError.
        """
        try:
            self._wake()
        except Exception as error:
            self.connection.close()
            raise _told_of(error) from None
        begun = _Begun(self.connection)
        try:
            message.connection = self.connection
            self.connection.send_messages([message])
        except Exception as error:
            self.connection.close()
            raise _told_once(error, begun=begun.is_so) from None
        return _called(message)

    def _wake(self) -> None:
        """A connection that was kept open and fell asleep is opened anew, before anything is at stake."""
        smtp = getattr(self.connection, "connection", None)
        if smtp is not None and hasattr(smtp, "noop"):
            try:
                awake = smtp.noop()[0] == OK
            except (OSError, smtplib.SMTPException):
                awake = False
            if not awake:
                self.connection.close()
        self.connection.open()


OK = 250


class _Begun:
    """Whether the text of a mail was begun on a connection: before that, an SMTP server cannot have taken it. Of other
    ways to send nobody can tell."""

    def __init__(self, connection: Any) -> None:
        self.is_so = True
        smtp = getattr(connection, "connection", None)
        if smtp is None or not hasattr(smtp, "data"):
            return
        self.is_so, data = False, type(smtp).data

        def noticed(message: Any) -> Any:
            self.is_so = True
            return data(smtp, message)

        smtp.data = noticed


def _told_once(error: Exception, *, begun: bool) -> Exception:
    """An answer of the server is certain, whatever it says; without one it is certain only before the mail began."""
    if isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
        return _told(error)
    status = getattr(error, "status_code", None)  # of a provider's answer
    if isinstance(status, int) and 400 <= status < 500:
        words = f"{status} {type(error).__name__}"
        return DelayedError(words, is_down=True) if status in (401, 403, 408, 429) else RefusedError(words)
    if type(error).__name__ in PROVIDER_REFUSES:
        return RefusedError(type(error).__name__)
    return UnsureError(f"{type(error).__name__}") if begun else _told_of(error)


PROVIDER_REFUSES = frozenset({"AnymailRecipientsRefused", "AnymailUnsupportedFeature", "AnymailInvalidAddress"})


def _told_of(error: Exception) -> Exception:
    return (
        _told(error)
        if isinstance(error, OSError | smtplib.SMTPException)
        else DelayedError(type(error).__name__, is_down=True)
    )


def _called(message: EmailMultiAlternatives) -> str:
    status = getattr(message, "anymail_status", None)
    by_provider = getattr(status, "message_id", None)
    return str(by_provider or message.extra_headers.get("Message-ID", "")).strip("<>")[:255]


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
        return _by_code(*_worst(error.recipients), is_address=True)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        return DelayedError(f"{error.smtp_code} {_words(error.smtp_error)}", is_down=True)
    return DelayedError(f"{type(error).__name__} {error}".strip(), is_down=True)


def _by_code(code: int, words: bytes | str, *, is_address: bool = False) -> RefusedError | DelayedError:
    answer = f"{code} {_words(words)}"
    if 500 <= code < 600:
        return RefusedError(answer, is_address=is_address)
    return DelayedError(answer, is_down=False)


def _worst(recipients: Mapping[str, tuple[int, bytes]]) -> tuple[int, bytes]:
    return max(recipients.values())


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
