"""The test bench: choose somebody or type a lead, and see what the agreement and its draft decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accord.agreement.bench import Trial
from accord.agreement.mistake import Mistake
from accord_app.agreements import drafting
from accord_app.handoffs import trials, trying
from accord_app.handoffs.bench_forms import LeadForm, MomentForm, PersonForm
from accord_app.handoffs.reads import Desk
from accord_app.ledger.links import roots
from accord_app.ledger.reads import Version, version_in_force
from accord_app.members.access import needs, signed_in
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records import access as records
from accord_app.records import finding
from accord_app.records.models import Person, SearchTerm

UNFIT, FOUND = 422, 12


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of whoever asks: its text as a version where it passes the checks, else what is wrong with it."""

    template: str
    version: Version | None = None
    mistakes: tuple[Mistake, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class Bench:
    """What is tried: versions with what each is called, and what came of it."""

    in_force: Version | None
    draft: Draft | None
    at: datetime
    now: datetime
    trials: dict[str, Trial] = field(default_factory=dict)

    def versions(self) -> Mapping[str, Version]:
        """Those that can decide."""
        drafted = self.draft.version if self.draft else None
        both = {"in_force": self.in_force, "draft": drafted}
        return {name: version for name, version in both.items() if version is not None}


@needs(Right.SEE_AGREEMENT)
@require_safe
def bench(request: HttpRequest) -> HttpResponse:
    """Try the agreement in force, and the reader's draft beside it, on a lead."""
    viewer, now = signed_in(request), timezone.now()
    records.may_see(viewer)
    typing = request.GET.get("type") == "lead"
    moment = MomentForm(request.GET)
    at = (moment.cleaned_data["at"] if moment.is_valid() else None) or now
    draft = _draft(request, viewer)
    asked = Bench(version_in_force(at), draft, at, now)
    rules = [each.rules for each in asked.versions().values()]
    people = PersonForm(request.GET if _is_asked(request, ("q", "person")) and not typing else None)
    lead = LeadForm(request.GET if typing and "try" in request.GET else None, rules=rules)
    form = lead if typing else people
    context: dict[str, object] = {
        "typing": typing, "people": people, "lead": lead, "draft": draft, "person": None, "found": None, "tried": (),
        "differ": False, "both": False, "unknown_then": False, "words": "", "at": at, "is_now": at == now,
        "in_force": asked.in_force,
    }  # fmt: skip
    status = 200
    if form.is_bound and form.is_valid():
        if typing:
            _try_typed(asked, lead)
        else:
            context |= _about(viewer, people, asked)
        context |= _told(viewer, asked)
    elif form.is_bound:
        status = UNFIT
    return render(request, "handoffs/bench.html", context, status=status)


def _is_asked(request: HttpRequest, names: tuple[str, ...]) -> bool:
    return any(name in request.GET for name in names)


def _draft(request: HttpRequest, viewer: User) -> Draft | None:
    """The draft that the reader is at; only who may load a version has one."""
    kept = drafting.kept(request) if viewer.may(Right.LOAD_AGREEMENT) else None
    if kept is None:
        return None
    found = drafting.review(kept.text)
    if found.problem is not None:
        return Draft(kept.template, problem=str(found.problem))
    if found.blocking or found.version is None or found.begins is None:
        return Draft(kept.template, mistakes=found.blocking)
    return Draft(kept.template, Version(found.version, found.begins, kept.text))


def _about(viewer: User, form: PersonForm, asked: Bench) -> dict[str, object]:
    """Whoever was chosen, tried; else those who are called like what was typed."""
    named = form.cleaned_data["person"]
    if not named:
        words = form.cleaned_data["q"].strip()
        refs = finding.refs(SearchTerm.Kind.PERSON, words, FOUND) if words else []
        people = Person.objects.select_related("account").in_bulk(refs)
        return {"found": [people[ref] for ref in refs if ref in people], "words": words}
    person = records.person(viewer, roots([named], at=asked.at)[named])
    if person.first_known_at > asked.at:
        return {"person": person, "unknown_then": True}
    for name, version in asked.versions().items():
        asked.trials[name] = trying.about_person(version.rules, person.pk, at=asked.at, now=asked.now)
    return {"person": person}


def _try_typed(asked: Bench, form: LeadForm) -> None:
    typed = form.typed()
    for name, version in asked.versions().items():
        asked.trials[name] = trying.about_typed(version.rules, typed, at=asked.at, now=asked.now)


def _told(viewer: User, asked: Bench) -> dict[str, object]:
    """Both trials in words where they differ, else the one of the agreement in force."""
    desk, done = Desk(viewer, asked.at), asked.trials
    names = list(done)
    differ = len(names) == 2 and trials.differ(*done.values())
    versions = asked.versions()
    titles = {"in_force": "In force, version {}", "draft": "Draft, version {}"}
    told = tuple(
        trials.shown(desk, versions[name], done[name], title=titles[name].format(versions[name].version),
                     is_draft=name == "draft")
        for name in (names if differ else names[:1])
    )  # fmt: skip
    return {"tried": told, "differ": differ, "both": len(names) == 2}
