"""What the page of one handoff shows, and what somebody may do there. Templates compute nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.urls import NoReverseMatch, reverse

from accord.agreement import card, replies, route
from accord.agreement.answers import known
from accord.agreement.clock import Clock
from accord.agreement.document import Act, Agreement, Method
from accord.agreement.explain import Points, explain
from accord.agreement.handoff import OFFERED, REJECTED, REROUTED
from accord.agreement.qualify import unmarked
from accord.agreement.rules import Rules
from accord.agreement.state import State as Standings
from accord.agreement.state import microseconds
from accord.agreement.words import business, condition, figure
from accord_app.handoffs import access, afterwards, doubles, memory, reads, story, touches
from accord_app.handoffs.countdown import (
    Countdown,
    after_rejection,
    clock_of,
    countdown,
    day,
    is_long_ago,
    moment,
    running,
    span,
)
from accord_app.handoffs.doubles import Double
from accord_app.handoffs.models import Handoff, Note
from accord_app.handoffs.reads import Desk, Row
from accord_app.ledger.engine import engine_of
from accord_app.ledger.models import HandoffEvent
from accord_app.ledger.reads import Version, version_in_force
from accord_app.members.models import User
from accord_app.members.roles import Right
from accord_app.records.clauses import Clause, clause
from accord_app.records.models import Person
from accord_app.shell.components import SIDES, Lane, Option, Point, share_of
from accord_app.shell.words import country

NOTES = 50
_SKIPPED = {
    "absent": "was away",
    "had it before": "had it before",
    "no weight": "has no share under this rule",
    "off hours": "was outside their working hours",
}
_ACTS = {
    Act.REMIND: "{owner} is reminded",
    Act.ESCALATE: "{to} is told",
    Act.REROUTE: "the lead moves to the next person",
}
_CLOCKS = {
    "answer": ("Answer", "response.answer"),
    "first_touch": ("First contact", "response.first_touch"),
    "attempts": ("Tries", "response.attempts"),
    "outcome": ("Outcome", "response.outcome"),
    "reply": ("Reply", "answers.reply"),
    "look": ("Second look", "answers.second_look"),
}
_URGENT = {
    "answer": "Accept or reject",
    "first_touch": "Make first contact",
    "attempts": "Make the agreed tries",
    "outcome": "Qualify, reject or recycle",
    "reply": "Reply to the rejection",
    "look": "Look at the rejection again",
}
_AWAITED = {
    "answer": "An answer is due",
    "first_touch": "First contact is due",
    "attempts": "The agreed tries are due",
    "outcome": "An outcome is due",
    "reply": "A reply is due",
    "look": "A second look is due",
}
"""The same for those who only look on."""

_OVERDUE = {
    "answer": "The answer was due",
    "first_touch": "First contact was due",
    "attempts": "The agreed tries were due",
    "outcome": "The outcome was due",
    "reply": "The reply was due",
    "look": "The second look was due",
}


@dataclass(frozen=True, slots=True)
class Urge:
    """What is to be done until when, what follows, and the clause that says so."""

    act: str
    follows: str
    state: str
    clause: Clause | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of the handoff: when it runs out or how it ended."""

    title: str
    text: str
    state: str
    clause: Clause | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why this owner: the rule in words, and who was passed over."""

    sentence: str
    clause: Clause | None
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """The choice of a reason: in a popover of that id, or on a page of its own with a way back."""

    verb: str
    title: str
    name: str
    company: str
    action: str
    query: str
    options: tuple[Option, ...]
    against_url: str = ""
    against: tuple[str, ...] = ()
    popover: str = ""
    back: str = ""
    errors: str = ""

    @property
    def busy(self) -> str:
        """What the button says while it is on its way."""
        return {"Reject": "Rejecting…", "Recycle": "Recycling…"}[self.verb]


@dataclass(frozen=True, slots=True)
class ToReply:
    """A rejection that is to be replied to: its reason, what the facts say to it, and until when."""

    row: Row
    action: str
    rejected: str
    contradiction: str
    urge: Urge | None
    back: str


@dataclass(frozen=True, slots=True)
class Look:
    """The second look: the facts as they were known at the rejection, what it came to, whether it is asked of the
    reader."""

    facts: tuple[tuple[str, str], ...]
    contradiction: str
    verdict: str
    follows: str
    is_asked: bool
    action: str


@dataclass(frozen=True, slots=True)
class Written:
    """A note as it is shown."""

    name: str
    initials: str
    side: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class May:
    """What the reader may do with this handoff now."""

    accept: bool
    reject: bool
    recycle: bool
    qualify: bool
    log: bool
    note: bool
    reply: bool
    assign: bool
    undo: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """The page of one handoff."""

    handoff: Handoff
    row: Row
    person_url: str
    account_url: str
    email: str
    about: str
    because: str
    again: str
    undo_url: str
    urge: Urge | None
    may: May
    reject: Asking | None
    recycle: Asking | None
    lane: Lane
    touched: str
    points: tuple[Point, ...]
    points_title: str
    line: str
    why: Why
    deadlines: tuple[Deadline, ...]
    notes: tuple[Written, ...]
    story: story.Story
    contradiction: str
    look: Look | None
    query: str
    double: Double | None


def the_handoff(desk: Desk, handoff: Handoff, *, query: str = "") -> Detail:
    """Everything about one handoff, with a constant number of queries."""
    person = Person.objects.select_related("account").filter(pk=handoff.person_id).first()
    happened, notes = story.facts(desk, handoff), _notes(handoff)
    desk.know([handoff.owner, *handoff.passed, *(row[key] for row in happened for key in ("owner", "by"))])
    lane, touched = touches.lane(desk, handoff.person_id)
    rules = desk.rules(handoff)
    (row,) = reads.rows(desk, [handoff], current=handoff.pk, query=query)
    return Detail(
        handoff=handoff,
        row=row,
        person_url=_url("records:person", person.pk if person else ""),
        email=(person.email or "") if person else "",
        account_url=_url("records:account", person.account_id if person else ""),
        about=_about(person),
        because=_because(desk, handoff),
        again=_again(desk, handoff),
        undo_url=f"{reverse('handoffs:undo')}?{query}{'&' if query else ''}handoff={handoff.pk}",
        urge=_urge(desk, handoff, rules),
        may=_may(desk, handoff),
        reject=asking(desk, handoff, row, "reject", popover="reject"),
        recycle=asking(desk, handoff, row, "recycle", popover="recycle"),
        lane=lane,
        touched=touched,
        points=_points(desk, handoff),
        points_title=f"Why {row.score} points" if row.score else "Why it is here",
        line=_line(rules),
        why=_why(desk, handoff, rules),
        deadlines=tuple(_deadlines(desk, handoff, rules)),
        notes=_written(desk, notes),
        story=story.story(desk, handoff, happened),
        contradiction=_contradiction(desk, handoff, rules, person),
        look=_look(desk, handoff, rules),
        query=query,
        double=doubles.of(desk, handoff),
    )


def _about(person: Person | None) -> str:
    """`Regensburg · food, 1,400 staff`."""
    if person is None:
        return ""
    account = person.account
    staff = f"{figure(account.employees)} staff" if account and account.employees else ""
    works = ", ".join(part for part in (account.industry if account else "", staff) if part)
    place = person.city or country(person.country)
    return " · ".join(part for part in (place, works) if part)


# what is to be done, and what was agreed about it


def _urge(desk: Desk, handoff: Handoff, rules: Rules | None) -> Urge | None:
    if rules is None or reads.pending(handoff) is not None:
        return None
    if handoff.closed_at is not None:
        return _urge_after(desk, handoff, rules)
    if handoff.owner is None:
        told = _clause(desk, handoff, "response")
        return Urge("Nobody owns this handoff.", "It is tried again every day until somebody is there.", "missed", told)
    running_ = countdown(handoff, rules, desk.at, desk.zone)
    if running_ is None:
        return None
    said = _clause(desk, handoff, _CLOCKS[running_.kind][1])
    follows = _follows(desk, handoff, rules.agreement) if running_.kind == "answer" else ""
    return Urge(_until(desk, running_), follows, running_.state, said)


def _urge_after(desk: Desk, handoff: Handoff, rules: Rules) -> Urge | None:
    """What a rejection waits for: what is the reader's to do first, then a reply."""
    for kind in sorted(("reply", "look"), key=lambda each: (not _is_for(desk.user, each), each == "look")):
        clock = after_rejection(handoff, kind, rules, desk.at, desk.zone)
        if clock is not None:
            return Urge(_until(desk, clock), "", clock.state, _clause(desk, handoff, _CLOCKS[kind][1]))
    return None


