"""What people do with absences. The fact of each is recorded in the same transaction, for routing reads facts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.timezone import localtime

from accord.facts.errors import AccordError
from accord_app.members import notices
from accord_app.members.models import Absence, User


@transaction.atomic
def begin(*, of: User, begins_at: datetime, ends_at: datetime, deputy: User | None, by: User, at: datetime) -> Absence:
    """Says that somebody is away from `begins_at` until `ends_at`, and who stands in."""
    _lock(of, deputy)
    of = User.objects.locked(of)
    if ends_at <= begins_at:
        raise AccordError("The end is not after the beginning.", remedy="Choose a later end.")
    if ends_at <= at:
        raise AccordError("The end lies in the past.", remedy="Choose an end that is still to come.")
    if other := within(of.absences.all(), begins_at, ends_at).first():
        raise AccordError(f"{of.name} is away {told(other)} already.", remedy="End that absence, or choose other days.")
    if deputy is not None:
        _refuse_deputy(User.objects.locked(deputy), of, begins_at, ends_at)
    absence = Absence.objects.create(user=of, begins_at=begins_at, ends_at=ends_at, deputy=deputy, set_by=by)
    tell(of, "absent", row=f"absence-{absence.pk}", occurred_at=begins_at, at=at, deputy=deputy, until=ends_at)
    for reader in (of, deputy):
        if reader is not None and reader.pk != by.pk:
            write_to(reader, absence, by=by, at=at)
    return absence


@transaction.atomic
def end(*, absence: Absence, at: datetime) -> Absence:
    """Ends an absence early; one that has not begun is taken back. What a calendar said ends as a whole, and that
    calendar does not bring it back."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("user__team").get(pk=absence.pk)
    if absence.is_over(at):
        raise AccordError("That absence is over already.", remedy="Nothing needs to be done.")
    for piece in _pieces(absence) if absence.from_calendar else [absence]:
        was_over_at = piece.over_at
        piece.ended_early_at = max(at, piece.begins_at)
        piece.let_go = piece.from_calendar
        if piece.let_go:
            piece.ends_at = was_over_at
        piece.save(update_fields=["ended_early_at", "ends_at", "let_go"])
        tell(piece.user, "back", row=f"absence-{piece.pk}-back", occurred_at=piece.ended_early_at, at=at)
    return absence


def _pieces(absence: Absence) -> list[Absence]:
    """An absence from a calendar with what continues it without a gap: an event that grew is kept in pieces."""
    later = absence.user.absences.select_for_update(of=("self",)).filter(
        from_calendar=True, begins_at__gte=absence.over_at
    )
    pieces = [absence]
    for piece in later.select_related("user__team").order_by("begins_at", "pk"):
        if piece.begins_at == pieces[-1].over_at and not piece.is_over(piece.begins_at):
            pieces.append(piece)
    return pieces


def within(absences: QuerySet[Absence], begins_at: datetime, ends_at: datetime) -> QuerySet[Absence]:
    """Those that share time with a stretch, the first one first. One that was taken back shares none."""
    return (
        absences.alias(over=Coalesce("ended_early_at", "ends_at"))
        .filter(begins_at__lt=ends_at, over__gt=begins_at)
        .exclude(ended_early_at__lte=F("begins_at"))
        .order_by("begins_at")
    )


def tell(
    member: User,
    event: str,
    *,
    row: str,
    occurred_at: datetime,
    at: datetime,
    deputy: User | None = None,
    until: datetime | None = None,
) -> None:
    """Has the fact recorded that a member left, came, is absent or back. `row` is its id at this source."""
    fact = {
        "id": row,
        "person": member.handle,
        "event": event,
        "team": member.team.name if member.team else None,
        "deputy": deputy.handle if deputy else None,
        "until": until,
        "occurred_at": occurred_at,
        "known_at": at,
    }
    for keep in notices.availability.subscribers:
        keep(rows=[fact], at=at)


def write_to(reader: User, absence: Absence, *, by: User, at: datetime) -> None:
    notices.post(
        kind="absence_set",
        to=reader,
        key=f"absence_set:{absence.pk}:{reader.pk}",
        context={
            "who": absence.user.name,
            "by": by.name,
            "deputy": absence.deputy.name if absence.deputy else "",
            "begins_at": absence.begins_at.isoformat(),
            "ends_at": absence.ends_at.isoformat(),
            "path": reverse("members:my_absences"),
        },
        at=at,
    )


def _lock(*people: User | None) -> None:
    """In the order of their keys, so that two who name each other do not wait for each other."""
    keys = [person.pk for person in people if person is not None]
    list(User.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))


def _refuse_deputy(deputy: User, of: User, begins_at: datetime, ends_at: datetime) -> None:
    if deputy.pk == of.pk:
        raise AccordError("Nobody stands in for themselves.", remedy="Choose a colleague.")
    if not deputy.is_active or deputy.joined_at is None:
        raise AccordError(f"{deputy.name} cannot sign in.", remedy="Choose a colleague who works here.")
    if away := within(deputy.absences.all(), begins_at, ends_at).first():
        raise AccordError(f"{deputy.name} is away {told(away)}.", remedy="Choose somebody who is there.")


def told(absence: Absence) -> str:
    """`from 3 May, 09:00 to 5 May, 09:00`, in the reader's zone."""
    begins, over = localtime(absence.begins_at), localtime(absence.over_at)
    return f"from {begins:%-d %B, %H:%M} to {over:%-d %B, %H:%M}"
