"""Workers that are killed while they send: every mail arrives, and only one in flight can arrive twice."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.killing import LONG_AGO, WORKERS, Sending, send_and_kill
from tests.faults.workspaces import ON, Workspace
from tests.post_office import PostOffice, open_post_office


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


MAIL = Sending("mail", "outbox_message", "state <> 'sent'")


def assert_all_came(workspace: Workspace, office: PostOffice, count: int, *, kills: int) -> None:
    assert MAIL.left(workspace) == 0, workspace.query("SELECT state, attempts, due_at, last_error FROM outbox_message")[
        :5
    ]
    arrivals = Counter(mail["Message-ID"] for mail in office.came)
    assert len(arrivals) == count
    # A killed worker leaves one mail in flight; letting all leases run out early lets the other worker's be taken too.
    assert arrivals.total() - count <= kills * WORKERS * 5


@pytest.mark.parametrize("database", sorted(ON))
def test_workers_killed_while_they_send_lose_no_mail(tmp_path: Path, database: str) -> None:
    chance = random.Random(database)  # noqa: S311
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 60)
        send_and_kill(MAIL, workspace, office, kills=2, chance=chance)
        assert_all_came(workspace, office, 60, kills=2)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_workers_that_nobody_kills_send_each_mail_once(tmp_path: Path, database: str) -> None:
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 60)
        send_and_kill(MAIL, workspace, office, kills=0, chance=random.Random(0))  # noqa: S311
        assert_all_came(workspace, office, 60, kills=0)


@pytest.mark.prove
@pytest.mark.parametrize("database", sorted(ON))
def test_ten_kills_lose_none_of_a_thousand_mails(tmp_path: Path, database: str) -> None:
    chance = random.Random(database)  # noqa: S311
    with ON[database](tmp_path) as workspace, open_post_office() as office:
        with_messages(workspace, 1_000)
        send_and_kill(MAIL, workspace, office, kills=10, chance=chance)
        assert_all_came(workspace, office, 1_000, kills=10)
