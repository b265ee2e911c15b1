"""What waits for somebody, by role: the thing to act on first, then how both sides' promises stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count as Counted
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accord.agreement.document import Period
from accord.agreement.handoff import ACCEPTED, OFFERED, QUALIFIED, RECYCLED, REJECTED
from accord.agreement.periods import Periods, Span
from accord_app.handoffs import access, queue
from accord_app.handoffs import reads as handoffs
from accord_app.handoffs.models import Handoff
from accord_app.intake.models import Upload
from accord_app.ledger.reads import version_in_force
from accord_app.measures import reads as measures
from accord_app.measures.models import PromiseFigure
from accord_app.members.models import User
from accord_app.members.roles import Right, Role
from accord_app.outbox.models import Message
from accord_app.scoreboard.reads import STATES, STRIP, WORDS, figure, of
from accord_app.shell import steps
from accord_app.today import price
from accord_app.work.models import Job

FEW = 6
MOST = 99
BEGINS = "The workspace is still being set up."
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True)
class Section:
    """A list of handoffs with where to see all of them."""

    title: str
    rows: tuple[handoffs.Row, ...]
    more: str
    url: str
    empty: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise that somebody must look at."""

    title: str
    side: str
    figure: str
    target: str
    strip: str
    state: str
    word: str
    sentence: str
    url: str


