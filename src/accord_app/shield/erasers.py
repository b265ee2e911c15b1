"""What goes from here when a person is erased: what people wrote as a reason. Who was let through stays, by id."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from accord_app.ledger.concerning import concern_ids
from accord_app.records import erasing
from accord_app.records.erasers import EMPTIED, of_texts
from accord_app.records.erasing import Eraser, Subject
from accord_app.shield.models import KeptStanding, Override, RestsOn


def _reasons_of(subject: Subject) -> QuerySet[Override]:
    return Override.objects.filter(person_id__in=subject.person_ids).exclude(reason=EMPTIED)


def _count(subject: Subject) -> int:
    return _reasons_of(subject).count()


def _erase(subject: Subject, at: datetime) -> int:
    return _reasons_of(subject).update(reason=EMPTIED)


def _count_kept(subject: Subject) -> int:
    return KeptStanding.objects.filter(person_id__in=subject.person_ids).count()


def _erase_kept(subject: Subject, at: datetime) -> int:
    """An answer that is being worked out meanwhile is not kept, for the erasure concerns the person."""
    concern_ids(subject.person_ids, table="profiles")
    beside = Q(person_id__in=subject.person_ids) | Q(subject__in=subject.person_ids)
    ends = set(RestsOn.objects.filter(beside).values_list("person_id", flat=True))
    KeptStanding.objects.filter(person_id__in=ends).update(until=0)
    RestsOn.objects.filter(beside).delete()
    return KeptStanding.objects.filter(person_id__in=subject.person_ids).delete()[0]


def register() -> None:
    """Let an erasure find the reasons, and the answers that are kept ready."""
    erasing.register(Eraser("Answers of the shield kept ready", _count_kept, _erase_kept))
    erasing.register(Eraser("Reasons of overrides", _count, _erase))
    erasing.register(of_texts("Reasons of other people's overrides", Override, "reason"))
