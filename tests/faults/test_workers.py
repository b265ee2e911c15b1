"""Several workers at once, and workers that are killed: every row is acted upon once, and none is left."""

from __future__ import annotations

import random
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.faults.workspaces import ON, Workspace

WORKERS, KILLS = 4, 10
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


def with_jobs(workspace: Workspace, count: int) -> None:
    workspace.query("CREATE TABLE mark (job bigint, worker bigint)")
    columns = "due_at, attempts, lease, last_error, kind, key, payload, created_at"
    rows = [(str(LONG_AGO), 0, "", "", "mark", "", "{}", str(LONG_AGO))] * count
    workspace.query(f"INSERT INTO work_job ({columns}) VALUES ({', '.join(['%s'] * 8)})", rows)


def start_worker(workspace: Workspace, at_once: int) -> subprocess.Popen[bytes]:
    return workspace.start("-m", "tests.faults.counting_worker", str(at_once))


def left(workspace: Workspace) -> int:
    return int(workspace.query("SELECT count(*) FROM work_job WHERE kind = 'mark'")[0][0])


def wait_until_done(workspace: Workspace, *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while left(workspace) and time.monotonic() < end:
        time.sleep(0.1)


def assert_each_once(workspace: Workspace, count: int) -> None:
    assert left(workspace) == 0
    marks, jobs = workspace.query("SELECT count(*), count(DISTINCT job) FROM mark")[0]
    assert (marks, jobs) == (count, count)


def four_workers_share(workspace: Workspace, count: int, *, at_once: int) -> int:
    """Gives how many of the workers got something to do."""
    with_jobs(workspace, count)
    workers = [start_worker(workspace, at_once) for _ in range(WORKERS)]
    wait_until_done(workspace, seconds=60 + count / 50)
    for worker in workers:
        worker.terminate()
    assert [worker.wait(20) for worker in workers] == [0] * WORKERS
    assert_each_once(workspace, count)
    return int(workspace.query("SELECT count(DISTINCT worker) FROM mark")[0][0])


def kill_while_they_work(workspace: Workspace, count: int, *, at_once: int, chance: random.Random) -> int:
    """Gives how many kills came while there was something to do."""
    with_jobs(workspace, count)
    workers = [start_worker(workspace, at_once) for _ in range(WORKERS)]
    hits = 0
    while not workspace.query("SELECT count(*) FROM mark")[0][0]:
        time.sleep(0.05)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.5))
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        workers[victim].wait()
        hits += left(workspace) > 0
        workers[victim] = start_worker(workspace, at_once)
    wait_until_done(workspace, seconds=60 + count / 50)
    assert_each_once(workspace, count)
    assert workspace.query("SELECT count(*) FROM work_job WHERE died_at IS NOT NULL")[0][0] == 0
    return hits


def test_four_workers_on_postgresql_act_upon_each_row_once(tmp_path: Path) -> None:
    with ON["postgresql"](tmp_path) as workspace:
        assert four_workers_share(workspace, 1_000, at_once=1) > 1


@pytest.mark.parametrize(("database", "count"), [("postgresql", 2_000), ("sqlite", 1_500)])
def test_workers_killed_at_random_lose_and_double_nothing(tmp_path: Path, database: str, count: int) -> None:
    seed = random.randrange(10**6)  # noqa: S311
    with ON[database](tmp_path) as workspace:
        hits = kill_while_they_work(workspace, count, at_once=7, chance=random.Random(seed))  # noqa: S311
        assert hits >= KILLS // 2, f"seed {seed}: most kills came too late to matter"


@pytest.mark.prove
def test_four_workers_on_sqlite_act_upon_each_of_2_000_rows_once(tmp_path: Path) -> None:
    with ON["sqlite"](tmp_path) as workspace:
        assert four_workers_share(workspace, 2_000, at_once=1) == WORKERS


@pytest.mark.prove
@pytest.mark.parametrize("at_once", [1, 20])
def test_four_workers_on_postgresql_act_upon_each_of_10_000_rows_once(tmp_path: Path, at_once: int) -> None:
    with ON["postgresql"](tmp_path) as workspace:
        assert four_workers_share(workspace, 10_000, at_once=at_once) == WORKERS


@pytest.mark.prove
@pytest.mark.parametrize(("database", "count"), [("postgresql", 10_000), ("sqlite", 2_000)])
@pytest.mark.parametrize("seed", range(3))
def test_many_rows_outlive_workers_killed_at_random(tmp_path: Path, database: str, count: int, seed: int) -> None:
    with ON[database](tmp_path) as workspace:
        assert kill_while_they_work(workspace, count, at_once=3, chance=random.Random(seed)) == KILLS  # noqa: S311
