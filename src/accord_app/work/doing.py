"""Do what is due: one claim, its handler, and what becomes of the rows."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from accord_app.work import claim, planning
from accord_app.work.handlers import Kind
from accord_app.work.models import Due, Job

log = logging.getLogger("accord.work")


class WorkerEndedError(Exception):
    """Every attempt at a row ended with the end of the worker, so that no handler could tell why."""


def do_due(kind: Kind, *, at: datetime) -> int:
    """Claim rows of one kind that are due at `at` and do them; gives how many were claimed."""
    rows: list[Due] = claim.claim(kind.rows(), at=at, limit=kind.at_once, lease_seconds=kind.lease_seconds)
    doable = [row for row in rows if not _worn_out(kind, row, at=at)]
    if doable:
        _try(kind, doable, at=at)
    return len(rows)


def _worn_out(kind: Kind, row: Due, *, at: datetime) -> bool:
    if row.attempts <= kind.give_up_after:
        return False
    _failed(kind, row, WorkerEndedError(f"the worker ended {kind.give_up_after} times while it did this"), at=at)
    return True


def _try(kind: Kind, rows: Sequence[Due], *, at: datetime) -> None:
    """Do rows together; if that fails, each alone, so that one of them does not keep the others from being done."""
    try:
        _act(kind, rows, at=at)
    except claim.LeaseLostError:
        log.warning("%s took longer than its lease; somebody else has it", kind.name)
    except Exception as error:
        if len(rows) == 1:
            _failed(kind, rows[0], error, at=at)
            return
        for row in rows:
            _try(kind, [row], at=at)


def _act(kind: Kind, rows: Sequence[Due], *, at: datetime) -> None:
    if kind.long:
        kind.handle(rows, at)
        if kind.ends_rows:
            with claim.held(rows) as ours:
                _end(ours, at=at)
        return
    with claim.held(rows) as ours:
        if ours:
            kind.handle(ours, at)
            if kind.ends_rows:
                _end(ours, at=at)


def _end(rows: Sequence[Due], *, at: datetime) -> None:
    if not rows:
        return
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        if isinstance(row, Job):
            planning.plan_next(row, at=at)


def _failed(kind: Kind, row: Due, error: BaseException, *, at: datetime) -> None:
    gone = claim.fail(row, error=error, at=at, give_up_after=kind.give_up_after)
    if gone and isinstance(row, Job):
        planning.plan_next(row, at=at)
    ending = "given up" if gone else "will be tried again"
    log.warning(
        "%s %s, attempt %d: %s %s: %s", kind.name, row.pk, row.attempts, claim.in_short(error), _where(error), ending
    )


def _where(error: BaseException) -> str:
    """The line that raised it. The log gets no more of the traceback, because values in it may be personal."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
