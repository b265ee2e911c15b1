"""What the queue shows: views with counts, filters, and a page of rows. Templates compute nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse
from django.utils import timezone

from accord.agreement import card, replies
from accord.agreement.document import Card
from accord.agreement.handoff import ACCEPTED, CONTACTED, OFFERED, QUALIFIED, RECYCLED, REJECTED, may
from accord.agreement.names import handles
from accord.agreement.rules import Rules
from accord_app.handoffs import access, queue, touches
from accord_app.handoffs.countdown import Countdown, after_rejection, clock_of, countdown, day, span
from accord_app.handoffs.models import Handoff, SavedView, Undoable
from accord_app.handoffs.queue import MOST_COUNTED, Chosen, Place, View
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import Decision
from accord_app.ledger.reads import Version, versions
from accord_app.members.models import Team, User
from accord_app.members.roles import Right
from accord_app.records.clauses import Names
from accord_app.records.models import Person
from accord_app.shell import components

DONE = {
    ACCEPTED: "Accepted",
    REJECTED: "Rejected",
    RECYCLED: "Recycled",
    QUALIFIED: "Qualified",
    CONTACTED: "In contact",
}
STATUS = {OFFERED: "Waiting for an answer", **DONE}
_EVENTS = {"accepted": ACCEPTED, "rejected": REJECTED, "recycled": RECYCLED, "qualified": QUALIFIED}
COMING = "New handoffs arrive here with their clock, as soon as a lead qualifies under the agreement."
FIRST = "first"
"""Whichever handoff stands first in the list."""

FEW = 12
"""So many saved views stand as tabs."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a lead is here, in a few words; `points` when the decision recorded them."""

    text: str
    points: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """How a handoff stands, where no clock says it."""

    text: str
    state: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One handoff in the list."""

    handoff_id: str
    url: str
    name: str
    company: str
    came_by: str
    role: str
    band: str
    score: str
    reasons: tuple[Reason, ...]
    clock: Countdown | None
    state: State | None
    owner: str
    is_mine: bool
    can_accept: bool
    can_reject: bool
    is_current: bool
    is_pending: bool
    query: str
    accept_url: str
    reject_url: str
    said: str = ""  # of a rejection: its reason while a clock stands in its place, and what became of the reply
    is_contradicted: bool = False
    reply_url: str = ""

    def __getitem__(self, name: str) -> Any:
        """Templates ask for items before attributes; a page asks some thousand times."""
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Queue:
    """The list beside the detail."""

    title: str
    tabs: tuple[components.View, ...]
    chips: tuple[Chip, ...]
    rows: tuple[Row, ...]
    shown: str
    next_url: str
    first_url: str
    csv_url: str
    query: str
    view: str
    unfiltered_url: str
    empty: str
    coming: str
    elsewhere: str
    elsewhere_url: str
    is_filtered: bool
    saved: SavedView | None
    is_own_view: bool
    answers: bool
    reject: tuple[components.Option, ...]
    recycle: tuple[components.Option, ...]


@dataclass(frozen=True)
class Desk:
    """What is needed to put handoffs into words for one reader at one moment, asked for once."""

    user: User
    at: datetime
    names: dict[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> tzinfo:
        """The reader's time zone, in which every page tells times."""
        return timezone.get_current_timezone()

    @cached_property
    def versions(self) -> Mapping[int, Version]:
        """Every version of the agreement by number."""
        return {each.version: each for each in versions()}

    @cached_property
    def root(self) -> str:
        """Where the queue is; its handoffs and their answers are below."""
        return reverse("handoffs:list")

    @cached_property
    def unseen(self) -> Sequence[str]:
        """Batches of facts that do not count."""
        return unseen_batches()

    @cached_property
    def agreed_names(self) -> Names:
        """Handles and names of everybody whom an agreement names."""
        agreed = {handle for each in self.versions.values() for handle in handles(each.rules.agreement)}
        return tuple(User.objects.filter(handle__in=agreed).order_by("handle").values_list("handle", "name"))

    @cached_property
    def earning(self) -> frozenset[str]:
        """Kinds of touches that earn points on some agreed card."""
        return frozenset(row.touch for agreed in self._cards.values() for row in agreed.intent)

    @cached_property
    def full_fit(self) -> Mapping[int, float]:
        """The points of somebody who fits in every way, by version."""
        return {number: sum(max(0.0, row.points) for row in agreed.fit) for number, agreed in self._cards.items()}

    @cached_property
    def _cards(self) -> Mapping[int, Card]:
        found = {number: card.of(each.rules.agreement) for number, each in self.versions.items()}
        return {number: agreed for number, agreed in found.items() if agreed is not None}

    def rules(self, handoff: Handoff) -> Rules | None:
        """The rules under which the handoff began; None when the ledger has lost them."""
        found = self.versions.get(handoff.version)
        return found.rules if found else None

    def together(self, found: Sequence[Handoff], event: str) -> tuple[components.Option, ...]:
        """The reasons that every one of these handoffs can be given."""
        under = {each.version: self.rules(each) for each in found}
        known = [labels(rules, event) for rules in under.values()]
        shared = [(code, said) for code, said in (known[0] if known else {}).items() if all(code in k for k in known)]
        return tuple(components.Option(code, said) for code, said in shared)

    def know(self, handles: Collection[str | None]) -> None:
        """Look up names of colleagues, all at once."""
        asked = {handle for handle in handles if handle} - self.names.keys()
        if asked:
            self.names.update(dict.fromkeys(asked, ""))
            self.names.update(User.objects.filter(handle__in=asked).values_list("handle", "name"))

    def name(self, handle: str | None) -> str:
        """A colleague's name; the handle of somebody who has no account here."""
        return (self.names.get(handle) or handle) if handle else ""

    def agreed_name(self, handle: str | None) -> str:
        """The name of somebody whom an agreement names."""
        return dict(self.agreed_names).get(handle or "", handle or "")


