"""Writing a backup while people work.

Lake and database must tell of one moment, or the restored workspace would pass facts over, or know of imports that its
lake never saw. So nobody writes into the lake while the moment is fixed, which takes a fraction of a second: then the
database's snapshot is held and the lake's files are known by name. They are copied afterwards, while everybody goes on.
An erasure alone does not wait for its turn; it comes to the database first and to the lake later, like the moments of
the two, and when it deletes a file that was to be copied, everything begins again without that person.
"""

from __future__ import annotations

import io
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from accord.facts.ledger import LedgerError
from accord.facts.snapshot import files_of
from accord_app.backups import databases
from accord_app.backups.archive import DATABASE, LAKE, SECRET, UPLOADS, BackupError, Writer
from accord_app.backups.databases import Held, Shown
from accord_app.intake import turns
from accord_app.ledger import lake
from accord_app.ledger.carrying import reached
from accord_app.ledger.models import FACTS
from accord_app.shell.models import Company

TRIES = 5


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written: where, how large, of which moment, and how many rows of each table it holds."""

    path: Path
    size: int
    at: datetime
    database: str
    rows: dict[str, int]

    @property
    def facts(self) -> int:
        """The facts among the rows."""
        return sum(self.rows.get(model._meta.db_table, 0) for model in FACTS.values())


class _ChangedError(Exception):
    """What was to be copied is not there any more."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """The database held, and the files that belong to it, each with its name in the backup and its size."""

    held: Held
    files: tuple[tuple[str, Path, int], ...]

    @property
    def size(self) -> int:
        return sum(size for _, _, size in self.files)


def make(target: Path, *, at: datetime, shown: Shown) -> Made:
    """Write a backup of this workspace to `target`, readable by its owner alone; it is there whole or not at all.

    Raises BackupError when something is there already, or when a program is missing.
    """
    if target.exists():
        raise BackupError(f"{target} is there already.", remedy="Name a new file; a backup replaces none.")
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.", remedy="Make it first, readable by you alone.")
    if connection.vendor == "postgresql":
        databases.need_programs("pg_dump")
    for attempt in range(1, TRIES + 1):
        try:
            return _make(target, at, shown)
        except _ChangedError as error:
            if attempt == TRIES:
                raise BackupError(str(error), remedy="Back up again when no erasure is under way.") from error
            time.sleep(attempt)
    raise AssertionError("unreachable")


def _make(target: Path, at: datetime, shown: Shown) -> Made:
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _moment(target.parent, shown) as moment:
            about = _about(moment.held, at)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _write(out, moment, about, shown)
                out.flush()
                os.fsync(out.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return Made(target, target.stat().st_size, at, moment.held.vendor, about["rows"])


@contextmanager
def _moment(beside: Path, shown: Shown) -> Iterator[_Moment]:
    with ExitStack() as open_until_written:
        with _turn(shown):
            ledger = lake.ledger()
            held = open_until_written.enter_context(databases.held(beside))
            try:
                files = [*_named(ledger.folder, LAKE, files_of(ledger.folder)), *_uploads()]
            except (LedgerError, FileNotFoundError) as error:
                raise _ChangedError(str(error)) from error
            given = dict(held.rows('SELECT "table", last FROM ledger_carried'))
            if any(number > given.get(table, 0) for table, number in reached(ledger).items()):
                raise _ChangedError("The lake is ahead of the database.")
        yield _Moment(held, tuple(files))


@contextmanager
def _turn(shown: Shown) -> Iterator[None]:
    with turns.turn(wait=False) as is_ours:
        if is_ours:
            yield
            return
    shown("waiting for whoever writes into the lake", 0, 0)
    with turns.turn(wait=True):
        yield


def _named(folder: Path, prefix: str, paths: Iterator[Path]) -> Iterator[tuple[str, Path, int]]:
    for path in paths:
        yield f"{prefix}{path.relative_to(folder).as_posix()}", path, path.stat().st_size


def _uploads() -> Iterator[tuple[str, Path, int]]:
    """Every file that the database can know of: a file is there before its row is."""
    folder = Path(settings.UPLOADS)
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in there:
        with suppress(FileNotFoundError):  # taken away just now: the database that is held does not need it either
            if path.is_file() and not path.name.startswith("."):
                yield f"{UPLOADS}{path.name}", path, path.stat().st_size


def _about(held: Held, at: datetime) -> dict[str, Any]:
    company = Company.objects.first()
    tables = [name for name in connection.introspection.table_names() if name != "django_migrations"]
    return {
        "version": version("accord"),
        "made_at": at.isoformat(),
        "company": company.name if company else "",
        "database": held.vendor,
        "migrations": [f"{app}.{name}" for app, name in held.rows("SELECT app, name FROM django_migrations")],
        "rows": {name: int(held.rows(f'SELECT count(*) FROM "{name}"')[0][0]) for name in sorted(tables)},
    }


def _write(out: Any, moment: _Moment, about: dict[str, Any], shown: Shown) -> None:
    done, of = 0, moment.size
    step = "copying the database"

    def moved(size: int) -> None:
        nonlocal done
        done += size
        shown(step, done, 0 if step == "writing the database" else of)

    writer = Writer(out, moved)
    writer.add(SECRET, io.BytesIO(settings.SECRET_KEY.encode()))
    with moment.held.write_out(shown) as stream:
        step, done = "writing the database", 0
        writer.add(DATABASE, stream, pack=not moment.held.packed)
    step, done = "writing lake and uploads", 0
    for name, path, _ in moment.files:
        try:
            with path.open("rb") as source:
                writer.add(name, source, pack=path.suffix != ".parquet")
        except FileNotFoundError as error:
            raise _ChangedError(f"{path.name} went away while it was being copied.") from error
    writer.end(about)