def _until(desk: Desk, running_: Countdown) -> str:
    answers, when = _is_for(desk.user, running_.kind), moment(running_.due, desk.at, desk.zone)
    act = (_URGENT if answers else _AWAITED)[running_.kind]
    if running_.state == "missed":
        since = "" if is_long_ago(running_.due, desk.at) else f", {span(-running_.minutes * 60)} of business time ago"
        return f"{_OVERDUE[running_.kind]} {when}{since}.{f' {act}.' if answers else ''}"
    left = span(running_.minutes * 60)
    left = left.replace("min", "business minutes") if left.endswith("min") else f"{left} of business time"
    return f"{act} by {when}, in {left}."


def _is_for(user: User, kind: str) -> bool:
    """Whether what the clock waits for is this reader's to do."""
    if kind == "reply":
        return user.may(Right.REPLY_TO_REJECTIONS)
    return user.may(Right.LOOK_AGAIN if kind == "look" else Right.ANSWER_HANDOFFS)


def _follows(desk: Desk, handoff: Handoff, agreement: Agreement) -> str:
    steps = []
    for breach in agreement.response.on_breach:
        act = _ACTS[breach.do].format(owner=desk.name(handoff.owner), to=desk.agreed_name(breach.to) or "somebody")
        steps.append(f"{business(breach.after)} later {act}" if breach.after.amount else act)
    return f"After that {', '.join(steps)}." if steps else ""


