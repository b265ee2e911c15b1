"""Pages for people outside, who come by a link in a mail and have no sign-in: confirm, unsubscribe, preferences.

Looking changes nothing: programs that check mails open every link. A link that was not made here gets the same answer
whatever it says; one about somebody who is not known any more is answered as if it had worked.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accord_app.outreach import consents, tokens
from accord_app.outreach.models import Request
from accord_app.records.models import Person
from accord_app.shell.models import Company

UNKNOWN = 404


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """No more marketing mail: one click of a mail program by POST (RFC 8058), or the button of the page."""
    said = tokens.of_person(token)
    if said is None:
        return _unknown(request)
    if request.method == "POST":
        consents.unsubscribe(person_id=said.person_id, at=timezone.now())
    shown = {"is_done": request.method == "POST", "token": token, "company": _company()}
    return render(request, "outreach/unsubscribe.html", shown)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second step of an opt-in: only the button of this page makes it count."""
    said = tokens.of_request(token)
    asked = Request.objects.select_related("wording").filter(pk=said.request).first() if said else None
    if said is None or asked is None:
        return _unknown(request)
    is_done = request.method == "POST" and consents.confirm(
        request_id=said.request, person_id=said.person_id, at=timezone.now()
    )
    shown = {
        "is_done": is_done, "is_over": request.method == "POST" and not is_done, "wording": asked.wording,
        "token": token, "company": _company(),
    }  # fmt: skip
    return render(request, "outreach/confirm.html", shown)


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What somebody said, and the button to say otherwise."""
    said = tokens.of_person(token)
    if said is None:
        return _unknown(request)
    now, word = timezone.now(), request.POST.get("say", "") if request.method == "POST" else ""
    if word == "no":
        consents.unsubscribe(person_id=said.person_id, at=now)
    elif word == "nothing":
        consents.unsubscribe(person_id=said.person_id, at=now, purpose=consents.EVERYTHING)
    elif word == "yes":
        consents.agree_again(person_id=said.person_id, at=now)
    shown = {**_standing(said.person_id), "is_changed": bool(word), "token": token, "company": _company()}
    return render(request, "outreach/preferences.html", shown)


def _standing(person_id: str) -> dict[str, object]:
    there = Person.objects.filter(pk=person_id, erased_at=None).exists()
    words = consents.last_words([person_id]) if there else {}
    nothing = words.get((person_id, consents.EVERYTHING)) in (consents.WITHDRAWN, consents.COMPLAINED)
    mail = words.get((person_id, consents.MAIL))
    return {"is_yes": mail == consents.GRANTED and not nothing, "is_nothing": nothing, "wording": consents.text_for()}


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "outreach/no_link.html", {"company": _company()}, status=UNKNOWN)


def _company() -> str:
    return Company.objects.values_list("name", flat=True).first() or ""
