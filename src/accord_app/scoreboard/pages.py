"""The scoreboard, and every figure on it opened."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accord.insight.attribution.wins import BY
from accord_app.measures.diagnosing import AGAINST, PLAN
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.scoreboard import attribution as attribution_reads
from accord_app.scoreboard import diagnosis as diagnosis_reads
from accord_app.scoreboard import drawn as drawn_reads
from accord_app.scoreboard import economics as economics_reads
from accord_app.scoreboard import fairness as fairness_reads
from accord_app.scoreboard import forecast as forecast_reads
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


@needs(Right.SEE_SCOREBOARD)
@require_GET
def economics(request: HttpRequest) -> HttpResponse:
    """What leads and customers cost and bring, by channel too, and what goes with the use of content."""
    return render(request, "scoreboard/economics.html", {"found": economics_reads.page(at=timezone.now())})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def diagnosis(request: HttpRequest) -> HttpResponse:
    """Why new revenue is not what it was or should be, and what misalignment went with."""
    against = request.GET.get("against", PLAN)
    if against not in AGAINST:
        raise Http404("A diagnosis is held against the plan, the last quarter or the time before.")
    found = diagnosis_reads.page(against=against, viewer=signed_in(request), at=timezone.now())
    return render(request, "scoreboard/diagnosis.html", {"found": found})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def fairness(request: HttpRequest) -> HttpResponse:
    """How the handoffs of a team were dealt out over a quarter: by name those whose figures the viewer may see."""
    team, quarter = request.GET.get("team", ""), request.GET.get("quarter", "")
    found = fairness_reads.page(team=team, quarter=quarter, viewer=signed_in(request), at=timezone.now())
    return render(request, "scoreboard/fairness.html", {"found": found})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def fairness_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same figures as CSV, of those whose figures the viewer may see."""
    team, quarter = request.GET.get("team", ""), request.GET.get("quarter", "")
    found = fairness_reads.rows(team=team, quarter=quarter, viewer=signed_in(request), at=timezone.now())
    return _csv(found, "handoffs-dealt-out")


@needs(Right.SEE_LOT)
@require_GET
def drawn(request: HttpRequest) -> HttpResponse:
    """What became of leads drawn by lot below the line, as sums: nobody sees which leads they are."""
    return render(request, "scoreboard/drawn.html", {"found": drawn_reads.page(at=timezone.now())})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def forecast(request: HttpRequest) -> HttpResponse:
    """Where the running periods will end, as ranges, and what came of past forecasts."""
    return render(request, "scoreboard/forecast.html", {"found": forecast_reads.page(at=timezone.now())})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def economic_figure(request: HttpRequest, figure: str) -> HttpResponse:
    """One figure of money: its definition, its query, and the deals or the spend behind it."""
    found = economics_reads.figure(name=figure, viewer=signed_in(request), at=timezone.now())
    if found is None:
        raise Http404("There is no such figure.")
    return render(request, "scoreboard/economic_figure.html", {"found": found})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def forecast_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every number of the forecast as CSV."""
    return _csv(forecast_reads.rows(at=timezone.now()), "forecast")


@needs(Right.SEE_SCOREBOARD)
@require_GET
def record_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every past forecast as CSV."""
    return _csv(forecast_reads.past_rows(at=timezone.now()), "past-forecasts")


@needs(Right.SEE_SCOREBOARD)
@require_GET
def attribution(request: HttpRequest, by: str = BY[0]) -> HttpResponse:
    """What stood on the way to wins, by nine models side by side."""
    _known_way(by)
    found = attribution_reads.page(by=by, viewer=signed_in(request), at=timezone.now())
    return render(request, "scoreboard/attribution.html", {"found": found})


@needs(Right.SEE_SCOREBOARD)
@require_GET
def attribution_csv(request: HttpRequest, by: str) -> StreamingHttpResponse:
    """Every share as CSV: one row per model and value."""
    _known_way(by)
    return _csv(attribution_reads.rows(by=by, at=timezone.now()), f"attribution-by-{by}")


def _known_way(by: str) -> None:
    if by not in BY:
        raise Http404("Wins are not shared out in this way.")


def _csv(rows: Sequence[dict[str, Any]] | None, name: str) -> StreamingHttpResponse:
    if rows is None:
        raise Http404("Nothing is kept here yet.")
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


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
    return _csv(found, f"{promise}-{label}")


def _lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    names = [name for name in (rows[0] if rows else {"record_id": ""}) if name not in _LEFT_OUT]
    yield "\ufeff" + writer.writerow(names)
    for row in rows:
        yield writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is written as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
