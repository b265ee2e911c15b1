"""The first page of the day."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accord_app.members.access import signed_in
from accord_app.today import reads


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """What waits for whoever is signed in."""
    now = timezone.now()
    return render(request, "today/today.html", {"today": reads.page(signed_in(request), at=now), "now": now})
