"""Whose turn it is to write into the lake. Two batches of one table that are open at the same time get in each other's
way: the second to be put in force has to be read again. Whoever dies lets go."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def turn(*, wait: bool) -> Iterator[bool]:
    """Hold the turn; gives False, without holding it, where somebody else has it and `wait` is not wanted."""
    folder = Path(settings.LAKE).parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lake.turn").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
