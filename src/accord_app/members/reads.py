"""What the pages of members, teams and absences show, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from accord.agreement.document import Agreement
from accord.agreement.prose import hours
from accord_app.ledger.reads import agreement_in_force
from accord_app.members import absences
from accord_app.members.models import Absence, CalendarFeed, Invitation, Team, User
from accord_app.members.roles import Role

PAGE = 50
MOST_ABSENCES = 200


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the members list. `standing` is a few words; `state` says whether somebody must act."""

    handle: str
    name: str
    email: str
    initials: str
    side: str
    role: str
    team: str
    manager: str
    standing: str
    until: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class MemberList:
    """A page of the members list. `after` is the address part of the next page, empty on the last."""

    rows: tuple[MemberRow, ...]
    count: int
    joined: int
    invited: int
    left: int
    first: int
    after: str

    @property
    def last(self) -> int:
        """The place of the last row on this page."""
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One line of the teams list. `hours` are empty while no agreement in force says them."""

    name: str
    title: str
    side: str
    side_title: str
    people: tuple[str, ...]
    hours: str
    in_agreement: tuple[str, ...]
    strangers: tuple[str, ...]  # handles that the agreement puts into the team and that nobody here has


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One absence that is going on or to come."""

    number: int
    handle: str
    name: str
    initials: str
    side: str
    begins_at: datetime
    ends_at: datetime
    deputy: str
    has_begun: bool
    from_calendar: bool


@dataclass(frozen=True, slots=True)
class FeedRow:
    """The calendar that is read for somebody. Of its address only the host is shown."""

    host: str
    all_day: bool
    words: str
    deputy: int | None
    read_at: datetime | None
    next_at: datetime
    events: int
    counted: int
    unreadable: int
    problem: str
    remedy: str
    failures: int


STANDINGS = {
    "": Q(is_active=True),
    "joined": Q(is_active=True, joined_at__isnull=False),
    "invited": Q(is_active=True, joined_at=None),
    "left": Q(is_active=False),
}


def members(*, at: datetime, standing: str = "", words: str = "", after: str = "") -> MemberList:
    """Members of a standing whose name, address or handle holds the words, by name, from behind `after` on."""
    counts = User.objects.aggregate(
        **{name or "active": Count("pk", filter=found) for name, found in STANDINGS.items()}
    )
    chosen = User.objects.filter(STANDINGS.get(standing, STANDINGS[""]))
    if words:
        chosen = chosen.filter(Q(name__icontains=words) | Q(email__icontains=words) | Q(handle__icontains=words))
    chosen = chosen.order_by("name", "handle")
    count = chosen.count()
    start = User.objects.filter(handle=after).first() if after and "\0" not in after else None
    rest = chosen.filter(Q(name__gt=start.name) | Q(name=start.name, handle__gt=start.handle)) if start else chosen
    shown = list(_with_standing(rest, at)[: PAGE + 1])
    return MemberList(
        rows=tuple(_member_row(user, at) for user in shown[:PAGE]),
        count=count,
        joined=counts["joined"],
        invited=counts["invited"],
        left=counts["left"],
        first=count - rest.count() + 1,
        after=shown[PAGE - 1].handle if len(shown) > PAGE else "",
    )


def member_row(user: User, *, at: datetime) -> MemberRow:
    """One member as the list shows them."""
    return _member_row(_with_standing(User.objects.filter(pk=user.pk), at).get(), at)


def colleagues(user: User) -> QuerySet[User]:
    """Who may stand in for somebody: everybody else who works here."""
    return User.objects.filter(is_active=True, joined_at__isnull=False).exclude(pk=user.pk).order_by("name")


def teams(*, at: datetime) -> tuple[TeamRow, ...]:
    """Every team with its people and the hours that the agreement in force gives it."""
    agreement = agreement_in_force(at)
    people = Prefetch("people", queryset=User.objects.filter(is_active=True).order_by("name"))
    known = set(User.objects.filter(is_active=True).values_list("handle", flat=True))
    return tuple(
        _team_row(team, agreement, known) for team in Team.objects.order_by("title", "name").prefetch_related(people)
    )


def teams_not_here(*, at: datetime) -> tuple[str, ...]:
    """Teams of the agreement in force that are not set up here."""
    agreement = agreement_in_force(at)
    here = set(Team.objects.values_list("name", flat=True))
    return tuple(name for name in (agreement.teams if agreement else ()) if name not in here)


def absences_of(people: QuerySet[User], *, at: datetime) -> tuple[AbsenceRow, ...]:
    """Absences of these people that are going on or to come, the first one first."""
    found = _not_over(Absence.objects.filter(user__in=people), at).select_related("user", "deputy")
    rows = [_absence_row(absence, at) for absence in found.order_by("begins_at", "pk")[:MOST_ABSENCES]]
    return _joined(rows)


