"""From a message to a mail: subject, text and HTML, in the reader's time zone, with names as they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accord_app.members import links
from accord_app.outbox import abouts
from accord_app.outbox.abouts import About
from accord_app.outbox.hours import zone_of
from accord_app.outbox.kinds import KINDS
from accord_app.outbox.models import Message


@dataclass(frozen=True)
class Item:
    """One line of a digest."""

    subject: str
    link: str
    at: datetime


@dataclass(frozen=True)
class Mail:
    """A mail as it leaves. `message_id` is the same at every attempt, so that a mail program can tell a double."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


@dataclass(frozen=True)
class Composed:
    """What became of a message: its mail, or None where what it was about is gone; of a digest also which messages
    it carries and which are not needed any more."""

    mail: Mail | None
    carried: Sequence[int] = ()
    gone: Sequence[int] = ()


def compose(message: Message) -> Composed:
    """The mail of a message, or of all messages that wait for a digest."""
    if message.kind == "digest":
        return _digest(message)
    known = abouts.found([message.about])
    return Composed(None if _is_gone(message, known) else _rendered(message, _context(message, known)))


@dataclass(frozen=True)
class Line:
    """A message in one line, and the page that it leads to, if that is still there."""

    subject: str
    path: str


def lines(messages: Collection[Message]) -> dict[int, Line]:
    """Each message by its number; one whose record is gone has the title of its kind."""
    known = abouts.found({message.about for message in messages})
    return {message.pk: Line(_subject(message, known), _path(message, known)) for message in messages}


def _digest(message: Message) -> Composed:
    held = list(Message.objects.filter(to=message.to_id, state=Message.State.DIGEST).order_by("id"))
    known = abouts.found({each.about for each in held})
    gone = [each.pk for each in held if _is_gone(each, known)]
    needed = [each for each in held if each.pk not in gone]
    if not needed:
        return Composed(None, gone=gone)
    items = [Item(_subject(each, known), _link(each, known), each.at) for each in needed]
    context = {**_context(message, known), "items": items, "link": settings.ADDRESS + reverse("outbox:own")}
    return Composed(_rendered(message, context), carried=[each.pk for each in needed], gone=gone)


def _is_gone(message: Message, known: Mapping[str, About | None]) -> bool:
    return message.about in known and known[message.about] is None


def _rendered(message: Message, context: Mapping[str, Any]) -> Mail:
    with timezone.override(zone_of(message.to)):
        subject, _, text = _text(message, context).partition("\n")
        html = render_to_string(f"outbox/mails/{message.kind}.mjml", dict(context))
    return Mail(
        to=message.to.email,
        subject=subject,
        text=text.lstrip("\n"),
        html=html,
        message_id=_message_id(message),
    )


def _text(message: Message, context: Mapping[str, Any]) -> str:
    return str(render_to_string(f"outbox/mails/{message.kind}.txt", dict(context))).strip()


def _subject(message: Message, known: Mapping[str, About | None]) -> str:
    if message.kind == "digest" or _is_gone(message, known):
        return KINDS[message.kind].title
    return _text(message, _context(message, known, secret=False)).partition("\n")[0]


def _context(message: Message, known: Mapping[str, About | None], *, secret: bool = True) -> dict[str, Any]:
    """What templates see. With `secret`, links that let somebody in are made for this mail alone and kept nowhere."""
    kind = KINDS[message.kind]
    about = known.get(message.about) or About(title=kind.title, detail="", path="/")
    used = {name: _moment(name, message.context.get(name, "")) for name in kind.uses}
    link = links.filled(message.kind, message.to, message.context).get("link") if secret else None
    return {
        **used,
        "kind": kind,
        "about": about,
        "to": message.to,
        "link": link or _link(message, known),
        "settings_link": settings.ADDRESS + reverse("members:profile"),
        "home": settings.ADDRESS,
    }


def _path(message: Message, known: Mapping[str, About | None]) -> str:
    about = known.get(message.about)
    return about.path if about else str(message.context.get("path", ""))


def _link(message: Message, known: Mapping[str, About | None]) -> str:
    return f"{settings.ADDRESS}{_path(message, known) or '/'}"


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) and value else value


def _message_id(message: Message) -> str:
    host = urlsplit(settings.ADDRESS).hostname or "localhost"
    return f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{host}>"
