"""Pages of the shell itself: search, the gallery of components, health."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accord_app.shell import examples, health
from accord_app.shell.search import search, tidy


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What was found, as a page, or for htmx as the list below the search field."""
    asked = tidy(request.GET.get("q", ""))
    found = {"asked": asked, "groups": search(request.user, asked)}
    is_part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    return render(request, "shell/_found.html" if is_part else "shell/search.html", found)


@require_safe
def components_page(request: HttpRequest) -> HttpResponse:
    """Every component once, as rooms use it."""
    return render(request, "shell/components.html", examples.every())


@login_not_required
@never_cache
@require_safe
def health_page(request: HttpRequest) -> JsonResponse:
    """Each answer by name, and whether all are well. 503 where something vital is not, so that no requests are sent
    here; who watches over the rest reads `well`."""
    answers = health.answers()
    is_vital_missing = any(answer.is_vital and not answer.is_well for answer in answers.values())
    return JsonResponse(health.as_json(answers), status=503 if is_vital_missing else 200)