@dataclass(frozen=True, slots=True)
class Count:
    """A figure that leads somewhere; `state` where somebody must act."""

    figure: str
    title: str
    url: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One person's page."""

    title: str
    week: str
    greeting: str
    counts: tuple[Count, ...]
    sections: tuple[Section, ...]
    promises: tuple[Promise, ...]
    promises_say: str
    age: measures.Age | None
    begin: Begin | None
    price: price.Price | None


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a workspace that is still being set up is taken further. `url` is empty for whoever cannot."""

    title: str
    sentence: str
    act: str
    url: str


def page(user: User, *, at: datetime) -> Page:
    """What waits for somebody at a moment."""
    desk = handoffs.Desk(user, at)
    grouped = measures.promises()
    begin = None if grouped else _begin(user)
    risky, (fine, judged) = _risky(grouped), measures.on_course(grouped)
    role = Role(user.role)
    is_new = begin is not None and version_in_force(at) is None
    return Page(
        title=BEGINS if is_new else _title(desk, role, risky, fine, judged, is_measured=bool(grouped)),
        week=_week(at),
        greeting=_greeting(user, at) + (_kept_by(user, at) if role is Role.REP else ""),
        counts=_counts(user, at),
        sections=_sections(desk, role),
        promises=tuple(risky),
        promises_say=f"{fine} of {judged} are on course" if judged else "",
        age=measures.age_of(grouped[0][-1].measured_at, at) if grouped else None,
        begin=begin,
        price=price.panel(user, at=at),
    )


def _begin(user: User) -> Begin | None:
    """None once every step is done."""
    left = [step for step in steps.registered() if not step.is_done()]
    if not left:
        return None
    steps_are = "step is" if len(left) == 1 else "steps are"
    said = f"{spelt(len(left))} {steps_are} left until the first lead is handed over."
    if not user.may(Right.SET_UP):
        return Begin("What comes first", f"{said} Whoever sets the workspace up does them.", "", "")
    return Begin(f"Next: {left[0].title}.", said, "Go to First steps", reverse("members:setup"))


# What is said first


def _title(
    desk: handoffs.Desk, role: Role, risky: Sequence[Promise], fine: int, judged: int, *, is_measured: bool
) -> str:
    if role is Role.REP:
        return _of_a_rep(desk)
    if role is Role.MARKETER:
        return _of_a_marketer(desk)
    unowned = access.visible(desk.user).filter(closed_at=None, owner=None)[: MOST + 1].count()
    first = f"{spelt(unowned)} {'handoff has' if unowned == 1 else 'handoffs have'} no owner. " if unowned else ""
    return first + _of_promises(risky, fine, judged, is_measured=is_measured)


def _of_promises(risky: Sequence[Promise], fine: int, judged: int, *, is_measured: bool) -> str:
    if not judged:
        return "No promise can be judged yet." if is_measured else "The promises are being measured."
    if not risky:
        return "Every promise is on course."
    missed = sum(each.state == "missed" for each in risky)
    told = [f"{fine} of {judged} promises that can be judged are on course."]
    told += [f"{spelt(missed)} {'was' if missed == 1 else 'were'} missed."] if missed else []
    return " ".join(told)


def _of_a_rep(desk: handoffs.Desk) -> str:
    waiting = _open_of(desk.user).filter(status=OFFERED)
    count = waiting[: MOST + 1].count()
    if not count:
        return "Nothing waits for your answer."
    first = waiting.filter(next_due__isnull=False).order_by("next_due").first()
    due = _clock_words(first.next_due, desk.at) if first and first.next_due else ""
    wait = f"{spelt(count)} {'handoff waits' if count == 1 else 'handoffs wait'} for you."
    return f"{wait} {due}".strip()


def _clock_words(due: datetime, at: datetime) -> str:
    local, now = timezone.localtime(due), timezone.localtime(at)
    if due <= at:
        return "The first clock has run out."
    day = "" if local.date() == now.date() else f" on {local:%A}"
    return f"The first clock ends{day} at {local:%H:%M}."


def _of_a_marketer(desk: handoffs.Desk) -> str:
    waits = access.visible(desk.user).filter(queue.AWAITS_REPLY)
    count = waits[: MOST + 1].count()
    if count:
        first = waits.order_by("reply_due").values_list("reply_due", flat=True).first()
        said = f"{spelt(count)} {'rejection waits' if count == 1 else 'rejections wait'} for your reply."
        return f"{said} {_clock_words(first, desk.at) if first else ''}".strip()
    since = _since_yesterday(desk.at)
    offered = access.visible(desk.user).filter(offered_at__gte=since)
    count = offered[: MOST + 1].count()
    if not count:
        return "No lead was handed over since yesterday."
    accepted = offered.filter(answered_at__isnull=False).exclude(status__in=(REJECTED, RECYCLED))[: MOST + 1].count()
    said = f"{spelt(count)} {'lead was' if count == 1 else 'leads were'} handed over since yesterday"
    return f"{said}, {spelt(accepted).lower() if accepted else 'none'} accepted."


def _since_yesterday(at: datetime) -> datetime:
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=1)


def _greeting(user: User, at: datetime) -> str:
    hour = timezone.localtime(at).hour
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return f"Good {part}, {user.name.split()[0]}."


def _kept_by(user: User, at: datetime) -> str:
    """What somebody is told of the own answers, and nobody else: ` You answered 31 of 33 handoffs in time ...`."""
    quarter = quarter_of(at)
    if quarter is None:
        return ""
    own = Handoff.objects.filter(owner=user.handle, answered_at__gte=quarter.start, answered_at__lte=at)
    in_time = Counted("pk", Q(answered_at__lte=F("answer_due")))
    told = own.filter(answer_due__isnull=False).aggregate(of=Counted("pk"), kept=in_time)
    if not told["of"]:
        return ""
    handoffs_ = "handoff" if told["of"] == 1 else "handoffs"
    return f" You answered {told['kept']} of {told['of']} {handoffs_} in time this quarter."


def quarter_of(at: datetime) -> Span | None:
    """The quarter of the agreement in force; None without one."""
    version = version_in_force(at)
    if version is None:
        return None
    return Periods(version.agreement.time_zone, version.agreement.fiscal_year_start).at(at, Period.QUARTER)


def _week(at: datetime) -> str:
    """`week 8 of 13` of the quarter; nothing without an agreement, which says how the company divides time."""
    quarter = quarter_of(at)
    if quarter is None:
        return ""
    weeks = round((quarter.end - quarter.start).days / 7)
    return f"week {min(weeks, (at - quarter.start).days // 7 + 1)} of {weeks}"


def spelt(number: int) -> str:
    """`Four`, `12`, `99+`."""
    if number > MOST:
        return f"{MOST}+"
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


# Lists


def _open_of(user: User) -> QuerySet[Handoff]:
    return access.visible(user).filter(owner=user.handle, closed_at=None)


def _sections(desk: handoffs.Desk, role: Role) -> tuple[Section, ...]:
    if role is Role.REP:
        return (
            _section(desk, "Waiting for your answer", queue.MINE, "Open the inbox", status=OFFERED),
            _section(desk, "Accepted by you, not yet in contact", queue.MINE, "All of them", status=ACCEPTED),
            _section(desk, "Clocks of your team that ran out", queue.BREACHING, "All of them", status=OFFERED),
        )
    if role is Role.MARKETER:
        waits = _section(desk, "Waiting for your reply", queue.REPLIES, "All of them")
        given_back = _section(desk, "Given back, with a reason", queue.REJECTED_, "All rejections")
        return (
            waits if waits.rows else given_back,
            _section(desk, "Back in nurture", queue.RECYCLED_, "All recycled"),
        )
    first = _section(desk, "Without an owner", queue.UNOWNED, "All unowned")
    late = _section(desk, "Clocks that have run out", queue.BREACHING, "All of them")
    after = _after_rejections(desk)
    return (first, after, late) if after and after.rows else (first, late)


def _after_rejections(desk: handoffs.Desk) -> Section | None:
    """What waits for the liaison, or of the rejections for the side that replies."""
    if desk.user.may(Right.LOOK_AGAIN):
        return _section(desk, "Waiting for a second look", queue.LOOKS, "All of them")
    if desk.user.may(Right.REPLY_TO_REJECTIONS):
        return _section(desk, "Waiting for marketing’s reply", queue.REPLIES, "All of them")
    return None


def _section(desk: handoffs.Desk, title: str, view: queue.View, more: str, **filters: str) -> Section:
    chosen = queue.Chosen(view, filters)
    found = queue.page(desk.user, chosen, at=desk.at).rows[:FEW]
    return Section(
        title=title,
        rows=handoffs.rows(desk, found, query=chosen.query),
        more=more,
        url=f"{reverse('handoffs:list')}?{chosen.query}",
        empty=view.empty,
    )


# Figures


def _counts(user: User, at: datetime) -> tuple[Count, ...]:
    """What became of the last two days' handoffs, or what needs mending."""
    if user.may(Right.SEE_WORK):
        return _of_operations(at)
    since = _since_yesterday(at)
    scope = access.visible(user).filter(offered_at__gte=since)
    said = (
        ("handed over since yesterday", Q(), "all"),
        ("accepted", Q(status__in=(ACCEPTED, "contacted", QUALIFIED)), "contact"),
        ("rejected", Q(status=REJECTED), "rejected"),
        ("unanswered", Q(status=OFFERED), "unaccepted"),
    )
    known = {view.key for view in queue.views_of(user)}
    return tuple(
        Count(_capped(scope.filter(which)), title, _queue(view if view in known else "mine"))
        for title, which, view in said
    )


