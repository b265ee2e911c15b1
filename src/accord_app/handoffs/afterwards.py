"""What a rejection sets going: reminders of the reply that is due, and word to whom a reply or a second look is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from accord.agreement import replies
from accord.agreement.calendar import Duration
from accord.agreement.handoff import REJECTED, REPLIED
from accord.agreement.rules import Rules
from accord_app.handoffs import memory
from accord_app.handoffs.models import Handoff
from accord_app.ledger.models import HandoffEvent
from accord_app.ledger.reads import rules_of
from accord_app.members.models import User
from accord_app.members.roles import RIGHTS, Right
from accord_app.outbox.actions import send as put
from accord_app.shell.components import AT_RISK
from accord_app.work.actions import enqueue
from accord_app.work.models import Job

REMIND = "remind of replies"
SOON, LATE = "soon", "late"
LOOK = "second look"


def follow(events: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """See to what these events call for, in the transaction in which they are recorded."""
    ours = [event for event in events if event["event"] in memory.AFTER_REJECTION]
    rows = Handoff.objects.in_bulk([event["handoff_id"] for event in ours]) if ours else {}
    for event in ours:
        handoff = rows[event["handoff_id"]]
        match event["event"]:
            case "rejected":
                _rejected(handoff, at)
            case "replied":
                _replied(handoff, event, at)
            case _:
                _looked(handoff, event, at)


def _rejected(handoff: Handoff, at: datetime) -> None:
    if handoff.reply_due is not None:
        _plan(handoff, SOON, due_at=_soon(rules_of(handoff.version), handoff.closed_at or at, handoff.reply_due), at=at)
    if handoff.look_due is not None:
        _call_for_a_look(handoff, at)


def _replied(handoff: Handoff, event: Mapping[str, Any], at: datetime) -> None:
    to = _people([_who(handoff, REJECTED)])
    _tell(to, "rejection_replied", handoff, event["id"], {"by": _name(event["by"])}, at)
    if event["reason"] == replies.ASKED:
        _call_for_a_look(handoff, at)


def _looked(handoff: Handoff, event: Mapping[str, Any], at: datetime) -> None:
    to = _people([_who(handoff, REJECTED), _who(handoff, REPLIED)])
    said = {"by": _name(event["by"]), "verdict": replies.VERDICTS.get(event["reason"] or "", "")}
    said["follows"] = "It was handed over again." if handed_over_again(handoff) else ""
    _tell(to, "looked_again", handoff, event["id"], said, at)


def handed_over_again(handoff: Handoff) -> bool:
    """Whether the second look at a rejection was followed by another offer, which takes no time."""
    if handoff.looked_at is None:
        return False
    return Handoff.objects.filter(offered_at=handoff.looked_at, because=replies.GOOD_AFTER_ALL).exists()


def _call_for_a_look(handoff: Handoff, at: datetime) -> None:
    _tell_of_look(handoff, f"{handoff.pk}:second look", at)
    if handoff.look_due is not None:
        _plan(handoff, LOOK, due_at=handoff.look_due, at=at)


def _tell_of_look(handoff: Handoff, key: str, at: datetime) -> None:
    who = replies.looks_again(rules_of(handoff.version).agreement)
    due = handoff.look_due
    said = {"due_at": due.isoformat(), "standing": "was due" if due <= at else "is due"} if due else {}
    _tell(_people([who]), "second_look", handoff, key, said, at)


# reminders


def remind(jobs: Iterable[Job], at: datetime) -> None:
    """A reply is due soon, or was due: who replies is told, once before and once at the end of the clock. Of a second
    look, who takes it is told at the end."""
    for job in jobs:
        if job.payload.get("of") == LOOK:
            _remind_of_look(job, at)
            continue
        handoff = Handoff.objects.filter(pk=job.payload["handoff"], replied_at=None, reply_due__isnull=False).first()
        if handoff is None or handoff.reply_due is None:
            continue
        is_late = handoff.reply_due <= at
        said = {"due_at": handoff.reply_due.isoformat(), "standing": "was due" if is_late else "is due"}
        key = f"{handoff.pk}:reply:{LATE if is_late else SOON}"
        _tell(_who_replies(handoff), "reply_due", handoff, key, said, at)
        if not is_late:
            _plan(handoff, LATE, due_at=handoff.reply_due, at=at)


def _remind_of_look(job: Job, at: datetime) -> None:
    handoff = Handoff.objects.filter(pk=job.payload["handoff"], looked_at=None, look_due__lte=at).first()
    if handoff is not None:
        _tell_of_look(handoff, f"{handoff.pk}:second look:{LATE}", at)


def _plan(handoff: Handoff, when: str, *, due_at: datetime, at: datetime) -> None:
    payload = {"handoff": handoff.pk, "of": when}
    enqueue(kind=REMIND, key=f"{handoff.pk}:{when}", at=at, due_at=due_at, payload=payload)


def _soon(rules: Rules, since: datetime, due: datetime) -> datetime:
    """When so little of the business time is left that the clock shows it as at risk."""
    clock = rules.clocks[None]
    return clock.due_at(since, Duration(clock.elapsed(since, max(since, due)) * (100 - AT_RISK) // 100, "s"))


def _who_replies(handoff: Handoff) -> list[User]:
    side = replies.replying_side(rules_of(handoff.version).agreement)
    roles = [
        role for role, rights in RIGHTS.items() if Right.REPLY_TO_REJECTIONS in rights and side in (role.side, "both")
    ]
    return list(User.objects.filter(role__in=roles, is_active=True).order_by("handle"))


# who is told


def _who(handoff: Handoff, event: str) -> str | None:
    """Who did that, last."""
    found = HandoffEvent.facts().filter(handoff_id=handoff.pk, event=event).order_by("-occurred_at", "-id")
    return found.values_list("by", flat=True).first()


def _people(handles: Collection[str | None]) -> list[User]:
    return list(User.objects.filter(handle__in=[handle for handle in handles if handle], is_active=True))


def _name(handle: str | None) -> str:
    return User.objects.filter(handle=handle).values_list("name", flat=True).first() or handle or ""


def _tell(people: Iterable[User], kind: str, handoff: Handoff, key: str, said: Mapping[str, Any], at: datetime) -> None:
    for user in people:
        about = f"handoff:{handoff.pk}"
        put(kind=kind, to=user, key=f"{key}:{user.handle}", about=about, context=said, at=at)
