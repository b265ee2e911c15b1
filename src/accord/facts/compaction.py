"""Many small files of a table written as one.

Facts that happen live come to the lake every few seconds, each time as a file. Reading opens every file, so what lies
in thousands is read slowly. Rows stay as they are, each with its batch; what readers see does not change. Files that
were replaced stay for an hour, for readers who have listed them, and go with the next call.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from accord.facts.engine import Engine, text
from accord.facts.lake_files import DataFile, data_files, delta_table, replace_files, scan

SMALL = 50_000
"""A file with fewer rows is put together with others."""

MANY = 24
"""So many small files are worth it."""

_KEPT_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many files were put together into how many, and how many that nobody reads any more were deleted."""

    files: int
    into: int
    deleted: int

    def __add__(self, other: Compacted) -> Compacted:
        return Compacted(self.files + other.files, self.into + other.into, self.deleted + other.deleted)


NOTHING = Compacted(0, 0, 0)


def compact(engine: Engine, folder: Path, *, many: int = MANY) -> Compacted:
    """Put the small files of the table in `folder` together once there are `many`. When somebody else changes the
    table at the same moment nothing is done; the next call does it."""
    delta = delta_table(folder)
    if delta is None:
        return NOTHING
    deleted = _drop_unread(folder, delta)
    small = [file for file in data_files(folder, delta) if file.rows < SMALL]
    if len(small) < many:
        return Compacted(0, 0, deleted)
    written = _written_as_one(engine, folder, small)
    for file in small:
        os.utime(file.path)  # kept for an hour from now on, also if this process ends right after the commit
    if not replace_files(delta, folder, small, [written], operation="OPTIMIZE"):
        written.path.unlink()
        return Compacted(0, 0, deleted)
    delta.create_checkpoint()
    delta.cleanup_metadata()
    return Compacted(len(small), 1, deleted)


def _written_as_one(engine: Engine, folder: Path, files: Sequence[DataFile]) -> DataFile:
    path = folder / f"compacted-{secrets.token_hex(8)}.parquet"
    engine.run(f"COPY (SELECT * FROM {scan(files)}) TO {text(str(path))} (FORMAT parquet)")
    batches = {file.batch for file in files}
    return DataFile(
        path=path,
        size=path.stat().st_size,
        rows=sum(file.rows for file in files),
        batch=batches.pop() if len(batches) == 1 else None,
        revision=max(file.revision for file in files),
    )


def _drop_unread(folder: Path, delta: DeltaTable) -> int:
    """Delete files that no version names any more, or never named, once an hour has passed."""
    named = {file.path for file in data_files(folder, delta)}
    old = [path for path in set(folder.glob("*.parquet")) - named if _is_old(path)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _KEPT_SECONDS
    except FileNotFoundError:  # somebody else was quicker
        return False