def _clause(desk: Desk, handoff: Handoff, path: str) -> Clause | None:
    version = desk.versions.get(handoff.version)
    return clause(version, path, desk.agreed_names) if version else None


def _deadlines(desk: Desk, handoff: Handoff, rules: Rules | None) -> Iterator[Deadline]:
    ends = {"answer": handoff.answered_at, "first_touch": handoff.contacted_at, "outcome": handoff.closed_at,
            "reply": handoff.replied_at, "look": handoff.looked_at}  # fmt: skip
    runs = dict(running(handoff)) if handoff.closed_at is None else dict.fromkeys(("reply", "look"))
    for kind, (title, path) in _CLOCKS.items():
        due = getattr(handoff, f"{kind}_due")
        if due is None or rules is None:
            continue
        when, ended = moment(due, desk.at, desk.zone), ends.get(kind)
        said = _clause(desk, handoff, path)
        if ended is not None and ended <= due:
            yield Deadline(title, f"{moment(ended, desk.at, desk.zone)}, in time", "kept", said)
        elif ended is not None:
            late = span(_clock(rules, handoff, kind).elapsed(due, ended))
            yield Deadline(title, f"{moment(ended, desk.at, desk.zone)}, {late} after it was due", "missed", said)
        elif kind in runs:
            yield Deadline(title, f"due {when}", "missed" if due <= desk.at else "", said)


def _clock(rules: Rules, handoff: Handoff, kind: str) -> Clock:
    """The owning team's clock; a reply and a second look run on the company's."""
    return rules.clocks[None] if kind in ("reply", "look") else clock_of(rules, handoff.team)


# after a rejection


def may_ask_for_a_look(rules: Rules | None, handoff: Handoff) -> bool:
    """Whether a reply may ask for a second look: where one was agreed and none is called for yet."""
    return rules is not None and replies.looks_again(rules.agreement) is not None and handoff.look_due is None


def to_reply(desk: Desk, handoff: Handoff, *, query: str = "") -> ToReply | None:
    """What is needed to reply to a rejection; None for anything else."""
    if handoff.status != REJECTED:
        return None
    person = Person.objects.select_related("account").filter(pk=handoff.person_id).first()
    rules = desk.rules(handoff)
    (row,) = reads.rows(desk, [handoff], query=query)
    return ToReply(
        row=row,
        action=f"{reverse('handoffs:reply', args=[handoff.pk])}{f'?{query}' if query else ''}",
        rejected=reads.rejected(desk, handoff),
        contradiction=_contradiction(desk, handoff, rules, person),
        urge=_urge(desk, handoff, rules),
        back=row.url,
    )


