"""Where programs send events: `POST /v1/events`, JSON, up to a thousand at once, under a key of the page Events."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse

from accord_app.intake.actions import receive
from accord_app.intake.answering import once
from accord_app.intake.programs import Caller, RefusedError, document_of

MOST = 1_000


def receive_events(request: HttpRequest, caller: Caller, at: datetime) -> HttpResponse:
    """202 with how many were received and what is wrong with the others. Raises RefusedError."""
    sent = _sent(request)

    def do() -> HttpResponse:
        done = receive(source=caller.token.source, sent=sent, at=at)
        refused = [{"index": place, **asdict(each)} for place, each in done.refused]
        return JsonResponse({"received": done.received, "refused": refused}, status=202)

    return once(request, token=caller.token, at=at, do=do)


def _sent(request: HttpRequest) -> list[object]:
    """The events of a request: a list, or an object with a list under `events`."""
    document = document_of(request, fewer="events")
    events = document.get("events") if isinstance(document, dict) else document
    if not isinstance(events, list) or not events:
        raise RefusedError(400, "There are no events in the body.", 'Send {"events": [...]}.')
    if len(events) > MOST:
        raise RefusedError(400, f"{len(events):,} events at once are too many.", f"Send up to {MOST:,} at once.")
    return events
