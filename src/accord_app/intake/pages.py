"""Imports: a file is brought, looked at, tried, imported, and taken back; and the health of the data."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accord.facts.errors import AccordError
from accord_app.intake import access, health, imports, reading, reads, uploading
from accord_app.intake.forms import MappingForm, ProposeForm, UploadForm, means
from accord_app.intake.imports import State
from accord_app.intake.models import Upload
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.shell import toasts
from accord_app.shell.models import Company

UNFIT = 422
BEING_DONE = (State.QUEUED, State.RUNNING, State.UNDOING)


@needs(Right.IMPORT_FACTS)
@require_GET
def all_imports(request: HttpRequest) -> HttpResponse:
    """Every file that was brought, latest first."""
    return render(request, "intake/imports.html", {"found": reads.listed(request.GET.dict())})


@needs(Right.IMPORT_FACTS)
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Choose a file."""
    if request.method == "GET":
        return render(request, "intake/bring.html", {"form": UploadForm()})
    form = UploadForm(request.POST, request.FILES, is_too_large=uploading.TOO_LARGE in request.META)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            upload = imports.bring(
                file=chosen["file"], once=chosen["once"], time_zone=_zone(), by=signed_in(request), at=timezone.now()
            )
        except AccordError as error:
            form.add_error("file", str(error))
        else:
            return redirect("intake:import", upload.pk)
    return render(request, "intake/bring.html", {"form": form}, status=UNFIT)


@needs(Right.IMPORT_FACTS)
@require_GET
def one_import(request: HttpRequest, number: int) -> HttpResponse:
    """One file: how it will be read, how far it is, or what became of its rows."""
    upload = access.upload(signed_in(request), number)
    if upload.state in BEING_DONE:
        return render(request, "intake/progress.html", {"upload": upload, "progress": reads.progress(upload)})
    if upload.state == State.DONE:
        shown = {"upload": upload, "result": reads.result(upload.parts)}
        return render(request, "intake/result.html", shown)
    return _prepare(request, upload)


@needs(Right.IMPORT_FACTS)
@require_GET
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """How far it is, for the page that asks every two seconds; the whole page once it is over."""
    upload = access.upload(signed_in(request), number)
    found = reads.progress(upload)
    answer = render(request, "intake/_progress.html", {"upload": upload, "progress": found})
    if found.is_over:
        answer["HX-Refresh"] = "true"
    return answer


@needs(Right.IMPORT_FACTS)
@require_POST
def propose(request: HttpRequest, number: int) -> HttpResponse:
    """Have another mapping proposed."""
    upload = access.upload(signed_in(request), number)
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return _prepare(request, upload, propose_form=form)
    try:
        imports.propose(upload=upload, at=timezone.now(), **form.cleaned_data)
    except AccordError as error:
        return _prepare(request, upload, propose_form=form, problem=error)
    return redirect("intake:import", number)


@needs(Right.IMPORT_FACTS)
@require_POST
def use_mapping(request: HttpRequest, number: int) -> HttpResponse:
    """Keep an edited mapping, and look again, try it out, or import by it."""
    upload, now = access.upload(signed_in(request), number), timezone.now()
    text = request.POST.get("mapping", upload.mapping).replace("\r\n", "\n").replace("\0", "")
    if upload.state not in imports.CHANGEABLE:
        return redirect("intake:import", number)
    try:
        imports.save_mapping(upload=upload, text=text, at=now)
        if request.POST.get("act") == "try":
            imports.try_out(upload=upload, at=now)
        elif request.POST.get("act") == "import":
            imports.start(upload=upload, at=now)
    except AccordError as error:
        upload.refresh_from_db()
        if upload.state in BEING_DONE:  # sent twice: the first is being done
            return redirect("intake:import", number)
        return _prepare(request, upload, text=text, problem=error)
    return redirect("intake:import", number)


@needs(Right.IMPORT_FACTS)
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take an import back."""
    upload = access.upload(signed_in(request), number)
    if upload.state not in (State.UNDOING, State.UNDONE):
        imports.undo(upload=upload, at=timezone.now())
    return redirect("intake:import", number)


@needs(Right.IMPORT_FACTS)
@require_POST
def discard(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a file."""
    upload = access.upload(signed_in(request), number)
    imports.discard(upload=upload, at=timezone.now())
    toasts.say(request, f"{upload.name} is deleted.")
    return redirect("intake:imports")


@needs(Right.IMPORT_FACTS)
@require_GET
def refused(request: HttpRequest, number: int, part: int) -> FileResponse:
    """The refused rows of one part as a file, with the reason of each."""
    upload = access.upload(signed_in(request), number)
    names = [each["refused_file"] for each in upload.parts]
    path = uploading.path_of(names[part]) if part < len(names) and names[part] else None
    if path is None or not path.is_file():
        raise Http404("There are no refused rows.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=f"{upload.name}.refused.csv", content_type="text/csv"
    )


@needs(Right.SEE_HEALTH)
@require_GET
def data_health(request: HttpRequest) -> HttpResponse:
    """How far the facts can be trusted."""
    return render(request, "intake/health.html", {"page": health.page(at=timezone.now())})


def _prepare(
    request: HttpRequest,
    upload: Upload,
    *,
    text: str | None = None,
    propose_form: ProposeForm | None = None,
    problem: AccordError | None = None,
) -> HttpResponse:
    """How a file will be read: what is proposed, what that makes of its first rows, and what is wrong with it."""
    written = upload.mapping if text is None else text
    previews: tuple[reading.Preview, ...] = ()
    mistake = problem
    is_asked = request.method == "POST"
    if problem is None and upload.file_gone_at is None:
        try:
            mapping = reading.read_text(written)
            previews = reading.preview(uploading.path_of(upload.stored_as), mapping, written)
        except AccordError as error:
            mistake = error
    source, zone = _said(written)
    shown: dict[str, Any] = {
        "upload": upload,
        "previews": previews,
        "mistake": mistake,
        "line": getattr(mistake, "line", None),
        "means": means(upload.table),
        "mapping_form": MappingForm(initial={"mapping": written}),
        "propose_form": propose_form
        or ProposeForm(initial={"table": upload.table, "source": source, "time_zone": zone}),
        "tried": reads.result(upload.dry_run["parts"]) if upload.dry_run.get("parts") else None,
        "is_trying": upload.dry_run == imports.TRYING,
        "tried_problem": upload.dry_run.get("problem", ""),
        "tried_remedy": upload.dry_run.get("remedy", ""),
        "progress": reads.progress(upload),
        "result": reads.result(upload.parts),
    }
    return render(request, "intake/prepare.html", shown, status=UNFIT if is_asked else 200)


def _said(text: str) -> tuple[str, str]:
    try:
        mapping = reading.read_text(text)
    except AccordError:
        return "files", _zone()
    return mapping.source, mapping.time_zone


def _zone() -> str:
    return Company.objects.values_list("time_zone", flat=True).first() or "UTC"
