"""What the worker does for intake: facts go to the lake a few seconds after they were recorded, files are read and
taken back, and the health of the data is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.intake import answering, health, importing, imports, lightly, turns
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.work import handlers
from accord_app.work.models import Job

CARRY, HEALTH, COMPACT, FORGET = "carry", "data health", "compact", "forget answers"
EVERY_SECONDS, HEALTH_EVERY_SECONDS, COMPACT_EVERY_SECONDS, FORGET_EVERY_SECONDS = 5, 300, 600, 3_600


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(CARRY, carry_facts, title="Carry new facts to the ledger", lease_seconds=300, long=True)
    handlers.every(CARRY, EVERY_SECONDS)
    handlers.register(HEALTH, look_at_health, title="Look at data health", lease_seconds=600, long=True)
    handlers.every(HEALTH, HEALTH_EVERY_SECONDS)
    handlers.register(
        COMPACT, put_files_together, title="Put files of the ledger together", lease_seconds=900, long=True
    )
    handlers.every(COMPACT, COMPACT_EVERY_SECONDS)
    handlers.register(FORGET, forget_answers, title="Forget answers to programs that are a week old")
    handlers.every(FORGET, FORGET_EVERY_SECONDS)
    for kind, title, handle in (
        (imports.IMPORT, "Import files", importing.import_upload),
        (imports.TRY, "Try imports", importing.try_upload),
        (imports.UNDO, "Take imports back", importing.undo_upload),
    ):
        handlers.register(
            kind,
            handle,
            title=title,
            lease_seconds=importing.LEASE_SECONDS,
            long=True,
            give_up_after=importing.GIVE_UP_AFTER,
        )


def carry_facts(jobs: Sequence[Job], at: datetime) -> None:
    """Not while a file is read into the lake: it carries what there is before, and the next turn comes soon."""
    with turns.turn(wait=False) as is_ours:
        if is_ours:
            carry(at=at)
    lightly.shorten_log()


def put_files_together(jobs: Sequence[Job], at: datetime) -> None:
    """Carrying leaves a file for each table and turn. Not while a file is read into the lake."""
    with turns.turn(wait=False) as is_ours:
        if is_ours:
            lake.ledger().compact()


def look_at_health(jobs: Sequence[Job], at: datetime) -> None:
    health.measure(at=at)


def forget_answers(jobs: Sequence[Job], at: datetime) -> None:
    answering.forget(at=at)
