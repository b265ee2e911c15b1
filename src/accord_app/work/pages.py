"""The page of work: who works, what waits, and what waits for a decision."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accord.facts.errors import AccordError
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.shell import toasts
from accord_app.work import actions, reads


@needs(Right.SEE_WORK)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Everything on one page."""
    may_decide = signed_in(request).may(Right.RETRY_WORK)
    found = reads.overview(at=timezone.now())
    return render(request, "work/overview.html", {"found": found, "may_decide": may_decide})


@needs(Right.RETRY_WORK)
@require_POST
def do_again(request: HttpRequest, kind: str, row_id: int) -> HttpResponse:
    """Give a row all its attempts once more."""
    try:
        actions.do_again(kind=kind, row_id=row_id, by=signed_in(request), at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "It will be done again in a moment.")
    return redirect("work:overview")


@needs(Right.RETRY_WORK)
@require_POST
def drop(request: HttpRequest, kind: str, row_id: int) -> HttpResponse:
    """Decide that a row need not be done."""
    actions.drop(kind=kind, row_id=row_id, by=signed_in(request))
    toasts.say(request, "Dropped. It will not be done.")
    return redirect("work:overview")
