"""What the worker does with people in tracks: the steps that are due, one after the other, in one transaction with what
they cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto

from django.db.models import QuerySet

from accord.agreement import track as tracks
from accord.agreement.clock import Clock
from accord.agreement.condition import Condition
from accord.agreement.holding import holding
from accord.agreement.rules import Rules
from accord.agreement.track import Step
from accord_app.ledger.engine import engine_of
from accord_app.ledger.reads import rules_in_force
from accord_app.members.models import User
from accord_app.members.roles import RIGHTS, Right
from accord_app.outbox import letters
from accord_app.outbox.actions import send as tell
from accord_app.outreach import places, sending
from accord_app.outreach.actions import leave, passed
from accord_app.outreach.models import Membership, Passed, Task
from accord_app.records.models import Person
from accord_app.shield.overriding import owners_of
from accord_app.work.claim import LONGEST_WAIT

STEPS = "track steps"
AT_ONCE = 50
Awaits, Left, Came = Membership.Awaits, Membership.Left, Passed.Came


class _Then(Enum):
    ON = auto()  # the next step, now
    STAY = auto()  # not now, or something is waited for
    SKIP = auto()  # the next step is passed over


def due() -> QuerySet[Membership]:
    """People whose next step can be taken."""
    return Membership.objects.filter(left_at=None, awaits=Awaits.NOTHING).select_related("track", "version")


def walk(memberships: Sequence[Membership], at: datetime) -> None:
    """Let each person take the steps that are due."""
    rules = rules_in_force(at)
    for membership in memberships:
        if rules is None:  # nobody could say who may be written to
            _wait(membership, at + LONGEST_WAIT)
        else:
            _Walk(membership, rules, at).go()


class _Walk:
    """One person, taking steps at one moment."""

    def __init__(self, membership: Membership, rules: Rules, at: datetime) -> None:
        self.membership, self.rules, self.at = membership, rules, at
        self.clock: Clock = rules.clocks[None]
        self.steps = places.steps(membership.version, at)

    def go(self) -> None:
        """As far as it goes now."""
        while self.membership.place < len(self.steps):
            step = self.steps[self.membership.place]
            opens = tracks.when_due(step, self.at, self.clock)
            if opens > self.at:
                _wait(self.membership, opens)
                return
            then = self._take(step)
            if then is _Then.STAY:
                return
            if then is _Then.SKIP:
                self._pass(self.steps[self.membership.place], Came.OVER)
        leave(membership=self.membership, because=Left.FINISHED, at=self.at)

    def _take(self, step: Step) -> _Then:
        match step.kind:
            case tracks.MAIL:
                return self._mail(step)
            case tracks.TASK:
                return self._task(step)
            case tracks.WAIT:
                self._pass(step, Came.DONE)
                _wait(self.membership, tracks.after(step, self.at))
                return _Then.STAY
            case tracks.WHEN:
                self._pass(step, Came.DONE)
                return _Then.ON if self._is_met(step.condition) else _Then.SKIP
        return self._exit(step)

    def _exit(self, step: Step) -> _Then:
        if step.condition is not None and not self._is_met(step.condition):
            self._pass(step, Came.OVER)
            return _Then.ON
        passed(membership=self.membership, words=step.words, came=Came.ENDED, at=self.at)
        leave(membership=self.membership, because=Left.STEP, at=self.at)
        return _Then.STAY

    def _mail(self, step: Step) -> _Then:
        if not Person.objects.filter(pk=self.membership.person_id, erased_at=None).exclude(email="").exists():
            leave(membership=self.membership, because=Left.NO_ADDRESS, at=self.at)
            return _Then.STAY
        context = {"membership": self.membership.pk, "version": self.membership.version_id,
                   "place": self.membership.place}  # fmt: skip
        letter = letters.put(
            writer=sending.WRITER, person_id=self.membership.person_id, key=places.key_of(self.membership),
            context=context, at=self.at,
        )  # fmt: skip
        sending.hold_back(letter, template=step.what, at=self.at)
        return self._await(Awaits.MAIL)

    def _task(self, step: Step) -> _Then:
        who = self._whose(step.who)
        task = Task.objects.create(
            membership=self.membership, place=self.membership.place, title=step.what, who=who, at=self.at
        )
        for user in colleagues(who):
            tell(
                kind="nurture_task", to=user, key=f"task:{task.pk}:{user.handle}", at=self.at,
                about=f"nurture_task:{task.pk}", context={"task": step.what},
            )  # fmt: skip
        return self._await(Awaits.TASK)

    def _whose(self, said: str) -> str:
        """A handle; empty for marketing, and for an owner or colleague who is not there any more."""
        if said == tracks.MARKETING:
            return ""
        named = sorted(owners_of([self.membership.person_id])[self.membership.person_id])
        asked = named if said == tracks.OWNER else [said]
        there = User.objects.filter(handle__in=asked, is_active=True).order_by("handle")
        return there.values_list("handle", flat=True).first() or ""

    def _is_met(self, condition: Condition | None) -> bool:
        if condition is None:
            return True
        who = self.membership.person_id
        return who in holding(engine_of([who]), self.rules, condition, people=[who], at=self.at)

    def _await(self, what: Membership.Awaits) -> _Then:
        Membership.objects.filter(pk=self.membership.pk).update(awaits=what, lease="", leased_until=None, attempts=0)
        return _Then.STAY

    def _pass(self, step: Step, came: Passed.Came) -> None:
        passed(membership=self.membership, words=step.words, came=came, at=self.at)
        self.membership.place += 1
        Membership.objects.filter(pk=self.membership.pk).update(place=self.membership.place)


def colleagues(who: str) -> list[User]:
    """Who is told of a task: its owner, else everybody who runs nurture for marketing."""
    if who:
        return list(User.objects.filter(handle=who, is_active=True))
    roles = [role for role, rights in RIGHTS.items() if Right.RUN_NURTURE in rights and role.side == "marketing"]
    return list(User.objects.filter(role__in=roles, is_active=True).order_by("handle"))


def _wait(membership: Membership, until: datetime) -> None:
    Membership.objects.filter(pk=membership.pk).update(due_at=until, lease="", leased_until=None, attempts=0)
