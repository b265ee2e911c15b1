"""What the worker does for the shield."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accord_app.shield.tending import tend
from accord_app.work import handlers
from accord_app.work.models import Job

TEND, EVERY_SECONDS, FOR_SECONDS = "tend the shield", 30, 8


def keep_answers_ready(jobs: Sequence[Job], at: datetime) -> None:
    """What comes in while this works is known after `at`, so each part looks at the clock."""
    tend(now=timezone.now, seconds=FOR_SECONDS)


def register() -> None:
    """Tell the worker."""
    handlers.register(TEND, keep_answers_ready, title="Keep answers of the shield ready", lease_seconds=300, long=True)
    handlers.every(TEND, EVERY_SECONDS)
