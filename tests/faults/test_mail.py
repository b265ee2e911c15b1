"""Workers that are killed while they send: every mail arrives, and only one in flight can arrive twice."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.faults.workspaces import ON, Workspace
from tests.post_office import PostOffice, open_post_office

LONG_AGO = str(datetime.now(UTC) - timedelta(hours=1))
WORKERS = 2


def with_messages(workspace: Workspace, count: int) -> None:
    workspace.run("-m", "tests.faults.one_member")
    columns = "due_at, attempts, lease, last_error, key, kind, to_id, about, context, state, urgent, at"
    (number,) = workspace.query("SELECT id FROM members_user")[0]
    rows = [
        (
            LONG_AGO,
            0,
            "",
            "",
            f"m{each}",
            "import_done",
            number,
            "",
            f'{{"file": "{each}"}}',
            "waiting",
            False,
            LONG_AGO,
        )
        for each in range(count)
    ]
    workspace.query(f"INSERT INTO outbox_message ({columns}) VALUES ({', '.join(['%s'] * 12)})", rows)


def unsent(workspace: Workspace) -> int:
    return int(workspace.query("SELECT count(*) FROM outbox_message WHERE state <> 'sent'")[0][0])


def send_and_kill(workspace: Workspace, office: PostOffice, *, kills: int, chance: random.Random) -> None:
    """After a kill the leases that it left behind are let run out at once, which in life takes five minutes."""
    workspace.mail_url = f"smtp://127.0.0.1:{office.port}"
    words = ("-m", "accord.cli", "worker", "--only", "mail", "--parent", str(os.getpid()))
    workers = [workspace.start(*words) for _ in range(WORKERS)]
    for _ in range(kills):
        seen = len(office.came)
        while len(office.came) == seen and unsent(workspace):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.1))
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        workers[victim].wait()
        workspace.query(f"UPDATE outbox_message SET leased_until = '{LONG_AGO}' WHERE leased_until IS NOT NULL")
        workers[victim] = workspace.start(*words)
    end = time.monotonic() + 90
    while unsent(workspace) and time.monotonic() < end:
        time.sleep(0.1)


def assert_all_came(workspace: Workspace, office: PostOffice, count: int, *, kills: int) -> None:
    assert unsent(workspace) == 0, workspace.query("SELECT state, attempts, due_at, last_error FROM outbox_message")[:5]
    arrivals = Counter(mail["Message-ID"] for mail in office.came)
    assert len(arrivals) == count
    # A killed worker leaves one mail in flight; letting all leases run out early lets the other worker's be taken too.
    assert arrivals.total() - count <= kills * WORKERS * 5


@pytest.mark.parametrize("database", sorted(ON))
def test_workers_killed_while_they_send_lose_no_mail(tmp_path: Path, database: str) -> None:
    chance = random.Random(database)  # noqa: S311
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 60)
        send_and_kill(workspace, office, kills=2, chance=chance)
        assert_all_came(workspace, office, 60, kills=2)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_workers_that_nobody_kills_send_each_mail_once(tmp_path: Path, database: str) -> None:
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 60)
        send_and_kill(workspace, office, kills=0, chance=random.Random(0))  # noqa: S311
        assert_all_came(workspace, office, 60, kills=0)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_ten_kills_lose_none_of_a_thousand_mails(tmp_path: Path, database: str) -> None:
    chance = random.Random(database)  # noqa: S311
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 1_000)
        send_and_kill(workspace, office, kills=10, chance=chance)
        assert_all_came(workspace, office, 1_000, kills=10)
