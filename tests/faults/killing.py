"""Workers that send are killed at random while they do, until all has left."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.faults.workspaces import Workspace
from tests.post_office import PostOffice

LONG_AGO = str(datetime.now(UTC) - timedelta(hours=1))
WORKERS = 2
LONGEST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent: by which workers, where it waits, and as SQL which of it has not left. `longest_pause`: in seconds,
    before a kill after the last one that came."""

    only: str
    table: str
    waits: str
    longest_pause: float = 0.1

    def left(self, workspace: Workspace) -> int:
        """How many have not left."""
        return int(workspace.query(f"SELECT count(*) FROM {self.table} WHERE {self.waits}")[0][0])


def send_and_kill(
    what: Sending, workspace: Workspace, office: PostOffice, *, kills: int, chance: random.Random
) -> None:
    """After a kill the leases that it left behind are let run out at once, which in life takes five minutes."""
    workspace.mail_url = f"smtp://127.0.0.1:{office.port}"
    words = ("-m", "accord.cli", "worker", "--only", what.only, "--parent", str(os.getpid()))
    workers = [workspace.start(*words) for _ in range(WORKERS)]
    for _ in range(kills):
        seen = len(office.came)
        while len(office.came) == seen and what.left(workspace):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, what.longest_pause))
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        workers[victim].wait()
        workspace.query(f"UPDATE {what.table} SET leased_until = '{LONG_AGO}' WHERE leased_until IS NOT NULL")
        workers[victim] = workspace.start(*words)
    end = time.monotonic() + LONGEST_SECONDS
    while what.left(workspace) and time.monotonic() < end:
        time.sleep(0.1)
