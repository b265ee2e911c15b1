"""Workspaces of their own, outside of the test runner's database, for tests that start and kill real processes."""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

SERVER = os.environ.get("ACCORD_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432/postgres")
ROOT = Path(__file__).parents[2]


@dataclass
class Workspace:
    """A migrated, empty database and the data folder beside it."""

    data: Path
    url: str
    mail_url: str = ""
    settings: str = "tests.faults.few_rooms"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to work in it."""
        ours = {"ACCORD_DATA": str(self.data), "ACCORD_DATABASE_URL": self.url, "ACCORD_MAIL_URL": self.mail_url}
        return {**os.environ, **ours, "ACCORD_LOG": "ERROR", "DJANGO_SETTINGS_MODULE": self.settings}

    def query(self, statement: str, rows: Sequence[Sequence[object]] = ()) -> list[tuple[Any, ...]]:
        """What the database says, past Django; with `rows`, one statement for each of them."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.data / "accord.db", timeout=20)) as connection, connection:
                if rows:
                    connection.executemany(statement.replace("%s", "?"), rows)
                    return []
                return list(connection.execute(statement))
        with psycopg.connect(self.url) as server:
            cursor = server.cursor()
            if rows:
                cursor.executemany(statement.encode(), rows)
            else:
                cursor.execute(statement.encode())
            server.commit()
            return cursor.fetchall() if cursor.description else []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a Python process in it; `stop_all` ends those that still run."""
        command = [sys.executable, *words]
        process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def run(self, *words: str) -> str:
        """Run a Python process in it to its end; it must end well. Gives what it wrote."""
        command = [sys.executable, *words]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def stop_all(self) -> None:
        """End what was started here and is still running."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def on_sqlite(folder: Path, *, migrated: bool = True) -> Iterator[Workspace]:
    """A workspace whose database is a file in `folder`."""
    workspace = Workspace(folder, f"sqlite:///{folder / 'accord.db'}")
    yield from _open(workspace, migrated)


@contextmanager
def on_postgresql(folder: Path, *, migrated: bool = True) -> Iterator[Workspace]:
    """A workspace in a database of its own, dropped afterwards; skips where no server answers."""
    name = sql.Identifier(f"accord_faults_{secrets.token_hex(4)}")
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers; set ACCORD_TEST_POSTGRESQL to a server where databases may be created")
    with closing(server):
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            workspace = Workspace(folder, f"{SERVER.rpartition('/')[0]}/{name.as_string().strip(chr(34))}")
            yield from _open(workspace, migrated)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _open(workspace: Workspace, migrated: bool) -> Iterator[Workspace]:
    if migrated:
        workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
    try:
        yield workspace
    finally:
        workspace.stop_all()


ON = {"sqlite": on_sqlite, "postgresql": on_postgresql}
