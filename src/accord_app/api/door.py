"""The one door: keys with scopes, refusals, tags for what was read, and the description of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.security.base import AuthBase
from pydantic import BaseModel

from accord.facts.errors import AccordError
from accord_app.api.describing import described
from accord_app.intake.programs import Caller, RefusedError, caller_of, problem

VERSION = "1.0"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Key(AuthBase):
    """A key with one scope. As `auth` of a verb it leaves a Caller in `request.auth`. `asked`: the parameters that the
    verb takes; a misspelt filter would otherwise read as no filter."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str, asked: type[BaseModel] | None = None) -> None:
        super().__init__()
        self.scope, self._known = scope, tuple(asked.model_fields if asked else ())

    def __call__(self, request: HttpRequest) -> Caller:
        """Raises RefusedError."""
        found = caller_of(request, scope=self.scope, at=now(request))
        for name in request.GET:
            if name not in self._known:
                raise self._unknown(name[:80].replace("\0", "?"))
        if request.method in WRITES and request.method != "DELETE":
            _expect_json(request)
        return found

    def _unknown(self, name: str) -> RefusedError:
        remedy = f"Leave it out; there are {', '.join(self._known)}." if self._known else "Leave it out."
        return RefusedError(422, f"{name}: there is no such parameter.", remedy, field=name)


def _expect_json(request: HttpRequest) -> None:
    packed = request.headers.get("Content-Encoding", "identity") != "identity"
    if request.content_type != "application/json" or packed:
        raise RefusedError(415, "The body is not plain JSON.", "Send Content-Type: application/json, not packed.")


class _Strict(Parser):
    """JSON as the standard has it: without NaN and its kin."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, parse_constant=_no_number)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


class _Said(BaseRenderer):
    """JSON in which times are told as everywhere, to the microsecond."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:  # noqa: ARG002 as declared
        return json.dumps(data, default=_as_text, ensure_ascii=False)


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value)} is no shape")


class Door(NinjaAPI):
    """The API, which describes also what its verbs have in common: refusals, keys, marks and tags."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        """The description as OpenAPI has it."""
        return described(super().get_openapi_schema(*args, **kwargs))


door = Door(
    title="Accord",
    version=VERSION,
    description="What programs read and write in Accord. Times are UTC in ISO 8601, money names its currency.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=_Strict(),
    renderer=_Said(),
)


def scope_of(method: str, path: str) -> str:
    """The scope that a verb takes. Raises LookupError for no verb of the API."""
    for prefix, router in door._routers:
        for template, view in router.path_operations.items():
            for operation in view.operations:
                if f"/v1{prefix}{template}" == path and method.upper() in operation.methods:
                    return str(getattr(operation.auth_param, "scope"))  # noqa: B009 the framework knows no scopes
    raise LookupError(f"there is no {method} {path}")


def now(request: HttpRequest) -> datetime:
    """The moment of a request, the same for its key and for what it does."""
    held: datetime | None = getattr(request, "asked_at", None)
    if held is None:
        held = timezone.now()
        setattr(request, "asked_at", held)  # noqa: B010 no attribute that Django's types know
    return held


def caller(request: HttpRequest) -> Caller:
    """Who calls, once `Key` has let the request in."""
    found: Caller = request.auth  # type: ignore[attr-defined]
    return found


# Refusals


@door.exception_handler(RefusedError)
def _refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
    return problem(error)


@door.exception_handler(AccordError)
def _cannot(request: HttpRequest, error: AccordError) -> HttpResponse:
    return problem(RefusedError(409, error.message, error.remedy))


@door.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    detail = "Check the id. What whoever the key acts for may not see is not there for the key either."
    return problem(RefusedError(404, "There is nothing of this id.", detail))


@door.exception_handler(ValidationError)
def _unfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    if any(each["loc"][0] == "path" for each in error.errors):
        return _nothing(request, Http404())
    wrong = [{"field": _field(each["loc"]), "problem": str(each["msg"])} for each in error.errors]
    title = f"{wrong[0]['field'] or 'The body'}: {wrong[0]['problem'][:1].lower()}{wrong[0]['problem'][1:]}."
    return problem(RefusedError(422, title, "Send what openapi.json describes.", field=wrong[0]["field"], errors=wrong))


def _field(loc: Sequence[object]) -> str:
    """The name of a field; what the framework calls the whole is left out."""
    return ".".join(str(each) for each in loc[1:] if each not in ("said", "asked"))


@door.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        return problem(RefusedError(400, "The body cannot be read as JSON.", "Send JSON in UTF-8."))
    return problem(RefusedError(error.status_code, str(error), "Check the request against /v1/openapi.json."))


@door.exception_handler(SuspiciousOperation)
def _suspicious(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    if isinstance(error, RequestDataTooBig):
        return problem(RefusedError(413, "The request is larger than 5 MB.", "Send less at once."))
    return problem(RefusedError(400, "This request cannot be read.", "Check the request against /v1/openapi.json."))


@door.exception_handler(OperationalError)
@door.exception_handler(InterfaceError)
def _busy(request: HttpRequest, error: Exception) -> HttpResponse:
    answer = problem(RefusedError(503, "The database did not answer in time.", "Nothing was changed. Send it again."))
    answer["Retry-After"] = "5"
    return answer


# What was read


def tag_of(said: Mapping[str, Any]) -> str:
    """A tag of what somebody read: another one as soon as it says something else."""
    return f'"{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]}"'


def told(request: HttpRequest, shown: BaseModel, *, status: int = 200, seen: str | None = None) -> HttpResponse:
    """One thing as an answer with its tag; 304 without it where the program has read the same before."""
    said = shown.model_dump(mode="json")
    tag = seen or tag_of(said)
    if request.method == "GET" and _names(request.headers.get("If-None-Match", ""), tag):
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(json.dumps(said, ensure_ascii=False), status=status, content_type="application/json")
    answer["ETag"] = tag
    return answer


def expect_unchanged(request: HttpRequest, shown: BaseModel) -> None:
    """Refuses a write that says by `If-Match` to have read something else. Raises RefusedError."""
    asked = request.headers.get("If-Match")
    tag = tag_of(shown.model_dump(mode="json"))
    if asked is not None and not _names(asked, tag):
        raise RefusedError(
            412, "It has changed since it was read.", "Read it again, then decide anew.", field="If-Match"
        )


def _names(header: str, tag: str) -> bool:
    tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return bool(tags & {tag, "*"})
