"""The simulated company as `make run` shows it: its own process, its own worker, its own files."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEADS = 600
LONGEST = 300  # seconds until it answers on a busy machine


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The address of a demo that lives in `folder`; test processes that share the folder build it once."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "accord.cli", "demo", "--data", str(folder / "demo"), "--leads", str(LEADS)]
    told = folder / f"said-{os.getpid()}.txt"
    with (folder / "one-at-a-time").open("a") as turn, told.open("w") as said:
        fcntl.flock(turn, fcntl.LOCK_EX)
        running = subprocess.Popen([*words, "--port", "0"], stdout=said, stderr=subprocess.STDOUT)
        try:
            address = _answered(running, told)
            fcntl.flock(turn, fcntl.LOCK_UN)
            yield address
        finally:
            running.terminate()
            running.wait(30)
        assert "was sent SIG" not in told.read_text(), "a process of the server was killed instead of ending"


def _answered(running: subprocess.Popen[bytes], told: Path) -> str:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until and running.poll() is None:
        if found := re.search(r"Look around at (\S+)/demo/", told.read_text()):
            try:
                with urllib.request.urlopen(f"{found[1]}/demo/") as answer:  # noqa: S310
                    assert answer.status == 200
                return found[1]
            except ConnectionError:
                pass
            except OSError as error:
                if not isinstance(getattr(error, "reason", None), ConnectionError):
                    raise
        time.sleep(0.2)
    raise AssertionError(f"The demo did not answer:\n{told.read_text()}")
