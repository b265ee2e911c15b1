"""Where programs send events: `POST /v1/events`, JSON, up to a thousand at once, under a key of the page Events."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accord_app.intake import tokens
from accord_app.intake.actions import receive

MOST = 1_000


class RefusedError(Exception):
    """The whole request cannot be taken: a status, what is wrong, what to do."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


@csrf_exempt
@login_not_required
def receive_events(request: HttpRequest) -> HttpResponse:
    """202 with how many were received and what is wrong with the others; nothing is taken of a request refused."""
    try:
        return _received(request)
    except RefusedError as refused:
        return _problem(refused)


def _received(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise RefusedError(405, "Events are sent by POST.", "Send POST to this address.")
    now = timezone.now()
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.used(secret.strip(), at=now) if scheme.lower() == "bearer" else None
    if token is None:
        raise RefusedError(401, "The key is missing, unknown or withdrawn.", "Send Authorization: Bearer and a key.")
    done = receive(source=token.source, sent=_sent(request), at=now)
    refused = [{"index": place, **asdict(each)} for place, each in done.refused]
    return JsonResponse({"received": done.received, "refused": refused}, status=202)


def _sent(request: HttpRequest) -> list[object]:
    """The events of a request: a list, or an object with a list under `events`."""
    if request.content_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(415, "The body is not plain JSON.", "Send Content-Type: application/json, not packed.")
    try:
        document = json.loads(request.body, parse_constant=_no_number)
    except RequestDataTooBig:
        raise RefusedError(400, "The request is larger than 5 MB.", "Send fewer events at once.") from None
    except (ValueError, RecursionError, UnreadablePostError):
        raise RefusedError(400, "The body cannot be read as JSON.", "Send JSON in UTF-8.") from None
    events = document.get("events") if isinstance(document, dict) else document
    if not isinstance(events, list) or not events:
        raise RefusedError(400, "There are no events in the body.", 'Send {"events": [...]}.')
    if len(events) > MOST:
        raise RefusedError(400, f"{len(events):,} events at once are too many.", f"Send up to {MOST:,} at once.")
    return events


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _problem(refused: RefusedError) -> HttpResponse:
    """As RFC 9457 has it."""
    document = {"title": refused.title, "status": refused.status, "detail": refused.detail}
    answer = JsonResponse(document, status=refused.status, content_type="application/problem+json")
    if refused.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if refused.status == 405:
        answer["Allow"] = "POST"
    return answer
