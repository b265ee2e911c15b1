"""From a template to a version: choose one, answer its questions, read the draft beside its checks, load it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accord.agreement.drafting.templates import TEMPLATES, Template
from accord.facts.errors import AccordError
from accord_app.agreements import actions, drafting
from accord_app.agreements.draft_forms import DraftForm, TextForm, lists
from accord_app.ledger.reads import version_in_force
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.shell import toasts

UNFIT = 422


@needs(Right.LOAD_AGREEMENT)
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """The templates, and the draft that is waiting."""
    context = {
        "templates": TEMPLATES.values(),
        "fitting": drafting.fitting(TEMPLATES),
        "kept": drafting.kept(request),
        "number": actions.next_number(),
        "in_force": version_in_force(timezone.now()),
    }
    return render(request, "agreements/templates.html", context)


@needs(Right.LOAD_AGREEMENT)
@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest, name: str) -> HttpResponse:
    """The questions of one template; answered, they lead to the draft."""
    template, today = _template(name), timezone.localdate()
    kept = _kept(request, name)
    answers = kept.answers if kept else drafting.first_answers(template, on=today)
    form = DraftForm(template, request.POST if request.method == "POST" else None, answers=answers, on=today)
    status = 200
    if form.is_bound and not form.wants_row:
        if form.is_valid() and form.drafted is not None:
            text = form.drafted.text
            drafting.keep(request, template=name, answers=form.drafted.answers, text=text, drafted=text)
            return redirect("agreements:draft_text", name)
        status = UNFIT
    context = {"template": template, "form": form, "parts": list(form.parts()), "kept": kept, "lists": lists()}
    return render(request, "agreements/questions.html", context, status=status)


@needs(Right.LOAD_AGREEMENT)
@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, name: str) -> HttpResponse:
    """The draft as both teams will read it, beside its checks; its text can be edited, checked again and loaded."""
    template, kept = _template(name), _kept(request, name)
    form = TextForm(request.POST or None)
    text = form.written() if form.is_bound else kept.text if kept else ""
    if not text.strip():
        toasts.say(request, "Answer the questions first.")
        return redirect("agreements:draft_questions", name)
    found = drafting.review(text)
    if form.is_bound and found.problem is None:
        answers, drafted = (kept.answers, kept.drafted) if kept else ({}, "")
        drafting.keep(request, template=name, answers=answers, text=text, drafted=drafted)
    problem: AccordError | None = found.problem
    if form.is_bound and not found.blocking and problem is None:
        try:
            if (answer := _act(request, form, text, name)) is not None:
                return answer
        except AccordError as error:
            problem = error
    if not form.is_bound:
        begins = max(found.begins or timezone.now(), timezone.now())
        form = TextForm(initial={"text": text, "in_force_from": timezone.localtime(begins)})
    unfit = form.is_bound and (problem is not None or found.blocking or _is_loading(request))
    context = {"template": template, "review": found, "form": form, "problem": problem, "kept": kept}
    context["may_manage"] = signed_in(request).may(Right.MANAGE_MEMBERS)
    return render(request, "agreements/draft.html", context, status=UNFIT if unfit else 200)


def _is_loading(request: HttpRequest) -> bool:
    return request.POST.get("act") == "load"


def _act(request: HttpRequest, form: TextForm, text: str, name: str) -> HttpResponse | None:
    """Load the draft or add its teams, if that was asked; None when it was only to be checked."""
    by, now = signed_in(request), timezone.now()
    if request.POST.get("act") == "teams":
        added = actions.add_teams(text=text, by=by)
        toasts.say(request, f"Added: {', '.join(team.title for team in added)}." if added else "Every team is here.")
        return redirect("agreements:draft_text", name)
    if _is_loading(request) and form.is_valid():
        number = actions.load(text=text, in_force_from=form.cleaned_data["in_force_from"], by=by, at=now)
        drafting.forget(request)
        toasts.say(request, f"Version {number} is loaded.")
        return redirect("agreements:version", number)
    return None


def _template(name: str) -> Template:
    if name not in TEMPLATES:
        raise Http404(f"There is no template {name}.")
    return TEMPLATES[name]


def _kept(request: HttpRequest, name: str) -> drafting.Kept | None:
    """The draft of this template; one of another template does not count."""
    found = drafting.kept(request)
    return found if found is not None and found.template == name else None