def _look(desk: Desk, handoff: Handoff, rules: Rules | None) -> Look | None:
    if handoff.look_due is None or rules is None or handoff.closed_at is None:
        return None
    facts = _facts_then(handoff.person_id, handoff.closed_at, rules)
    check = rules.checks.get(handoff.reason)
    said = f"“{reads.label(rules, REJECTED, handoff.reason)}” means that {condition(check.text)}." if check else ""
    return Look(
        facts=facts,
        contradiction=f"{said} The facts said otherwise." if said and handoff.contradicted else said,
        verdict=replies.VERDICTS.get(handoff.verdict, handoff.verdict),
        follows=_what_good_brings(desk, handoff),
        is_asked=handoff.looked_at is None and access.looks_again(desk.user, handoff),
        action=reverse("handoffs:look_again", args=[handoff.pk]),
    )


def _what_good_brings(desk: Desk, handoff: Handoff) -> str:
    """What comes of a verdict that the lead was good, as agreed by now, or what came of it."""
    if handoff.looked_at is not None:
        return "It was handed over again." if afterwards.handed_over_again(handoff) else ""
    version = version_in_force(desk.at)
    agreed = version is not None and replies.offers_again(version.agreement)
    return "A lead that was good is handed over again at once, and its clocks start anew." if agreed else ""


def _facts_then(person_id: str, at: datetime, rules: Rules) -> tuple[tuple[str, str], ...]:
    """What was known of a person at a moment, as far as the reasons of the agreement ask for it. Read each time: what
    is kept in memory would outlive an erasure."""
    found = known(engine_of([person_id]), rules, person_id=person_id, at=at)
    return tuple((name.replace("_", " "), _value(value)) for name, value in found.items())


