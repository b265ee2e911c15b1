"""Workers that are killed while they send to people outside: every mail arrives at most once, and of every one that may
not have arrived the workspace says so."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.killing import WORKERS, Sending, send_and_kill
from tests.faults.workspaces import ON, Workspace
from tests.post_office import PostOffice, open_post_office

LETTERS = Sending("letters", "outbox_letter", "state IN ('waiting', 'leaving')", longest_pause=0.05)


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
        send_and_kill(LETTERS, workspace, office, kills=2, chance=random.Random(database))  # noqa: S311
        assert_once_or_unknown(workspace, office, 20, kills=2)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_twenty_kills_send_no_letter_twice(tmp_path: Path, database: str) -> None:
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        workspace.settings = "accord_app.settings"
        workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
        workspace.run("-m", "tests.faults.letters_to_leave", "300")
        send_and_kill(LETTERS, workspace, office, kills=20, chance=random.Random(database))  # noqa: S311
        assert_once_or_unknown(workspace, office, 300, kills=20)
