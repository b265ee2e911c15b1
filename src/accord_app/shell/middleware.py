"""What every answer goes through: refusals in words, toasts beside swapped parts, sign-in and the way back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accord.facts.errors import AccordError
from accord_app.shell import errors, toasts

Answer = Callable[[HttpRequest], HttpResponseBase]


class SignInAndBack:
    """When a session has ended, sign-in leads back to the page on which somebody was: htmx asked for a part of it, and
    where a form is sent to there is no page. What was sent is told to have changed nothing."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self._get_response(request)
        if not _leads_to_sign_in(answer):
            return answer
        if request.method == "POST":
            toasts.say(request, errors.SIGNED_OUT)
        if request.headers.get("HX-Request") == "true":
            return HttpResponseClientRedirect(_sign_in_and_back(request, "HX-Current-URL"))
        if request.method == "POST":
            answer["Location"] = _sign_in_and_back(request, "Referer")
        return answer


class HtmxAnswers:
    """Where htmx asked for a part, what was said by `toasts.say` is put beside the part."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self._get_response(request)
        is_asked = request.headers.get("HX-Request") == "true"
        if is_asked and isinstance(answer, HttpResponse) and _is_part(answer):
            _add_toasts(request, answer)
        return answer


class Refusals:
    """What cannot be done is said on a page of its own where no room says it better: 409 with the remedy, and 405
    where an address takes forms alone."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self._get_response(request)
        is_silent = isinstance(answer, HttpResponseNotAllowed) and not answer.content
        return errors.not_by_this_method(request, answer["Allow"]) if is_silent else answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for what a page raised."""
        return errors.refused(request, exception) if isinstance(exception, AccordError) else None


def _leads_to_sign_in(answer: HttpResponseBase) -> bool:
    """As whoever is not signed in is led there, with the way back."""
    if answer.status_code not in (301, 302):
        return False
    location = urlsplit(answer["Location"])
    return location.path == resolve_url(settings.LOGIN_URL) and "next" in parse_qs(location.query)


def _sign_in_and_back(request: HttpRequest, told_by: str) -> str:
    """Sign-in, then the page that this header names if it is one of ours."""
    here = request.headers.get(told_by, "")
    page = urlsplit(here)
    then = page.path + (f"?{page.query}" if page.query else "")
    is_ours = url_has_allowed_host_and_scheme(here, {request.get_host()}) and url_has_allowed_host_and_scheme(
        then, None
    )
    return errors.sign_in_url(then if is_ours else "/")


def _is_part(answer: HttpResponse) -> bool:
    return (
        answer.status_code == 200
        and answer.get("Content-Type", "").startswith("text/html")
        and not any(name in answer for name in ("HX-Redirect", "HX-Refresh", "HX-Location", "Content-Disposition"))
        and not answer.content.lstrip()[:9].lower().startswith(b"<!doctype")
    )


def _add_toasts(request: HttpRequest, answer: HttpResponse) -> None:
    if told := toasts.waiting(request):
        part = render_to_string("shell/_toasts_beside.html", {"toasts": told}, request)
        answer.content = answer.content + part.encode()