def the_queue(desk: Desk, chosen: Chosen, *, after: Place | None = None, current: str = "") -> Queue:
    """One page of a view, with the tabs and chips around it."""
    user = desk.user
    found = queue.page(user, chosen, at=desk.at, after=after)
    saved = list(access.saved_views(user)[:FEW])
    this = next((each for each in saved if each.pk == chosen.saved), None)
    start = queue.views_of(user)[0]
    return Queue(
        title=_title(user),
        tabs=_tabs(desk, chosen, saved),
        chips=tuple(_chip(desk, chosen, name) for name in chosen.filters),
        rows=rows(desk, found.rows, current=_current(found, current), query=chosen.query),
        shown=_shown(found),
        next_url=f"{_list_url(chosen)}&{urlencode({'after': str(found.following)})}" if found.following else "",
        first_url=_list_url(chosen) if found.before else "",
        csv_url=f"{reverse('handoffs:csv')}?{chosen.query}",
        query=chosen.query,
        view=chosen.view.key,
        unfiltered_url=_list_url(Chosen(chosen.view)),
        empty=chosen.view.empty,
        coming=COMING if chosen.view.is_open else "They stand here with what was said about them.",
        elsewhere=f"See {start.title.lower()}" if start.key != chosen.view.key else "",
        elsewhere_url=_list_url(Chosen(start)) if start.key != chosen.view.key else "",
        is_filtered=bool(chosen.filters),
        saved=this,
        is_own_view=this is not None and this.owner == user.handle,
        answers=user.may(Right.ANSWER_HANDOFFS),
        reject=desk.together(found.rows, REJECTED),
        recycle=desk.together(found.rows, RECYCLED),
    )


def tabs(desk: Desk, chosen: Chosen) -> tuple[components.View, ...]:
    """The views of somebody with their counts, the present one marked."""
    return _tabs(desk, chosen, list(access.saved_views(desk.user)[:FEW]))


