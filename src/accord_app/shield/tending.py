"""What the worker does for answers that are kept: it works them out ahead for whoever is asked about next, and lets go
what nobody asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accord.agreement.state import microseconds
from accord_app.ledger.models import Concerned
from accord_app.ledger.reads import Version, version_in_force
from accord_app.records.models import Person
from accord_app.shield import keeping
from accord_app.shield.models import KeptQuestion, KeptVerdict, Noticing
from accord_app.shield.working_out import PEOPLE_AT_ONCE, let_until

MOST_QUESTIONS = 6
"""So many questions are kept ready, those asked last."""

KEPT_FOR = timedelta(days=30)  # a question that nobody asks
WALKED_AGAIN = timedelta(days=1)
LET_GO_AT_ONCE = 1_000
_WORTH_WALKING = 0.1  # of the people of a part, whose answers can be kept


def tend(*, now: Callable[[], datetime], seconds: float) -> None:
    """Notice what came in, let go, and work ahead for about so many seconds. May be stopped at any moment."""
    begun = time.monotonic()

    def is_over() -> bool:
        return time.monotonic() - begun > seconds

    keeping.notice()
    tidy(at=now())
    version = version_in_force(now())
    if version is None:
        return
    for kept in KeptQuestion.objects.exclude(mark=None).order_by("-asked_at"):
        if not keeping.is_of(version, kept):
            kept = _as_agreed_now(version, kept)
        while not is_over() and (_renew(version, kept, now()) or _walk(version, kept, now())):
            pass


def _as_agreed_now(version: Version, kept: KeptQuestion) -> KeptQuestion:
    """The same question under the version that is in force, in place of one under an earlier one."""
    keeping.let_go(kept)
    return keeping.question_of(version, keeping.said(kept), at=kept.asked_at)


def _renew(version: Version, kept: KeptQuestion, at: datetime) -> bool:
    """Work out anew what has ended; whether there may be more."""
    ended = KeptVerdict.objects.filter(question=kept.pk, until__lte=microseconds(at)).order_by("until")
    people = list(ended.values_list("person_id", flat=True)[:PEOPLE_AT_ONCE])
    free = _free(kept, people, at)
    with transaction.atomic():
        keeping.locked()
        keeping.remove(kept, set(people) - set(free))
    if free:
        keeping.keep(kept, version, free, keeping.said(kept), at=at)
    return len(people) == PEOPLE_AT_ONCE


def _walk(version: Version, kept: KeptQuestion, at: datetime) -> bool:
    """Work out what is not kept about the next people, once a day about everybody; whether there may be more."""
    kept.refresh_from_db()
    if kept.mark is None or (kept.walked_at is not None and kept.walked_at > at - WALKED_AGAIN):
        return False
    known = Person.objects.filter(person_id__gt=kept.walked_to, erased_at=None).order_by("person_id")
    people = list(known.values_list("person_id", flat=True)[:PEOPLE_AT_ONCE])
    missing = _free(kept, set(people) - keeping.read(kept, people, at=at).keys(), at)
    if missing:
        keeping.keep(kept, version, missing, keeping.said(kept), at=at)
    there = len(keeping.read(kept, people, at=at))
    is_more = len(people) == PEOPLE_AT_ONCE and there >= _WORTH_WALKING * len(people)
    step = {"walked_to": people[-1]} if is_more else {"walked_to": "", "walked_at": at}
    KeptQuestion.objects.filter(pk=kept.pk).update(**step)
    return is_more


def _free(kept: KeptQuestion, people: Sequence[str] | set[str], at: datetime) -> list[str]:
    """Whom no owner lets through: answers about the others are not kept."""
    return sorted(set(people) - let_until(people, keeping.said(kept), at=at).keys())


# Letting go


def tidy(*, at: datetime) -> None:
    """Let go the questions that nobody asks any longer, some answers of those that are gone, and whom it concerned what
    was noticed the time before last."""
    asked = list(KeptQuestion.objects.exclude(mark=None).order_by("-asked_at", "-pk"))
    for place, kept in enumerate(asked):
        if place >= MOST_QUESTIONS or kept.asked_at < at - KEPT_FOR:
            keeping.let_go(kept)
    _forget_noticed()
    for gone in KeptQuestion.objects.filter(mark=None):
        while _remove_some(gone):
            pass


@transaction.atomic
def _forget_noticed() -> None:
    """Whoever works an answer out for so long that he does not know any longer what came in meanwhile keeps nothing."""
    noticing = keeping.locked()
    if noticing.floor == noticing.last:
        return
    noticing.floor, noticing.before = noticing.before, noticing.last
    Noticing.objects.filter(pk=noticing.pk).update(floor=noticing.floor, before=noticing.before)
    Concerned.objects.filter(noticed__lte=noticing.floor).delete()


@transaction.atomic
def _remove_some(gone: KeptQuestion) -> bool:
    """Some answers of a question that is gone; the question itself with the last of them."""
    keeping.locked()
    rows = KeptVerdict.objects.filter(question=gone.pk)
    people = list(rows.values_list("person_id", flat=True)[:LET_GO_AT_ONCE])
    keeping.remove(gone, people)
    if not people:
        gone.delete()
    return bool(people)
