"""What the worker does for answers that are kept: it works them out ahead for whoever is asked about next, and lets go
what nobody asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from accord.agreement.state import microseconds
from accord_app.ledger.models import Concerned
from accord_app.ledger.reads import Version, version_in_force
from accord_app.records.models import Person
from accord_app.shield import keeping
from accord_app.shield.models import KeptArticle, KeptStanding, Noticing

KEPT_FOR = timedelta(days=30)  # when nobody asks
WALKED_AGAIN = timedelta(days=1)
LET_GO_AT_ONCE = 1_000
PEOPLE_AT_ONCE = 2_500
"""People worked out ahead together, in less than a second."""

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
    kept = KeptArticle.objects.exclude(mark=None).order_by("-asked_at", "-pk").first()
    if kept is None:
        return
    if not keeping.is_of(version, kept):
        kept = keeping.article_of(version, at=kept.asked_at)
    while not is_over() and (_renew(version, kept, now()) or _walk(version, kept, now())):
        pass


def _renew(version: Version, kept: KeptArticle, at: datetime) -> bool:
    """Work out anew what has ended; whether there may be more."""
    ended = KeptStanding.objects.filter(article=kept.pk, until__lte=microseconds(at)).order_by("until")
    people = list(ended.values_list("person_id", flat=True)[:PEOPLE_AT_ONCE])
    if people:
        keeping.keep(kept, version, people, at=at)
    return len(people) == PEOPLE_AT_ONCE


def _walk(version: Version, kept: KeptArticle, at: datetime) -> bool:
    """Work out what is not kept about the next people, once a day about everybody; whether there may be more."""
    kept.refresh_from_db()
    if kept.mark is None or (kept.walked_at is not None and kept.walked_at > at - WALKED_AGAIN):
        return False
    known = Person.objects.filter(person_id__gt=kept.walked_to, erased_at=None).order_by("person_id")
    people = list(known.values_list("person_id", flat=True)[:PEOPLE_AT_ONCE])
    missing = set(people) - keeping.read(kept, people, at=at).keys()
    if missing:
        keeping.keep(kept, version, missing, at=at)
    there = len(keeping.read(kept, people, at=at))
    is_more = len(people) == PEOPLE_AT_ONCE and there >= _WORTH_WALKING * len(people)
    step = {"walked_to": people[-1]} if is_more else {"walked_to": "", "walked_at": at}
    KeptArticle.objects.filter(pk=kept.pk).update(**step)
    return is_more


# Letting go


def tidy(*, at: datetime) -> None:
    """Let go the clauses of earlier versions and those nobody asks about any longer, some of what was kept towards
    those that are gone, and whom it concerned what was noticed the time before last."""
    for place, kept in enumerate(KeptArticle.objects.exclude(mark=None).order_by("-asked_at", "-pk")):
        if place or kept.asked_at < at - KEPT_FOR:
            keeping.let_go(kept)
    _forget_noticed()
    for gone in KeptArticle.objects.filter(mark=None):
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
def _remove_some(gone: KeptArticle) -> bool:
    """Some of what was kept towards clauses that are gone; the clauses themselves with the last of it."""
    keeping.locked()
    rows = KeptStanding.objects.filter(article=gone.pk)
    people = list(rows.values_list("person_id", flat=True)[:LET_GO_AT_ONCE])
    keeping.remove(gone, people)
    if not people:
        gone.delete()
    return bool(people)
