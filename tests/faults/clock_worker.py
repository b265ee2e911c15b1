"""A process of its own that hands leads over (`offer N`) or lets clocks come due until none is left (`play`)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from tests.agreements import ARTICLES  # noqa: E402

from accord_app.handoffs.deciding import decide_about, desk  # noqa: E402
from accord_app.handoffs.handlers import let_clocks_come_due  # noqa: E402
from accord_app.handoffs.models import Clock  # noqa: E402
from accord_app.records.actions import record  # noqa: E402

OFFERED = datetime(2027, 1, 11, 9, tzinfo=UTC)
DUE = OFFERED + timedelta(hours=2)
RESPONSE = {"answer": {"within": "1h"}, "on_breach": [{"after": "0h", "do": "remind"}]}
AT_ONCE = 500


def offer(count: int) -> None:
    """Hand so many leads over, at nine on a Monday, with an hour to answer."""
    since = datetime.fromisoformat(ARTICLES["in_force_from"])
    text = json.dumps({**ARTICLES, "response": RESPONSE})
    record("agreements", [{"id": "1", "version": 1, "event": "in_force", "text": text, "occurred_at": since}],
           at=since, source="accord")  # fmt: skip
    for start in range(0, count, AT_ONCE):
        people = [f"p{number}" for number in range(start, min(start + AT_ONCE, count))]
        with desk(OFFERED) as now:
            rows = [{"id": p, "subject": "person", "subject_id": p, "country": "DE", "occurred_at": OFFERED}
                    for p in people]  # fmt: skip
            record("profiles", rows, at=now, source="crm")
            decide_about(people, at=now)


def play() -> None:
    """Let clocks come due until none waits."""
    while Clock.objects.filter(due_at__lte=DUE).exists():
        let_clocks_come_due([], DUE)


if __name__ == "__main__":
    offer(int(sys.argv[2])) if sys.argv[1] == "offer" else play()
