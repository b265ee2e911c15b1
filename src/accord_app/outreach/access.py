"""The only ways to fetch a track, a template, a person in a track, a task or a doubtful mail on somebody's behalf."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.outbox.models import Letter
from accord_app.outreach.models import Membership, Task, Template, Track

LARGEST = 2**63 - 1


def tracks(viewer: User) -> QuerySet[Track]:
    """Every track, for those who may see nurture."""
    return Track.objects.all() if viewer.may(Right.SEE_NURTURE) else Track.objects.none()


def track(viewer: User, name: str) -> Track:
    """One track to look at; 404 for anybody else."""
    return get_object_or_404(tracks(viewer), name=name)


def track_to_run(viewer: User, name: str) -> Track:
    """One track to write or to let people in and out of."""
    _may_run(viewer)
    return track(viewer, name)


def template(viewer: User, name: str) -> Template:
    """One template to look at."""
    if not viewer.may(Right.SEE_NURTURE):
        raise Http404("There is no such template.")
    return get_object_or_404(Template, name=name)


def membership(viewer: User, number: int) -> Membership:
    """Somebody in a track, to be moved or taken out."""
    _may_run(viewer)
    return get_object_or_404(Membership.objects.select_related("track", "version"), pk=_small(number))


def open_tasks(viewer: User) -> QuerySet[Task]:
    """What waits for somebody: their own tasks, and for who runs nurture also those of marketing."""
    mine = Q(who=viewer.handle)
    if viewer.may(Right.RUN_NURTURE):
        mine |= Q(who="")
    rows = Task.objects.filter(mine, done_at=None, is_dropped=False)
    return rows.select_related("membership__track").order_by("at", "id")


def task(viewer: User, number: int) -> Task:
    """A task that the viewer may say is done, done before or not; who runs nurture may for everybody."""
    rows = Task.objects.select_related("membership__version", "membership__track")
    if not viewer.may(Right.RUN_NURTURE):
        rows = rows.filter(who=viewer.handle)
    return get_object_or_404(rows, pk=_small(number))


def doubtful(viewer: User) -> QuerySet[Letter]:
    """Mails of which nobody knows whether they have left."""
    if not viewer.may(Right.RUN_NURTURE):
        return Letter.objects.none()
    return Letter.objects.filter(state=Letter.State.UNSURE).order_by("begun_at", "id")


def letter_to_settle(viewer: User, number: int) -> Letter:
    """A letter to say of whether it has arrived, settled before or not."""
    _may_run(viewer)
    return get_object_or_404(Letter.objects.exclude(begun_at=None, state=Letter.State.WAITING), pk=_small(number))


def _may_run(viewer: User) -> None:
    if not viewer.may(Right.RUN_NURTURE):
        raise Http404("There is nothing here.")


def _small(number: int) -> int:
    if number > LARGEST:
        raise Http404("There is no such number.")
    return number
