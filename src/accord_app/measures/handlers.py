"""What the worker does for figures: they are measured anew before they are a minute old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.measures.measuring import measure
from accord_app.work import handlers
from accord_app.work.models import Job

MEASURE = "measure"
EVERY_SECONDS = 30


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(MEASURE, measure_everything, lease_seconds=300, long=True)
    handlers.every(MEASURE, EVERY_SECONDS)


def measure_everything(jobs: Sequence[Job], at: datetime) -> None:
    measure(at=at)
