"""The page of collisions, the same for both teams, and its file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accord_app.members.access import needs
from accord_app.members.roles import Right
from accord_app.records import csv_lines
from accord_app.shield import collisions as reads


@needs(Right.SEE_SCOREBOARD)
@require_safe
def collisions(request: HttpRequest) -> HttpResponse:
    """Where work met other work, and what that went with."""
    kind, after = request.GET.get("kind", ""), request.GET.get("after", "")
    return render(request, "shield/collisions.html", {"page": reads.page(kind=kind, after=after, at=timezone.now())})


@needs(Right.SEE_SCOREBOARD)
@require_safe
def collisions_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every message that met other work, as a file."""
    rows = reads.csv_rows(kind=request.GET.get("kind", ""), at=timezone.now())
    file = StreamingHttpResponse(csv_lines.lines(reads.COLUMNS, rows), content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = 'attachment; filename="collisions.csv"'
    return file
