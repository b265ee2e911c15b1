"""What every door for programs shares: the key and whom it acts for, the body, and refusals as RFC 9457 has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError

from accord_app.intake import tokens
from accord_app.intake.models import Token
from accord_app.intake.scopes import rights_for, said
from accord_app.members.models import User

PROBLEM = "application/problem+json"
TAKEN = frozenset({"*/*", "application/*", "application/json", PROBLEM})
"""What a request may say to accept; it gets JSON."""


class RefusedError(Exception):
    """The whole request cannot be taken: a status, what is wrong, what to do, and further members of the answer."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.more = status, title, detail, more


@dataclass(frozen=True, slots=True)
class Caller:
    """A program as it is known by its key, and the colleague on whose behalf it acts: somebody, or the program."""

    token: Token
    user: User


def caller_of(request: HttpRequest, *, scope: str, at: datetime) -> Caller:
    """Who calls, if the key may do this and whoever it acts for may too. Raises RefusedError."""
    _expect_json_taken(request)
    token = key_of(request, scope=scope, at=at)
    user = tokens.acts_for(token)
    if not any(user.may(right) for right in rights_for(scope)):
        raise RefusedError(403, f"{user.name} may not {said(scope)}.", "Use a key of somebody whose role allows it.")
    return Caller(token, user)


def key_of(request: HttpRequest, *, scope: str, at: datetime) -> Token:
    """The key that a request shows, if it may do this. Raises RefusedError."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.used(secret.strip(), at=at) if scheme.lower() == "bearer" else None
    if token is None:
        raise RefusedError(401, "The key is missing, unknown or withdrawn.", "Send Authorization: Bearer and a key.")
    if scope not in token.scopes:
        may = _listed([said(each) for each in token.scopes])
        raise RefusedError(403, f"This key may not {said(scope)}; it may {may}.", f"Make a key that may {said(scope)}.")
    return token


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words) if words else "nothing"


def _expect_json_taken(request: HttpRequest) -> None:
    accepted = request.headers.get("Accept", "*/*")
    kinds = {each.partition(";")[0].strip().lower() for each in accepted.split(",")}
    if not kinds & TAKEN:
        raise RefusedError(406, "Answers are JSON.", "Send Accept: application/json, or leave it out.")


def document_of(request: HttpRequest, *, fewer: str) -> Any:
    """The body as JSON. `fewer`: what to send fewer of when it is too large. Raises RefusedError."""
    if request.content_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(415, "The body is not plain JSON.", "Send Content-Type: application/json, not packed.")
    try:
        return json.loads(request.body, parse_constant=_no_number)
    except RequestDataTooBig:
        raise RefusedError(413, "The request is larger than 5 MB.", f"Send fewer {fewer} at once.") from None
    except (ValueError, RecursionError, UnreadablePostError):
        raise RefusedError(400, "The body cannot be read as JSON.", "Send JSON in UTF-8.") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def problem(refused: RefusedError) -> HttpResponse:
    """A refusal as an answer."""
    document = {"title": refused.title, "status": refused.status, "detail": refused.detail, **refused.more}
    answer = JsonResponse(document, status=refused.status, content_type=PROBLEM)
    if refused.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if refused.status == 405:
        answer["Allow"] = "POST"
    return answer
