"""What this room tells rooms above it, which it cannot know: they subscribe when the product starts.

A notice is heard inside the transaction of the act, so that the act and what follows from it stand or fall together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from accord_app.members.models import User


class KeepsAvailability(Protocol):
    """Records rows of the fact table `availability`."""

    def __call__(self, *, rows: Sequence[Mapping[str, object]], at: datetime) -> object: ...


class CarriesMail(Protocol):
    """Sends a mail to a colleague; the signature of `outbox.actions.send`."""

    def __call__(
        self,
        *,
        kind: str,
        to: User,
        key: str,
        about: str,
        context: Mapping[str, Any],
        at: datetime,
        urgent: bool = False,
    ) -> object: ...


Subscriber = TypeVar("Subscriber", KeepsAvailability, CarriesMail)


class Notice(Generic[Subscriber]):
    """Those who want to hear of one kind of act, in the order in which they subscribed."""

    def __init__(self) -> None:
        self.subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hear of every act from now on; subscribing twice is hearing once."""
        if subscriber not in self.subscribers:
            self.subscribers += (subscriber,)


availability: Notice[KeepsAvailability] = Notice()
mail: Notice[CarriesMail] = Notice()


def post(
    *, kind: str, to: User, key: str, context: Mapping[str, Any], at: datetime, about: str = "", urgent: bool = False
) -> None:
    """Has a mail sent to a colleague by whoever carries mail."""
    for send in mail.subscribers:
        send(kind=kind, to=to, key=key, about=about, context=context, at=at, urgent=urgent)
