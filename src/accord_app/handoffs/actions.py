"""What people do with a handoff. Every answer is played at the desk; an accepted or rejected one can be taken back for
ten seconds, and takes effect after them with the moment at which it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accord.agreement import replies
from accord.agreement.decide import Decisions
from accord.agreement.handoff import (
    ACCEPTED,
    ASSIGNED,
    CONTACTED,
    LOOKED_AGAIN,
    QUALIFIED,
    RECYCLED,
    REJECTED,
    REPLIED,
    HumanAct,
    may,
)
from accord.agreement.state import microseconds
from accord.facts.errors import AccordError
from accord_app.handoffs.deciding import Said, decide_about, desk, let_act
from accord_app.handoffs.memory import roster
from accord_app.handoffs.models import Handoff, Note, Undoable
from accord_app.ledger.reads import rules_of, version_in_force
from accord_app.members.models import User
from accord_app.records.actions import record
from accord_app.work.actions import enqueue

TO_TAKE_BACK = timedelta(seconds=10)
SETTLE = "settle answers"
NOTE_LENGTH = 4_000
LOGGED = {
    "call.connected": "Call, spoke",
    "call.no-answer": "Call, no answer",
    "email.sent": "Mail",
    "meeting.held": "Meeting",
    "message.sent": "Message",
}
"""What somebody can say to have done, by the kind of the touch."""


class CannotAnswerError(AccordError):
    """The handoff is no longer where the answer would have found it."""


def accept(*, handoff: Handoff, by: User, at: datetime) -> Undoable:
    """Take the handoff on. Raises CannotAnswerError when it is answered already or has moved on."""
    return _answer(handoff, ACCEPTED, "", by, at)


def reject(*, handoff: Handoff, reason: str, by: User, at: datetime) -> Undoable:
    """Give it back for good, with a reason that the agreement names. Raises CannotAnswerError."""
    _expect_reason(handoff, reason, REJECTED)
    return _answer(handoff, REJECTED, reason, by, at)


def recycle(*, handoff: Handoff, reason: str, by: User, at: datetime) -> Undoable:
    """Give it back to nurture, with a reason that says when it returns. Raises CannotAnswerError."""
    _expect_reason(handoff, reason, RECYCLED)
    return _answer(handoff, RECYCLED, reason, by, at)


def qualify(*, handoff: Handoff, by: User, at: datetime) -> Undoable:
    """Say that sales works on it as an opportunity. Raises CannotAnswerError."""
    return _answer(handoff, QUALIFIED, "", by, at)


def reasons(handoff: Handoff, event: str) -> dict[str, str]:
    """Code and label of every reason, under the version that the handoff began with."""
    answers = rules_of(handoff.version).agreement.answers
    return {reason.code: reason.label for reason in (answers.reject if event == REJECTED else answers.recycle)}


def _expect_reason(handoff: Handoff, reason: str, event: str) -> None:
    allowed = reasons(handoff, event)
    if reason not in allowed:
        raise CannotAnswerError(
            f"{reason or 'No reason'} is not one of the agreed reasons.",
            remedy=f"Choose one of: {', '.join(allowed.values())}.",
        )


def _answer(handoff: Handoff, event: str, reason: str, by: User, at: datetime) -> Undoable:
    with transaction.atomic():
        held = Handoff.objects.select_for_update().get(pk=handoff.pk)
        _expect_possible(held, event)
        try:
            with transaction.atomic():
                pending = Undoable.objects.create(
                    handoff=held, event=event, reason=reason, by=by.handle, at=at, until=at + TO_TAKE_BACK
                )
        except IntegrityError:
            raise _answered_before(Undoable.objects.get(handoff=held)) from None
        enqueue(kind=SETTLE, at=at, due_at=pending.until, key=held.pk)
    return pending


def _expect_possible(handoff: Handoff, event: str) -> None:
    pending = Undoable.objects.filter(handoff=handoff).first()
    if pending is not None:
        raise _answered_before(pending)
    if not may(handoff.status, event):
        who = f" by {handoff.owner}" if handoff.owner else ""
        raise CannotAnswerError(
            f"This handoff is {handoff.status} already{who}.", remedy="Reload the page to see how it stands."
        )


def _answered_before(pending: Undoable) -> CannotAnswerError:
    return CannotAnswerError(
        f"{pending.by} has just {pending.event} this handoff.", remedy="Nothing was changed. Reload the page."
    )


def take_back(*, handoff: Handoff, by: User, at: datetime) -> None:
    """Undo an answer within its seconds. Raises CannotAnswerError when they are over or somebody else gave it."""
    with transaction.atomic():
        pending = Undoable.objects.select_for_update().filter(handoff=handoff).first()
        if pending is None or pending.until <= at:
            raise CannotAnswerError(
                "The ten seconds are over; the answer stands.",
                remedy="Write a note, or ask the RevOps lead to hand the lead over again.",
            )
        if pending.by != by.handle:
            raise CannotAnswerError(f"{pending.by} gave this answer.", remedy="Only who answered can take it back.")
        pending.delete()


def settle(*, at: datetime) -> Decisions:
    """Let every answer take effect whose seconds are over. An answer that came too late changes nothing."""
    with desk(at) as now:
        waiting = list(Undoable.objects.select_for_update().filter(until__lte=at).order_by("at", "id")[:500])
        said = [Said(each.handoff_id, _act(each)) for each in waiting]
        Undoable.objects.filter(pk__in=[each.pk for each in waiting]).delete()
        done = let_act(said, at=now)
        _hold_against_facts([each for each in waiting if each.event == REJECTED])
    return done


def _act(pending: Undoable) -> HumanAct:
    return HumanAct(microseconds(pending.at), pending.event, pending.by, pending.reason or None)


def _hold_against_facts(rejected: Sequence[Undoable]) -> None:
    for each in rejected:
        is_checked = each.reason in rules_of(each.handoff.version).checks
        said = contradicted(handoff=each.handoff, at=each.at)[each.reason] if is_checked else None
        Handoff.objects.filter(pk=each.handoff_id).update(contradicted=said)


def contradicted(*, handoff: Handoff, at: datetime) -> Mapping[str, bool | None]:
    """For each reject reason with a check, whether the facts say otherwise; None where they are silent."""
    from accord.agreement.answers import contradicted
    from accord_app.ledger.engine import engine_of

    rules = rules_of(handoff.version)
    return contradicted(engine_of([handoff.person_id]), rules, person_id=handoff.person_id, at=at)


def log_touch(*, handoff: Handoff, kind: str, by: User, at: datetime, occurred_at: datetime | None = None) -> Decisions:
    """Say that one has called, written or met: a claimed touch, and contact made if the handoff is accepted.

    Raises CannotAnswerError for a kind that nobody can claim or a time that has not come.
    """
    when = occurred_at or at
    if kind not in LOGGED or when > at:
        raise CannotAnswerError(
            f"{kind} at {when:%d %B, %H:%M} cannot be logged.", remedy="Choose what you did, at a time that has passed."
        )
    with desk(at) as now:
        touch = {
            "id": f"{handoff.pk}:{kind}@{when.isoformat()}",
            "person_id": handoff.person_id,
            "kind": kind,
            "side": "sales",
            "channel": kind.partition(".")[0],
            "by": by.handle,
            "occurred_at": when,
            "evidence": "claimed",
        }
        record("touches", [touch], at=now, source="accord")
        done = found_contact([touch], at=now, evidence="claimed")
        done.add(decide_about([handoff.person_id], at=now))
    return done


def found_contact(touches: Sequence[Mapping[str, object]], *, at: datetime, evidence: str = "evidenced") -> Decisions:
    """First contact, found in sales' own touches with people whose handoff is accepted. `at` comes from the desk."""
    made = {str(t["person_id"]): t for t in touches if t.get("side") == "sales" and t["kind"] in LOGGED}
    open_ones = Handoff.objects.filter(person_id__in=made, closed_at=None, status__in=(ACCEPTED, CONTACTED))
    said = [
        Said(
            each.pk, HumanAct(microseconds(at), CONTACTED, str(made[each.person_id].get("by") or each.owner)), evidence
        )
        for each in open_ones
    ]
    return let_act(said, at=at) if said else Decisions()


