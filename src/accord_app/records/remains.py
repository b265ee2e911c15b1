"""What a database keeps of rows that were changed: old pages, old versions, the write-ahead log. Cleared here.

SQLite overwrites what is deleted, since the settings say `secure_delete`; its log is emptied, and if a word is still
found in the bytes of the file, the file is written anew. PostgreSQL removes old versions of rows by VACUUM.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Collection
from pathlib import Path

from django.db import connection

PATIENCE_SECONDS = 5.0


def clear(words: Collection[str]) -> None:
    """Remove what the database keeps of changed rows. Does nothing inside a transaction, where it cannot be done."""
    if connection.in_atomic_block:
        return
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
        return
    _empty_log()
    if any(found_in(path, words) for path in _files()):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
        _empty_log()


def found_in(path: Path, words: Collection[str]) -> bool:
    """Whether a file holds one of the words, as its bytes."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(word.encode()) >= 0 for word in words)


def _files() -> list[Path]:
    name = Path(str(connection.settings_dict["NAME"]))
    return [name, name.with_name(f"{name.name}-wal")]


def _empty_log() -> None:
    """Waits for readers, who may hold the log for a moment."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (busy, *_) = cursor.fetchone()
        if not busy or time.monotonic() > until:
            return
        time.sleep(0.1)
