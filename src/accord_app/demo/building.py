"""The simulated company is lived in a process of its own, while this one prepares tables and copies what is recorded.

A process and not a thread: the engine that lives it does not survive the fork of the web server, and the first start
has two processors to use.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from accord.example.company import RECORDED_EVERY, build
from accord.facts.errors import AccordError

Shown = Callable[[str, int, int], None]
_RECORDING = "recording"
_DONE = "done"
_TABLES = tuple(RECORDED_EVERY)


class BuildingEndedError(AccordError):
    """The process that lives the company ended before it was done."""


class Building:
    """A company on its way into a lake, up to a moment. Whatever an earlier attempt left there is taken away first."""

    def __init__(self, lake: Path, *, leads: int, months: int, until: datetime) -> None:
        self.leads, self.until = leads, until
        clear(lake)
        context = get_context("spawn")
        self._hearing, telling = context.Pipe(duplex=False)
        self._process = context.Process(target=_build, args=(telling, lake, leads, months, until), daemon=True)
        self._process.start()
        telling.close()  # the other end is the process's alone, so that its end is heard

    def tables(self, shown: Shown) -> Iterator[str]:
        """The tables of facts, each as soon as it is recorded. Raises BuildingEndedError when that does not come."""
        given = 0
        for step, done, of in self._told():
            shown(step, done, of)
            recorded = done if step == _RECORDING else len(_TABLES) if step == _DONE else 0
            yield from _TABLES[given:recorded]
            given = max(given, recorded)
        self._process.join()

    def _told(self) -> Iterator[tuple[str, int, int]]:
        while True:
            try:
                step, done, of = self._hearing.recv()
            except EOFError:
                self._process.join()
                raise BuildingEndedError(
                    f"The simulated company could not be built (exit code {self._process.exitcode}).",
                    remedy="The lines above say why. Free some memory or disk, or try fewer leads by --leads.",
                ) from None
            yield step, done, of
            if step == _DONE:
                return

    def stop(self) -> None:
        """End it; what it has built so far is of no use."""
        self._process.terminate()
        self._process.join()


def clear(lake: Path) -> None:
    """Take away what an earlier attempt left."""
    for leftover in (lake, lake.with_name(f"{lake.name}.truth.json")):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        leftover.unlink(missing_ok=True)
    lake.parent.mkdir(parents=True, exist_ok=True)


def _build(telling: Connection, lake: Path, leads: int, months: int, until: datetime) -> None:
    def tell(step: str, done: int, of: int) -> None:
        telling.send((step, done, of))

    try:
        build(lake, leads=leads, months=months, end=until.date(), until=until, progress=tell)
        tell(_DONE, 1, 1)
    except (BrokenPipeError, KeyboardInterrupt):  # whoever asked for it has gone, or was told to stop
        raise SystemExit(130) from None
