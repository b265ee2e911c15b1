"""The only way to fetch handoffs on somebody's behalf. What somebody may not see does not exist for them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.http import Http404

from accord.agreement import replies
from accord_app.handoffs.models import Handoff, SavedView
from accord_app.ledger.reads import rules_of
from accord_app.members.models import User
from accord_app.members.roles import Right


def sees_all(user: User) -> bool:
    """Whether somebody sees the handoffs of every team: marketing sees what became of all of its own."""
    return user.may(Right.SEE_ALL_HANDOFFS) or user.may(Right.SEE_MARKETING_OUTCOMES)


def visible(user: User) -> QuerySet[Handoff]:
    """Every handoff that somebody may look at."""
    if sees_all(user):
        return Handoff.objects.all()
    if user.may(Right.SEE_TEAM_HANDOFFS):
        return Handoff.objects.filter(_own(user) | _of_team(user))
    return Handoff.objects.none()


def branches(user: User) -> tuple[QuerySet[Handoff], ...]:
    """The same as `visible`, in parts that each follow one index and have no handoff in common."""
    if sees_all(user) or not user.may(Right.SEE_TEAM_HANDOFFS):
        return (visible(user),)
    if user.team is None:
        return (Handoff.objects.filter(_own(user)),)
    of_others = Q(owner=None) | ~Q(owner=user.handle)
    return (Handoff.objects.filter(_own(user)), Handoff.objects.filter(_of_team(user) & of_others))


def seen_as(user: User) -> tuple[object, ...]:
    """All that decides which handoffs somebody sees, and which of them are own or of the team."""
    team = user.team.name if user.team else None
    return sees_all(user), user.may(Right.SEE_TEAM_HANDOFFS), user.handle, team


def handoff(user: User, handoff_id: str) -> Handoff:
    """One handoff to look at. Raises Http404."""
    return _one(visible(user), handoff_id)


def to_answer(user: User, handoff_id: str) -> Handoff:
    """One handoff to answer, beside whom its owner is. Raises Http404."""
    return _one(visible(user) if user.may(Right.ANSWER_HANDOFFS) else Handoff.objects.none(), handoff_id)


def looks_again(user: User, handoff: Handoff) -> bool:
    """Whether somebody may take the second look at a rejection: who the agreement names, or whoever has the right."""
    if user.may(Right.LOOK_AGAIN):
        return True
    return handoff.look_due is not None and replies.looks_again(rules_of(handoff.version).agreement) == user.handle


def to_look_at(user: User, handoff_id: str) -> Handoff:
    """One rejection to look at again. Raises Http404."""
    found = handoff(user, handoff_id)
    if not looks_again(user, found):
        raise Http404
    return found


def all_to_answer(user: User, ids: Collection[str]) -> list[Handoff]:
    """Several handoffs to answer, in the order asked for. Raises Http404 when one of them is not there."""
    asked = [each for each in ids if "\0" not in each] if user.may(Right.ANSWER_HANDOFFS) else []
    found = {each.pk: each for each in visible(user).filter(pk__in=asked)}
    if set(ids) - found.keys():
        raise Http404
    return [found[each] for each in dict.fromkeys(ids)]


def saved_views(user: User) -> QuerySet[SavedView]:
    """Somebody's own views and those that others shared."""
    return SavedView.objects.filter(Q(owner=user.handle) | Q(shared=True)).order_by("shared", "name", "id")


def saved_view(user: User, pk: int) -> SavedView:
    """One view that somebody may open. Raises Http404."""
    found = saved_views(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def own_view(user: User, pk: int) -> SavedView:
    """A view that somebody made. Raises Http404."""
    found = SavedView.objects.filter(owner=user.handle, pk=pk).first()
    if found is None:
        raise Http404
    return found


def _one(scope: QuerySet[Handoff], handoff_id: str) -> Handoff:
    found = scope.select_related("pending").filter(pk=handoff_id).first()
    if found is None:
        raise Http404
    return found


def _own(user: User) -> Q:
    return Q(owner=user.handle)


def _of_team(user: User) -> Q:
    return Q(team=user.team.name) if user.team else Q(pk__in=[])
