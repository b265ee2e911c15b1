"""The shield's pages: a list is checked before it is sent to, its answer opened, an override given and taken back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accord.facts.errors import AccordError
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.records import access as records
from accord_app.records import csv_lines
from accord_app.records.models import Person
from accord_app.shell import toasts
from accord_app.shield import access, inquiring, listing, overriding, reads
from accord_app.shield.asking import Question
from accord_app.shield.forms import CheckForm, OverrideForm

UNFIT = 422


@needs(Right.CHECK_CONTACT)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Bring a list, and see who must not be written to."""
    now = timezone.now()
    purposes = reads.purposes(now)
    if request.method != "POST":
        return render(request, "shield/check.html", {"form": CheckForm(purposes=purposes), "newest": reads.newest()})
    form = CheckForm(request.POST, request.FILES, purposes=purposes)
    if form.is_valid():
        by = inquiring.Asker(signed_in(request).handle)
        try:
            lines = listing.lines_of(form.content())
            number = inquiring.check(lines, form.question(), by=by, at=now, once=form.cleaned_data["once"])
        except AccordError as error:
            form.add_error("file" if form.cleaned_data["file"] else "people", str(error))
        else:
            return redirect("shield:answer", number)
    return render(request, "shield/check.html", {"form": form, "newest": reads.newest()}, status=UNFIT)


@needs(Right.CHECK_CONTACT)
@require_safe
def answer(request: HttpRequest, check: int) -> HttpResponse:
    """What a check came to, clause by clause, down to the people."""
    found = inquiring.opened(access.inquiry(signed_in(request), check))
    return render(request, "shield/answer.html", {"check": reads.check(found)})


@needs(Right.CHECK_CONTACT)
@require_GET
def answer_csv(request: HttpRequest, check: int) -> StreamingHttpResponse:
    """The same as a file: all, or with `which` only those who may be written to, or only those who may not."""
    found = inquiring.opened(access.inquiry(signed_in(request), check))
    which = request.GET.get("which", "")
    which = which if which in ("free", "held") else "all"
    lines = csv_lines.lines(reads.COLUMNS, reads.csv_rows(found, which))
    file = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="check-{check}-{which}.csv"'
    return file


@needs(Right.OVERRIDE_SHIELD)
@require_http_methods(["GET", "POST"])
def let_through(request: HttpRequest, person_id: str) -> HttpResponse:
    """Let marketing mail through to a person whom one owns."""
    viewer, now = signed_in(request), timezone.now()
    person = records.person(viewer, person_id)
    form = OverrideForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            overriding.let_through(
                person=person, question=Question(), until=form.ends_at(), reason=form.cleaned_data["reason"],
                by=viewer, at=now,
            )  # fmt: skip
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            toasts.say(request, f"Marketing mail to {person} goes through.")
            return redirect("records:person", person_id)
    return _overriding(request, person, form)


def _overriding(request: HttpRequest, person: Person, form: OverrideForm) -> HttpResponse:
    standing = reads.standing(person, signed_in(request), at=timezone.now())
    shown = {"person": person, "standing": standing, "form": form}
    return render(request, "shield/let.html", shown, status=UNFIT if form.is_bound else 200)


@needs(Right.OVERRIDE_SHIELD)
@require_POST
def take_back(request: HttpRequest, override: int) -> HttpResponse:
    """Let an override count no more."""
    viewer = signed_in(request)
    found = access.override(viewer, override)
    try:
        overriding.take_back(override=found, by=viewer, at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "The override is taken back.")
    return redirect("records:person", found.person_id)
