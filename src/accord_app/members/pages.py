"""Pages of members, teams, absences, one's own profile, and of a workspace that is being set up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accord.facts.errors import AccordError
from accord_app.members import absences, access, actions, feeds, links, reads
from accord_app.members.forms import (
    AbsenceForm,
    CalendarForm,
    InviteForm,
    LeaveForm,
    MemberForm,
    NewTeamForm,
    PasswordForm,
    ProfileForm,
    TeamForm,
    WelcomeForm,
)
from accord_app.members.models import User
from accord_app.members.roles import Right, Role
from accord_app.shell import steps, toasts
from accord_app.shell.components import View
from accord_app.shell.models import Company

UNFIT = 422  # what was typed cannot be worked with
PASSWORDS = ("password", "again")
WORDS = "out of office"  # as calendars that know no such mark call it
FOLLOWED = ("all_day", "words", "deputy")


# A workspace that is being set up


@sensitive_post_parameters(*PASSWORDS)
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponseBase:
    """The first page of an empty workspace. Afterwards it leads to the sign-in."""
    if Company.objects.exists():
        if request.method == "POST":
            toasts.say(request, "This workspace has been set up by somebody else just now. Ask them for an invitation.")
        return redirect("account_login")
    form = WelcomeForm(request.POST or None)
    if form.is_valid():
        try:
            user = actions.found(
                company=actions.Founding(
                    name=form.cleaned_data["company"],
                    currency=form.cleaned_data["currency"],
                    time_zone=form.cleaned_data["time_zone"],
                    fiscal_year_start=form.cleaned_data["fiscal_year"],
                ),
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password"],
                at=timezone.now(),
            )
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            return _signed_in(request, user, reverse("members:setup"))
    return _page(request, "members/welcome.html", {"form": form}, form)


@access.needs(Right.SET_UP)
@require_http_methods(["GET"])
def setup(request: HttpRequest) -> HttpResponseBase:
    """What is still to be done before the first lead is handed over."""
    user = access.signed_in(request)
    found = [(step, step.is_done(), step.right is None or user.may(step.right)) for step in steps.registered()]
    left = [step for step, done, _ in found if not done]
    context = {"steps": found, "left": len(left), "next": left[0] if left else None, "company": Company.objects.first()}
    return render(request, "members/setup.html", context)


@access.needs(Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def go_live(request: HttpRequest) -> HttpResponseBase:
    """Says that the workspace is set up, once every step before is done."""
    left = [step for step in steps.registered() if step.url_name != "members:go_live" and not step.is_done()]
    if request.method == "POST" and not left:
        actions.go_live(at=timezone.now())
        toasts.say(request, "The workspace is live.")
        return redirect("/")
    context = {"left": left, "company": Company.objects.first()}
    return render(request, "members/go_live.html", context, status=UNFIT if request.method == "POST" else 200)


# Joining


@sensitive_post_parameters(*PASSWORDS)
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where an invited colleague sets a password."""
    try:
        invited = actions.open_invitation(token=token, at=timezone.now())
    except AccordError as error:
        return render(request, "members/invitation_gone.html", {"error": error}, status=410)
    form = PasswordForm(request.POST or None, user=invited.user)
    if form.is_valid():
        try:
            user = actions.join(token=token, password=form.cleaned_data["password"], at=timezone.now())
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            return _signed_in(request, user, settings.LOGIN_REDIRECT_URL)
    context = {
        "form": form,
        "member": invited.user,
        "role": Role(invited.user.role),
        "company": Company.objects.first(),
    }
    return _page(request, "members/invitation.html", context, form)


# Members


@access.needs(Right.SEE_MEMBERS)
@require_http_methods(["GET"])
def members(request: HttpRequest) -> HttpResponseBase:
    """Everybody who signs in or may."""
    standing, words = request.GET.get("standing", ""), request.GET.get("q", "").replace("\x00", "")[:100].strip()
    standing = standing if standing in reads.STANDINGS else ""
    found = reads.members(at=timezone.now(), standing=standing, words=words, after=request.GET.get("after", "")[:64])
    context = {
        "found": found,
        "standing": standing,
        "words": words,
        "tabs": _standing_tabs(found, standing),
        "page_size": reads.PAGE,
        "may_manage": _may_manage(request),
    }
    return render(request, "members/members.html", context)