def _queue(view: str) -> str:
    return f"{reverse('handoffs:list')}?view={view}"


def _capped(rows: QuerySet[Handoff]) -> str:
    count = rows[: MOST + 1].count()
    return f"{MOST}+" if count > MOST else str(count)


def _of_operations(at: datetime) -> tuple[Count, ...]:
    unowned = Handoff.objects.filter(closed_at=None, owner=None)[: MOST + 1].count()
    breaching = Handoff.objects.filter(closed_at=None, next_due__lte=at)[: MOST + 1].count()
    dead = Job.objects.filter(died_at__isnull=False)[: MOST + 1].count()
    mails = Message.objects.filter(died_at__isnull=False)[: MOST + 1].count()
    imports = Upload.objects.filter(state=Upload.State.FAILED, at__gte=at - timedelta(days=7))[: MOST + 1].count()
    return (
        Count(str(unowned), "handoffs without an owner", _queue("unowned"), "missed" if unowned else ""),
        Count(str(breaching), "clocks that have run out", _queue("breaching"), "risk" if breaching else ""),
        Count(str(dead), "pieces of work given up", reverse("work:overview"), "risk" if dead else ""),
        Count(str(mails), "messages not delivered", reverse("outbox:all"), "risk" if mails else ""),
        Count(str(imports), "imports not read this week", reverse("work:overview"), "risk" if imports else ""),
    )


# Promises


def _risky(grouped: Sequence[Sequence[PromiseFigure]]) -> list[Promise]:
    """Promises that were missed or are at risk, the missed ones first."""
    shown = [(periods, measures.headline(periods)) for periods in grouped]
    found = [_promise(periods, last) for periods, last in shown if last.state in ("missed", "at_risk")]
    return sorted(found, key=lambda each: each.state)


def _promise(periods: Sequence[PromiseFigure], shown: PromiseFigure) -> Promise:
    return Promise(
        title=str(shown.details["title"]),
        side={"leadership": "both"}.get(shown.side, shown.side),
        figure=figure(shown),
        target=of(shown),
        strip="".join(STRIP.get(each.state, "o") for each in periods),
        state=STATES[shown.state],
        word=WORDS[shown.state],
        sentence=shown.sentence,
        url=reverse("scoreboard:promise", args=[shown.promise]),
    )
