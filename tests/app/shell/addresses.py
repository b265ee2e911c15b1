"""Addresses at which things go wrong, beside the real ones."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from accord.facts.errors import AccordError
from accord_app import urls
from accord_app.shell import toasts

handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500

RAISED: dict[str, Exception] = {
    "bad": SuspiciousOperation("a secret of ours"),
    "forbidden": PermissionDenied("a secret of ours"),
    "missing": Http404("a secret of ours"),
    "refused": AccordError("Ada Holm has answered this handoff.", remedy="Open the next one."),
    "broken": RuntimeError("a secret of ours"),
}


def fail(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


def act(request: HttpRequest) -> HttpResponse:
    toasts.say(request, "Accepted <Birgit Sommer>.", undo_url="/act/")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse("<p>a part</p>")
    return redirect("shell:components")


urlpatterns = [path("fail/<str:name>/", fail), path("act/", act), *urls.urlpatterns]
