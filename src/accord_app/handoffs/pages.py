"""Pages of the queue and of one handoff. Every answer is a form that works without script; htmx swaps the parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accord.agreement.handoff import REJECTED
from accord.facts.errors import AccordError
from accord_app.handoffs import access, actions, csv_rows, detail, forms, once, reads
from accord_app.handoffs.models import Handoff
from accord_app.handoffs.queue import Chosen, Place
from accord_app.members.access import needs, signed_in
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records.models import Person
from accord_app.shell import toasts

MAY_SEE = (Right.SEE_TEAM_HANDOFFS, Right.SEE_ALL_HANDOFFS, Right.SEE_MARKETING_OUTCOMES)
CONFLICT = 409
_PAST = {"accept": "Accepted", "reject": "Rejected", "recycle": "Recycled", "qualify": "Qualified"}
_EVENTS = {"accept": "accepted", "reject": "rejected", "recycle": "recycled", "qualify": "qualified"}


# looking


@needs(*MAY_SEE)
@require_safe
@never_cache
def the_list(request: HttpRequest) -> HttpResponse:
    """The queue with its first handoff open; for htmx the list alone."""
    user = signed_in(request)
    chosen, asked = forms.chosen(user, request.GET)
    if _is_part(request):
        return _varies(render(request, "handoffs/_list.html", _list(request, _desk(user), chosen, asked)))
    return _varies(_page(request, user, chosen, asked))


@needs(*MAY_SEE)
@require_safe
@never_cache
def one(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """One handoff beside the queue; for htmx the handoff alone."""
    user = signed_in(request)
    handoff = access.handoff(user, handoff_id)
    chosen, asked = forms.chosen(user, request.GET)
    if _is_part(request):
        return _varies(render(request, "handoffs/_detail.html", _detail(_desk(user), handoff, chosen)))
    return _varies(_page(request, user, chosen, asked, handoff))


@needs(*MAY_SEE)
@require_safe
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Everything that the view and its filters hold, as a file."""
    user = signed_in(request)
    chosen, _ = forms.chosen(user, request.GET)
    told = csv_rows.lines(user, chosen, at=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="handoffs-{chosen.view.key}.csv"'}
    return StreamingHttpResponse(told, content_type="text/csv; charset=utf-8", headers=headers)


@needs(Right.ANSWER_HANDOFFS)
@require_safe
def against(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Whether the facts say otherwise than a reason, told as soon as it is chosen."""
    user = signed_in(request)
    handoff = access.to_answer(user, handoff_id)
    told = _against(user, handoff, [request.GET.get("reason", "")])
    return render(request, "handoffs/_against.html", {"against": "".join(told)})


# answering


@needs(Right.ANSWER_HANDOFFS)
@require_POST
def accept(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Take a handoff on."""
    return _answer(request, handoff_id, "accept")


@needs(Right.ANSWER_HANDOFFS)
@require_POST
def qualify(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Say that a lead has become an SQL."""
    return _answer(request, handoff_id, "qualify")


@needs(Right.ANSWER_HANDOFFS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reject(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Give a handoff back for good. Asked for, it is the choice of reasons."""
    return _answer_why(request, handoff_id, "reject")


@needs(Right.ANSWER_HANDOFFS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def recycle(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Give a handoff back to nurture. Asked for, it is the choice of reasons."""
    return _answer_why(request, handoff_id, "recycle")


@needs(Right.ANSWER_HANDOFFS)
@require_POST
def answer_together(request: HttpRequest) -> HttpResponse:
    """Give several handoffs the same answer; those that cannot be answered are named, the others are done."""
    user = signed_in(request)
    form = forms.TogetherForm(request.POST)
    ids = request.POST.getlist("handoff")
    if not form.is_valid() or not 0 < len(ids) <= forms.AT_ONCE:
        toasts.say(request, _why_not_together(form, len(ids)))
        return _back(request)
    do, reason = form.cleaned_data["do"], form.cleaned_data["reason"]
    done, refused = [], []
    for handoff in access.all_to_answer(user, ids):
        try:
            _let(do, handoff, reason, user)
            done.append(handoff.pk)
        except AccordError as error:
            refused.append(str(error.message))
    if done:
        toasts.say(request, f"{_PAST[do]}: {len(done)}.", undo_url=_undo_url(request, done))
    if refused:
        toasts.say(request, f"Left as they were: {len(refused)}. {' '.join(dict.fromkeys(refused))}")
    return _back(request)


@needs(Right.ANSWER_HANDOFFS)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take answers back within their seconds."""
    user = signed_in(request)
    refused = []
    handoffs = access.all_to_answer(user, request.GET.getlist("handoff")[: forms.AT_ONCE])
    for handoff in handoffs:
        try:
            actions.take_back(handoff=handoff, by=user, at=timezone.now())
        except AccordError as error:
            refused.append(str(error))
    toasts.say(request, " ".join(dict.fromkeys(refused)) or "Taken back. Nothing was changed.")
    return _back(request, handoffs[0].pk if len(handoffs) == 1 else "")


# what is said beside


@needs(Right.ANSWER_HANDOFFS)
@require_POST
def log_touch(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Say that one has called, written or met."""
    user = signed_in(request)
    handoff, form = access.to_answer(user, handoff_id), forms.TouchForm(request.POST)

    def do(said: Mapping[str, Any]) -> None:
        once.log_touch(handoff=handoff, kind=said["kind"], occurred_at=said["occurred_at"], by=user, at=timezone.now())

    return _write(request, handoff, "touch", form, do, "Logged.")


@needs(Right.ANSWER_HANDOFFS, Right.REPLY_TO_REJECTIONS)
@require_POST
def note(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Write something beside a handoff."""
    user = signed_in(request)
    handoff, form = access.handoff(user, handoff_id), forms.TextForm(request.POST, auto_id="note_%s")

    def do(said: Mapping[str, Any]) -> None:
        once.note(handoff=handoff, text=said["text"], by=user, at=timezone.now())

    return _write(request, handoff, "note", form, do, "Note kept.")


@needs(Right.REPLY_TO_REJECTIONS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reply(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Marketing answers a rejection. Asked for, it is the rejection with room for the reply."""
    user = signed_in(request)
    handoff = access.handoff(user, handoff_id)
    if request.method != "POST":
        return _ask_for_a_reply(request, user, handoff)
    name = "reply" if handoff.status == REJECTED else "note"  # where what was typed is kept
    form = _reply_form(user, handoff, request.POST, name)

    def do(said: Mapping[str, Any]) -> None:
        asked = bool(said.get("second_look"))
        once.reply(handoff=handoff, text=said["text"], second_look=asked, by=user, at=timezone.now())

    return _write(request, handoff, name, form, do, "Reply sent.")


@needs(*MAY_SEE)
@require_POST
def look_again(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """The second look at a rejection."""
    user = signed_in(request)
    handoff, form = access.to_look_at(user, handoff_id), forms.LookForm(request.POST, auto_id="look_%s")

    def do(said: Mapping[str, Any]) -> None:
        once.look_again(handoff=handoff, verdict=said["verdict"], text=said["why"], by=user, at=timezone.now())

    return _write(request, handoff, "look", form, do, "Kept. Both teams see it.")


@needs(Right.ASSIGN_HANDOFFS)
@require_POST
def assign(request: HttpRequest, handoff_id: str) -> HttpResponse:
    """Give a handoff to somebody else."""
    user = signed_in(request)
    handoff = access.handoff(user, handoff_id)
    people = _colleagues(user, handoff)
    form = forms.AssignForm(request.POST, people=people)

    def do(said: Mapping[str, Any]) -> None:
        to = User.objects.get(handle=said["to"])
        actions.assign(handoff=handoff, to=to, by=user, at=timezone.now())

    return _write(request, handoff, "assign", form, do, f"Given to {people.get(request.POST.get('to', ''), '')}.")


# views that people keep


@needs(*MAY_SEE)
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the present view and its filters under a name."""
    user = signed_in(request)
    chosen, asked = forms.chosen(user, request.GET)
    form = forms.SaveViewForm(request.POST, owner=user.handle)
    view = form.keep(Chosen(chosen.view, chosen.filters).query) if form.is_valid() else None
    if view is None:
        return _page(request, user, chosen, asked, save=form, status=CONFLICT)
    toasts.say(request, f"Kept as “{view.name}”.")
    return HttpResponseRedirect(f"{reverse('handoffs:list')}?{urlencode({'saved': view.pk})}")


@needs(*MAY_SEE)
@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a view of one's own."""
    view = access.own_view(signed_in(request), pk)
    view.delete()
    toasts.say(request, f"“{view.name}” is gone. The handoffs stay where they are.")
    return HttpResponseRedirect(reverse("handoffs:list"))


# how answers are given and told


def _answer(request: HttpRequest, handoff_id: str, do: str, reason: str = "") -> HttpResponse:
    user = signed_in(request)
    handoff = access.to_answer(user, handoff_id)
    if not once.is_answered(handoff, _EVENTS[do], reason, user):
        try:
            _let(do, handoff, reason, user)
        except AccordError as error:
            return _refused(request, user, handoff_id, error)
    why = f": {reads.label(_rules(user, handoff), _EVENTS[do], reason)}" if reason else ""
    toasts.say(request, f"{_PAST[do]}{why}.", undo_url=_undo_url(request, [handoff_id]))
    return _told(request, user, handoff_id)


def _let(do: str, handoff: Handoff, reason: str, by: User) -> None:
    at = timezone.now()
    match do:
        case "accept":
            actions.accept(handoff=handoff, by=by, at=at)
        case "qualify":
            actions.qualify(handoff=handoff, by=by, at=at)
        case "reject":
            actions.reject(handoff=handoff, reason=reason, by=by, at=at)
        case _:
            actions.recycle(handoff=handoff, reason=reason, by=by, at=at)


def _answer_why(request: HttpRequest, handoff_id: str, do: str) -> HttpResponse:
    user = signed_in(request)
    handoff = access.to_answer(user, handoff_id)
    if request.method != "POST":
        return _ask_why(request, user, handoff, do)
    reason = request.POST.get("reason", "")
    if reason in actions.reasons(handoff, _EVENTS[do]) or _is_part(request):
        return _answer(request, handoff_id, do, reason if len(reason) <= 64 and reason.isprintable() else "")
    return _ask_why(request, user, handoff, do, "Choose one of the agreed reasons.")


def _ask_why(request: HttpRequest, user: User, handoff: Handoff, do: str, errors: str = "") -> HttpResponse:
    """The reasons; on a page of its own with every contradiction told beforehand: nothing can be asked later."""
    is_part, desk = _is_part(request), _desk(user)
    chosen, _ = forms.chosen(user, request.GET)
    (row,) = reads.rows(desk, [handoff], query=chosen.query)
    known = actions.reasons(handoff, _EVENTS[do]) if do == "reject" and not is_part else {}
    against = _against(user, handoff, list(known))
    why = detail.asking(desk, handoff, row, do, popover="asked" if is_part else "", against=against, errors=errors)
    if why is None:
        raise Http404
    template = "handoffs/_reasons.html" if is_part else "handoffs/reasons.html"
    return _varies(render(request, template, {"why": why}, status=CONFLICT if errors else None))


def _ask_for_a_reply(request: HttpRequest, user: User, handoff: Handoff) -> HttpResponse:
    chosen, _ = forms.chosen(user, request.GET)
    desk = _desk(user)
    asked = detail.to_reply(desk, handoff, query=chosen.query)
    if asked is None:
        return _back(request, handoff.pk)
    is_part = _is_part(request)
    form = _reply_form(user, handoff, None, "asked" if is_part else "reply")
    template = "handoffs/_reply.html" if is_part else "handoffs/reply.html"
    return _varies(render(request, template, {"asked": asked, "form": form, "is_part": is_part}))


def _reply_form(user: User, handoff: Handoff, said: QueryDict | None, name: str) -> forms.ReplyForm:
    may_ask = detail.may_ask_for_a_look(_rules(user, handoff), handoff)
    return forms.ReplyForm(said, auto_id=f"{name}_%s", may_ask=may_ask)


def _write(
    request: HttpRequest,
    handoff: Handoff,
    name: str,
    form: BaseForm,
    do: Callable[[Mapping[str, Any]], None],
    said: str,
) -> HttpResponse:
    """What somebody wrote is kept in the form until it is done."""
    user = signed_in(request)
    if not form.is_valid():
        return _again(request, user, handoff, {name: form})
    try:
        do(form.cleaned_data)
    except AccordError as error:
        return _refused(request, user, handoff.pk, error, {name: form})
    toasts.say(request, said)
    return _told(request, user, handoff.pk)


def _refused(
    request: HttpRequest, user: User, handoff_id: str, error: AccordError, bound: Mapping[str, BaseForm] | None = None
) -> HttpResponse:
    """The handoff as it stands now, with what stood in the way."""
    return _again(request, user, access.handoff(user, handoff_id), bound or {}, error)


def _again(
    request: HttpRequest,
    user: User,
    handoff: Handoff,
    bound: Mapping[str, BaseForm],
    error: AccordError | None = None,
) -> HttpResponse:
    chosen, asked = forms.chosen(user, request.GET)
    if _is_part(request):
        desk = _desk(user)
        told = {**_detail(desk, handoff, chosen, bound, error), "tabs": reads.tabs(desk, chosen)}
        return render(request, "handoffs/_answered.html", told, status=CONFLICT)
    return _page(request, user, chosen, asked, handoff, bound=bound, error=error, status=CONFLICT)


def _told(request: HttpRequest, user: User, handoff_id: str) -> HttpResponse:
    """After an answer: the handoff, its row and the counts for htmx, else the page that somebody came from."""
    if not _is_part(request):
        return _back(request, "" if request.POST.get("from") == "list" else handoff_id)
    chosen, _ = forms.chosen(user, request.GET)
    desk = _desk(user)
    told = {**_detail(desk, access.handoff(user, handoff_id), chosen), "tabs": reads.tabs(desk, chosen)}
    return render(request, "handoffs/_answered.html", told)


def _page(
    request: HttpRequest,
    user: User,
    chosen: Chosen,
    asked: forms.FilterForm,
    handoff: Handoff | None = None,
    *,
    bound: Mapping[str, BaseForm] | None = None,
    error: AccordError | None = None,
    save: forms.SaveViewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The list and one handoff: the one that was asked for, else the first of the list."""
    desk = _desk(user)
    told = _list(request, desk, chosen, asked, handoff.pk if handoff else reads.FIRST, save)
    first = handoff or _first(user, told["queue"])
    told |= {"is_open": handoff is not None, "detail": None, "error": None, "forms": {}}
    if first is not None:
        told |= _detail(desk, first, chosen, bound, error)
    return render(request, "handoffs/queue.html", told, status=status)


def _first(user: User, queue: reads.Queue) -> Handoff | None:
    return access.handoff(user, queue.rows[0].handoff_id) if queue.rows else None


def _list(
    request: HttpRequest,
    desk: reads.Desk,
    chosen: Chosen,
    asked: forms.FilterForm,
    current: str = "",
    save: forms.SaveViewForm | None = None,
) -> dict[str, Any]:
    after = Place.read(request.GET.get("after", ""))
    queue = reads.the_queue(desk, chosen, after=after, current=current)
    return {
        "queue": queue,
        "filter": asked,
        "save": save or forms.SaveViewForm(owner=desk.user.handle),
    }


def _detail(
    desk: reads.Desk,
    handoff: Handoff,
    chosen: Chosen,
    bound: Mapping[str, BaseForm] | None = None,
    error: AccordError | None = None,
) -> dict[str, Any]:
    told = detail.the_handoff(desk, handoff, query=chosen.query)
    fresh: dict[str, BaseForm] = {
        "touch": forms.TouchForm(),
        "note": forms.TextForm(auto_id="note_%s"),
    }
    if told.may.reply:
        fresh["reply"] = _reply_form(desk.user, handoff, None, "reply")
    if told.look is not None and told.look.is_asked:
        fresh["look"] = forms.LookForm(auto_id="look_%s")
    if told.may.assign:
        fresh["assign"] = forms.AssignForm(people=_colleagues(desk.user, handoff))
    return {"detail": told, "forms": {**fresh, **(bound or {})}, "error": error}


def _desk(user: User) -> reads.Desk:
    return reads.Desk(user, timezone.now())


def _colleagues(user: User, handoff: Handoff) -> dict[str, str]:
    return detail.colleagues(_rules(user, handoff), handoff)


def _rules(user: User, handoff: Handoff) -> Any:
    return _desk(user).rules(handoff)


def _against(user: User, handoff: Handoff, reasons: Sequence[str]) -> tuple[str, ...]:
    """In words, for each of these reasons that the facts contradict."""
    rules = _rules(user, handoff)
    if rules is None or rules.checks.keys().isdisjoint(reasons):
        return ()
    found = actions.contradicted(handoff=handoff, at=timezone.now())
    person = Person.objects.select_related("account").filter(pk=handoff.person_id).first()
    return tuple(detail.against(rules, reason, person) for reason in reasons if found.get(reason))


def _why_not_together(form: forms.TogetherForm, number: int) -> str:
    if not number:
        return "Nothing was selected. Select handoffs first."
    if number > forms.AT_ONCE:
        return f"{number} handoffs are too many at once. Select up to {forms.AT_ONCE}."
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _undo_url(request: HttpRequest, ids: Sequence[str]) -> str:
    return f"{reverse('handoffs:undo')}?{urlencode([*_view_of(request.GET), *(('handoff', each) for each in ids)])}"


def _back(request: HttpRequest, handoff_id: str = "") -> HttpResponseRedirect:
    url = reverse("handoffs:one", args=[handoff_id]) if handoff_id else reverse("handoffs:list")
    query = urlencode(_view_of(request.GET))
    return HttpResponseRedirect(f"{url}?{query}" if query else url, status=303)


def _view_of(asked: QueryDict) -> list[tuple[str, str]]:
    """The view and its filters in the address, without what only an answer needs."""
    return [(name, value) for name, value in parse_qsl(asked.urlencode()) if name not in ("handoff", "reason")]


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _varies(answer: HttpResponse) -> HttpResponse:
    """The same address answers a part to htmx."""
    patch_vary_headers(answer, ["HX-Request"])
    return answer
