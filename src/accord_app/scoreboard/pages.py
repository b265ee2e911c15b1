"""The scoreboard, and every figure on it opened."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.scoreboard import given_back as given_back_reads
from accord_app.scoreboard import reads

_LEFT_OUT = frozenset({"owner"})  # a figure about one person is for that person and the manager


@needs(Right.SEE_SCOREBOARD)
@require_GET
def scoreboard(request: HttpRequest) -> HttpResponse:
    """Promises of both sides, the funnel, where wins came from."""
    return render(request, "scoreboard/scoreboard.html", {"board": reads.board(at=timezone.now())})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def promise(request: HttpRequest, promise: str, label: str | None = None) -> HttpResponse:
    """One promise: its definition, its periods, and the records behind one of them."""
    found = reads.promise_page(promise=promise, label=label, viewer=signed_in(request), at=timezone.now())
    if found is None:
        raise Http404("There is no such promise or period.")
    return render(request, "scoreboard/promise.html", {"promise": found})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def given_back(request: HttpRequest) -> HttpResponse:
    """What became of leads that were rejected or recycled, per reason, and defects of handoffs."""
    found = given_back_reads.page(viewer=signed_in(request), at=timezone.now())
    return render(request, "scoreboard/given_back.html", {"found": found})


class _Line:
    """What the CSV writer writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


@needs(Right.SEE_SCOREBOARD)
@require_GET
def records(request: HttpRequest, promise: str, label: str) -> StreamingHttpResponse:
    """The records behind a period as CSV: ISO dates, raw numbers."""
    found = reads.records(promise=promise, label=label)
    if found is None:
        raise Http404("No records are kept for this period.")
    answer = StreamingHttpResponse(_lines(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{promise}-{label}.csv"'
    return answer


def _lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    names = [name for name in (rows[0] if rows else {"record_id": ""}) if name not in _LEFT_OUT]
    yield "\ufeff" + writer.writerow(names)
    for row in rows:
        yield writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is written as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
