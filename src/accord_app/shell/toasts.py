"""Short words after an act, with a way back while there is one. They travel with Django's messages."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest

UNDO_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Toast:
    """What was done; where to post to take it back, and how many seconds that is offered."""

    text: str
    undo_url: str = ""
    seconds: int = UNDO_SECONDS


def say(request: HttpRequest, text: str, *, undo_url: str = "", seconds: int = UNDO_SECONDS) -> None:
    """Tell what was done on the next answer: a page, or beside whatever htmx swaps."""
    messages.info(request, text, extra_tags=f"{seconds} {undo_url}")


def waiting(request: HttpRequest) -> tuple[Toast, ...]:
    """What is still to be told; it is told once."""
    return tuple(_toast(message.message, message.extra_tags) for message in messages.get_messages(request))


def _toast(text: object, tags: str | None) -> Toast:
    seconds, _, undo_url = (tags or "").partition(" ")
    return Toast(str(text), undo_url, int(seconds) if seconds.isdigit() else UNDO_SECONDS)
