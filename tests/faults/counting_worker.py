"""`accord worker` with one more kind of work, whose effects can be counted: python -m tests.faults.counting_worker"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime

import django

django.setup()

from django.db import connection  # noqa: E402

from accord_app.commands import worker  # noqa: E402
from accord_app.work import handlers  # noqa: E402
from accord_app.work.models import Job  # noqa: E402

LEASE_SECONDS = 2


def leave_a_mark(jobs: Sequence[Job], at: datetime) -> None:
    """One row for each time that a job is acted upon; nothing in the database forbids a second one."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO mark (job, worker) VALUES (%s, %s)", [(job.pk, os.getpid()) for job in jobs])
    time.sleep(0.001)  # long enough to be killed between the effect and the end of the row


if __name__ == "__main__":
    handlers.register("mark", leave_a_mark, at_once=int(sys.argv[1]), lease_seconds=LEASE_SECONDS)
    parser = argparse.ArgumentParser()
    worker.add(parser)
    sys.exit(worker.run(parser.parse_args(["--only", "mark", "--parent", str(os.getppid())])))