def rows(desk: Desk, found: Sequence[Handoff], *, current: str = "", query: str = "") -> tuple[Row, ...]:
    """Handoffs as rows, with a constant number of queries."""
    people = people_of(found)
    offered = {each.person_id: each.offered_at for each in found}
    done = touches.reasons(offered, desk.unseen, desk.earning) if found else {}
    points = _points(desk, found)
    desk.know([each.owner for each in found])
    return tuple(
        _row(desk, each, people.get(each.person_id),
             _reasons(done.get(each.person_id, []), points.get(each.pk), desk.full_fit.get(each.version, 0.0)),
             current=current, query=query)
        for each in found
    )  # fmt: skip


def people_of(found: Sequence[Handoff]) -> dict[str, Person]:
    """Who the handoffs are about, with their accounts, as far as they are known."""
    return Person.objects.select_related("account").in_bulk([each.person_id for each in found])


def pending(handoff: Handoff) -> Undoable | None:
    """The answer that can still be taken back."""
    try:
        return handoff.pending
    except Undoable.DoesNotExist:
        return None


def label(rules: Rules | None, event: str, code: str) -> str:
    """A reason in the words of the agreement."""
    return labels(rules, event).get(code, code)


def labels(rules: Rules | None, event: str) -> dict[str, str]:
    """Every reason for a rejection or a recycling, by code, in the words of the agreement."""
    if rules is None:
        return {}
    answers = rules.agreement.answers
    known: Sequence[Any] = answers.reject if event == REJECTED else answers.recycle
    return {each.code: each.label for each in known}


def standing(desk: Desk, handoff: Handoff) -> State | None:
    """How a handoff stands, in words, unless a running clock says it."""
    rules, waiting = desk.rules(handoff), pending(handoff)
    if waiting is not None:
        return State(_answered(rules, waiting.event, waiting.reason), icon="check")
    if _after(desk, handoff):
        return None
    if handoff.closed_at is not None:
        return State(f"{_answered(rules, handoff.status, handoff.reason)}, {day(handoff.closed_at, desk.zone)}")
    if handoff.owner is None:
        return State(f"No owner for {_waited(desk, handoff, rules)}", "missed", "alert-triangle")
    if _is_marketing(desk.user) and not (handoff.next_due and handoff.next_due <= desk.at):
        return State(STATUS[handoff.status])
    return None


def _after(desk: Desk, handoff: Handoff) -> str:
    """Which clock after a rejection waits for the reader: reply, look or none."""
    if handoff.reply_due and not handoff.replied_at and desk.user.may(Right.REPLY_TO_REJECTIONS):
        return "reply"
    if handoff.look_due and not handoff.looked_at and desk.user.may(Right.LOOK_AGAIN):
        return "look"
    return ""


def rejected(desk: Desk, handoff: Handoff) -> str:
    """`Rejected: Company too small, 4 Dec`."""
    when = f", {day(handoff.closed_at, desk.zone)}" if handoff.closed_at else ""
    return f"{_answered(desk.rules(handoff), handoff.status, handoff.reason)}{when}"


def _said(desk: Desk, handoff: Handoff) -> str:
    """What stands beside a rejection: its reason where a clock took its place, and whether the reply came in time."""
    if handoff.status != REJECTED:
        return ""
    told = [rejected(desk, handoff)] if _after(desk, handoff) else []
    if handoff.replied_at is not None:
        told.append(f"Replied {day(handoff.replied_at, desk.zone)}{_timely(handoff.reply_due, handoff.replied_at)}")
    return ". ".join(told)


def _timely(due: datetime | None, done: datetime) -> str:
    return "" if due is None else ", in time" if done <= due else ", late"


def _clock(desk: Desk, handoff: Handoff, rules: Rules, name: str) -> Countdown | None:
    if kind := _after(desk, handoff):
        return after_rejection(handoff, kind, rules, desk.at, desk.zone, name)
    return countdown(handoff, rules, desk.at, desk.zone, name)


