"""Where programs send events: `POST /v1/events`, JSON, up to a thousand at once, under a key of the page Events."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accord_app.intake.actions import receive
from accord_app.intake.models import Token
from accord_app.intake.programs import RefusedError, document_of, key_of, problem

MOST = 1_000


@csrf_exempt
@login_not_required
def receive_events(request: HttpRequest) -> HttpResponse:
    """202 with how many were received and what is wrong with the others; nothing is taken of a request refused."""
    try:
        return _received(request)
    except RefusedError as refused:
        return problem(refused)


def _received(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise RefusedError(405, "Events are sent by POST.", "Send POST to this address.")
    now = timezone.now()
    token = key_of(request, scope=Token.Scope.EVENTS, at=now)
    done = receive(source=token.source, sent=_sent(request), at=now)
    refused = [{"index": place, **asdict(each)} for place, each in done.refused]
    return JsonResponse({"received": done.received, "refused": refused}, status=202)


def _sent(request: HttpRequest) -> list[object]:
    """The events of a request: a list, or an object with a list under `events`."""
    document = document_of(request, fewer="events")
    events = document.get("events") if isinstance(document, dict) else document
    if not isinstance(events, list) or not events:
        raise RefusedError(400, "There are no events in the body.", 'Send {"events": [...]}.')
    if len(events) > MOST:
        raise RefusedError(400, f"{len(events):,} events at once are too many.", f"Send up to {MOST:,} at once.")
    return events
