"""What every answer goes through: refusals in words, toasts beside swapped parts, a way back to sign-in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accord.facts.errors import AccordError
from accord_app.shell import errors, toasts

Answer = Callable[[HttpRequest], HttpResponseBase]


class HtmxAnswers:
    """Where htmx asked for a part: a redirect to sign-in takes the whole page there and back again, and what was said
    by `toasts.say` is put beside the part."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self._get_response(request)
        if request.headers.get("HX-Request") != "true":
            return answer
        if answer.status_code in (301, 302) and _leads_to_sign_in(answer["Location"]):
            return HttpResponseClientRedirect(_sign_in_and_back(request))
        if isinstance(answer, HttpResponse) and _is_part(answer):
            _add_toasts(request, answer)
        return answer


class Refusals:
    """What cannot be done is said on a page of its own where no room says it better: 409 with the remedy."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for what a page raised."""
        return errors.refused(request, exception) if isinstance(exception, AccordError) else None


def _leads_to_sign_in(location: str) -> bool:
    return urlsplit(location).path == resolve_url(settings.LOGIN_URL)


def _sign_in_and_back(request: HttpRequest) -> str:
    """Sign-in, then the page on which htmx was, not the part for which it asked."""
    here = request.headers.get("HX-Current-URL", "")
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
