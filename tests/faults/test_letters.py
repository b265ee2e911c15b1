"""Workers that are killed while they send to people outside: every mail arrives at most once, and of every one that may
not have arrived the workspace says so."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.test_mail import LONG_AGO
from tests.faults.workspaces import ON, Workspace
from tests.post_office import PostOffice, open_post_office

WORKERS = 2


def open_ones(workspace: Workspace) -> int:
    found = workspace.query("SELECT count(*) FROM outbox_letter WHERE state IN ('waiting', 'leaving')")
    return int(found[0][0])


def send_and_kill(workspace: Workspace, office: PostOffice, *, kills: int, chance: random.Random) -> None:
    """After a kill the leases that it left behind are let run out at once, which in life takes five minutes."""
    workspace.mail_url = f"smtp://127.0.0.1:{office.port}"
    words = ("-m", "accord.cli", "worker", "--only", "letters", "--parent", str(os.getpid()))
    workers = [workspace.start(*words) for _ in range(WORKERS)]
    for _ in range(kills):
        seen = len(office.came)
        while len(office.came) == seen and open_ones(workspace):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.05))
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        workers[victim].wait()
        workspace.query(f"UPDATE outbox_letter SET leased_until = '{LONG_AGO}' WHERE leased_until IS NOT NULL")
        workers[victim] = workspace.start(*words)
    end = time.monotonic() + 120
    while open_ones(workspace) and time.monotonic() < end:
        time.sleep(0.1)


def assert_once_or_unknown(workspace: Workspace, office: PostOffice, count: int, *, kills: int) -> None:
    states = dict(workspace.query("SELECT state, count(*) FROM outbox_letter GROUP BY state"))
    assert states.keys() <= {"sent", "unsure"}, states
    assert sum(states.values()) == count
    arrivals = Counter(mail["Message-ID"] for mail in office.came)
    assert set(arrivals.values()) <= {1}
    assert states.get("unsure", 0) <= kills * WORKERS  # each worker has at most one in flight when leases run out
    assert states["sent"] <= len(arrivals) <= count
    went_on = workspace.query("SELECT count(*) FROM outreach_passed WHERE came = 'sent'")[0][0]
    assert went_on == states["sent"]
    touches = workspace.query("SELECT count(*) FROM fact_touches WHERE kind = 'email.sent'")[0][0]
    assert touches == states["sent"]


@pytest.mark.parametrize("database", sorted(ON))
def test_workers_killed_while_they_send_send_every_letter_at_most_once(tmp_path: Path, database: str) -> None:
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        workspace.settings = "accord_app.settings"
        workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
        workspace.run("-m", "tests.faults.letters_to_leave", "20")
        send_and_kill(workspace, office, kills=2, chance=random.Random(database))  # noqa: S311
        assert_once_or_unknown(workspace, office, 20, kills=2)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_twenty_kills_send_no_letter_twice(tmp_path: Path, database: str) -> None:
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        workspace.settings = "accord_app.settings"
        workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
        workspace.run("-m", "tests.faults.letters_to_leave", "300")
        send_and_kill(workspace, office, kills=20, chance=random.Random(database))  # noqa: S311
        assert_once_or_unknown(workspace, office, 300, kills=20)
