"""What goes from handoffs when a person is erased: what people wrote beside them. What happened to them stays."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from accord_app.handoffs.models import Handoff, Note
from accord_app.records import erasing
from accord_app.records.erasing import Eraser, Subject


def _notes_of(subject: Subject) -> QuerySet[Note]:
    return Note.objects.filter(handoff__person_id__in=subject.person_ids)


def _count(subject: Subject) -> int:
    return _notes_of(subject).count()


def _erase(subject: Subject, at: datetime) -> int:
    Handoff.objects.filter(person_id__in=subject.person_ids).update(country="", origin="")
    return _notes_of(subject).delete()[0]


def register() -> None:
    """Let an erasure find the notes."""
    erasing.register(Eraser("Notes beside handoffs", _count, _erase))