def possible(handoff: Handoff, event: str) -> bool:
    """Whether an event can follow now: not while an answer can still be taken back."""
    return pending(handoff) is None and may(handoff.status, event)


def _answered(rules: Rules | None, event: str, code: str) -> str:
    said = DONE[_EVENTS.get(event, event)]
    return f"{said}: {label(rules, event, code)}" if code else said


def _waited(desk: Desk, handoff: Handoff, rules: Rules | None) -> str:
    if rules is None:
        return span(max(0, int((desk.at - handoff.offered_at).total_seconds())))
    return span(clock_of(rules, handoff.team).elapsed(min(handoff.offered_at, desk.at), desk.at))


def _row(
    desk: Desk, handoff: Handoff, person: Person | None, reasons: tuple[Reason, ...], *, current: str, query: str
) -> Row:
    rules, answers = desk.rules(handoff), desk.user.may(Right.ANSWER_HANDOFFS)
    asked = f"?{query}" if query else ""
    state, name = standing(desk, handoff), str(person) if person else handoff.person_id
    return Row(
        handoff_id=handoff.pk,
        url=f"{desk.root}{handoff.pk}/{asked}",
        name=name,
        company=company_of(person),
        came_by=came_by(handoff, person),
        role=(person.title if person else "") or handoff.persona,
        band=handoff.band,
        score=f"{handoff.score:.0f}" if handoff.score is not None else "",
        reasons=reasons,
        clock=_clock(desk, handoff, rules, name) if rules and state is None else None,
        state=state,
        owner=desk.name(handoff.owner),
        is_mine=handoff.owner == desk.user.handle,
        can_accept=answers and possible(handoff, "accepted"),
        can_reject=answers and possible(handoff, "rejected") and handoff.status == OFFERED,
        is_current=handoff.pk == current,
        is_pending=pending(handoff) is not None,
        query=query,
        accept_url=f"{desk.root}{handoff.pk}/accept/{asked}",
        reject_url=f"{desk.root}{handoff.pk}/reject/{asked}",
        said=_said(desk, handoff),
        is_contradicted=handoff.status == REJECTED and bool(handoff.contradicted),
        reply_url=f"{desk.root}{handoff.pk}/reply/{asked}" if _after(desk, handoff) == "reply" else "",
    )


def company_of(person: Person | None) -> str:
    """Where somebody works, as the account is called, else as the person said."""
    if person is None:
        return ""
    return (person.account.name if person.account else "") or person.company


def came_by(handoff: Handoff, person: Person | None) -> str:
    """Where a lead came from."""
    if handoff.because.startswith("answers.recycle"):
        return "Back from nurture"
    if handoff.because == replies.GOOD_AFTER_ALL:
        return "Second look: was good"
    told = (person.campaign or person.origin) if person else ""
    text = "" if told == "unknown" else told.replace("-", " ").replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}"


def _points(desk: Desk, found: Sequence[Handoff]) -> dict[str, tuple[float | None, float | None]]:
    """Fit and intent as they were recorded with the offer."""
    rows = Decision.facts().filter(
        person_id__in=[each.person_id for each in found], handoff_id__in=[each.pk for each in found], outcome="offered"
    )
    known = rows.exclude(batch__in=desk.unseen).values_list("handoff_id", "fit", "intent")
    return {handoff_id: (fit, intent) for handoff_id, fit, intent in known}


def _reasons(
    done: Sequence[str], points: tuple[float | None, float | None] | None, full_fit: float
) -> tuple[Reason, ...]:
    fit, intent = points or (None, None)
    what = ", ".join(done[: touches.REASONS])
    told = []
    if intent or what:
        told.append(Reason(what or "what they did", _signed(intent)))
    if fit:
        told.append(Reason("full fit" if fit >= full_fit else f"of {full_fit:.0f} for fit", _signed(fit)))
    return tuple(told)


