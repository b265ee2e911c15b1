"""What the worker does for figures: promises are measured anew before they are a minute old, what is read
about longer stretches every few minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.measures.measuring import measure, measure_board, measure_promises
from accord_app.work import handlers
from accord_app.work.models import Job

MEASURE, BOARD = "measure", "measure funnel"
EVERY_SECONDS = 30
BOARD_EVERY_SECONDS = 300


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(MEASURE, what_was_promised, title="Measure promises", lease_seconds=300, long=True)
    handlers.register(BOARD, what_came_of_it, title="Measure funnel and plan", lease_seconds=300, long=True)
    handlers.every(MEASURE, EVERY_SECONDS)
    handlers.every(BOARD, BOARD_EVERY_SECONDS)


def what_was_promised(jobs: Sequence[Job], at: datetime) -> None:
    """The board counts promises by their states, so it follows when one has changed."""
    if measure_promises(at=at):
        measure_board(at=at)


def what_came_of_it(jobs: Sequence[Job], at: datetime) -> None:
    """Everything, the records behind figures too that have stayed the same."""
    measure(at=at)
