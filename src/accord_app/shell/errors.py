"""Answers for what cannot be shown: in the look, in words, with a way out. htmx gets them as a note, not as a page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string

from accord.facts.errors import AccordError


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened and the way out."""

    status: int
    title: str
    sentence: str
    act: str = "Go to Today"
    url: str = "/"


BAD_REQUEST = Problem(
    400, "This request cannot be read.", "Something in the address or in the form is not as expected."
)
FORBIDDEN = Problem(403, "Your role does not open this.", "Ask an administrator if you need it for your work.")
NOT_FOUND = Problem(
    404, "There is nothing at this address.", "It may have been erased, or the address is not complete."
)
NOT_BY_THIS_METHOD = Problem(
    405, "There is no page at this address.", "Forms are sent to it. Open the page that has the form."
)
STALE_FORM = Problem(
    403,
    "This page has been open for too long.",
    "Nothing was changed. Go back, load the page again and repeat what you did; what you typed is still there.",
)
SIGNED_OUT = "You were signed out before this was sent. Nothing was changed: sign in and send it again."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return _answer(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _answer(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _answer(request, NOT_FOUND)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: mostly a page from before signing in anew."""
    return _answer(request, STALE_FORM)


def not_by_this_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """405: mostly an address at which a form was sent, opened again."""
    answer = _answer(request, NOT_BY_THIS_METHOD)
    answer["Allow"] = allowed
    return answer


def refused(request: HttpRequest, error: AccordError) -> HttpResponse:
    """409: what cannot be done, and what can."""
    return _answer(request, Problem(409, error.message, error.remedy))


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500. Asks neither the database nor the session: they may be what broke."""
    if request.headers.get("HX-Request") == "true":
        part = render_to_string("shell/_broke.html")
        return _as_note(HttpResponseServerError(part))
    return HttpResponseServerError(render_to_string("shell/broke.html"))


def sign_in_url(then: str) -> str:
    """Sign-in that leads back to `then`, an address of ours."""
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': then})}"


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return _as_note(render(request, "shell/_problem.html", {"problem": problem}, status=problem.status))
    return render(request, _template(request), {"problem": problem}, status=problem.status)


def _template(request: HttpRequest) -> str:
    """With the frame for those who are signed in, else without."""
    user = getattr(request, "user", None)
    return "shell/problem.html" if user is not None and user.is_authenticated else "shell/problem_bare.html"


def _as_note(answer: HttpResponse) -> HttpResponse:
    """Shown among the toasts, wherever htmx wanted to put it."""
    answer["HX-Retarget"] = "#toasts"
    answer["HX-Reswap"] = "beforeend"
    answer["HX-Reselect"] = "unset"
    return answer
