"""A Spark cluster on this machine: a standalone master with its workers, on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

PATIENCE = 120  # seconds
Found = TypeVar("Found")


@contextmanager
def cluster(folder: Path, *, workers: int) -> Iterator[str]:
    """The address of the master. Each worker has one core and leaves what it ran in `worker-N` under `folder`."""
    running: list[subprocess.Popen[bytes]] = []
    log = folder / "master.log"
    (folder / "conf").mkdir()
    (folder / "conf" / "spark-defaults.conf").write_text(f"spark.sql.shuffle.partitions {workers}\n", "utf-8")
    before = os.environ.get("SPARK_CONF_DIR")
    os.environ["SPARK_CONF_DIR"] = str(folder / "conf")
    try:
        running.append(_started("master.Master", "--port", "0", log=log))
        master = _once(lambda: re.search(r"Starting Spark master at (spark://\S+)", log.read_text()), running)[1]
        for number in range(workers):
            own = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"worker-{number}"))
            running.append(_started("worker.Worker", *own, master, log=folder / f"worker-{number}.log"))
        _once(lambda: log.read_text().count("Registering worker") == workers, running)
        yield master
    finally:
        if before is None:
            del os.environ["SPARK_CONF_DIR"]
        else:
            os.environ["SPARK_CONF_DIR"] = before
        for process in reversed(running):
            process.terminate()
            process.wait(PATIENCE)


def _started(what: str, *words: str, log: Path) -> subprocess.Popen[bytes]:
    import pyspark

    home = Path(pyspark.__file__).parent
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *words]
    command += ["--host", "127.0.0.1", "--webui-port", "0"]
    with log.open("wb") as told:
        return subprocess.Popen(
            command, stdout=told, stderr=subprocess.STDOUT, env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
        )


def _once(look: Callable[[], Found | None], running: list[subprocess.Popen[bytes]]) -> Found:
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > until or any(process.poll() is not None for process in running):
            raise TimeoutError("the cluster did not start; see the logs beside it")
        time.sleep(0.1)
    return found
