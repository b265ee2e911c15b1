"""How far something is, on the terminal, while it takes longer than a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Shown = Callable[[str, int, int], None]
"""Called with a step, how far it is, and how far it goes; 0 means that this is not known."""


@contextmanager
def bars() -> Iterator[Shown]:
    """A bar for each step whose end is known, a turning line for the others; on standard error, gone at
    the end, and not there at all where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step[:1].upper() + step[1:], total=of or None)
            progress.update(tasks[step], completed=done, total=of or None)

        yield show
