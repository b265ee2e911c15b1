"""The page on which a member says for which account somebody works."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accord.facts.lead_view import NOBODY
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.records import access, actions, employers, finding
from accord_app.records.models import Account, SearchTerm
from accord_app.shell import toasts

_LONGEST = 100
_WORDS = {"address": "", "nobody": NOBODY}


@needs(Right.MERGE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def employer(request: HttpRequest, person_id: str) -> HttpResponse:
    """Say for whom a person works where no source does: an account, none, or the one to which the address leads."""
    person = access.person(signed_in(request), person_id)
    if person.same_as:
        return redirect("records:employer", person_id=person.same_as)
    problem: employers.CannotBelongError | None = None
    if request.method == "POST":
        chosen = request.POST.get("account", "")
        try:
            if not chosen:
                raise employers.CannotBelongError("Nothing was chosen.", remedy="Choose an account, or none.")
            actions.belong(person=person, account_id=_WORDS.get(chosen, chosen), at=timezone.now())
        except employers.CannotBelongError as error:
            problem = error
        else:
            toasts.say(request, "Noted. It can be taken back at any time.")
            return redirect("records:person", person_id=person.pk)
    find = request.GET.get("find", "").replace("\0", "").strip()[:_LONGEST]
    known = employers.employer(person)
    shown = {
        "person": person, "problem": problem, "find": find, "found": _found(find), "led": employers.leads_to(person),
        "is_stated": known is not None and known.how == "stated",
    }  # fmt: skip
    return render(request, "records/employer.html", shown, status=422 if problem else 200)


def _found(find: str) -> list[Account]:
    refs = finding.refs(SearchTerm.Kind.ACCOUNT, find, finding.SHOWN) if find else []
    return list(Account.objects.filter(pk__in=refs, same_as="").order_by("name", "pk"))
