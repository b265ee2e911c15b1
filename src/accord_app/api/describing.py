"""The description of the API: what the framework writes from the verbs, and what all of them have in common."""

from __future__ import annotations

import json
import re
from typing import Any

from accord_app.intake.models import Token
from accord_app.intake.scopes import SENTENCES

PROBLEM = {
    "title": "Problem",
    "description": "What is wrong and what to do, as RFC 9457 has it.",
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "remedy": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}
_REFUSALS = {
    "400": "The request or its body cannot be read.",
    "401": "The key is missing, unknown or withdrawn.",
    "403": "The key may not do this, or whoever it acts for may not.",
    "404": "There is nothing of this id for whoever the key acts for.",
    "405": "The address does not take this method.",
    "406": "Answers are JSON.",
    "422": "A parameter or a field is not as described.",
    "503": "The database did not answer in time; nothing was changed.",
}
_OF_WRITES = {
    "409": "It cannot be done as things stand, with the way out.",
    "412": "It has changed since it was read (`If-Match`).",
    "413": "The body is larger than 5 MB.",
    "415": "The body is not plain JSON.",
}
_MARK = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,80}$"},
    "description": "What the program calls this write. Sent again within seven days with the same body, the first"
    " answer is given again; with another body, 422.",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The tag of what was read; 412 if it has changed since.",
}
_TAG = {"ETag": {"description": "A tag of what is told.", "schema": {"type": "string"}}}


def described(schema: Any) -> Any:
    """The same description with refusals, marks, tags and scopes at every verb."""
    schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    schema["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": _scopes()},
    }
    for path, verbs in schema["paths"].items():
        for method, verb in verbs.items():
            _describe(path, method, verb)
    return json.loads(json.dumps(schema))


def _scopes() -> str:
    said = "\n".join(f"- `{scope}`: {SENTENCES[scope]}" for scope in Token.Scope.values)
    return f"A key of the page Keys, with these scopes:\n\n{said}"


def _describe(path: str, method: str, verb: dict[str, Any]) -> None:
    from accord_app.api.door import scope_of

    is_write, has_body = method != "get", method in ("post", "put", "patch")
    scope = scope_of(method, path)
    verb["security"] = [{"key": []}]
    verb["description"] = f"{verb.get('description', '')}\n\nScope: `{scope}`.".strip()
    verb["operationId"] = f"{method}_{re.sub(r'[^a-z]+', '_', path.removeprefix('/v1/')).strip('_')}"
    said = (
        _REFUSALS | (_OF_WRITES if has_body else {}) | ({k: _OF_WRITES[k] for k in ("409", "412")} if is_write else {})
    )
    answers = {str(status): answer for status, answer in verb["responses"].items()}
    if _is_one_thing(path, method):
        answers["200"]["headers"] = _TAG
        answers["304"] = {"description": "The same as read before (`If-None-Match`).", "headers": _TAG}
    for status, words in sorted(said.items()):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        answers[status] = {"description": words, "content": content}
    verb["responses"] = answers
    if is_write:
        more = [_MARK, _IF_MATCH] if "{" in path else [_MARK]
        verb["parameters"] = [*verb.get("parameters", []), *more]


def _is_one_thing(path: str, method: str) -> bool:
    return method == "get" and (path.endswith("}") or path == "/v1/agreement")
