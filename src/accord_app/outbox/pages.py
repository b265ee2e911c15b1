"""Messages: one's own, and for those who keep the work going, everybody's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accord.facts.errors import AccordError
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.outbox import access, actions, reads
from accord_app.outbox.models import Message
from accord_app.shell import asked, toasts
from accord_app.shell.components import View


@require_GET
def own(request: HttpRequest) -> HttpResponse:
    """What Accord has written to whoever looks."""
    found = reads.listed(access.own(signed_in(request)), before=_before(request))
    return render(request, "outbox/own.html", {"found": found})


@needs(Right.SEE_WORK)
@require_GET
def everybodys(request: HttpRequest) -> HttpResponse:
    """What Accord has written to anybody, by state."""
    user = signed_in(request)
    asked = request.GET.get("state", "")
    state = asked if asked in Message.State.values else ""
    context = {
        "found": reads.listed(access.everybodys(user), state=state, before=_before(request)),
        "standing": reads.standing(),
        "tabs": _tabs(state),
        "state": state,
        "may_decide": user.may(Right.RETRY_WORK),
    }
    return render(request, "outbox/all.html", context)


@needs(Right.RETRY_WORK)
@require_POST
def send_again(request: HttpRequest, message_id: int) -> HttpResponse:
    """Try a message that was given up once more."""
    try:
        actions.send_again(message_id=message_id, by=signed_in(request), at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "It will be sent again in a moment.")
    return redirect(f"{reverse('outbox:all')}?state={Message.State.DEAD}")


def _tabs(state: str) -> list[View]:
    everything = reverse("outbox:all")
    named = [View(each.label, f"{everything}?state={each}", "", each == state) for each in Message.State]
    return [View("All", everything, "", not state), *named]


def _before(request: HttpRequest) -> int | None:
    """The number from the address; what is none counts as none."""
    return asked.number(request.GET.get("before", ""))
