"""A backup that is made while people work holds one moment; restored, all is there, and nothing is done twice."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.faults.workspaces import ON, ROOT, Workspace
from tests.post_office import open_post_office

from accord.facts.tables import TABLES

FULL = "accord_app.settings"
LEADS = 9
COMPANY = "tests.faults.living_company"


def a_company(workspace: Workspace) -> Workspace:
    with_every_room(workspace)
    workspace.run("-m", COMPANY, "found", str(LEADS))
    return workspace


def with_every_room(workspace: Workspace) -> Workspace:
    workspace.settings = FULL
    workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
    return workspace


def accord(workspace: Workspace, *words: str, status: int = 0, **more: str) -> tuple[Any, str]:
    """What a command answers as JSON, and what it says beside."""
    command = [sys.executable, "-m", "accord.cli", *words, *(() if "--json" in words else ("--json",))]
    done = subprocess.run(command, env={**workspace.environment, **more}, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout), done.stderr


def said(workspace: Workspace, what: str) -> Any:
    return json.loads(workspace.run("-m", COMPANY, what))


def facts_of(workspace: Workspace, table: str, upto: int | None = None) -> list[tuple[Any, ...]]:
    names = ", ".join(f'"{column.name}"' for column in TABLES[table].columns if column.name != "digest")
    until = "" if upto is None else f"WHERE id <= {upto}"
    return workspace.query(f"SELECT id, {names} FROM fact_{table} {until} ORDER BY id")


def count(workspace: Workspace, table: str, where: str = "true") -> int:
    return int(workspace.query(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


@pytest.mark.parametrize("on", ON)
def test_a_backup_that_is_made_while_people_work_holds_one_moment(on: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.backup"
    with ON[on](tmp_path / "old") as old, ON[on](tmp_path / "new", migrated=False) as new:
        a_company(old)
        new.settings = FULL
        working = old.start("-m", COMPANY, "live", str(LEADS))
        while count(old, "fact_handoffs", "event = 'offered'") < LEADS + 6:
            assert working.poll() is None
            time.sleep(0.05)
        before = count(old, "fact_handoffs")
        made, _ = accord(old, "backup", str(kept))
        assert count(old, "fact_handoffs") > before, "work went on"
        working.kill()
        working.wait()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        restored, _ = accord(new, "restore", str(kept))
        assert restored["facts"] == made["facts"] > 0
        for table in TABLES:
            there = facts_of(new, table)
            assert there == facts_of(old, table, upto=max([row[0] for row in there], default=0)), table
        assert_a_replay_says_the_same(new)
        assert_nothing_leaves_twice(new, restored["messages_held_back"])


def assert_a_replay_says_the_same(workspace: Workspace) -> None:
    found = said(workspace, "replay")
    assert found["here"] == found["there"]
    assert found["recorded"] > LEADS and found["exact"], found["differing"]


def assert_nothing_leaves_twice(workspace: Workspace, held_back: int) -> None:
    assert held_back > 0
    assert count(workspace, "outbox_message", "state IN ('waiting', 'digest')") == 0
    assert count(workspace, "outbox_message", "state = 'dead' AND last_error LIKE 'Restored from%'") == held_back
    before = count(workspace, "outbox_message")
    with open_post_office() as office:
        workspace.mail_url = f"smtp://127.0.0.1:{office.port}"
        workspace.run("-m", "accord.cli", "worker", "--once", "--only", "mail")
        assert office.came == []
    assert count(workspace, "outbox_message") == before


@pytest.mark.parametrize(
    ("was", "becomes"), [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql")]
)
def test_what_was_restored_shows_the_same_pages_and_goes_on(was: str, becomes: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.backup"
    with ON[was](tmp_path / "old") as old, ON[becomes](tmp_path / "new", migrated=False) as new:
        a_company(old)
        new.settings = FULL
        old.query("INSERT INTO work_heartbeat (worker, \"only\", started_at, seen_at, alive_until, doing, done) "
                  "VALUES ('elsewhere:1', '', '2026-01-01', '2026-01-01', '2026-01-01', '', 0)")  # fmt: skip
        accord(old, "backup", str(kept))
        accord(new, "restore", str(kept), "--send-waiting")
        before, after = said(old, "pages"), said(new, "pages")
        assert {path: status for path, (status, _) in before.items() if status != 200} == {}
        assert [path for path in before if after[path] != before[path]] == []
        assert (new.data / "uploads/a0b1.csv").read_bytes() == (old.data / "uploads/a0b1.csv").read_bytes()
        assert (new.data / "secret_key").read_text() == (old.data / "secret_key").read_text()
        assert (new.data / "lake/key").read_text() == (old.data / "lake/key").read_text()
        waiting = "state IN ('waiting', 'digest')"
        assert count(new, "outbox_message", waiting) == count(old, "outbox_message", waiting) > 0
        assert count(new, "work_heartbeat") == 0
        assert_a_replay_says_the_same(new)
        last = new.query("SELECT max(id) FROM fact_handoffs")[0][0]
        new.run("-m", COMPANY, "more", str(LEADS))
        assert new.query("SELECT max(id) FROM fact_handoffs")[0][0] > last
        refused, words = accord(new, "restore", str(kept), status=2)
        assert "restored into an empty" in refused["error"] and len(words.splitlines()) == 1


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    with ON["sqlite"](folder / "old") as old:
        a_company(old)
        accord(old, "backup", str(folder / "kept.backup"))
        refused, _ = accord(old, "backup", str(folder / "kept.backup"), status=2)
        assert "is there already" in refused["error"]
        refused, _ = accord(old, "backup", str(folder / "nowhere/kept.backup"), status=2)
        assert "There is no folder" in refused["error"]
        assert list(folder.glob(".*")) == []
    return folder / "kept.backup"


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_bit_turned(content: bytes) -> bytes:
    """In the middle of a file that the backup holds: between the files are dates and padding that nobody reads."""
    with zipfile.ZipFile(io.BytesIO(content)) as held:
        member = held.getinfo("database")
    place = member.header_offset + member.compress_size // 2
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def a_picture(content: bytes) -> bytes:
    return b"\x89PNG\r\n" + bytes(200)


def nothing(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [(cut_off, "damaged"), (one_bit_turned, "damaged"), (a_picture, "no backup of accord"), (nothing, "no backup")],
)
@pytest.mark.parametrize("words", [("--check",), ()])
def test_a_damaged_or_foreign_file_is_refused_and_nothing_is_written(
    backup: Path, tmp_path: Path, spoilt: Any, told: str, words: Sequence[str]
) -> None:
    file = tmp_path / "given.backup"
    file.write_bytes(spoilt(backup.read_bytes()))
    with ON["sqlite"](tmp_path / "new", migrated=False) as new:
        new.settings = FULL
        refused, words_of_it = accord(new, "restore", str(file), *words, status=2)
        assert told in refused["error"] and refused["remedy"] and len(words_of_it.splitlines()) == 1
        assert {path.name for path in new.data.iterdir()} <= {"secret_key"}


def test_a_whole_backup_is_found_whole_and_is_not_restored_over_anything(backup: Path, tmp_path: Path) -> None:
    with ON["sqlite"](tmp_path / "new") as new:  # its tables are there
        new.settings = FULL
        assert accord(new, "restore", str(backup), "--check")[0]["whole"] is True
        assert "holds tables" in accord(new, "restore", str(backup), status=2)[0]["error"]
    with ON["sqlite"](tmp_path / "used", migrated=False) as used:
        used.settings = FULL
        (used.data / "lake").mkdir(parents=True)
        (used.data / "lake/lake.json").write_text("{}")
        assert "holds lake" in accord(used, "restore", str(backup), status=2)[0]["error"]
    with ON["sqlite"](tmp_path / "other", migrated=False) as other:
        other.settings = FULL
        other_key = {"ACCORD_SECRET_KEY": "another"}
        refused, _ = accord(other, "restore", str(backup), status=2, **other_key)
        assert "another key than the backup's" in refused["error"]


def test_until_a_restore_is_done_nothing_starts(backup: Path, tmp_path: Path) -> None:
    with ON["sqlite"](tmp_path / "new", migrated=False) as new:
        new.settings = FULL
        accord(new, "restore", str(backup))
        (new.data / "restore-came-to-no-end").touch()  # as a restore leaves it that is killed
        refused, _ = accord(new, "status", status=2)
        assert "came to no end" in refused["error"]


def test_without_its_program_postgresql_says_what_to_install(tmp_path: Path) -> None:
    with ON["postgresql"](tmp_path / "old") as old:
        with_every_room(old)
        refused, _ = accord(old, "backup", str(tmp_path / "kept.backup"), status=2, PATH=os.fspath(tmp_path))
        assert refused["error"] == "pg_dump is not installed." and "postgresql-client" in refused["remedy"]


def test_a_backup_of_postgresql_is_not_read_into_sqlite(tmp_path: Path) -> None:
    with ON["postgresql"](tmp_path / "old") as old, ON["sqlite"](tmp_path / "new", migrated=False) as new:
        with_every_room(old)
        new.settings = FULL
        accord(old, "backup", str(tmp_path / "kept.backup"))
        refused, _ = accord(new, "restore", str(tmp_path / "kept.backup"), status=2)
        assert "cannot be read into SQLite" in refused["error"]


def test_status_says_what_health_says(tmp_path: Path) -> None:
    with ON["sqlite"](tmp_path) as workspace:
        with_every_room(workspace)
        told, _ = accord(workspace, "status", status=1)
        assert told["well"] is False and told["checks"]["database"]["well"] is True
        assert "start `accord worker`" in told["checks"]["worker"]["detail"]
