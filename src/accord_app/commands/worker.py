"""`accord worker`: do what is due, in one process or several, until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from accord.facts.errors import AccordError
from accord_app.commands.starting import start_django

if TYPE_CHECKING:
    from accord_app.work.worker import Worker

EXAMPLES = """\
examples:
  accord worker                    one process, all kinds of work
  accord worker --processes 4      four of them; PostgreSQL shares the rows among them
  accord worker --only mail        mail alone, to keep it apart from the rest
  accord worker --once             do what is due now, then end

SIGTERM and Ctrl-C let it finish the present row. A worker that is killed loses nothing: its rows are taken
by another when their lease has run out.

exit code: 0 stopped as told, 2 the database cannot be used
"""
RESTART_AFTER = 1.0  # seconds before a process that ended by itself is started again
LOOK_EVERY = 0.2


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord worker`."""
    parser.description = "Do what is due: clocks, mail, carrying, measuring."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--once", action="store_true", help="do what is due now, then end")
    parser.add_argument("--only", default="", metavar="KIND,..", help="do these kinds of work alone")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many processes (1)")
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Work until told to stop; 0 then."""
    if args.processes < 1:
        raise AccordError(f"{args.processes} processes cannot work.", remedy="Write a number from 1.")
    if args.once and args.processes > 1:
        raise AccordError("--once works in one process.", remedy="Leave --processes out.")
    start_django()
    only = _known_kinds(args.only)
    if args.processes > 1:
        return _watch_over(args.processes, only)
    return _work(only, once=args.once, parent=args.parent)


def _known_kinds(only: str) -> tuple[str, ...]:
    from accord_app.work import handlers

    asked = tuple(name.strip() for name in only.split(",") if name.strip())
    if unknown := [name for name in asked if name not in handlers.kinds()]:
        raise AccordError(
            f"There is no work of the kind {unknown[0]!r}.", remedy=f"There are: {', '.join(handlers.kinds())}."
        )
    return asked


def _work(only: tuple[str, ...], *, once: bool, parent: int | None) -> int:
    from django.utils import timezone

    from accord_app.work.stopping import Stop
    from accord_app.work.worker import Worker

    worker: Worker = Worker(clock=timezone.now, only=only, stop=Stop(parent=parent))
    _on_signals(worker.stop.ask)
    done = worker.run_once() if once else worker.run()
    sys.stdout.write(f"{done:,} rows done.\n")
    return 0


def _watch_over(processes: int, only: tuple[str, ...]) -> int:
    """Keep that many workers going. Each ends when this process does, however it ends."""
    stop: list[bool] = []
    _on_signals(lambda: stop.append(True))
    running = [_started(only) for _ in range(processes)]
    while not stop:
        time.sleep(LOOK_EVERY)
        for place, each in enumerate(running):
            if each.poll() is not None and not stop:
                sys.stderr.write(f"accord worker: process {each.pid} ended by itself ({each.returncode}).\n")
                time.sleep(RESTART_AFTER)
                running[place] = _started(only)
    for each in running:
        each.terminate()
    for each in running:
        each.wait()
    return 0


def _started(only: tuple[str, ...]) -> subprocess.Popen[bytes]:
    words = ["worker", "--parent", str(os.getpid()), *(["--only", ",".join(only)] if only else [])]
    return subprocess.Popen([sys.executable, "-m", "accord.cli", *words])  # noqa: S603


def _on_signals(ask: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ask())
