"""What the worker does for handoffs: answers take effect, clocks come due, and once a day time itself is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord.agreement.decide import TICK
from accord.agreement.rules import Rules
from accord.agreement.running import moments_of_facts
from accord.agreement.state import microseconds
from accord_app.handoffs import afterwards, departures, rebuilding
from accord_app.handoffs.actions import SETTLE, found_contact, settle
from accord_app.handoffs.deciding import PEOPLE_AT_ONCE, decide_about, desk, pass_time
from accord_app.handoffs.memory import moment
from accord_app.handoffs.models import Clock, Desk, Watch
from accord_app.intake import turns
from accord_app.intake.actions import TAKE_IN, take_in
from accord_app.ledger import lake
from accord_app.ledger.carrying import carry
from accord_app.ledger.reads import version_in_force
from accord_app.work import handlers
from accord_app.work.actions import enqueue
from accord_app.work.models import Job

CLOCKS, DAILY, LOOK = "clocks", "daily look", "look"


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(SETTLE, let_answers_take_effect, title="Let answers take effect", at_once=200)
    handlers.register(CLOCKS, let_clocks_come_due, title="Let clocks come due")
    handlers.register(DAILY, look_daily, title="Look at what time made true", lease_seconds=900, long=True)
    handlers.register(LOOK, look_at_people, title="Look at imported people")  # one list for each hold of the desk
    handlers.register(TAKE_IN, take_in_and_decide, title="Take events in", at_once=1)
    handlers.register(afterwards.REMIND, afterwards.remind, title="Remind of replies", at_once=100)
    handlers.register(
        rebuilding.CATCH_UP, rebuilding.catch_up, title="Give rejections their clocks", lease_seconds=900, long=True
    )
    handlers.every(CLOCKS, 1)
    handlers.every(DAILY, 60)


def let_answers_take_effect(jobs: Sequence[Job], at: datetime) -> None:
    settle(at=at)


def let_clocks_come_due(jobs: Sequence[Job], at: datetime) -> None:
    if Clock.objects.filter(handoff__pending=None, due_at__lte=at).exists():
        with desk(at) as now:
            pass_time(at=now)


def look_at_people(jobs: Sequence[Job], at: datetime) -> None:
    """Facts of these people have come by an import."""
    with desk(at) as now:
        decide_about([person for job in jobs for person in job.payload["people"]], at=now)


def take_in_and_decide(jobs: Sequence[Job], at: datetime) -> None:
    """Events that were received become facts, and what follows from them is decided at the same moment."""
    with desk(at) as now:
        taken = take_in(at=now)
        if taken.people:
            if version_in_force(now) is not None:  # before one is, facts are kept and everybody is looked at later
                found_contact(taken.touches, at=now)
                decide_about(taken.people, at=now)
            enqueue(kind=TAKE_IN, at=at, key=TAKE_IN)


def look_daily(jobs: Sequence[Job], at: datetime) -> None:
    """At the agreed time of day: who became eligible because time has passed, and who leaves, if an import said so.

    The desk is held for some hundred people at a time. After a crash the same tick is looked at again, which offers
    nobody twice.
    """
    version = version_in_force(at)
    if version is None:
        return
    held = Desk.objects.filter(only=True).first()
    since = (held.ticked_until if held else None) or version.since
    tick = _newest_tick(version.rules, since, at)
    if tick is None:
        return
    with turns.turn(wait=True):
        carry(at=at)  # not inside of a transaction: the lake would keep what the database may roll back
    waiting = dict(Watch.objects.filter(at__lte=moment(tick)).values_list("pk", "person_id"))
    asked = sorted({*waiting.values(), *_eligible_by_time(version.rules, since, tick)})
    for start in range(0, len(asked), PEOPLE_AT_ONCE):
        with desk(at) as now:
            decide_about(asked[start : start + PEOPLE_AT_ONCE], at=now, trigger=TICK)
    with desk(at) as now:
        departures.set_clocks(at=now)
        Watch.objects.filter(at__lte=moment(tick), pk__lte=max(waiting, default=0)).delete()
        Desk.objects.filter(only=True).update(ticked_until=moment(tick))


def _newest_tick(rules: Rules, since: datetime, at: datetime) -> int | None:
    """The last tick in (since, at]; after a standstill one look says all."""
    tick = rules.next_tick(microseconds(since))
    if tick > microseconds(at):
        return None
    while (later := rules.next_tick(tick)) <= microseconds(at):
        tick = later
    return tick


def _eligible_by_time(rules: Rules, since: datetime, tick: int) -> set[str]:
    engine = lake.ledger().connect(memory="2GB")
    ticks = rules.ticks(microseconds(since), tick)  # all of them: at a version's first one everybody is looked at
    found = moments_of_facts(engine, rules, since=microseconds(since), until=tick, ticks=ticks)
    return {row["person_id"] for row in found.to_pylist() if row["trigger"] == TICK}
