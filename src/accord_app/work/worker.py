"""One worker process: does what is due, sleeps until more is, says that it is there, and stops between two rows."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection

from accord_app.work import beating, claim, handlers, planning
from accord_app.work.doing import do_due
from accord_app.work.handlers import Kind
from accord_app.work.stopping import Stop

LONGEST_SLEEP = timedelta(seconds=1)
SHORTEST_SLEEP = timedelta(milliseconds=20)  # what is due may be locked by somebody who takes it just now
AFTER_TROUBLE = timedelta(seconds=5)
log = logging.getLogger("accord.work")


def this_process() -> str:
    """A name that no other living process has."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class Worker:
    """Does the kinds named in `only`, or all. `clock` tells the time; whoever wants it to end asks `stop`."""

    clock: Callable[[], datetime]
    only: Collection[str] = ()
    stop: Stop = field(default_factory=Stop)
    done: int = 0

    def run(self) -> int:
        """Work until told to stop; gives how many rows were claimed."""
        beat = beating.Beat(worker=this_process(), only=self.only, started_at=self.clock())
        while not self.stop.is_asked:
            try:
                busy = self.pass_over(beat)
                pause = timedelta() if busy else self._until_next()
            except (OperationalError, InterfaceError) as error:
                log.error("the database does not answer: %s", claim.in_short(error))
                connection.close()
                pause = AFTER_TROUBLE
            self.stop.wait(pause.total_seconds())
        beat.stop()
        return self.done

    def run_once(self) -> int:
        """Do everything that is due now, and what becomes due by that, then stop; gives how many rows were claimed."""
        beat = beating.Beat(worker=this_process(), only=self.only, started_at=self.clock())
        planning.plan_all(at=self.clock())
        while self.pass_over(beat) and not self.stop.is_asked:
            pass
        beat.stop()
        return self.done

    def pass_over(self, beat: beating.Beat) -> int:
        """One batch of each kind that has something due; gives how many rows were claimed."""
        if beat.say_alive(at=self.clock(), done=self.done):
            planning.plan_all(at=self.clock())
        before = self.done
        for kind in self._kinds():
            at = self.clock()
            due = claim.next_due(kind.rows(), at=at)
            if self.stop.is_asked or due is None or due > at:
                continue
            if kind.long:
                beat.say_busy(kind.name, until=at + timedelta(seconds=kind.lease_seconds), at=at, done=self.done)
            self.done += do_due(kind, at=at)
        return self.done - before

    def _kinds(self) -> list[Kind]:
        return [kind for kind in handlers.kinds().values() if not self.only or kind.name in self.only]

    def _until_next(self) -> timedelta:
        at = self.clock()
        times = [due for kind in self._kinds() if (due := claim.next_due(kind.rows(), at=at))]
        return min(max(min(times, default=at + LONGEST_SLEEP) - at, SHORTEST_SLEEP), LONGEST_SLEEP)
