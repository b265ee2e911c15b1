"""Work done ahead: while one thing is in use, the next is made in a thread beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

Thing = TypeVar("Thing")
PATIENCE_SECONDS = 0.05


@contextmanager
def one_ahead(things: Iterator[Thing], *, stop: Callable[[], None]) -> Iterator[Iterator[Thing]]:
    """The things of an iterator, each made in a thread while the one before is in use; never more than one ahead.

    What goes wrong in the thread is raised where the thing is asked for. Whoever leaves early, be it by Ctrl-C, does
    not wait for what nobody will use: `stop` is called until the making has ended.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, things, None)

        def in_turn() -> Iterator[Thing]:
            nonlocal coming
            while (thing := coming.result()) is not None:
                coming = thread.submit(next, things, None)
                yield thing

        try:
            yield in_turn()
        finally:
            while not wait([coming], PATIENCE_SECONDS).done:
                stop()