def reply(*, handoff: Handoff, text: str, by: User, at: datetime, second_look: bool = False) -> Decisions:
    """Marketing answers a rejection, and may ask for a second look. Raises CannotAnswerError unless it was rejected,
    or where no second look was agreed."""
    with desk(at) as now:
        _write(handoff, text, by, now)
        if handoff.status != REJECTED:
            raise CannotAnswerError("Only a rejection is replied to.", remedy="Write a note instead.")
        if second_look and replies.looks_again(rules_of(handoff.version).agreement) is None:
            raise CannotAnswerError("No second look is agreed.", remedy="Reply without asking for one.")
        asked = replies.ASKED if second_look else None
        return let_act([Said(handoff.pk, HumanAct(microseconds(now), REPLIED, by.handle, asked))], at=now)


def look_again(*, handoff: Handoff, verdict: str, text: str, by: User, at: datetime) -> Decisions:
    """The second look at a rejection, with its verdict and why. Raises CannotAnswerError where none waits."""
    with desk(at) as now:
        held = Handoff.objects.get(pk=handoff.pk)
        if verdict not in replies.VERDICTS:
            raise CannotAnswerError("That is no verdict.", remedy=f"Choose {' or '.join(replies.VERDICTS.values())}.")
        if held.look_due is None or held.looked_at is not None:
            raise CannotAnswerError("No second look waits here.", remedy="Reload the page to see how it stands.")
        _write(held, text, by, now)
        said = Said(held.pk, HumanAct(microseconds(now), LOOKED_AGAIN, by.handle, verdict))
        return let_act([said], at=now, about=_offered_again(held, verdict, now))


