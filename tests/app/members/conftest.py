"""What the tests of members hear: mails that would leave, and facts that were recorded."""

from __future__ import annotations

from typing import Any

import pytest

from accord_app.ledger.models import FACTS
from accord_app.members import notices
from accord_app.members.notices import Notice


class Letters(list[dict[str, Any]]):
    """Every mail that was asked for, as its keywords."""

    def take(self, **mail: Any) -> None:
        """Keeps one."""
        self.append(mail)


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Letters:
    """Mails asked for during the test; nothing else carries them."""
    kept = Letters()
    notice: Notice[Any] = Notice()
    notice.subscribe(kept.take)
    monkeypatch.setattr(notices, "mail", notice)
    return kept


def availability() -> list[tuple[str, str, str | None, Any, Any]]:
    """Facts about who is there, in the order of their recording: person, event, deputy, from, until."""
    rows = FACTS["availability"].facts().order_by("id")
    return list(rows.values_list("person", "event", "deputy", "occurred_at", "until"))
