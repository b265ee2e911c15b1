"""Writing much into SQLite while others write little. Each commit of ours would make the others wait for the disk, and
whoever finds the log long has to copy it into the database file; so we neither wait for the disk at every part, nor
leave the log to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def written() -> Iterator[None]:
    """What is committed inside is on the disk with the first commit after it. A power cut may undo the last parts, each
    as a whole with the count of what is done, never one of two."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    _set("synchronous", "NORMAL")
    try:
        yield
    finally:
        _set("synchronous", "FULL")


def shorten_log() -> None:
    """Copy what is in the log of SQLite into its file, without keeping anybody from reading or writing."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        _set("wal_checkpoint(PASSIVE)")


def _set(name: str, value: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name} = {value}" if value else f"PRAGMA {name}")