def _offered_again(handoff: Handoff, verdict: str, at: datetime) -> Sequence[str]:
    """Who is looked at once more, because the agreement in force hands a lead over again that was good."""
    version = version_in_force(at)
    agreed = version is not None and replies.offers_again(version.agreement)
    return [handoff.person_id] if agreed and verdict == replies.WAS_GOOD else []


def assign(*, handoff: Handoff, to: User, by: User, at: datetime) -> Decisions:
    """Give an open handoff to a colleague, whose clocks start now. Raises CannotAnswerError."""
    with desk(at) as now:
        held = Handoff.objects.get(pk=handoff.pk)
        _expect_possible(held, ASSIGNED)
        if held.owner == to.handle:
            raise CannotAnswerError(f"{to.name} owns this handoff already.", remedy="Choose somebody else.")
        if not roster().is_there(to.handle, microseconds(now)):
            raise CannotAnswerError(f"{to.name} is away.", remedy="Choose somebody who is there, or the deputy.")
        return let_act([Said(held.pk, HumanAct(microseconds(now), ASSIGNED, by.handle, None, to.handle))], at=now)


@transaction.atomic
def note(*, handoff: Handoff, text: str, by: User, at: datetime) -> Note:
    """Write something beside the handoff. Raises CannotAnswerError for an empty or too long text."""
    return _write(handoff, text, by, at)


def _write(handoff: Handoff, text: str, by: User, at: datetime) -> Note:
    text = text.strip()
    if not text or len(text) > NOTE_LENGTH:
        raise CannotAnswerError("A note has between 1 and 4,000 characters.", remedy="Shorten it, or write something.")
    return Note.objects.create(handoff=handoff, by=by.handle, at=at, text=text)
