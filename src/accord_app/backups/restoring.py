"""Reading a backup into an empty workspace, and seeing that it is all there.

Everything is unpacked and compared first, beside its place; only then is anything put there, and until the end a mark
keeps pages and worker from starting. What waited to be sent when the backup was made may have left since, so it is not
sent again by itself: it stands on the page Messages, for somebody to decide.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accord.facts import erasure
from accord.facts.ledger import Ledger
from accord_app.backups import databases, moving
from accord_app.backups.archive import DATABASE, LAKE, SECRET, UPLOADS, Archive, BackupError
from accord_app.backups.databases import Shown
from accord_app.ledger.carrying import reached
from accord_app.ledger.models import FACTS, Carried
from accord_app.outbox.models import Message
from accord_app.records.models import Erasure
from accord_app.work.models import Heartbeat

HELD_BACK = "Restored from a backup: it may have been sent after that was made."
_MAY_BE_THERE = frozenset({"secret_key", "static", "lake.turn"})  # what a start leaves in a folder, without a workspace


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup's moment and company, its facts, messages held back, and keyed ids of people whom
    the lake knows as erased while this database, which is older, does not."""

    at: datetime
    company: str
    facts: int
    rows: int
    held_back: int
    erase_again: tuple[str, ...]


def restore(archive: Archive, *, unfinished: Path, send_waiting: bool, at: datetime, shown: Shown) -> Restored:
    """Read a backup into this workspace, which must be empty. Until it is done, `unfinished` is there as a mark.

    Raises BackupError when the workspace is not empty or of another kind, and when the backup is damaged or was made
    by a later version; then nothing was changed.
    """
    _expect_fitting(archive)
    _expect_empty()
    data = Path(settings.DATA)
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=data) as folder:
        unpacked = Path(folder)
        _unpack(archive, unpacked, shown)
        numbers = _check_lake(unpacked / "lake")
        if archive.about["database"] == "sqlite":
            databases.check_sqlite(unpacked / DATABASE)
        unfinished.touch()
        _put_files(unpacked, data)
        shown("reading the database", 0, 0)
        _put_database(archive, unpacked / DATABASE)
    found = _compare(archive, numbers)
    held_back = 0 if send_waiting else _hold_back(at)
    Heartbeat.objects.all().delete()  # of workers that are not these
    unfinished.unlink()
    return Restored(
        at=datetime.fromisoformat(archive.about["made_at"]),
        company=str(archive.about["company"]),
        facts=sum(found[model._meta.db_table] for model in FACTS.values()),
        rows=sum(found.values()),
        held_back=held_back,
        erase_again=_erased_later(),
    )


# Before anything is changed


def _expect_fitting(archive: Archive) -> None:
    known = {f"{app}.{name}" for app, name in MigrationExecutor(None).loader.graph.nodes}
    if set(archive.about["migrations"]) - known:
        raise BackupError(
            f"{archive.path} was made by version {archive.about['version']}, whose tables this version does not know.",
            remedy="Install that version or a later one, and restore with it.",
        )
    if archive.about["database"] == "postgresql" != connection.vendor:
        raise BackupError(
            f"{archive.path} was made on PostgreSQL and cannot be read into SQLite.",
            remedy="Name an empty PostgreSQL database in ACCORD_DATABASE_URL.",
        )
    if archive.about["database"] == connection.vendor == "postgresql":
        databases.need_programs("pg_restore")
    given = os.environ.get("ACCORD_SECRET_KEY")
    if given and given != archive.text(SECRET):
        raise BackupError(
            "ACCORD_SECRET_KEY is another key than the backup's: no second factor would open any more.",
            remedy="Leave it out; the key of the backup is restored into the data folder.",
        )


def _expect_empty() -> None:
    data = Path(settings.DATA)
    database = Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None
    own = {f"{database.name}{end}" for end in ("", "-wal", "-shm")} if database else set()
    for path in sorted(data.iterdir()) if data.is_dir() else []:
        is_empty = path.is_dir() and not any(path.iterdir())
        if not is_empty and path.name not in _MAY_BE_THERE | own:
            raise BackupError(
                f"{data} holds {path.name}; a backup is restored into an empty folder alone.",
                remedy="Name another folder in ACCORD_DATA, or move this one away.",
            )
    if (database is None or database.exists()) and connection.introspection.table_names():
        raise BackupError(
            "The database holds tables; a backup is restored into an empty one alone.",
            remedy="Name another in ACCORD_DATABASE_URL, or move this one away.",
        )


def _unpack(archive: Archive, folder: Path, shown: Shown) -> None:
    done = 0

    def moved(size: int) -> None:
        nonlocal done
        done += size
        shown("unpacking and comparing", done, archive.size)

    for name in archive.members:
        archive.extract(name, folder / name, moved)


def _check_lake(folder: Path) -> dict[str, int]:
    """How far each table was carried. Raises LedgerError when the lake cannot be read or a file is missing."""
    ledger = Ledger.open(folder)
    for table in FACTS:
        ledger.files(table)
    return reached(ledger)


# Putting it there


def _put_files(unpacked: Path, data: Path) -> None:
    (unpacked / "uploads").mkdir(mode=0o700, exist_ok=True)
    for name, place in ((LAKE, Path(settings.LAKE)), (UPLOADS, Path(settings.UPLOADS))):
        if place.exists():
            place.rmdir()
        shutil.move(unpacked / name.rstrip("/"), place)
    shutil.move(unpacked / SECRET, data / "secret_key")


def _put_database(archive: Archive, file: Path) -> None:
    if archive.about["database"] != connection.vendor:
        moving.from_sqlite(file)
    elif connection.vendor == "sqlite":
        databases.put_sqlite(file)
    else:
        databases.put_postgres(file)


def _compare(archive: Archive, numbers: dict[str, int]) -> dict[str, int]:
    """Bring the tables to this version and see that all rows are there. Raises BackupError when some are not."""
    found = {name: _count(name) for name in archive.about["rows"]}
    if differing := [name for name, rows in archive.about["rows"].items() if rows != found[name]]:
        name = differing[0]
        raise BackupError(
            f"{name} has {found[name]:,} rows where the backup had {archive.about['rows'][name]:,}.",
            remedy="Empty folder and database, and restore again; if it happens again, report it.",
        )
    call_command("migrate", interactive=False, verbosity=0)
    given = dict(Carried.objects.values_list("table", "last"))
    if ahead := [table for table, number in numbers.items() if number > given.get(table, 0)]:
        raise BackupError(
            f"The lake of the backup is ahead of its database in {ahead[0]}.", remedy="Take an earlier backup."
        )
    return found


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
        row: Any = cursor.fetchone()
    return int(row[0])


def _hold_back(at: datetime) -> int:
    """What had not left is given up, so that a decision is asked for. Sent again, it leaves under its old number."""
    unsent = Message.objects.filter(state__in=[Message.State.WAITING, Message.State.DIGEST])
    return unsent.update(state=Message.State.DEAD, died_at=at, lease="", leased_until=None, last_error=HELD_BACK)


def _erased_later() -> tuple[str, ...]:
    known = {each for ids in Erasure.objects.values_list("person_ids", flat=True) for each in ids}
    return tuple(sorted(erasure.erased(Path(settings.LAKE)).keys() - known))
