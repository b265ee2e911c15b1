"""Clocks that come due while several workers look at them, and while one is killed: each is acted upon exactly once."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest
from tests.faults.workspaces import ON, Workspace

WORKERS = 4
SETTINGS = "accord_app.settings"


def _play(workspace: Workspace) -> subprocess.Popen[bytes]:
    return workspace.start("-m", "tests.faults.clock_worker", "play")


def _played(workspace: Workspace, count: int, *, kills: int) -> None:
    workspace.settings = SETTINGS
    workspace.run("-m", "accord_app.commands.manage", "migrate", "--verbosity", "0")
    workspace.run("-m", "tests.faults.clock_worker", "offer", str(count))
    workers = [_play(workspace) for _ in range(WORKERS)]
    chance = random.Random(7)  # noqa: S311
    for _ in range(kills):
        time.sleep(chance.uniform(0.3, 1.5))
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        workers[victim].wait()
        workers[victim] = _play(workspace)
    assert [worker.wait(900) for worker in workers] == [0] * WORKERS


def _assert_each_reminded_once(workspace: Workspace, count: int) -> None:
    found = workspace.query("SELECT count(*), count(DISTINCT handoff_id) FROM fact_handoffs WHERE event = 'reminded'")[
        0
    ]
    assert found == (count, count)
    assert workspace.query("SELECT count(*) FROM handoffs_clock")[0] == (0,)
    assert workspace.query("SELECT count(*) FROM handoffs_handoff WHERE missed_answer") == [(count,)]


@pytest.mark.parametrize("on", ON)
def test_four_workers_remind_each_owner_once(on: str, tmp_path: Path) -> None:
    with ON[on](tmp_path) as workspace:
        _played(workspace, 120, kills=1)
        _assert_each_reminded_once(workspace, 120)


@pytest.mark.prove
def test_ten_thousand_clocks_and_ten_kills_on_postgresql(tmp_path: Path) -> None:
    with ON["postgresql"](tmp_path) as workspace:
        _played(workspace, 10_000, kills=10)
        _assert_each_reminded_once(workspace, 10_000)
