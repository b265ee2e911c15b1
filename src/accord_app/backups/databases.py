"""The database of a workspace, held at one moment and written out, and read into an empty one.

SQLite is copied by its online backup, PostgreSQL by `pg_dump` on the snapshot of a transaction that is held meanwhile.
Both let everybody work.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo

from accord_app.backups.archive import BackupError

PAGES_AT_ONCE = 4_000
TOOLS = "Install PostgreSQL's client programs (on Debian: apt-get install postgresql-client), of the server's version."
_PASSED_ON = ("dbname", "user", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options", "service")

Shown = Callable[[str, int, int], None]
"""Called with a step, how far it is, and how far it goes; 0 means that this is not known."""


class Held(Protocol):
    """A database at one moment, whatever is written meanwhile."""

    @property
    def vendor(self) -> str:
        """As Django calls it: sqlite or postgresql."""

    @property
    def packed(self) -> bool:
        """Whether what `write_out` gives is packed already."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query finds at that moment."""

    def write_out(self, shown: Shown) -> Any:
        """A context with the stream of the whole."""


@contextmanager
def held(beside: Path) -> Iterator[Held]:
    """The database of this workspace as it is now. `beside` is the folder in which there is room for a copy."""
    if connection.vendor == "postgresql":
        with _connected() as server:
            yield HeldPostgres(server, _exported(server))
        return
    with closing(sqlite3.connect(_file(), isolation_level=None, timeout=20)) as source:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only a read fixes the moment
        yield HeldSqlite(source, beside)


# SQLite


@dataclass(frozen=True)
class HeldSqlite:
    """A reading transaction; the write-ahead log keeps what is written after it apart."""

    source: sqlite3.Connection
    beside: Path
    vendor: str = "sqlite"
    packed: bool = False

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query finds at that moment."""
        return self.source.execute(statement).fetchall()

    @contextmanager
    def write_out(self, shown: Shown) -> Iterator[IO[bytes]]:
        """A copy that is deleted afterwards, in a folder that its owner alone can open."""

        def progress(status: int, remaining: int, total: int) -> None:
            shown("copying the database", total - remaining, total)

        with tempfile.TemporaryDirectory(prefix=".accord-", dir=self.beside) as folder:
            copy = Path(folder) / "accord.db"
            with closing(sqlite3.connect(copy)) as target:
                self.source.backup(target, pages=PAGES_AT_ONCE, progress=progress, sleep=0)
                target.execute("PRAGMA journal_mode = DELETE")
            with copy.open("rb") as stream:
                yield stream


def check_sqlite(path: Path) -> None:
    """Raises BackupError for a file that SQLite finds to be damaged."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"The database of the backup is damaged: {found}.", remedy="Take an earlier backup.")


def put_sqlite(copy: Path) -> None:
    """Put a checked copy in the place of the database."""
    connection.close()
    target = _file()
    target.parent.mkdir(parents=True, exist_ok=True)
    for rest in (target, target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        rest.unlink(missing_ok=True)
    shutil.move(copy, target)


def _file() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


# PostgreSQL


@dataclass(frozen=True)
class HeldPostgres:
    """A transaction whose snapshot `pg_dump` shares."""

    server: psycopg.Connection[Any]
    snapshot: str
    vendor: str = "postgresql"
    packed: bool = True

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query finds at that moment."""
        return self.server.execute(statement.encode()).fetchall()

    @contextmanager
    def write_out(self, shown: Shown) -> Iterator[IO[bytes]]:
        """What `pg_dump` writes, as it writes it. Raises BackupError when it is missing or ends badly."""
        shown("copying the database", 0, 0)
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={self.snapshot}"]
        with tempfile.TemporaryFile() as said, _started("pg_dump", *words, _named(), said=said) as (dumping, stream):
            try:
                yield stream
            except BaseException:
                dumping.kill()
                raise
            if dumping.wait():
                raise _failed("pg_dump", said)


@contextmanager
def _started(program: str, *words: str, said: IO[bytes]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A program, and what it writes."""
    with subprocess.Popen(  # noqa: S603
        [_program(program), *words], stdout=subprocess.PIPE, stderr=said, env=_environment()
    ) as running:
        yield running, cast(IO[bytes], running.stdout)


def put_postgres(dump: Path) -> None:
    """Read a dump into the empty database, all or nothing. Raises BackupError when `pg_restore` cannot."""
    words = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", f"--dbname={_named()}"]
    connection.close()
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(  # noqa: S603
            [_program("pg_restore"), *words, str(dump)], stdout=subprocess.DEVNULL, stderr=said, env=_environment()
        )
        if done.returncode:
            raise _failed("pg_restore", said)


def need_programs(*names: str) -> None:
    """Raises BackupError with what to install where PostgreSQL's programs are missing."""
    for name in names:
        _program(name)


@contextmanager
def _connected() -> Iterator[psycopg.Connection[Any]]:
    try:
        server = psycopg.connect(_named(), password=_parameters().get("password"))
    except psycopg.OperationalError as error:
        raise BackupError(
            f"The database cannot be used: {_line(str(error))}.", remedy="Check ACCORD_DATABASE_URL and that it runs."
        ) from error
    with closing(server):
        yield server


def _exported(server: psycopg.Connection[Any]) -> str:
    server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    return str(server.execute("SELECT pg_export_snapshot()").fetchall()[0][0])


def _parameters() -> Mapping[str, Any]:
    return connection.get_connection_params()


def _named() -> str:
    """Where the database is, without its password: others on the machine can see what a program was started with."""
    return make_conninfo(**{name: value for name, value in _parameters().items() if name in _PASSED_ON and value})


def _environment() -> dict[str, str]:
    password = _parameters().get("password")
    return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise BackupError(f"{name} is not installed.", remedy=TOOLS)
    return found


def _failed(program: str, said: IO[bytes]) -> BackupError:
    said.seek(0)
    lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    told = next((line for line in lines if "error" in line), lines[-1] if lines else "it ended without a word")
    told = told.removeprefix(f"{program}: ").removeprefix("error: ").rstrip(".")
    remedy = TOOLS if "version mismatch" in told or "unsupported version" in told else "Nothing was written."
    return BackupError(f"{program} could not do it: {told}.", remedy=remedy)


def _line(text: str) -> str:
    return next(iter(text.splitlines()), "").rstrip(".")
