"""How a worker says that it is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from accord_app.work.models import Heartbeat

SAY_EVERY, WORRY_AFTER, FORGET_AFTER = timedelta(seconds=5), timedelta(seconds=30), timedelta(days=1)


@dataclass
class Beat:
    """The heartbeat of one worker. Writes at most once in SAY_EVERY, so that it costs nothing while much is done."""

    worker: str
    only: Collection[str]
    started_at: datetime
    said_at: datetime | None = None

    def say_alive(self, *, at: datetime, done: int) -> bool:
        """Say so if it is time to; gives whether it was."""
        if self.said_at is not None and at - self.said_at < SAY_EVERY:
            return False
        self._write(at=at, alive_until=at + WORRY_AFTER, doing="", done=done)
        Heartbeat.objects.filter(alive_until__lt=at - FORGET_AFTER).delete()
        return True

    def say_busy(self, doing: str, *, until: datetime, at: datetime, done: int) -> None:
        """Say that nothing may be heard until then."""
        self._write(at=at, alive_until=until + WORRY_AFTER, doing=doing, done=done)

    def stop(self) -> None:
        """Say goodbye, so that nobody waits."""
        Heartbeat.objects.filter(worker=self.worker).delete()

    def _write(self, *, at: datetime, alive_until: datetime, doing: str, done: int) -> None:
        said = {"seen_at": at, "alive_until": alive_until, "doing": doing, "done": done}
        begun = {"started_at": self.started_at, "only": ",".join(sorted(self.only))}
        Heartbeat.objects.update_or_create(worker=self.worker, defaults=said, create_defaults=said | begun)
        self.said_at = at