@access.needs(Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponseBase:
    """Somebody new, by mail."""
    form = InviteForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            sent = actions.invite(
                name=typed["name"],
                email=typed["email"],
                role=Role(typed["role"]),
                team=typed["team"],
                manager=typed["manager"],
                handle=typed["handle"],
                by=access.signed_in(request),
                at=timezone.now(),
            )
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            toasts.say(request, f"{sent.user.name} is invited.")
            return redirect("members:member", sent.user.handle)
    return _page(request, "members/invite.html", {"form": form}, form)


@access.needs(Right.SEE_MEMBERS, to_change=Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, handle: str) -> HttpResponseBase:
    """One member: read by RevOps, changed by administrators."""
    viewer = access.signed_in(request)
    found = access.member(viewer, handle)
    form = MemberForm(request.POST or None, member=found, initial=_as_initial(found))
    if form.is_valid():
        typed = form.cleaned_data
        try:
            actions.change(
                member=found,
                name=typed["name"],
                role=Role(typed["role"]),
                team=typed["team"],
                manager=typed["manager"],
            )
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            toasts.say(request, f"{typed['name']} is changed.")
            return redirect("members:member", handle)
    waiting = found.invitations.filter(used_at=None).first() if found.joined_at is None else None
    context = {
        "form": form,
        "member": found,
        "row": reads.member_row(found, at=timezone.now()),
        "role": Role(found.role),
        "rights": [right for right in Right if right in Role(found.role).rights],
        "link": links.invitation_link(waiting) if waiting and viewer.may(Right.MANAGE_MEMBERS) else "",
        "mails": bool(settings.EMAIL_URL),
        "may_manage": viewer.may(Right.MANAGE_MEMBERS),
        "leaving": LeaveForm(deputies=reads.colleagues(found)),
    }
    return _page(request, "members/member.html", context, form)


@access.needs(Right.MANAGE_MEMBERS)
@require_POST
def resend(request: HttpRequest, handle: str) -> HttpResponseBase:
    """A new link by mail."""
    return _act(
        request,
        handle,
        lambda found: actions.resend(member=found, by=access.signed_in(request), at=timezone.now()),
        "A new invitation is on its way; the old link no longer works.",
    )


@access.needs(Right.MANAGE_MEMBERS)
@require_POST
def withdraw(request: HttpRequest, handle: str) -> HttpResponseBase:
    """Takes an invitation back."""
    found = access.member(access.signed_in(request), handle)
    try:
        actions.withdraw(member=found)
    except AccordError as error:
        toasts.say(request, str(error))
        return redirect("members:member", handle)
    toasts.say(request, f"The invitation of {found.name} is withdrawn.")
    return redirect("members:members")


@access.needs(Right.MANAGE_MEMBERS)
@require_POST
def leave(request: HttpRequest, handle: str) -> HttpResponseBase:
    """Ends a membership."""
    of = access.member(access.signed_in(request), handle)
    form = LeaveForm(request.POST, deputies=reads.colleagues(of))
    if not form.is_valid():
        toasts.say(request, "The colleague who is to take over is not a member any more. Choose another one.")
        return redirect("members:member", handle)
    deputy = form.cleaned_data["deputy"]
    to = f"go to {deputy.name}" if deputy else "get new owners by the agreement's routing"
    return _act(
        request,
        handle,
        lambda found: actions.leave(member=found, deputy=deputy, at=timezone.now()),
        f"The membership has ended. Open handoffs {to} now.",
    )


@access.needs(Right.MANAGE_MEMBERS)
@require_POST
def come_back(request: HttpRequest, handle: str) -> HttpResponseBase:
    """Takes somebody back."""
    return _act(
        request, handle, lambda found: actions.come_back(member=found, at=timezone.now()), "Welcome back is said."
    )


# Teams


@access.needs(Right.SEE_MEMBERS, to_change=Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def teams(request: HttpRequest) -> HttpResponseBase:
    """Teams with their people and hours."""
    at = timezone.now()
    form = NewTeamForm(request.POST or None)
    if form.is_valid():
        try:
            added = actions.add_team(**form.cleaned_data)
        except AccordError as error:
            form.add_error("name", str(error))
        else:
            toasts.say(request, f"{added.title} is added.")
            return redirect("members:teams")
    context = {
        "teams": reads.teams(at=at),
        "not_here": reads.teams_not_here(at=at),
        "form": form,
        "may_manage": _may_manage(request),
    }
    return _page(request, "members/teams.html", context, form)


@access.needs(Right.MANAGE_MEMBERS)
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, name: str) -> HttpResponseBase:
    """One team's title and side."""
    found = access.team(access.signed_in(request), name)
    form = TeamForm(request.POST or None, initial={"title": found.title, "side": found.side})
    if form.is_valid():
        actions.change_team(team=found, **form.cleaned_data)
        toasts.say(request, f"{found.title} is changed.")
        return redirect("members:teams")
    return _page(request, "members/team.html", {"form": form, "team": found, "people": found.people.count()}, form)


@access.needs(Right.MANAGE_MEMBERS)
@require_POST
def remove_team(request: HttpRequest, name: str) -> HttpResponseBase:
    """Removes a team without people."""
    found = access.team(access.signed_in(request), name)
    try:
        actions.remove_team(team=found)
    except AccordError as error:
        toasts.say(request, str(error))
        return redirect("members:team", name)
    toasts.say(request, f"{found.title} is removed.")
    return redirect("members:teams")


# Absences


@require_http_methods(["GET", "POST"])
def my_absences(request: HttpRequest) -> HttpResponseBase:
    """When one is away oneself and who stands in; and everybody's for whom one may set it."""
    viewer = access.signed_in(request)
    return _absences(request, viewer, of=viewer)


@require_http_methods(["GET", "POST"])
def absences_of(request: HttpRequest, handle: str) -> HttpResponseBase:
    """The same for a colleague."""
    viewer = access.signed_in(request)
    return _absences(request, viewer, of=access.absentee(viewer, handle))


@require_POST
def end_absence(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ends an absence early, or takes one back that has not begun."""
    found = access.absence(access.signed_in(request), number)
    try:
        ended = absences.end(absence=found, at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        whose = "Your absence" if ended.user == request.user else f"The absence of {ended.user.name}"
        toasts.say(request, f"{whose} has ended.")
    return _to_absences(request, found.user)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "POST"])
def calendar(request: HttpRequest) -> HttpResponseBase:
    """The calendar from which one's own absences are read."""
    viewer = access.signed_in(request)
    known = reads.calendar_of(viewer)
    asked = {"all_day": True, "words": WORDS} if known is None else {k: getattr(known, k) for k in FOLLOWED}
    form = CalendarForm(request.POST or None, deputies=reads.colleagues(viewer), is_known=bool(known), initial=asked)
    if form.is_valid():
        try:
            feed = feeds.follow(of=viewer, wanted=feeds.Wanted(**form.cleaned_data), at=timezone.now())
        except AccordError as error:
            form.add_error("address", str(error))
        else:
            toasts.say(request, f"The calendar at {feed.host} is read within a minute.")
            return redirect("members:calendar")
    return _page(request, "members/calendar.html", {"form": form, "calendar": known}, form)


@require_POST
def read_calendar(request: HttpRequest) -> HttpResponseBase:
    """Has one's own calendar read soon."""
    try:
        feeds.read_soon(of=access.signed_in(request), at=timezone.now())
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, "The calendar is read within a minute.")
    return redirect("members:calendar")


@require_POST
def stop_calendar(request: HttpRequest) -> HttpResponseBase:
    """Forgets one's own calendar."""
    feeds.stop(of=access.signed_in(request), at=timezone.now())
    toasts.say(request, "No calendar is read any more. The absences from it have ended.")
    return redirect("members:my_absences")


def _absences(request: HttpRequest, viewer: User, *, of: User) -> HttpResponseBase:
    at = timezone.now()
    form = AbsenceForm(request.POST or None, deputies=reads.colleagues(of), at=at, initial=_next_day(at))
    if form.is_valid():
        try:
            set_ = absences.begin(of=of, by=viewer, at=at, **form.cleaned_data)
        except AccordError as error:
            form.add_error(None, str(error))
        else:
            alone = reads.left_alone(of, set_.begins_at, set_.ends_at)
            need = f" They stand in for {' and '.join(alone)} then: choose another deputy there." if alone else ""
            toasts.say(request, f"{of.name} is away {absences.told(set_)}.{need}")
            return _to_absences(request, of)
    people = access.whose_absence(viewer)
    context = {
        "form": form,
        "of": of,
        "is_own": of == viewer,
        "own": reads.absences_of(User.objects.filter(pk=of.pk), at=at),
        "others": reads.absences_of(people.exclude(pk=of.pk), at=at),
        "colleagues": people.exclude(pk=of.pk).order_by("name")[:200],
        "stands_in": reads.stands_in_for(of, at=at),
        "calendar": reads.calendar_of(of) if of == viewer else None,
    }
    return _page(request, "members/absences.html", context, form)


def _to_absences(request: HttpRequest, of: User) -> HttpResponseBase:
    return redirect("members:my_absences") if of == request.user else redirect("members:absences_of", of.handle)


def _next_day(at: datetime) -> dict[str, datetime]:
    morning = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {"begins_at": morning, "ends_at": morning + timedelta(days=1)}


# One's own profile


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponseBase:
    """How Accord meets the reader."""
    user = access.signed_in(request)
    form = ProfileForm(request.POST or None, initial={key: getattr(user, key) for key in actions.Profile.__slots__})
    if form.is_valid():
        actions.save_profile(user=user, profile=actions.Profile(**form.cleaned_data))
        toasts.say(request, "Your profile is saved.")
        return redirect("members:profile")
    me = User.objects.select_related("team", "manager").get(pk=user.pk)
    return _page(request, "members/profile.html", {"form": form, "me": me, "role": Role(me.role)}, form)


# Inside


def _page(request: HttpRequest, template: str, context: dict[str, object], form: Form) -> HttpResponse:
    return render(request, template, context, status=UNFIT if form.is_bound else 200)


def _standing_tabs(found: reads.MemberList, standing: str) -> list[View]:
    counts = {"": found.joined + found.invited, "joined": found.joined, "invited": found.invited, "left": found.left}
    titles = {"": "Everybody", "joined": "Joined", "invited": "Invited", "left": "Left"}
    here = reverse("members:members")
    return [
        View(title, f"{here}?standing={name}" if name else here, str(counts[name]), name == standing)
        for name, title in titles.items()
    ]


def _may_manage(request: HttpRequest) -> bool:
    return access.signed_in(request).may(Right.MANAGE_MEMBERS)


def _as_initial(found: User) -> dict[str, object]:
    return {"name": found.name, "role": found.role, "team": found.team_id, "manager": found.manager_id}


def _act(request: HttpRequest, handle: str, act: Callable[[User], object], said: str) -> HttpResponseBase:
    """One act on one member; what came of it is told on their page."""
    found = access.member(access.signed_in(request), handle)
    try:
        act(found)
    except AccordError as error:
        toasts.say(request, str(error))
    else:
        toasts.say(request, said)
    return redirect("members:member", handle)


def _signed_in(request: HttpRequest, user: User, url: str) -> HttpResponseBase:
    """Signed in as by password, second factor included."""
    answer: HttpResponseBase = perform_login(request, Login(user=user, email=user.email, redirect_url=url))
    return answer
