"""What the worker does for intake: facts go to the lake a few seconds after they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.ledger.carrying import carry
from accord_app.work import handlers
from accord_app.work.models import Job

CARRY = "carry"
EVERY_SECONDS = 5


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(CARRY, carry_facts, lease_seconds=300, long=True)
    handlers.every(CARRY, EVERY_SECONDS)


def carry_facts(jobs: Sequence[Job], at: datetime) -> None:
    carry(at=at)
