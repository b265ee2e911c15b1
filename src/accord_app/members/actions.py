"""What people do with the workspace, members and teams. Each verb is one transaction; AccordError says why it cannot be
done and what to do, and then nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from accord.facts.errors import AccordError
from accord_app.members import absences, feeds, links, notices
from accord_app.members.models import Invitation, Team, User
from accord_app.members.roles import Role
from accord_app.shell.models import Company

INVITATION_LASTS = timedelta(days=7)
SENT_TWICE = timedelta(minutes=1)
_GONE = "The invitation is no longer good."
_ASK_AGAIN = "Ask an administrator to send it again."


@dataclass(frozen=True, slots=True)
class Founding:
    """What the first page asks about the company. `fiscal_year_start` is month-day, as 01-01."""

    name: str
    currency: str
    time_zone: str
    fiscal_year_start: str = "01-01"


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody says about how Accord meets them. `theme` is light, dark or empty for the system's."""

    name: str
    time_zone: str
    theme: str
    shortcuts: bool
    mail_at_once: bool
    digest_at: time | None
    quiet_from: time | None
    quiet_until: time | None


# The workspace


def found(*, company: Founding, name: str, email: str, password: str, at: datetime) -> User:
    """Sets up an empty workspace with its first administrator. Of two at the same time one wins."""
    try:
        with transaction.atomic():
            Company.objects.create(
                name=company.name,
                currency=company.currency,
                time_zone=company.time_zone,
                fiscal_year_start=company.fiscal_year_start,
                created_at=at,
            )
            return add(name=name, email=email, role=Role.ADMINISTRATOR, password=password, at=at)
    except IntegrityError as taken:
        if not Company.objects.exists():
            raise
        raise AccordError(
            "Somebody else has just set up this workspace.", remedy="Ask its administrator for an invitation."
        ) from taken


@transaction.atomic
def go_live(*, at: datetime) -> None:
    """Says that the workspace is set up. The steps page is then no longer offered."""
    Company.objects.filter(opened_at=None).update(opened_at=at)


# Joining


@transaction.atomic
def add(
    *, name: str, email: str, role: Role, password: str, at: datetime, team: Team | None = None, handle: str = ""
) -> User:
    """A member who can sign in at once, without an invitation."""
    user = _new(name=name, email=email, role=role, team=team, manager=None, handle=handle, at=at)
    set_password(user=user, password=password)
    user.joined_at = at
    user.save(update_fields=["joined_at"])
    return user


@transaction.atomic
def invite(
    *,
    name: str,
    email: str,
    role: Role,
    by: User,
    at: datetime,
    team: Team | None = None,
    manager: User | None = None,
    handle: str = "",
) -> Invitation:
    """Makes a member who has yet to join, and mails the link by which they set a password."""
    user = _new(name=name, email=email, role=role, team=team, manager=manager, handle=handle, at=at)
    return _send(user, by=by, at=at)


@transaction.atomic
def resend(*, member: User, by: User, at: datetime) -> Invitation:
    """Sends a new link; the old one no longer works. One that was sent within a minute is the one that is meant: the
    form came twice."""
    member = User.objects.locked(member)
    _only_before_joining(member)
    if just_sent := member.invitations.filter(used_at=None, sent_at__gt=at - SENT_TWICE).first():
        return just_sent
    member.invitations.filter(used_at=None).delete()
    return _send(member, by=by, at=at)


@transaction.atomic
def withdraw(*, member: User) -> None:
    """Takes an invitation back. The member is forgotten, for they never joined."""
    member = User.objects.locked(member)
    _only_before_joining(member)
    member.delete()


def open_invitation(*, token: str, at: datetime) -> Invitation:
    """The invitation behind a link. Raises AccordError when it was used, withdrawn, replaced or has expired."""
    found = Invitation.objects.select_related("user").filter(token_hash=links.hash_of(token)).first()
    if found is None:
        raise AccordError(_GONE, remedy=_ASK_AGAIN)
    if found.used_at is not None:
        raise AccordError("The invitation was used already.", remedy="Sign in with the password that was set.")
    if found.expires_at <= at:
        raise AccordError("The invitation has expired.", remedy=_ASK_AGAIN)
    if not found.user.is_active:
        raise AccordError(_GONE, remedy=_ASK_AGAIN)
    return found


