"""What every door for programs shares: the key, the body, and refusals as RFC 9457 has them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError

from accord_app.intake import tokens
from accord_app.intake.models import Token


class RefusedError(Exception):
    """The whole request cannot be taken: a status, what is wrong, what to do, and further members of the answer."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.more = status, title, detail, more


def key_of(request: HttpRequest, *, scope: str, at: datetime) -> Token:
    """The key that a request shows, if it may do this. Raises RefusedError."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.used(secret.strip(), at=at) if scheme.lower() == "bearer" else None
    if token is None:
        raise RefusedError(401, "The key is missing, unknown or withdrawn.", "Send Authorization: Bearer and a key.")
    if scope not in token.scopes:
        may = " and ".join(Token.Scope(each).label.lower() for each in token.scopes)
        asked = Token.Scope(scope).label.lower()
        raise RefusedError(403, f"This key may not {asked}; it may {may}.", f"Make a key that may {asked}.")
    return token


def document_of(request: HttpRequest, *, fewer: str) -> Any:
    """The body as JSON. `fewer`: what to send fewer of when it is too large. Raises RefusedError."""
    if request.content_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(415, "The body is not plain JSON.", "Send Content-Type: application/json, not packed.")
    try:
        return json.loads(request.body, parse_constant=_no_number)
    except RequestDataTooBig:
        raise RefusedError(400, "The request is larger than 5 MB.", f"Send fewer {fewer} at once.") from None
    except (ValueError, RecursionError, UnreadablePostError):
        raise RefusedError(400, "The body cannot be read as JSON.", "Send JSON in UTF-8.") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def problem(refused: RefusedError) -> HttpResponse:
    """A refusal as an answer."""
    document = {"title": refused.title, "status": refused.status, "detail": refused.detail, **refused.more}
    answer = JsonResponse(document, status=refused.status, content_type="application/problem+json")
    if refused.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if refused.status == 405:
        answer["Allow"] = "POST"
    return answer
