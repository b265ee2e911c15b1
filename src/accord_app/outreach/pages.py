"""Nurture: tracks and the people in them, templates, the calendar, tasks, and what people allowed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accord.agreement.letter import LetterError
from accord.agreement.track import TrackError
from accord.facts.errors import AccordError
from accord_app.members.access import needs, signed_in
from accord_app.members.roles import Right
from accord_app.outbox import letters
from accord_app.outreach import access, actions, consents, entering, reads
from accord_app.outreach.composing import PartsError
from accord_app.outreach.forms import EnterForm, TemplateForm, TrackForm, WordingForm, field_of
from accord_app.outreach.models import Membership
from accord_app.records import access as records
from accord_app.shell import asked, toasts
from accord_app.work.actions import enqueue

UNFIT = 422
FIRST_STEPS = "mail NAME-OF-A-TEMPLATE\nwait 14d\ntask marketing: Look for news about the account"


# tracks


@needs(Right.SEE_NURTURE)
@require_safe
def tracks(request: HttpRequest) -> HttpResponse:
    """Every track, what the agreement names without one, and mails of which nobody knows."""
    viewer, now = signed_in(request), timezone.now()
    shown = {
        "rows": reads.track_rows(viewer, at=now),
        "missing": reads.missing(now),
        "doubts": reads.doubts(viewer),
        "may_run": viewer.may(Right.RUN_NURTURE),
    }
    return render(request, "outreach/tracks.html", shown)


@needs(Right.SEE_NURTURE)
@require_safe
def track(request: HttpRequest, track: str) -> HttpResponse:
    """A track: its steps, who is where, who is held back and why."""
    viewer = signed_in(request)
    found, gone = access.track(viewer, track), request.GET.get("people") == "gone"
    page = reads.track_page(found, at=timezone.now(), before=_before(request), gone=gone)
    shown = {"page": page, "gone": gone, "may_run": viewer.may(Right.RUN_NURTURE)}
    return render(request, "outreach/track.html", shown)


@needs(Right.RUN_NURTURE)
@require_http_methods(["GET", "POST"])
def write_track(request: HttpRequest, track: str = "") -> HttpResponse:
    """Write a track, or its next version."""
    viewer, now = signed_in(request), timezone.now()
    before = access.track_to_run(viewer, track) if track else None
    newest = before.versions.latest("number") if before else None
    first = (
        {"title": before.title, "steps": newest.steps, "entry": newest.entry, "said": newest.said}
        if before and newest
        else {"name": request.GET.get("name", "")[:60].replace("\0", ""), "steps": FIRST_STEPS}
    )
    form = TrackForm(request.POST if request.method == "POST" else None, initial=first, is_new=before is None)
    is_tried = request.POST.get("do") == "preview"
    if request.method == "POST" and form.is_valid() and not is_tried:
        said = form.cleaned_data
        name = before.name if before else said["name"]
        try:
            version = actions.write_track(
                name=name, title=said["title"], steps=said["steps"], entry=said["entry"], by=viewer, at=now,
                said=form.said(),
            )  # fmt: skip
        except PartsError as error:
            for (mail, part), problem in error.wrong.items():
                form.add_error(field_of(mail, part), problem)
        except TrackError as error:
            form.add_error("entry" if not error.line and error.message.startswith("Condition") else "steps", str(error))
        else:
            toasts.say(request, f"Version {version.number} holds for whoever enters from now on.")
            return redirect("outreach:track", name)
    reader = reads.reader(before, request.POST.get("reader", ""))
    shown = {
        "form": form, "before": before, "templates": reads.template_rows(now), "reader": reader,
        "mails": reads.mails_shown(form, reader),
    }  # fmt: skip
    return render(request, "outreach/write_track.html", shown, status=UNFIT if form.errors else 200)


@needs(Right.RUN_NURTURE)
@require_POST
def close_track(request: HttpRequest, track: str) -> HttpResponse:
    """Let nobody in any more, or let people in again."""
    found = access.track_to_run(signed_in(request), track)
    if request.POST.get("do") == "open":
        actions.reopen(track=found)
        toasts.say(request, "People come in again.")
    else:
        actions.close(track=found, at=timezone.now())
        toasts.say(request, "Nobody comes in any more; who is in it goes on.")
    return redirect("outreach:track", track)


@needs(Right.RUN_NURTURE)
@require_POST
def catch_up(request: HttpRequest, track: str) -> HttpResponse:
    """Let in who was recycled to this track before it was written."""
    found, now = access.track_to_run(signed_in(request), track), timezone.now()
    enqueue(kind=entering.CATCH_UP, key=f"track:{found.pk}", payload={"track": found.pk}, at=now)
    toasts.say(request, "Who was recycled to this track lately comes in within a minute.")
    return redirect("outreach:track", track)


@needs(Right.RUN_NURTURE)
@require_POST
def move(request: HttpRequest, member: int) -> HttpResponse:
    """Let somebody go on in the newest version."""
    found = access.membership(signed_in(request), member)
    try:
        actions.move(membership=found, at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "Goes on in the newest version.")
    return redirect("outreach:track", found.track.name)


@needs(Right.RUN_NURTURE)
@require_POST
def take_out(request: HttpRequest, member: int) -> HttpResponse:
    """Let somebody out of a track."""
    found = access.membership(signed_in(request), member)
    is_new = actions.leave(membership=found, because=Membership.Left.HAND, at=timezone.now())
    toasts.say(request, "Taken out. Nothing more is sent." if is_new else "They had left already.")
    return redirect("outreach:track", found.track.name)


@needs(Right.RUN_NURTURE)
@require_POST
def settle(request: HttpRequest, letter: int) -> HttpResponse:
    """Say of a doubtful mail whether it has arrived."""
    found, has_left = access.letter_to_settle(signed_in(request), letter), request.POST.get("arrived") == "yes"
    if letters.settle(letter=found, has_left=has_left, at=timezone.now()):
        toasts.say(request, "Kept as sent." if has_left else "It is sent once more.")
    else:
        toasts.say(request, "This was settled already.")
    return redirect("outreach:tracks")


# people


@needs(Right.RUN_NURTURE)
@require_POST
def enter(request: HttpRequest, person_id: str) -> HttpResponse:
    """Let somebody into a track."""
    viewer = signed_in(request)
    person, form = records.person(viewer, person_id), EnterForm(request.POST)
    try:
        if not form.is_valid():
            raise actions.NurtureError("No track was chosen.", remedy="Choose one.")
        into = access.track_to_run(viewer, form.cleaned_data["track"])
        actions.put_in(track=into, person=person, by=viewer, at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, f"{person} is in {into} now.")
    return redirect("records:person", person_id)


@needs(Right.RUN_NURTURE)
@require_POST
def ask(request: HttpRequest, person_id: str) -> HttpResponse:
    """Ask a person for consent by mail."""
    viewer = signed_in(request)
    person = records.person(viewer, person_id)
    try:
        consents.ask(person=person, by=viewer, at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "They are asked by mail, if the shield lets it through. It counts once they confirm.")
    return redirect("records:person", person_id)


@needs(Right.RECORD_CONSENT)
@require_POST
def heard_no(request: HttpRequest, person_id: str) -> HttpResponse:
    """A person told a colleague that they want no marketing mail."""
    viewer = signed_in(request)
    person = records.person(viewer, person_id)
    consents.heard_no(person=person, by=viewer, at=timezone.now())
    toasts.say(request, f"Kept: no marketing mail to {person} from now on.")
    return redirect("records:person", person_id)


# templates, texts, calendar, tasks


@needs(Right.SEE_NURTURE)
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    """Every template."""
    shown = {"rows": reads.template_rows(timezone.now()), "may_run": signed_in(request).may(Right.RUN_NURTURE)}
    return render(request, "outreach/templates.html", shown)


@needs(Right.SEE_NURTURE)
@require_safe
def template(request: HttpRequest, template: str) -> HttpResponse:
    """A template, with what is locked and what is free."""
    viewer = signed_in(request)
    shown = {"page": reads.template_page(access.template(viewer, template)), "may_run": viewer.may(Right.RUN_NURTURE)}
    return render(request, "outreach/template.html", shown)


@needs(Right.RUN_NURTURE)
@require_http_methods(["GET", "POST"])
def write_template(request: HttpRequest, template: str = "") -> HttpResponse:
    """Write a template, or its next version."""
    viewer = signed_in(request)
    before = access.template(viewer, template) if template else None
    newest = before.versions.latest("number") if before else None
    first = {"subject": newest.subject, "body": newest.body} if newest else {}
    form = TemplateForm(request.POST if request.method == "POST" else None, initial=first, is_new=before is None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        name = before.name if before else said["name"]
        try:
            version = actions.write_template(
                name=name, subject=said["subject"], body=said["body"], by=viewer, at=timezone.now()
            )
        except LetterError as error:
            form.add_error(error.field, str(error))
        else:
            toasts.say(request, f"Version {version.number} leaves from now on.")
            return redirect("outreach:template", name)
    shown = {"form": form, "before": before}
    return render(request, "outreach/write_template.html", shown, status=UNFIT if form.is_bound else 200)


@needs(Right.SEE_NURTURE, to_change=Right.RUN_NURTURE)
@require_http_methods(["GET", "POST"])
def texts(request: HttpRequest) -> HttpResponse:
    """The text to which people agree, and its earlier versions."""
    viewer, newest = signed_in(request), consents.text_for()
    form = WordingForm(
        request.POST if request.method == "POST" else None, initial={"text": newest.text} if newest else {}
    )
    if request.method == "POST" and form.is_valid():
        try:
            version = consents.write_text(text=form.cleaned_data["text"], by=viewer, at=timezone.now())
        except consents.ConsentError as error:
            form.add_error(error.field, str(error))
        else:
            toasts.say(request, f"Who is asked from now on agrees to version {version.number}.")
            return redirect("outreach:texts")
    shown = {"form": form, "texts": reads.wordings(), "may_run": viewer.may(Right.RUN_NURTURE)}
    return render(request, "outreach/texts.html", shown, status=UNFIT if form.is_bound else 200)


@needs(Right.SEE_NURTURE)
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """What will be sent, day by day."""
    return render(request, "outreach/calendar.html", {"calendar": reads.calendar(at=timezone.now())})


@needs(Right.SEE_NURTURE)
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """What nurture tracks ask of whoever looks."""
    return render(request, "outreach/tasks.html", {"rows": reads.task_rows(signed_in(request))})


@needs(Right.SEE_NURTURE)
@require_POST
def finish_task(request: HttpRequest, task: int) -> HttpResponse:
    """It is done, and the person goes on."""
    viewer = signed_in(request)
    actions.finish_task(task=access.task(viewer, task), by=viewer, at=timezone.now())
    toasts.say(request, "Done. The person goes on in the track.")
    return redirect("outreach:tasks")


def _before(request: HttpRequest) -> int | None:
    return asked.number(request.GET.get("before", ""))
