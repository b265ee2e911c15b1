"""What `decide()` remembers between two decisions, read from rows and written back: the mirror of `agreement.state`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from accord.agreement import handoff as states
from accord.agreement import replies
from accord.agreement.decide import local_day
from accord.agreement.rules import Rules
from accord.agreement.state import FIND_OWNER, OWNER_LEFT, Due, Roster, Standing, State, microseconds
from accord_app.handoffs.models import Clock, Handoff, Lead, Turn, Watch
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.families import families_of
from accord_app.ledger.links import links_of
from accord_app.ledger.models import Availability, HandoffEvent, Profile
from accord_app.ledger.reads import rules_of
from accord_app.records.models import Person

LONGEST_DAY = timedelta(hours=26)
CLOCKS_AT_ONCE = 500
_TIMES = ("answer_due", "first_touch_due", "attempts_due", "outcome_due", "owned_since", "answered_at")
_SAME = (
    "account_owner", "version", "score", "complete", "status", "owner", "team", "in_capacity", "stretch", "route",
    "acts_since",
)  # fmt: skip


@dataclass(slots=True)
class Memory:
    """A state with as much in it as a decision needs, and the rows that it came from."""

    state: State
    rows: dict[str, Handoff] = field(default_factory=dict)
    loaded: dict[str, states.Handoff] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)  # handoffs of which a clock has come due
    turns: dict[tuple[str, str], float] = field(default_factory=dict)


def recall(rules: Rules, *, at: datetime, people: Collection[str] = (), handoffs: Collection[str] = ()) -> Memory:
    """The state for these people and handoffs, and for whatever clock has come due by `at`; of people who are known
    under several ids, what happened under any of them."""
    memory = Memory(State(roster(), links=links_of(people)))
    everybody = memory.state.links.everybody(people)
    state = memory.state
    state.versions[rules.version] = rules
    if rules.agreement.routing.including_parent:
        state.families = families_of(_worked_for(everybody))
    clocks = _clocks_due(at)
    asked = Q(handoff_id__in={*handoffs, *(clock.handoff_id for clock in clocks)})
    for row in Handoff.objects.filter(asked | Q(person_id__in=everybody, closed_at=None)):
        _recall_handoff(memory, row)
    memory.due = {clock.handoff_id for clock in clocks}
    _recall_people(state, {*everybody, *(row.person_id for row in memory.rows.values())}, memory)
    _recall_loads(state, rules, at)
    for turn in Turn.objects.all():
        state.turns[turn.rule][turn.colleague] = memory.turns[turn.rule, turn.colleague] = turn.turns
    _recall_clocks(memory)
    return memory


def _worked_for(people: Collection[str]) -> set[str]:
    told = Profile.facts().filter(subject="person", subject_id__in=people).exclude(account_id=None)
    return set(told.values_list("account_id", flat=True))


def roster() -> Roster:
    """Who is there when, from availability facts."""
    rows = Availability.facts().exclude(batch__in=unseen_batches())
    return Roster.from_rows(rows.values("person", "event", "occurred_at", "known_at", "until", "deputy"))


def _clocks_due(at: datetime) -> list[Clock]:
    """Those that have come due, but for handoffs whose answer can still be taken back."""
    return list(
        Clock.objects.filter(due_at__lte=at)
        .exclude(handoff__pending__isnull=False)
        .order_by("due_at", "handoff_id", "id")[:CLOCKS_AT_ONCE]  # a replay takes those of one moment in this order
    )


def _recall_handoff(memory: Memory, row: Handoff) -> None:
    handoff = states.Handoff(
        handoff_id=row.handoff_id,
        person_id=row.person_id,
        offered_at=microseconds(row.offered_at),
        band=row.band or None,
        account_id=row.account_id or None,
        limits=_limits(row.limits),
        passed=set(row.passed),
        **_as_remembered(row),
    )
    memory.rows[row.handoff_id] = row
    memory.loaded[row.handoff_id] = handoff
    memory.state.versions.setdefault(row.version, rules_of(row.version))
    if handoff.is_open:
        memory.state.open[row.handoff_id] = handoff


def _as_remembered(row: Handoff) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in _SAME}
    return same | {name: _us(getattr(row, name)) for name in _TIMES}


def _limits(given: Iterable[int]) -> tuple[int, int, int]:
    answer, first_touch, outcome = [*given, -1, -1, -1][:3]
    return answer, first_touch, outcome


def _recall_people(state: State, people: Collection[str], memory: Memory) -> None:
    for lead in Lead.objects.filter(person_id__in=people):
        if lead.handoffs:
            state.people[lead.person_id] = Standing(
                handoffs=lead.handoffs,
                offered_us=_us(lead.offered_at),
                closed=lead.closed,
                recycled_us=_us(lead.recycled_at),
                rejected_us=_us(lead.rejected_at),
                recycle_reason=lead.recycle_reason,
                reject_reason=lead.reject_reason,
                sales_touches_at_offer=lead.sales_touches_at_offer,
            )
        if lead.verdict and lead.verdict_because:
            state.verdicts[lead.person_id] = lead.verdict, lead.verdict_because
        if lead.outcome and lead.because:
            state.recorded[lead.person_id] = lead.outcome, lead.because
    for handoff in memory.state.open.values():
        state.standing(handoff.person_id).open = handoff


def _recall_loads(state: State, rules: Rules, at: datetime) -> None:
    """How many are open with each colleague, and how many each was given today."""
    loads = Handoff.objects.filter(closed_at=None, owner__isnull=False).values("owner").annotate(n=Count("*"))
    state.loads.update({row["owner"]: row["n"] for row in loads})
    given = HandoffEvent.facts().filter(
        occurred_at__gt=at - LONGEST_DAY, event__in=("offered", "rerouted"), owner__isnull=False
    )
    for owner, when in given.values_list("owner", "occurred_at"):
        state.today[owner, local_day(microseconds(when) // 3_600_000_000, rules.agreement.time_zone)] += 1


def _recall_clocks(memory: Memory) -> None:
    for clock in Clock.objects.filter(handoff_id__in=memory.rows).order_by("due_at", "id"):
        handoff = memory.loaded[clock.handoff_id]
        if clock.stretch == handoff.stretch:
            memory.state.schedule(handoff, microseconds(clock.due_at), breach=clock.breach)


def keep(
    memory: Memory,
    *,
    at: datetime,
    people: Collection[str],
    decisions: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> None:
    """Write back what has changed: handoffs, their clocks, people, turns and whom to look at again."""
    state = memory.state
    held = {**memory.loaded, **state.open}
    touched = {*memory.due, *(event["handoff_id"] for event in events)}
    changed = [held[handoff_id] for handoff_id in sorted(touched)]
    rows = {each.handoff_id: _row(memory.rows.get(each.handoff_id), each, at) for each in changed}
    _say_whence([row for handoff_id, row in rows.items() if handoff_id not in memory.rows])
    for decision in decisions:
        if decision["handoff_id"]:
            row = rows[decision["handoff_id"]]
            row.persona, row.because = decision["persona"] or "", decision["because"]
    for event in events:
        row = rows[event["handoff_id"]]
        tell(row, event, state.versions.get(row.version))
    _keep_handoffs(rows.values())
    keep_clocks(state, changed)
    keep_people(state, {*people, *(handoff.person_id for handoff in changed)}, at)
    _keep_turns(memory)
    Watch.objects.bulk_create(Watch(person_id=person, at=moment(us)) for us, person in state.turning)


def _say_whence(offered: Sequence[Handoff]) -> None:
    """Country and origin of the people who are handed over now, by which the queue is filtered."""
    known = Person.objects.in_bulk([row.person_id for row in offered]) if offered else {}
    for row in offered:
        if person := known.get(row.person_id):
            row.country, row.origin = person.country, person.origin


def tell(row: Handoff, event: Mapping[str, Any], rules: Rules | None) -> None:
    """What an event says beyond the state: by which clause, since when, and why. `rules` are those of its version."""
    name = event["event"]
    if name in ("offered", "rerouted"):
        row.rule = event["rule"] or ""
    if name == states.CONTACTED and row.contacted_at is None:
        row.contacted_at = event["occurred_at"]
    if name in states.CLOSING:
        row.closed_at, row.reason, row.next_due = event["occurred_at"], event["reason"] or "", None
    if name in AFTER_REJECTION:
        _tell_after(row, event, rules)


AFTER_REJECTION = frozenset({states.REJECTED, states.REPLIED, states.LOOKED_AGAIN})


def _tell_after(row: Handoff, event: Mapping[str, Any], rules: Rules | None) -> None:
    """What a rejection calls for, and what came of it: a reply and, where it is drawn or asked for, a second look."""
    at, reason = event["occurred_at"], event["reason"] or ""
    match event["event"]:
        case states.REJECTED if rules is not None:
            row.reply_due = replies.reply_due(rules, at)
            row.look_due = (
                replies.second_look_due(rules, at) if replies.is_drawn(rules.agreement, row.handoff_id) else None
            )
        case states.REPLIED:
            row.replied_at = row.replied_at or at
            if reason == replies.ASKED and row.look_due is None and rules is not None:
                row.look_due = replies.second_look_due(rules, at)
        case states.LOOKED_AGAIN:
            row.looked_at, row.verdict = row.looked_at or at, row.verdict or reason


def _keep_handoffs(rows: Iterable[Handoff]) -> None:
    """Closed ones first: a person has one open handoff at a time."""
    names = [f.name for f in Handoff._meta.fields if not f.primary_key]
    for is_open in (False, True):
        some = [row for row in rows if (row.closed_at is None) is is_open]
        Handoff.objects.bulk_create(some, update_conflicts=True, unique_fields=["handoff_id"], update_fields=names)


def _row(row: Handoff | None, handoff: states.Handoff, at: datetime) -> Handoff:
    row = row or Handoff(
        handoff_id=handoff.handoff_id,
        person_id=handoff.person_id,
        offered_at=moment(handoff.offered_at),
        band=handoff.band or "",
    )
    row.missed_answer = row.missed_answer or is_answer_missed(row.answer_due, handoff, at)
    return write_row(row, handoff, at=at)


def write_row(row: Handoff, handoff: states.Handoff, *, at: datetime) -> Handoff:
    """Let a row stand as the state says."""
    for name in _SAME:
        setattr(row, name, getattr(handoff, name))
    for name in _TIMES:
        setattr(row, name, when(getattr(handoff, name)))
    row.account_id = handoff.account_id or ""
    row.limits, row.passed = list(handoff.limits), sorted(handoff.passed)
    row.missed_answer = row.missed_answer or is_answer_missed(row.answer_due, handoff, at)
    row.next_due = _next_due(row)
    return row


def is_answer_missed(due: datetime | None, handoff: states.Handoff, at: datetime) -> bool:
    """Whether the clock that ran until now ended before an answer came."""
    if due is None:
        return False
    return at >= due if handoff.answered_at is None else moment(handoff.answered_at) > due


def _next_due(row: Handoff) -> datetime | None:
    """The deadline that governs a handoff in its present state."""
    match row.status:
        case states.OFFERED:
            return row.answer_due
        case states.ACCEPTED:
            return row.first_touch_due
        case states.CONTACTED:
            return row.outcome_due
    return None


def keep_clocks(state: State, changed: Iterable[states.Handoff]) -> None:
    """Only clocks of the present owner's stretch that may still matter."""
    ids = {handoff.handoff_id: handoff for handoff in changed}
    Clock.objects.filter(handoff_id__in=ids).delete()
    Clock.objects.bulk_create(
        Clock(handoff_id=due.handoff_id, due_at=moment(due.at), stretch=due.stretch, breach=due.breach)
        for due in sorted(state.due)
        if due.act is None and due.handoff_id in ids and _matters(ids[due.handoff_id], due)
    )


