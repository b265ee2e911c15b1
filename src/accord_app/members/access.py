"""Who may do what, and the only ways to fetch a colleague, a team or an absence on somebody's behalf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accord_app.members.models import Absence, Team, User
from accord_app.members.roles import Right, Role

Door = TypeVar("Door", bound=Callable[..., Any])
DECLARED = "needs"  # the attribute under which a page or API verb carries its rights; the rights matrix reads it
_SALES_SIDE = [role.value for role in Role if role.side == "sales"]
_MARKETING_SIDE = [role.value for role in Role if role.side == "marketing"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a door takes: one of these rights to read, one of those to send something."""

    read: frozenset[Right] = frozenset()
    send: frozenset[Right] = frozenset()

    def by(self, method: str) -> frozenset[Right]:
        """The rights of which this HTTP method takes one; none means that a sign-in is enough."""
        return self.read if method.upper() in ("GET", "HEAD", "OPTIONS") else self.send


def require(user: object, *rights: Right) -> None:
    """Raises PermissionDenied unless the user has one of the rights."""
    if not (isinstance(user, User) and any(user.may(right) for right in rights)):
        raise PermissionDenied(f"This needs the right to {' or to '.join(sorted(rights))}.")


def needs(*rights: Right, to_change: Right | None = None) -> Callable[[Door], Door]:
    """Declares that a page or API verb is for those who have one of these rights, and `to_change` for whoever sends
    something to it; others get 403 before it runs."""
    declared = Needs(frozenset(rights), frozenset([to_change]) if to_change else frozenset(rights))

    def declare(door: Door) -> Door:
        @wraps(door)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            require(request.user, *declared.by(request.method or ""))
            return door(request, *args, **kwargs)

        setattr(checked, DECLARED, declared)
        return cast(Door, checked)

    return declare


def signed_in(request: HttpRequest) -> User:
    """Who asks. Raises PermissionDenied when nobody is signed in, which the middleware rules out for pages."""
    if not isinstance(request.user, User):
        raise PermissionDenied("This needs a sign-in.")
    return request.user


def member(viewer: User, handle: str) -> User:
    """One member for the members pages; 404 for others than those who may see members."""
    if not viewer.may(Right.SEE_MEMBERS):
        raise Http404("There is no such member.")
    return get_object_or_404(User.objects.select_related("team", "manager"), handle=handle)


def team(viewer: User, name: str) -> Team:
    """One team for the teams page."""
    if not viewer.may(Right.SEE_MEMBERS):
        raise Http404("There is no such team.")
    return get_object_or_404(Team, name=name)


def whose_absence(viewer: User) -> QuerySet[User]:
    """Whose absences the viewer may read and set: one's own; RevOps everybody's; a head those of the own side."""
    everybody = User.objects.filter(is_active=True, joined_at__isnull=False)
    if not viewer.may(Right.SET_ABSENCE_OF_OTHERS):
        return everybody.filter(pk=viewer.pk)
    if viewer.side == "sales":
        return everybody.filter(role__in=_SALES_SIDE)
    if viewer.side == "marketing":
        return everybody.filter(role__in=_MARKETING_SIDE)
    return everybody


def absentee(viewer: User, handle: str) -> User:
    """One colleague whose absence the viewer may set; 404 for anybody else."""
    return get_object_or_404(whose_absence(viewer), handle=handle)


def absence(viewer: User, number: int) -> Absence:
    """One absence that the viewer may end; 404 for anybody else's."""
    return get_object_or_404(
        Absence.objects.select_related("user", "deputy").filter(user__in=whose_absence(viewer)), pk=number
    )


def may_see_figures_of(viewer: User, subject: User) -> bool:
    """Figures about one person are for that person and their manager."""
    return viewer.is_active and viewer.pk in (subject.pk, subject.manager_id)


def whose_figures(viewer: User) -> QuerySet[User]:
    """Everybody whose figures the viewer may see: the viewer, and whose manager the viewer is."""
    mine = User.objects.filter(pk=viewer.pk) | User.objects.filter(manager_id=viewer.pk)
    return mine if viewer.is_active else User.objects.none()