@transaction.atomic
def join(*, token: str, password: str, at: datetime) -> User:
    """Sets the first password by an invitation, which is used up. Says nothing about when somebody began to work
    here, so no availability is recorded."""
    Invitation.objects.select_for_update().filter(token_hash=links.hash_of(token)).first()
    invitation = open_invitation(token=token, at=at)
    user = invitation.user
    set_password(user=user, password=password)
    user.joined_at = at
    user.save(update_fields=["joined_at"])
    invitation.used_at = at
    invitation.save(update_fields=["used_at"])
    return user


def set_password(*, user: User, password: str) -> None:
    """Raises AccordError for a password that is too weak."""
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise AccordError(" ".join(weak.messages), remedy="Choose a longer one that says nothing about you.") from weak
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def drop_second_factor(*, user: User) -> int:
    """Lets somebody whose phone is lost sign in by password alone. Gives how many factors and codes went."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    return int(removed)


# Changing


@transaction.atomic
def change(*, member: User, name: str, role: Role, team: Team | None, manager: User | None) -> User:
    """Gives a member another name, role, team or manager. The last administrator keeps the role.

    Which team a handoff goes to stands in the agreement, so no fact is recorded.
    """
    administrators = _administrators()
    member = User.objects.locked(member)
    if member.role == Role.ADMINISTRATOR != role:
        _refuse_without_administrator(administrators, member)
    _refuse_managing_in_a_circle(member, manager)
    member.name, member.role, member.team, member.manager = name, role, team, manager
    member.save(update_fields=["name", "role", "team", "manager"])
    return member


@transaction.atomic
def leave(*, member: User, at: datetime, deputy: User | None = None) -> None:
    """Ends a membership: no sign-in any more, and a fact says that they left, so that nothing is routed to them and
    what is open with them goes on to the `deputy`, else by the agreement's routing."""
    administrators = _administrators()
    member = User.objects.locked(member)
    if deputy is not None and (deputy.pk == member.pk or not deputy.is_active or deputy.joined_at is None):
        raise AccordError(f"{deputy.name} cannot take over.", remedy="Choose a colleague who works here.")
    if not member.is_active:
        raise AccordError(f"{member.name} has left already.", remedy="Nothing needs to be done.")
    _refuse_without_administrator(administrators, member)
    member.is_active, member.left_at = False, at
    member.save(update_fields=["is_active", "left_at"])
    member.invitations.filter(used_at=None).delete()
    feeds.stop(of=member, at=at)
    row = f"left-{member.pk}-{at.isoformat()}"
    absences.tell(member, "left", row=row, occurred_at=at, at=at, deputy=deputy)


@transaction.atomic
def come_back(*, member: User, at: datetime) -> None:
    """Takes somebody back who had left, with the role and team that they had, and without absences of before."""
    member = User.objects.locked(member)
    if member.is_active:
        raise AccordError(f"{member.name} is a member.", remedy="Nothing needs to be done.")
    member.is_active, member.left_at = True, None
    member.save(update_fields=["is_active", "left_at"])
    for absence in member.absences.filter(ends_at__gt=at, ended_early_at=None):
        absences.end(absence=absence, at=at)
    absences.tell(member, "joined", row=f"joined-{member.pk}-{at.isoformat()}", occurred_at=at, at=at)


def save_profile(*, user: User, profile: Profile) -> User:
    """Keeps what somebody says about how Accord meets them."""
    for key in Profile.__slots__:
        setattr(user, key, getattr(profile, key))
    user.save(update_fields=list(Profile.__slots__))
    return user


# Teams


@transaction.atomic
def add_team(*, name: str, title: str, side: str) -> Team:
    """A new team. `name` is what agreements call it."""
    _one_at_a_time()
    if Team.objects.filter(name=name).exists():
        raise AccordError(f"There is a team {name} already.", remedy="Choose another name, or change that team.")
    return Team.objects.create(name=name, title=title, side=side)


