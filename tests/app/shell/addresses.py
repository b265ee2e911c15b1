"""Addresses at which things go wrong, and a list of three handoffs to work through, beside the real ones."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import path
from django.views.decorators.http import require_POST

from accord.facts.errors import AccordError
from accord_app import urls
from accord_app.shell import examples, toasts
from accord_app.shell.components import ClockFace

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


ROWS = """
{% extends "shell/base.html" %}{% load shell %}
{% block title %}Rows{% endblock %}
{% block crumb %}<b>Rows</b>{% endblock %}
{% block main %}
  <h1 class="h1">{{ rows|length }} rows, {{ answers }} answers, reason {{ reason }}</h1>
  {% clock face %}
  <ul data-list>
    {% for row in rows %}
      <li data-item>
        <input type="checkbox" aria-label="Select {{ row }}">
        <a href="/rows/{{ row }}/" data-open>Row {{ row }}</a>
        <form method="post" action="/rows/{{ row }}/accept/"
              hx-post="/rows/{{ row }}/accept/" hx-target="closest li" hx-swap="outerHTML">
          {% csrf_token %}<button type="submit" data-key="a" data-busy="Accepting…">Accept {{ row }}</button>
        </form>
        <button type="button" data-key="r" popovertarget="reject-{{ row }}">Reject {{ row }}</button>
        <div class="pop" id="reject-{{ row }}" popover>
          <form method="post" action="/rows/{{ row }}/reject/">
            {% csrf_token %}{% options "reason" reasons %}<button type="submit">Reject</button>
          </form>
        </div>
      </li>
    {% endfor %}
  </ul>
  <label for="words">Words</label><input id="words">
{% endblock %}
"""


def rows(request: HttpRequest, row: int = 0) -> HttpResponse:
    """Three rows less those that are answered; the clock loses a minute with each answer."""
    gone = request.session.get("gone", [])
    given = {
        "rows": [each for each in (1, 2, 3) if each not in gone],
        "answers": len(gone),
        "reason": request.session.get("reason", "none"),
        "reasons": examples.OPTIONS,
        "face": ClockFace(9 - len(gone), 240, key="birgit", about="Birgit Sommer"),
    }
    return HttpResponse(engines["django"].from_string(ROWS).render(given, request))


@require_POST
def accept(request: HttpRequest, row: int) -> HttpResponse:
    request.session["gone"] = [*request.session.get("gone", []), row]
    toasts.say(request, f"Accepted {row}.", undo_url="/rows/undo/")
    return HttpResponse("") if request.headers.get("HX-Request") == "true" else redirect("/rows/")


@require_POST
def reject(request: HttpRequest, row: int) -> HttpResponse:
    request.session["reason"] = request.POST["reason"]
    return redirect("/rows/")


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    request.session["gone"] = []
    return redirect("/rows/")


urlpatterns = [
    path("fail/<str:name>/", fail),
    path("act/", act),
    path("rows/", rows),
    path("rows/undo/", undo),
    path("rows/<int:row>/", rows),
    path("rows/<int:row>/accept/", accept),
    path("rows/<int:row>/reject/", reject),
    *urls.urlpatterns,
]