def _signed(points: float | None) -> str:
    if not points or not round(points):
        return ""
    return f"+{points:.0f}" if points > 0 else f"−{-points:.0f}"


def _is_marketing(user: User) -> bool:
    return user.side == "marketing"


def _title(user: User) -> str:
    return "Marketing’s handoffs" if _is_marketing(user) else "Handoffs"


def _shown(found: queue.Slice) -> str:
    if not found.before and not found.following:
        return ""
    first, last = found.before + 1, found.before + len(found.rows)
    return f"{first:,} to {last:,}{' of more' if found.following else ''}"


def _current(found: queue.Slice, current: str) -> str:
    return found.rows[0].pk if current == FIRST and found.rows else current


def _list_url(chosen: Chosen) -> str:
    return f"{reverse('handoffs:list')}?{chosen.query}"


def _tabs(desk: Desk, chosen: Chosen, saved: Sequence[SavedView]) -> tuple[components.View, ...]:
    views = queue.views_of(desk.user)
    choices = [Chosen(view) for view in views] + [read_view(desk.user, each) for each in saved]
    titles = [view.title for view in views] + [each.name for each in saved]
    numbers = queue.counts(desk.user, choices, at=desk.at)
    return tuple(
        components.View(title, _list_url(choice), counted(number) if number else "", _is_current(choice, chosen))
        for choice, title, number in zip(choices, titles, numbers, strict=True)
    )


def _is_current(tab: Chosen, chosen: Chosen) -> bool:
    return tab.saved == chosen.saved and (tab.saved is not None or tab.view.key == chosen.view.key)


def counted(number: int) -> str:
    """`6`, or `99+` where counting stopped."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def read_view(user: User, saved: SavedView) -> Chosen:
    """What a saved view holds. It was checked when it was saved; a view that somebody has not falls back to all."""
    told = dict(parse_qsl(saved.query))
    view = _view(user, told.pop("view", ""))
    return Chosen(view, {name: value for name, value in told.items() if name in queue.FILTERS}, saved.pk)


def _view(user: User, key: str) -> View:
    mine = queue.views_of(user)
    return next((view for view in mine if view.key == key), mine[0])


def choose(user: User, key: str, filters: Mapping[str, str]) -> Chosen:
    """The view of that name, the first one for a name that somebody has not, with these filters."""
    return Chosen(_view(user, key), filters)


def _chip(desk: Desk, chosen: Chosen, name: str) -> Chip:
    value = chosen.filters[name]
    return Chip(f"{name.capitalize()}: {_value(desk, name, value)}", _list_url(chosen.without(name)))


def _value(desk: Desk, name: str, value: str) -> str:
    if name == "owner":
        desk.know([value])
        return "nobody" if value == queue.NOBODY else desk.name(value)
    if name == "team":
        return str(Team.objects.filter(name=value).values_list("title", flat=True).first() or value)
    return STATUS.get(value, value) if name == "status" else value


def waiting_for(user: User, *, at: datetime) -> tuple[int, bool]:
    """How many handoffs wait for somebody's answer, or rejections for a reply, counted up to one more than
    MOST_COUNTED; whether one is late."""
    if user.may(Right.REPLY_TO_REJECTIONS) and not user.may(Right.ANSWER_HANDOFFS):
        waits = access.visible(user).filter(queue.AWAITS_REPLY).order_by("reply_due")
        ends = list(waits.values_list("reply_due", flat=True)[: MOST_COUNTED + 1])
        return len(ends), any(due is not None and due <= at for due in ends)
    some = Handoff.objects.filter(owner=user.handle, status=OFFERED, closed_at=None, pending=None)
    dues = list(some.order_by("next_due").values_list("next_due", flat=True)[: MOST_COUNTED + 1])
    return len(dues), any(due is not None and due <= at for due in dues)