def _value(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figure(value) if isinstance(value, int | float) else str(value)


# what the reader may do


def _may(desk: Desk, handoff: Handoff) -> May:
    user, waiting = desk.user, reads.pending(handoff)
    answers, replies = user.may(Right.ANSWER_HANDOFFS), user.may(Right.REPLY_TO_REJECTIONS)
    is_open = handoff.closed_at is None and waiting is None
    return May(
        accept=answers and reads.possible(handoff, "accepted"),
        reject=answers and reads.possible(handoff, "rejected"),
        recycle=answers and reads.possible(handoff, "recycled"),
        qualify=answers and reads.possible(handoff, "qualified"),
        log=answers and is_open and handoff.status != OFFERED,
        note=answers or replies,
        reply=replies and handoff.status == REJECTED,
        assign=user.may(Right.ASSIGN_HANDOFFS) and is_open,
        undo=waiting is not None and waiting.by == user.handle and waiting.until > desk.at,
    )


def asking(
    desk: Desk,
    handoff: Handoff,
    row: Row,
    do: str,
    *,
    popover: str = "",
    against: tuple[str, ...] = (),
    errors: str = "",
) -> Asking | None:
    """The reasons for a rejection or a recycling under the version that the handoff began with; None without any."""
    rules = desk.rules(handoff)
    options = _reject_options(rules) if do == "reject" else _recycle_options(rules, desk)
    if not options:
        return None
    return Asking(
        verb=do.capitalize(),
        title="Why not?" if do == "reject" else "Why later?",
        name="" if popover == do else row.name,
        company=row.company,
        action=reverse(f"handoffs:{do}", args=[handoff.pk]),
        query=row.query,
        options=options,
        against_url=reverse("handoffs:against", args=[handoff.pk]) if do == "reject" else "",
        against=against,
        popover=popover,
        back=row.url,
        errors=errors,
    )


def _reject_options(rules: Rules | None) -> tuple[Option, ...]:
    reasons = rules.agreement.answers.reject if rules else ()
    return tuple(
        Option(each.code, each.label, f"Means that {condition(each.check)}" if each.check else "") for each in reasons
    )


def _recycle_options(rules: Rules | None, desk: Desk) -> tuple[Option, ...]:
    reasons = rules.agreement.answers.recycle if rules else ()
    return tuple(Option(each.code, each.label, _returns(rules, each.code, each.track, desk)) for each in reasons)


def _returns(rules: Rules | None, code: str, track: str | None, desk: Desk) -> str:
    """`To keep-warm, back from 22 December at the earliest`."""
    returns = rules.returns.get(code) if rules else None
    days = returns.at_least("days_since_recycle") if returns else None
    to = f"To {track}" if track else "Back to marketing"
    if returns is None:
        return f"{to}, does not come back by itself"
    if days is None:
        return f"{to}, comes back when {condition(returns.text)}"
    date = (desk.at + timedelta(days=days)).astimezone(desk.zone)
    year = "" if date.year == desk.at.year else f" {date.year}"
    return f"{to}, back from {date.day} {date:%B}{year} at the earliest"


def colleagues(rules: Rules | None, handoff: Handoff) -> dict[str, str]:
    """Handle and name of everybody to whom a handoff can be given: the people of the agreement's teams."""
    teams = rules.agreement.teams.values() if rules else ()
    handles = dict.fromkeys(person for team in teams for person in (*team.people, *filter(None, [team.deputy])))
    known = dict(User.objects.filter(handle__in=handles, is_active=True).values_list("handle", "name"))
    return {handle: known[handle] for handle in handles if handle in known and handle != handoff.owner}


# why it is here and why with this owner


def _points(desk: Desk, handoff: Handoff) -> tuple[Point, ...]:
    """The score at the offer by row of the card, largest first."""
    version = desk.versions.get(handoff.version)
    if version is None or handoff.score is None:
        return ()
    rows = _explained(handoff.person_id, handoff.offered_at, version, tuple(desk.unseen))
    given, rules = [each for each in rows if round(each.points, 1)], version.rules
    most = max((abs(each.points) for each in given), default=1)
    return tuple(Point(row_words(rules, each), round(each.points), share_of(abs(each.points), most)) for each in given)


@lru_cache(maxsize=2_000)
def _explained(person_id: str, offered_at: datetime, version: Version, unseen: tuple[str, ...]) -> tuple[Points, ...]:
    """Kept, because it takes some 30 ms and the past stays as it was unless an import is taken back."""
    return explain(engine_of([person_id]), version.rules, person_id, offered_at).points


def row_words(rules: Rules, given: Points) -> str:
    """A row of the card in words."""
    agreed = card.of(rules.agreement)
    _, _, kind, number = given.path.rsplit(".", 3)
    if agreed is None:
        return given.text
    if kind == "intent":
        text = touches.words(agreed.intent[int(number)].touch)
    else:
        fit = agreed.fit[int(number)]
        text = f"{condition(fit.when)}{f' ({fit.because})' if fit.because else ''}"
    return f"{text[:1].upper()}{text[1:]}"


def _because(desk: Desk, handoff: Handoff) -> str:
    """The clause that qualified, where no points do."""
    said = _clause(desk, handoff, unmarked(handoff.because)) if handoff.because else None
    return said.text if said else "Nothing is recorded about how it qualified."


def _again(desk: Desk, handoff: Handoff) -> str:
    """By which second look it was handed over again: that takes no time, so both have one date."""
    if handoff.because != replies.GOOD_AFTER_ALL:
        return ""
    return f"Second look of {day(handoff.offered_at, desk.zone)}: was good. It was rejected before."


def _url(name: str, pk: str | None) -> str:
    """Where a record has its page."""
    if not pk:
        return ""
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def _line(rules: Rules | None) -> str:
    score = rules.agreement.qualification.score if rules else None
    return f"line is {figure(score.at_least)}" if score else ""


def _why(desk: Desk, handoff: Handoff, rules: Rules | None) -> Why:
    said = _clause(desk, handoff, handoff.rule) if handoff.rule else None
    owner, chosen_by = desk.name(handoff.owner) or "Nobody", _chosen_by(handoff)
    if handoff.rule in route.OF_ACCOUNT:
        sentence = _owned(handoff.rule, owner)
    elif handoff.rule == route.DEPUTY:
        sentence = f"{owner} takes over from a colleague who has left the company."
    elif handoff.rule == route.LEFT:
        chosen = _chosen(desk, handoff, rules, owner, chosen_by) or "Nobody was there to take over."
        sentence = f"A colleague who had it has left the company. {chosen}"
    elif said is not None:
        sentence = f"{said.text} {_chosen(desk, handoff, rules, owner, chosen_by)}".strip()
    else:
        sentence = f"{owner} was chosen by hand." if handoff.owner else "No routing rule fits this lead."
    return Why(sentence, said, tuple(_skipped(desk, handoff, rules)))


def _chosen_by(handoff: Handoff) -> str:
    """The routing clause that chose the owner, where a breach or a leaving moved the handoff; the record tells."""
    if not handoff.rule.startswith((route.BREACH, route.LEFT)):
        return ""
    moves = HandoffEvent.facts().filter(handoff_id=handoff.pk, event=REROUTED)
    return moves.order_by("-occurred_at", "-id").values_list("reason", flat=True).first() or ""


def _owned(path: str, owner: str) -> str:
    if path == route.PARENT_OWNER:
        return f"Nobody owns the account; {owner} owns the one above it."
    return f"{owner} owns the account."


def _chosen(desk: Desk, handoff: Handoff, rules: Rules | None, owner: str, chosen_by: str) -> str:
    """How the routing came to this owner, after what made it ask."""
    if chosen_by in route.OF_ACCOUNT:
        return _owned(chosen_by, owner)
    said = _clause(desk, handoff, chosen_by) if chosen_by else None
    return f"{said.text if said else ''} {_turn(rules, handoff, owner)}".strip()


def _turn(rules: Rules | None, handoff: Handoff, owner: str) -> str:
    """What the routing rule came to for this owner."""
    if rules is None or handoff.owner is None or not 0 <= handoff.route < len(rules.agreement.routing.rules):
        return ""
    if rules.agreement.routing.rules[handoff.route].method is Method.LEAST_LOADED:
        return f"{owner} had the fewest open."
    return f"It was {owner}’s turn."


def _skipped(desk: Desk, handoff: Handoff, rules: Rules | None) -> Iterator[str]:
    """Who was passed over when it was routed last, as the routing itself says."""
    if rules is None or not handoff.rule:
        return
    at = microseconds(handoff.owned_since or handoff.offered_at)
    chosen = route.choose(
        rules, Standings(memory.roster()), rule=handoff.route, account_owner=handoff.account_owner, at=at, day=0,
        but=frozenset(handoff.passed),
    )  # fmt: skip
    yield from passed_over(desk, chosen)


def passed_over(desk: Desk, chosen: route.Chosen) -> Iterator[str]:
    """Who was passed over, why, and who stood in."""
    deputies = dict(chosen.instead)
    desk.know([*(who for who, _ in chosen.skipped), *deputies.values()])
    for who, why in chosen.skipped:
        stood_in = f", {desk.name(deputies[who])} stood in" if who in deputies else ""
        yield f"{desk.name(who)} {_SKIPPED.get(why, why)}{stood_in}"


# what was written, and what was said against the facts


def _notes(handoff: Handoff) -> Sequence[Note]:
    return list(handoff.notes.order_by("-at", "-id")[:NOTES])


def _written(desk: Desk, notes: Sequence[Note]) -> tuple[Written, ...]:
    authors = {
        user.handle: user for user in User.objects.select_related("team").filter(handle__in={n.by for n in notes})
    }
    return tuple(_one_written(desk, note, authors) for note in notes)


def _one_written(desk: Desk, note: Note, authors: Mapping[str, User]) -> Written:
    user, when = authors.get(note.by), moment(note.at, desk.at, desk.zone)
    if user is None:
        return Written(note.by, note.by[:2].upper(), "both", when, note.text)
    return Written(user.name, user.initials, SIDES[user.side], f"{user.team or user.side}, {when}", note.text)


def _contradiction(desk: Desk, handoff: Handoff, rules: Rules | None, person: Person | None) -> str:
    """What is said beside a rejection that the facts do not bear out."""
    if not handoff.contradicted or handoff.status != REJECTED:
        return ""
    return against(rules, handoff.reason, person)


def against(rules: Rules | None, code: str, person: Person | None) -> str:
    """`“Company too small” means that employees are less than 100. The facts say otherwise: 1,400 employees.`"""
    check = rules.checks.get(code) if rules else None
    if rules is None or check is None:
        return ""
    facts = ", ".join(_known(person, sorted(check.columns)))
    told = f"The facts say otherwise{f': {facts}' if facts else ''}."
    return f"“{reads.label(rules, REJECTED, code)}” means that {condition(check.text)}. {told}"


def _known(person: Person | None, columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        for record in (person, person.account if person else None):
            value = getattr(record, column, None)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield f"{figure(value)} {column}"
                break
            if isinstance(value, str) and value:
                yield f"{column} {value}"
                break
