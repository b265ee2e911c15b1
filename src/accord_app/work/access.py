"""The only way to a dead letter on somebody's behalf."""

from __future__ import annotations

from django.http import Http404

from accord_app.members.access import require
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.work import handlers
from accord_app.work.models import Due, Job


def dead_letter(user: User, *, kind: str, row_id: int) -> Due:
    """A row that was given up, for somebody who may decide about it. Jobs of a kind that nobody knows can be found."""
    require(user, Right.RETRY_WORK)
    model = handlers.rows_of(kind) or Job
    found = model._default_manager.filter(pk=row_id, died_at__isnull=False).first()
    if found is None or (isinstance(found, Job) and found.kind != kind):
        raise Http404
    return found
