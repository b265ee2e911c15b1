"""Keys of programs, and the events that could not be taken in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accord.facts.errors import AccordError
from accord_app.intake import access, actions, reads, tokens
from accord_app.intake.forms import TokenForm
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.shell import toasts

UNFIT = 422


@needs(Right.SEND_EVENTS)
@require_http_methods(["GET", "POST"])
@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """Every key; a new one is shown this once."""
    by = signed_in(request)
    form, made = TokenForm(request.POST if request.method == "POST" else None, by=by), None
    if request.method == "POST" and form.is_valid():
        try:
            made = tokens.make(by=by, at=timezone.now(), **form.cleaned_data)
            form = TokenForm(by=by)
        except AccordError as error:
            form.add_error("source" if "source" in error.message else "name", str(error))
    shown = {
        "form": form,
        "made": made,
        "tokens": reads.tokens(),
        "waiting": reads.waiting_count(),
        "aside": reads.aside_count(),
        "address": f"{settings.ADDRESS}{reverse('api:receive_events')}",
    }
    return render(request, "intake/events.html", shown, status=UNFIT if request.method == "POST" and not made else 200)


@needs(Right.SEND_EVENTS)
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Let nobody send with a key any more."""
    token = access.token(signed_in(request), number)
    tokens.withdraw(token=token, at=timezone.now())
    toasts.say(request, f"The key of {token.name} is withdrawn.")
    return redirect("intake:events")


@needs(Right.SEND_EVENTS)
@require_GET
def set_aside(request: HttpRequest) -> HttpResponse:
    """Events that could not be taken in."""
    return render(request, "intake/aside.html", {"rows": reads.set_aside()})


@needs(Right.SEND_EVENTS)
@require_POST
def take_in_again(request: HttpRequest, number: int) -> HttpResponse:
    """Try one of them once more."""
    arrival = access.set_aside(signed_in(request), number)
    actions.take_in_again(arrival=arrival, at=timezone.now())
    toasts.say(request, f"{arrival.event_id} will be taken in in a moment.")
    return redirect("intake:aside")


@needs(Right.SEND_EVENTS)
@require_POST
def drop(request: HttpRequest, number: int) -> HttpResponse:
    """Decide that one of them is not wanted."""
    arrival = access.set_aside(signed_in(request), number)
    actions.drop(arrival=arrival)
    toasts.say(request, f"{arrival.event_id} is dropped.")
    return redirect("intake:aside")
