"""Pages of records that are known twice: what is proposed, two beside each other, and what was merged."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.records import access, duplicates, merging, sameness
from accord_app.records.merging import CannotMergeError
from accord_app.records.models import Kind
from accord_app.shell import toasts
from accord_app.shell.components import View


@needs(Right.MERGE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def proposed(request: HttpRequest) -> HttpResponse:
    """Pairs that probably mean the same; posting has the worker look anew."""
    kind = request.GET.get("kind", Kind.PERSON)
    kind = kind if kind in Kind.values else Kind.PERSON
    if request.method == "POST":
        duplicates.ask(at=timezone.now())
        toasts.say(request, "The worker looks for duplicates now. What it finds stands here.")
        return redirect("records:duplicates")
    found = sameness.proposed(kind, request.GET.get("after", ""))
    tabs = tuple(
        View(f"{'People' if each == Kind.PERSON else 'Accounts'}", f"?kind={each.value}", sameness.count(each),
             is_current=each == kind)
        for each in Kind
    )  # fmt: skip
    shown = {"found": found, "kind": kind, "tabs": tabs, "is_first": "after" not in request.GET}
    return render(request, "records/duplicates.html", shown)


@needs(Right.MERGE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest, kind: str, left: str, right: str) -> HttpResponse:
    """Two records beside each other: merge them, or say that they are not the same."""
    viewer = signed_in(request)
    one, two = access.pair(viewer, _kind(kind), left, right)
    problem: CannotMergeError | None = None
    if request.method == "POST":
        kept = request.POST.get("keep", "")
        try:
            if kept == "apart":
                merging.keep_apart(kind=kind, left=left, right=right, by=viewer.handle, at=timezone.now())
                toasts.say(request, "Noted. This pair is not proposed again.")
                return redirect(f"{reverse('records:duplicates')}?kind={kind}")
            if kept not in (left, right):
                raise CannotMergeError("Nothing was chosen.", remedy="Choose which of the two stays.")
            other = right if kept == left else left
            merging.merge(kind=kind, kept=kept, other=other, by=viewer.handle, at=timezone.now())
        except CannotMergeError as error:
            problem = error
        else:
            toasts.say(request, "Merged. It can be taken back at any time.")
            return redirect(f"records:{kind}", kept)
    shown = {"pair": sameness.beside(kind, one, two), "problem": problem}
    return render(request, "records/pair.html", shown, status=422 if problem else 200)


@needs(Right.MERGE_RECORDS)
@require_safe
def merges(request: HttpRequest) -> HttpResponse:
    """Who said when that two records are the same."""
    done, more = sameness.history(request.GET.get("before", ""))
    return render(request, "records/merges.html", {"done": done, "more": more})


@needs(Right.MERGE_RECORDS)
@require_POST
def take_back(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Take a merge back."""
    viewer = signed_in(request)
    held = access.merge(viewer, merge_id)
    merging.unmerge(merge=held, by=viewer.handle, at=timezone.now())
    toasts.say(request, "Taken back. Both stand as before.")
    return redirect("records:merges")


def _kind(kind: str) -> str:
    if kind not in Kind.values:
        raise Http404("There is no such kind.")
    return kind
