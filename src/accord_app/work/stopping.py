"""How a worker is told to end: by a signal, by another thread, or by the end of the process that started it."""

from __future__ import annotations

import os
import select
from dataclasses import dataclass, field


@dataclass
class Stop:
    """Asked for at most once, never taken back. `parent`: the process without which there is nothing to work for."""

    parent: int | None = None
    _asked: bool = False
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def ask(self) -> None:
        """Ask to end. Takes no lock, because a signal may come while the waiting thread holds one."""
        self._asked = True
        os.write(self._pipe[1], b".")

    @property
    def is_asked(self) -> bool:
        """Whether to take no further row."""
        return self._asked or (self.parent is not None and os.getppid() != self.parent)

    def wait(self, seconds: float) -> None:
        """Sleep, but not longer than until asked."""
        if seconds > 0:
            select.select([self._pipe[0]], [], [], seconds)

    def close(self) -> None:
        """Give the pipe back."""
        for end in self._pipe:
            os.close(end)
