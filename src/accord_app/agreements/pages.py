"""The agreement, its versions, two of them compared, and loading one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accord.facts.errors import AccordError
from accord_app.agreements import actions, reads
from accord_app.agreements.forms import LoadForm
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.shell import toasts

UNFIT = 422


@needs(Right.SEE_AGREEMENT)
@require_GET
def agreement(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The version in force, or another by its number."""
    found = reads.page(number=number, at=timezone.now())
    if found is None and number is not None:
        raise Http404(f"There is no version {number} of the agreement.")
    may_load = signed_in(request).may(Right.LOAD_AGREEMENT)
    return render(request, "agreements/agreement.html", {"agreement": found, "may_load": may_load})


@needs(Right.SEE_AGREEMENT)
@require_GET
def text(request: HttpRequest, number: int) -> HttpResponse:
    """The text of a version as it was loaded."""
    found = reads.page(number=number, at=timezone.now())
    if found is None:
        raise Http404(f"There is no version {number} of the agreement.")
    answer = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="agreement-v{number}.yaml"'
    return answer


@needs(Right.SEE_AGREEMENT)
@require_GET
def compare(request: HttpRequest, older: int, newer: int) -> HttpResponse:
    """What changed between two versions, in words and clause by clause."""
    found = reads.comparison(older=older, newer=newer)
    if found is None:
        raise Http404("One of these versions does not exist.")
    return render(request, "agreements/compare.html", {"comparison": found})


@needs(Right.LOAD_AGREEMENT)
@require_http_methods(["GET", "POST"])
def load(request: HttpRequest) -> HttpResponse:
    """Load a version from a file: what is wrong with it is told line by line."""
    now = timezone.now()
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = LoadForm(data, files, initial={"in_force_from": timezone.localtime(now)})
    found: actions.Checked | None = None
    problem: AccordError | None = None
    if form.is_valid():
        written, since = form.chosen()
        try:
            found = actions.checked(written)
            if not found.blocking:
                number = actions.load(text=written, in_force_from=since, by=signed_in(request), at=now)
                toasts.say(request, f"Version {number} is loaded.")
                return redirect("agreements:version", number)
        except AccordError as error:
            problem = error
    status = UNFIT if request.method == "POST" else 200
    context = {"form": form, "checked": found, "problem": problem}
    return render(request, "agreements/load.html", context, status=status)
