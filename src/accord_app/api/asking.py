"""Sending events and asking who may be written to. Rows are judged one by one, so these verbs read the body
themselves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accord_app.api import shapes
from accord_app.api.door import Key, caller, now
from accord_app.intake import api as intake
from accord_app.intake.models import Token
from accord_app.shield import api as shield

router = Router()
_EVENTS = {
    "type": "array",
    "items": {},
    "minItems": 1,
    "maxItems": intake.MOST,
    "description": "Each with id, kind, at and person; see the guide. One that is damaged takes no other down.",
}
_PEOPLE = {
    "type": "array",
    "items": {},
    "minItems": 1,
    "maxItems": shield.MOST,
    "description": "Ids of people, source:id, or e-mail addresses. One that names nobody takes no other down.",
}
_WORD = r"^[a-z0-9_-]{1,30}(\.[a-z0-9_-]{1,28})?$"
_BESIDE = {
    "purpose": {"type": ["string", "null"], "pattern": _WORD, "default": "marketing.email"},
    "channel": {"type": ["string", "null"], "pattern": _WORD},
    "side": {"enum": ["marketing", "sales", None], "default": "marketing"},
    "message": {"type": ["string", "null"], "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_ ./-]{0,99}$"},
}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/events",
    auth=Key(Token.Scope.EVENTS),
    response={202: shapes.Received},
    url_name="receive_events",
    tags=["events"],
    openapi_extra=_body(
        {"oneOf": [_EVENTS, {"type": "object", "required": ["events"], "properties": {"events": _EVENTS}}]}
    ),
)
def receive_events(request: HttpRequest) -> HttpResponse:
    """Send events, up to a thousand at once. The same id from the same source is one event, however often it comes."""
    return intake.receive_events(request, caller(request), now(request))


@router.post(
    "/may-contact",
    auth=Key(Token.Scope.MAY_CONTACT),
    response=shapes.MayContactAnswer,
    url_name="may_contact",
    tags=["may-contact"],
    openapi_extra=_body(
        {
            "oneOf": [
                {
                    "type": "object",
                    "required": [name],
                    "properties": {name: which, **_BESIDE},
                    "additionalProperties": False,
                }
                for name, which in (("people", _PEOPLE), ("person", {}))
            ]
        }
    ),
)
def may_contact(request: HttpRequest) -> HttpResponse:
    """Ask whether people may be written to now: one, or up to 10,000 at once. The answer is kept."""
    return shield.may_contact(request, caller(request), now(request))