def _matters(handoff: states.Handoff, due: Due) -> bool:
    """An answer ends the answer clock and what follows from it, but not the wait for an owner or an owner's leaving."""
    if not handoff.is_open or handoff.stretch != due.stretch:
        return False
    return handoff.answered_at is None or due.breach in (OWNER_LEFT, FIND_OWNER)


def keep_people(state: State, people: Collection[str], at: datetime) -> None:
    """What everybody's handoffs came to and what was decided last."""
    rows = []
    for person in people:
        standing = state.people.get(person) or Standing()
        verdict, because = state.verdicts.get(person, (None, None)), state.recorded.get(person, (None, None))
        rows.append(
            Lead(
                person_id=person,
                handoffs=standing.handoffs,
                offered_at=when(standing.offered_us),
                closed=standing.closed,
                recycled_at=when(standing.recycled_us),
                rejected_at=when(standing.rejected_us),
                recycle_reason=standing.recycle_reason,
                reject_reason=standing.reject_reason,
                sales_touches_at_offer=standing.sales_touches_at_offer,
                verdict=verdict[0],
                verdict_because=verdict[1],
                outcome=because[0],
                because=because[1],
                decided_at=at,
            )
        )
    names = [f.name for f in Lead._meta.fields if not f.primary_key]
    Lead.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["person_id"], update_fields=names
    )


def _keep_turns(memory: Memory) -> None:
    rows = [
        Turn(rule=rule, colleague=person, turns=count)
        for rule, people in memory.state.turns.items()
        for person, count in people.items()
        if memory.turns.get((rule, person)) != count
    ]
    Turn.objects.bulk_create(rows, update_conflicts=True, unique_fields=["rule", "colleague"], update_fields=["turns"])


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(us: int) -> datetime:
    """A time from microseconds since 1970, exactly."""
    return _EPOCH + timedelta(microseconds=us)


def when(us: int | None) -> datetime | None:
    """`moment`, where there may be none."""
    return None if us is None else moment(us)


def _us(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
