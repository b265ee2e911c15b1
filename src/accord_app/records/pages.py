"""Pages of people, accounts and deals, and the erasure of a person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accord.facts.errors import AccordError
from accord_app.members.access import needs, signed_in
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records import access, csv_lines, erasing, lists, reads
from accord_app.records.listing import Chosen, Listing
from accord_app.records.models import Deal
from accord_app.shell import toasts
from accord_app.shell.components import View


@needs(Right.SEE_RECORDS)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who is known, newest first."""
    return _list(request, "records/people.html", lists.PEOPLE)


@needs(Right.SEE_RECORDS)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account, newest first."""
    return _list(request, "records/accounts.html", lists.ACCOUNTS)


@needs(Right.SEE_RECORDS)
@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """Every deal, the one that moved last first."""
    chosen = Chosen.of(request.GET.dict(), lists.DEALS)
    found = lists.page(lists.DEALS, chosen, without=("status",))
    status = chosen.filters.get("status", "")
    shown = {"found": found, "rows": reads.deal_rows(found.slice.rows), "tabs": _tabs(chosen), "status": status}
    return render(request, "records/deals.html", shown)


@needs(Right.SEE_RECORDS)
@require_safe
def people_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Everybody who was asked for, as a file."""
    return _file(request, "people", lists.PEOPLE)


@needs(Right.SEE_RECORDS)
@require_safe
def accounts_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every account that was asked for, as a file."""
    return _file(request, "accounts", lists.ACCOUNTS)


@needs(Right.SEE_RECORDS)
@require_safe
def deals_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every deal that was asked for, as a file."""
    return _file(request, "deals", lists.DEALS)


@needs(Right.SEE_RECORDS)
@require_safe
def person(request: HttpRequest, person_id: str) -> HttpResponse:
    """One person: what is known, what both teams did, where each fact came from."""
    viewer = signed_in(request)
    found = access.person(viewer, person_id)
    if found.same_as:
        return redirect("records:person", person_id=found.same_as)
    page = reads.person_page(found, earlier_than=request.GET.get("earlier", ""))
    return render(request, "records/person.html", _with_rights(viewer, page))


@needs(Right.SEE_RECORDS)
@require_safe
def account(request: HttpRequest, account_id: str) -> HttpResponse:
    """One account: its people, its deals, what happened with all of them."""
    viewer = signed_in(request)
    found = access.account(viewer, account_id)
    if found.same_as:
        return redirect("records:account", account_id=found.same_as)
    page = reads.account_page(found, earlier_than=request.GET.get("earlier", ""))
    return render(request, "records/account.html", _with_rights(viewer, page))


@needs(Right.SEE_RECORDS)
@require_safe
def deal(request: HttpRequest, deal_id: str) -> HttpResponse:
    """One deal: its stages over time."""
    found = access.deal(signed_in(request), deal_id)
    page = reads.deal_page(found, at=timezone.now(), earlier_than=request.GET.get("earlier", ""))
    return render(request, "records/deal.html", {"page": page})


@needs(Right.ERASE_PEOPLE)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, person_id: str) -> HttpResponse:
    """Show what an erasure would empty; erase when it is confirmed."""
    viewer = signed_in(request)
    found = access.person(viewer, person_id)
    if request.method == "POST" and request.POST.get("sure") == "yes":
        done = erasing.erase(named=found.pk, by=viewer.handle, at=timezone.now())
        rest = "Facts stay without a name." if done.done_at else "The worker goes on with the files."
        toasts.say(request, f"Erased. {rest}")
        return redirect("records:person", person_id=found.pk)
    unsure = request.method == "POST"
    shown = {"person": found, "plan": erasing.plan(found.pk), "unsure": unsure}
    return render(request, "records/erase.html", shown, status=422 if unsure else 200)


@needs(Right.ERASE_PEOPLE)
@require_safe
def find_to_erase(request: HttpRequest) -> HttpResponse:
    """Somebody who asks to be erased names an address, not an id: look the person up by it."""
    named, problem = request.GET.get("named", "").replace("\0", "").strip()[:320], None
    if named:
        try:
            ids = sorted(erasing.subject_of(named).person_ids)
            if known := reads.people_names(ids):
                return redirect("records:erase", person_id=next(iter(known)))
            problem = AccordError(f"Facts tell of {named!r}, but no profile does.", remedy="There is nothing to erase.")
        except AccordError as error:
            problem = error
    shown = {"named": named, "problem": problem, "done": reads.erasures()}
    return render(request, "records/find_to_erase.html", shown, status=422 if problem else 200)


def _with_rights(viewer: User, page: object) -> dict[str, object]:
    rights = {"may_erase": viewer.may(Right.ERASE_PEOPLE), "may_merge": viewer.may(Right.MERGE_RECORDS)}
    return {"page": page, **rights}


def _list(request: HttpRequest, template: str, of: Listing[Any]) -> HttpResponse:
    return render(request, template, {"found": lists.page(of, Chosen.of(request.GET.dict(), of))})


def _file(request: HttpRequest, name: str, of: Listing[Any]) -> StreamingHttpResponse:
    chosen = Chosen.of(request.GET.dict(), of)
    rows = csv_lines.lines(lists.COLUMNS[of.model], lists.values(of, chosen))
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _tabs(chosen: Chosen) -> tuple[View, ...]:
    """Deals by how they stand."""
    rest = chosen.without("status")
    current = chosen.filters.get("status", "")
    everything = View("All", f"?{rest}", is_current=not current)
    by_status = (
        View(
            status.label, f"?{rest}&status={status.value}" if rest else f"?status={status.value}", "", current == status
        )
        for status in Deal.Status
    )
    return (everything, *by_status)