@transaction.atomic
def change_team(*, team: Team, title: str, side: str) -> Team:
    """Another title or side. The name stays, for agreements and facts call the team by it."""
    team.title, team.side = title, side
    team.save(update_fields=["title", "side"])
    return team


@transaction.atomic
def remove_team(*, team: Team) -> None:
    """Removes a team without people."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.people.exists():
        raise AccordError(f"{team.title} has people.", remedy="Move them to another team first.")
    team.delete()


# Inside


def _new(
    *, name: str, email: str, role: Role, team: Team | None, manager: User | None, handle: str, at: datetime
) -> User:
    email = User.objects.normalize_email(email).lower()
    _one_at_a_time()
    known = User.objects.filter(Q(email=email) | Q(handle=handle or "\n")).first()
    if known is not None and known.email == email:
        raise AccordError(f"{email} is the address of {known.name} already.", remedy="Open that member instead.")
    if known is not None:
        raise AccordError(f"{known.name} is called {handle} already.", remedy="Choose another handle.")
    return User.objects.create_user(
        email,
        None,
        handle=handle or _free_handle(name, email),
        name=name,
        role=role.value,
        team=team,
        manager=manager,
        invited_at=at,
    )


def _one_at_a_time() -> None:
    """Until the caller has committed nobody else adds a member or a team, so that who comes second is told by name what
    is taken already."""
    Company.objects.select_for_update().first()


def _free_handle(name: str, email: str) -> str:
    wanted = slugify(name.split()[0] if name.split() else "")[:50] or slugify(email.partition("@")[0])[:50] or "member"
    taken = set(User.objects.filter(handle__startswith=wanted).values_list("handle", flat=True))
    if wanted not in taken:
        return wanted
    return next(f"{wanted}-{n}" for n in range(2, len(taken) + 3) if f"{wanted}-{n}" not in taken)


def _send(user: User, *, by: User, at: datetime) -> Invitation:
    invitation = Invitation.objects.create(
        user=user, sent_at=at, expires_at=at + INVITATION_LASTS, token_hash=links.hash_of(f"{user.pk}:{at}")
    )
    invitation.token_hash = links.hash_of(links.token_of(invitation))
    invitation.save(update_fields=["token_hash"])
    notices.post(
        kind="invitation",
        to=user,
        key=f"invitation:{invitation.pk}",
        context={"invitation": invitation.pk, "by": by.name, "company": _company()},
        at=at,
        urgent=True,
    )
    return invitation


def send_reset(*, user: User, at: datetime) -> None:
    """Mails a link by which somebody who has joined sets a new password; at most one a minute."""
    if user.is_active and user.joined_at is not None:
        notices.post(
            kind="password_reset",
            to=user,
            key=f"password_reset:{user.pk}:{at:%Y%m%d%H%M}",
            context={"company": _company()},
            at=at,
            urgent=True,
        )


def _company() -> str:
    company = Company.objects.first()
    return company.name if company else "Accord"


def _only_before_joining(member: User) -> None:
    if member.joined_at is not None:
        raise AccordError(f"{member.name} has joined.", remedy="Reset the password or end the membership instead.")


def _administrators() -> list[int]:
    """Everybody who can administer now, locked, so that two cannot step down at the same time."""
    there = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True, joined_at__isnull=False)
    return list(there.order_by("pk").values_list("pk", flat=True))


def _refuse_without_administrator(administrators: list[int], member: User) -> None:
    if administrators == [member.pk]:
        raise AccordError(
            f"{member.name} is the last administrator.", remedy="Make somebody else an administrator first."
        )


def _refuse_managing_in_a_circle(member: User, manager: User | None) -> None:
    above, seen = manager, set()
    while above is not None and above.pk not in seen:
        if above.pk == member.pk:
            raise AccordError(
                f"{member.name} would be their own manager.", remedy="Choose somebody who does not report to them."
            )
        seen.add(above.pk)
        above = above.manager