def _joined(rows: Sequence[AbsenceRow]) -> tuple[AbsenceRow, ...]:
    """What a calendar said in pieces, because an event grew, as one absence."""
    found: list[AbsenceRow] = []
    for row in rows:
        last = next((each for each in reversed(found) if each.handle == row.handle), None)
        goes_on = last is not None and last.from_calendar and row.from_calendar and last.deputy == row.deputy
        if last is not None and goes_on and last.ends_at == row.begins_at:
            found[found.index(last)] = replace(last, ends_at=row.ends_at)
        else:
            found.append(row)
    return tuple(found)


def stands_in_for(user: User, *, at: datetime) -> tuple[AbsenceRow, ...]:
    """Absences in which somebody is the deputy, going on or to come."""
    found = _not_over(Absence.objects.filter(deputy=user), at).select_related("user", "deputy")
    return tuple(_absence_row(absence, at) for absence in found.order_by("begins_at", "pk")[:MOST_ABSENCES])


def calendar_of(user: User) -> FeedRow | None:
    """The calendar from which somebody's absences are read; None: there is none."""
    feed = CalendarFeed.objects.filter(user=user).first()
    if feed is None:
        return None
    same = ("host", "all_day", "words", "read_at", "next_at", "events", "counted", "unreadable", "problem", "remedy")
    return FeedRow(deputy=feed.deputy_id, failures=feed.failures, **{name: getattr(feed, name) for name in same})


def left_alone(deputy: User, begins_at: datetime, ends_at: datetime) -> tuple[str, ...]:
    """Whose absence somebody stands in for during a stretch in which they themselves will be away."""
    theirs = absences.within(Absence.objects.filter(deputy=deputy), begins_at, ends_at)
    return tuple(theirs.values_list("user__name", flat=True))


def _not_over(found: QuerySet[Absence], at: datetime) -> QuerySet[Absence]:
    taken_back = Q(ended_early_at__lte=F("begins_at"))
    return found.alias(over=Coalesce("ended_early_at", "ends_at")).filter(over__gt=at).exclude(taken_back)


def _with_standing(users: QuerySet[User], at: datetime) -> QuerySet[User]:
    away = Prefetch("absences", queryset=_not_over(Absence.objects.filter(begins_at__lte=at), at), to_attr="away")
    waiting = Prefetch("invitations", queryset=Invitation.objects.filter(used_at=None), to_attr="waiting")
    return users.select_related("team", "manager").prefetch_related(away, waiting)


def _member_row(user: User, at: datetime) -> MemberRow:
    standing, until, state = _standing(user, at)
    return MemberRow(
        handle=user.handle,
        name=user.name,
        email=user.email,
        initials=user.initials,
        side=user.side,
        role=Role(user.role).title,
        team=user.team.title if user.team else "",
        manager=user.manager.name if user.manager else "",
        standing=standing,
        until=until,
        state=state,
    )


def _standing(user: Any, at: datetime) -> tuple[str, datetime | None, str]:
    """A few words, the moment that they speak of, and whether somebody must act. `user` has `away` and `waiting`."""
    if not user.is_active:
        return "Left", user.left_at, ""
    if user.joined_at is None:
        return _invited(user.waiting, at)
    if user.away:
        return "Away until", user.away[0].over_at, ""
    return "Joined", None, ""


def _invited(waiting: Sequence[Invitation], at: datetime) -> tuple[str, datetime | None, str]:
    if not waiting:
        return "Not invited", None, "risk"
    expires = waiting[0].expires_at
    return ("Invitation expired", expires, "risk") if expires <= at else ("Invited, until", expires, "")


def _team_row(team: Team, agreement: Agreement | None, known: set[str]) -> TeamRow:
    agreed = agreement.teams.get(team.name) if agreement else None
    calendar = (agreed.calendar or agreement.calendar) if agreement and agreed else None
    people = tuple(user.name for user in team.people.all())
    return TeamRow(
        name=team.name,
        title=team.title,
        side=team.side,
        side_title=team.get_side_display(),
        people=people,
        hours=hours(calendar) if calendar else "",
        in_agreement=agreed.people if agreed else (),
        strangers=tuple(handle for handle in agreed.people if handle not in known) if agreed else (),
    )


def _absence_row(absence: Absence, at: datetime) -> AbsenceRow:
    return AbsenceRow(
        number=absence.pk,
        handle=absence.user.handle,
        name=absence.user.name,
        initials=absence.user.initials,
        side=absence.user.side,
        begins_at=absence.begins_at,
        ends_at=absence.over_at,
        deputy=absence.deputy.name if absence.deputy else "",
        has_begun=absence.begins_at <= at,
        from_calendar=absence.from_calendar,
    )
