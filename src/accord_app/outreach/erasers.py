"""What goes from here when a person is erased: they leave their track, and nothing more is written to them. Where they
were stays, by id. Templates, tracks and texts of consent are the company's own words, as the agreement is, and stay."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from accord_app.outbox import letters
from accord_app.outbox.models import Letter
from accord_app.outreach.actions import Left, leave_all
from accord_app.outreach.models import Membership, Passed, Task
from accord_app.records import erasing
from accord_app.records.erasers import of_texts
from accord_app.records.erasing import Eraser, Subject


def _inside(subject: Subject) -> QuerySet[Membership]:
    return Membership.objects.filter(person_id__in=subject.person_ids, left_at=None)


def _count(subject: Subject) -> int:
    waiting = Letter.objects.filter(person_id__in=subject.person_ids, state=Letter.State.WAITING)
    return _inside(subject).count() + waiting.count()


def _erase(subject: Subject, at: datetime) -> int:
    people = sorted(subject.person_ids)
    left = leave_all(person_ids=people, because=Left.ERASED, at=at)
    return left + letters.cancel(person_ids=people)


def register() -> None:
    """Let an erasure find what there is."""
    erasing.register(Eraser("Nurture tracks and mails to come", _count, _erase))
    erasing.register(of_texts("Mails to people outside", Letter, "context", "last_error"))
    erasing.register(of_texts("Tasks of nurture tracks", Task, "title"))
    erasing.register(of_texts("Steps that people took", Passed, "words"))
