"""Short ways to write messages and to let the worker send them."""

from __future__ import annotations

from datetime import UTC, datetime

from accord_app.members.models import User
from accord_app.outbox.actions import send
from accord_app.outbox.models import Message
from accord_app.work import handlers
from accord_app.work.doing import do_due

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # ten in Berlin, a Monday


def tell(to: User, *, lead: str = "1", key: str = "", at: datetime = NOW, urgent: bool = False) -> Message:
    """A handoff offered to somebody."""
    key = key or f"offer:{lead}:{to.handle}"
    send(kind="handoff_offered", to=to, key=key, about=f"lead:{lead}", context={}, at=at, urgent=urgent)
    return Message.objects.get(key=key)


def work(at: datetime = NOW) -> None:
    """Send what is due, as a worker does."""
    while do_due(handlers.kinds()["mail"], at=at):
        pass


def states() -> dict[str, str]:
    """The state of every message by key."""
    return dict(Message.objects.values_list("key", "state"))
