"""What goes from here when a person is erased: what people wrote as a reason. Who was let through stays, by id."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from accord_app.records import erasing
from accord_app.records.erasers import EMPTIED, of_texts
from accord_app.records.erasing import Eraser, Subject
from accord_app.shield.models import Override


def _reasons_of(subject: Subject) -> QuerySet[Override]:
    return Override.objects.filter(person_id__in=subject.person_ids).exclude(reason=EMPTIED)


def _count(subject: Subject) -> int:
    return _reasons_of(subject).count()


def _erase(subject: Subject, at: datetime) -> int:
    return _reasons_of(subject).update(reason=EMPTIED)


def register() -> None:
    """Let an erasure find the reasons."""
    erasing.register(Eraser("Reasons of overrides", _count, _erase))
    erasing.register(of_texts("Reasons of other people's overrides", Override, "reason"))
