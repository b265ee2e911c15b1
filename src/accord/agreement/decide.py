"""The one decision. Live, replay, test bench and what-if all call `decide()`; no rule has a second implementation."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from heapq import heappop
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from accord.agreement import replies, route
from accord.agreement.document import Act
from accord.agreement.handoff import (
    ANSWERS,
    ASSIGNED,
    CLOSING,
    LOOKED_AGAIN,
    RECYCLED,
    REJECTED,
    REROUTED,
    TRANSITIONS,
    Handoff,
    HumanAct,
    handoff_id,
    may,
)
from accord.agreement.qualify import ELIGIBLE, EXCLUDED, OUTSIDE, holds_back
from accord.agreement.rules import Limit, Rules
from accord.agreement.state import FIND_OWNER, OWNER_LEFT, RAN_OUT, Due, Standing, State
from accord.facts.lead_view import DAY_US
from accord.facts.tables import DECISIONS, HANDOFFS, TIME

FACT, TICK = "fact", "tick"
MANY = 64  # rows, from which on a way through arrays is worth its overhead


class Colleagues(Protocol):
    """The people who answer handoffs: in replay the recorded ones, in a simulation invented ones, live nobody."""

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        """What people will do with a handoff that was just offered, in order of time."""

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:
        """What people will do now that it moved to another owner; None keeps what was to come."""


class Nobody:
    """Live, people act by themselves and their acts arrive as facts."""

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:  # noqa: ARG002
        return ()

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        return None


def _columns_of(table: Any) -> pa.Schema:
    own = [pa.field(c.name, c.type) for c in table.own]
    return pa.schema([pa.field("occurred_at", TIME), *own])


_DECISION_COLUMNS = _columns_of(DECISIONS)
_HANDOFF_COLUMNS = _columns_of(HANDOFFS)


Verdict = tuple[str, str]
"""An outcome and the path of the clause that decided."""
_Handed = tuple[str | None, str | None, str | None, str | None]
"""Of an offer: the id of the handoff, owner, team and routing rule."""


@dataclass(slots=True, eq=False)
class Decisions:
    """What was decided and what happened to handoffs, in order of time; `refused` are acts that no state allowed."""

    decided: list[pa.Table] = field(default_factory=list)
    happened: list[pa.Table] = field(default_factory=list)
    refused: list[tuple[str, HumanAct]] = field(default_factory=list)

    def add(self, later: Decisions) -> None:
        """Take in what was decided after this."""
        self.decided += later.decided
        self.happened += later.happened
        self.refused += later.refused

    @property
    def decisions(self) -> pa.Table:
        """Rows in the shape of `decisions`, with `occurred_at`."""
        return pa.concat_tables([_DECISION_COLUMNS.empty_table(), *self.decided])

    @property
    def handoffs(self) -> pa.Table:
        """Rows in the shape of `handoffs`, with `occurred_at`."""
        return pa.concat_tables([_HANDOFF_COLUMNS.empty_table(), *self.happened])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Decisions):
            return NotImplemented
        same = self.decisions.equals(other.decisions) and self.handoffs.equals(other.handoffs)
        return same and self.refused == other.refused


_Note = tuple[int, str, str, str | None, str | None, str | None, str | None]
"""A decision to be recorded: the number of its row in the view, and what the row does not tell (`_SAID`)."""
_SAID = ("outcome", "because", "handoff_id", "owner", "team", "rule")


def _decided(notes: list[_Note], view: pa.Table, version: int) -> list[pa.Table]:
    if not notes:
        return []
    numbers, *said = zip(*notes, strict=True)
    rows = view.select(_NOTED).take(pa.array(numbers, pa.int64()))
    of_notes = {name: pa.array(column, pa.string()) for name, column in zip(_SAID, said, strict=True)}
    of_rows = {name: rows[name] for name in _NOTED[1:]}
    known = of_rows | of_notes | {"occurred_at": _times(rows["us"]), "version": pa.repeat(version, len(notes))}
    return [
        pa.table([known[name] for name in _DECISION_COLUMNS.names], _DECISION_COLUMNS.names).cast(_DECISION_COLUMNS)
    ]


_NOTED = ["us", "person_id", "score", "fit", "intent", "band", "persona"]


def _happened(rows: list[tuple[Any, ...]]) -> list[pa.Table]:
    if not rows:
        return []
    columns = zip(*rows, strict=True)
    arrays = [_array(column, each.type) for column, each in zip(columns, _HANDOFF_COLUMNS, strict=True)]
    return [pa.table(arrays, schema=_HANDOFF_COLUMNS)]


def _array(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    return _times(pa.array(values, pa.int64())) if type_ == TIME else pa.array(values, type_)


def _times(us: pa.Array) -> pa.Array:
    return us.cast(pa.timestamp("us")).cast(TIME)


class Lead(NamedTuple):
    """One judged row of the lead view, as `Rules.look_sql` answers it."""

    number: int
    person_id: str
    account_id: str | None
    us: int
    trigger: str
    persona: str | None
    fit: float
    intent: float
    score: float
    band: str | None
    outcome: str
    because: str
    missing: str | None
    may_return: bool
    account_owner: str | None
    sales_touches: float
    route: int
    answer: int
    first_touch: int
    due_outcome: int


_LEAD_FIELDS = Lead._fields[1:]


def decide(view: pa.Table, rules: Rules, state: State, at: int, *, colleagues: Colleagues | None = None) -> Decisions:
    """Decide about every row of the view, in order of time, and let happen what is due up to and including `at`.

    `view`: judged rows (`Rules.look_sql`) with a column `trigger`: a fact, or the daily tick, which only hands over and
    otherwise records nothing. `state` is changed in place. `at`: microseconds since 1970, UTC.
    """
    return _Desk(rules, state, colleagues or Nobody()).run(view, at)


class _Desk:
    """One run of `decide()`: the rules, the state, and what comes out."""

    def __init__(self, rules: Rules, state: State, colleagues: Colleagues) -> None:
        self.rules, self.state, self.colleagues = rules, state, colleagues
        self.notes: list[_Note] = []
        self.events: list[tuple[Any, ...]] = []
        self.refused: list[tuple[str, HumanAct]] = []
        self.zone = rules.agreement.time_zone
        self.again = _wall(rules.agreement.qualification.again)
        self.holds = holds_back(rules)
        self.waits = rules.standing_waits
        self.good: dict[str, int] = {}  # who was good after all, by a second look at which moment
        state.versions[rules.version] = rules

    def run(self, view: pa.Table, at: int) -> Decisions:
        view = _in_order(view)
        with without_gc():
            self._walk(_Rows(view))
            self._happen(at)
            return Decisions(_decided(self.notes, view, self.rules.version), _happened(self.events), self.refused)

    def _walk(self, rows: _Rows) -> None:
        """Every row in order of time. Most are of people never handed over and not eligible, and take the short way."""
        late = _Late(self.rules, self.state, rows)
        due, people, verdicts = self.state.due, self.state.people, self.state.verdicts
        linked = self.state.links.down
        columns = (rows[name] for name in ("us", "person_id", "trigger", "outcome", "because", "may_return"))
        for number, (us, person, trigger, outcome, because, returns) in enumerate(zip(*columns, strict=True)):
            if due and due[0][0] <= us:
                self._happen(us)
            if outcome == ELIGIBLE or person in people or person in linked:
                self._meet(_Row(number, us, person, trigger == FACT, (outcome, because), returns), late)
            elif trigger == FACT and verdicts.get(person) != (outcome, because):
                verdicts[person] = outcome, because
                self._note(number, person, (outcome, because))

    # what is due: acts of people and clocks

    def _happen(self, until: int) -> None:
        due = self.state.due
        while due and due[0][0] <= until:  # their time: by place, which costs a fifth of by name
            one = heappop(due)
            if one.act is not None:
                self._act(one, one.act)
            elif one.breach == FIND_OWNER:
                self._find_owner(one)
            elif one.breach == OWNER_LEFT:
                self._leave(one)
            else:
                self._breach(one)

    def _act(self, due: Due, act: HumanAct) -> None:
        handoff = due.handoff
        if due.stretch < handoff.acts_since:
            return
        if not may(handoff.status, act.event):
            self.refused.append((handoff.handoff_id, act))
            return
        handoff.status = TRANSITIONS[handoff.status][act.event]
        if act.event == ASSIGNED:
            self._assign(handoff, act)
            return
        if act.event in ANSWERS and handoff.answered_at is None:
            handoff.answered_at = act.at
        if act.event in CLOSING:
            self._close(handoff, act)
        if act.event == LOOKED_AGAIN and act.reason == replies.WAS_GOOD:
            self._was_good(handoff, act.at)
        self._record(act.at, handoff, act.event, by=act.by, reason=act.reason, rule=_clause(act))

    def _assign(self, handoff: Handoff, act: HumanAct) -> None:
        """Give a handoff to whom somebody chose; a new owner's clocks start, nobody's turn is taken."""
        chosen = self._to(handoff, act.to, act.at)
        self._let_go(handoff)
        self._own(handoff, chosen, act.at)
        self._record(act.at, handoff, REROUTED, by=act.by)

    def _was_good(self, handoff: Handoff, at: int) -> None:
        """A second look said that the lead was good: it is handed over again where that is agreed, unless it has been
        meanwhile. Whoever records a second look has the person looked at in the same moment."""
        person = self.state.links.root(handoff.person_id, at)
        standing = self.state.stands(person, at)
        is_last = standing is not None and standing.open is None and standing.offered_us == handoff.offered_at
        if is_last and replies.offers_again(self.rules.agreement):
            self.good[person] = at

    def _close(self, handoff: Handoff, act: HumanAct) -> None:
        standing = self.state.standing(handoff.person_id)
        standing.open, standing.closed = None, act.event
        standing.stamp += 1
        self.state.open.pop(handoff.handoff_id, None)
        if handoff.owner is not None:
            self.state.loads[handoff.owner] -= 1
        if act.event == RECYCLED:
            standing.recycled_us, standing.recycle_reason = act.at, act.reason
            self._watch(handoff.person_id, "days_since_recycle", act.at)
        elif act.event == REJECTED:
            standing.rejected_us, standing.reject_reason = act.at, act.reason
            self._watch(handoff.person_id, "days_since_reject", act.at)

    def _watch(self, person_id: str, column: str, since: int) -> None:
        """Look again when an elapsed time passes a number that some clause names."""
        for days in self.waits.get(column, ()):
            self.state.watch(person_id, since + int(days * DAY_US))

    def _breach(self, due: Due) -> None:
        handoff = due.handoff
        if due.stretch != handoff.stretch or handoff.answered_at is not None or not handoff.is_open:
            return
        if due.breach == RAN_OUT:
            self._plan_breaches(handoff, due.at)
            return
        breach = self._rules_of(handoff).agreement.response.on_breach[due.breach]
        path = f"{route.BREACH}{due.breach}"
        if breach.do is Act.REMIND:
            self._record(due.at, handoff, "reminded", rule=path)
        elif breach.do is Act.ESCALATE or not self._move(handoff, due.at, path):
            self._record(due.at, handoff, "escalated", by=breach.to, rule=path)

    def _plan_breaches(self, handoff: Handoff, at: int) -> None:
        """Only now that the clock has run out is it worked out what follows when: most clocks never get here."""
        rules = self._rules_of(handoff)
        clock = rules.clocks.get(handoff.team) or rules.clocks[None]
        for number, breach in enumerate(rules.agreement.response.on_breach):
            self.state.schedule(handoff, clock.due_at_us(at, breach.after), breach=number)

    def _rules_of(self, handoff: Handoff) -> Rules:
        """A handoff finishes under the version that it began with."""
        return self.state.versions[handoff.version]

    def _find_owner(self, due: Due) -> None:
        """Once a day an unowned handoff is tried again, until somebody is there."""
        handoff = due.handoff
        if handoff.is_open and handoff.owner is None and not self._move(handoff, due.at, None):
            self._try_tomorrow(handoff, due.at)

    def _try_tomorrow(self, handoff: Handoff, at: int) -> None:
        self.state.schedule(handoff, self._rules_of(handoff).next_tick(at), breach=FIND_OWNER)

    def _move(self, handoff: Handoff, at: int, path: str | None) -> bool:
        """Give a handoff to the next owner; the old clock stays on record as missed. False when there is nobody."""
        passed = handoff.passed | ({handoff.owner} if handoff.owner else set())
        chosen = route.choose(
            self._rules_of(handoff), self.state, rule=handoff.route, account_owner=handoff.account_owner,
            at=at, day=self._day(at), but=frozenset(passed),
        )  # fmt: skip
        if chosen.owner is None:
            return False
        self._let_go(handoff)
        self._pass_on(handoff, chosen, at, path or chosen.rule)
        return True

    def _pass_on(self, handoff: Handoff, chosen: route.Chosen, at: int, path: str | None) -> None:
        self._own(handoff, chosen, at)
        self._record(at, handoff, REROUTED, rule=path, reason=chosen.rule if chosen.rule != path else None)
        acts = self.colleagues.rerouted(handoff, at)
        if acts is not None:
            handoff.acts_since = handoff.stretch
            self._expect(handoff, acts)

    def _leave(self, due: Due) -> None:
        """What is open with a colleague who leaves, answered or not, goes on: to the deputy whom the departure names,
        else by the route again, else it is unowned, which is the loudest state."""
        handoff, roster = due.handoff, self.state.roster
        if due.stretch != handoff.stretch or not handoff.is_open or handoff.owner is None:
            return
        departure = roster.departure(handoff.owner, due.at)
        if departure is None:  # it was taken back before it came
            return
        deputy = roster.in_place_of(departure.deputy, due.at) if departure.deputy else None
        if deputy is not None and deputy not in handoff.passed:
            self._let_go(handoff)
            self._pass_on(handoff, self._to(handoff, deputy, due.at), due.at, route.DEPUTY)
        elif not self._move(handoff, due.at, route.LEFT):
            self._let_go(handoff)
            self._pass_on(handoff, self._to(handoff, None, due.at), due.at, route.LEFT)

    def _to(self, handoff: Handoff, who: str | None, at: int) -> route.Chosen:
        """That somebody gets a handoff without a turn of a rule being taken."""
        rules = self._rules_of(handoff)
        team = (route.team_of(rules, who) if who else None) or handoff.team
        return route.Chosen(who, team, None, who is None or route.has_room(rules, self.state, who, team, self._day(at)))

    def _let_go(self, handoff: Handoff) -> None:
        """The owner's stretch is over; it does not come back to whoever had it."""
        if handoff.owner is not None:
            handoff.passed = handoff.passed | {handoff.owner}
            self.state.loads[handoff.owner] -= 1

    # what a moment brings

    def _meet(self, row: _Row, late: _Late) -> None:
        verdict, handed = self._verdict(row, late)
        if not row.is_fact and not handed:
            return
        state, person = self.state, row.person_id
        plain = row.verdict[0] != ELIGIBLE and verdict == row.verdict
        changed = (state.verdicts if plain else state.recorded).get(person) != verdict
        if row.is_fact:
            state.verdicts[person] = row.verdict
        if handed:
            self._offer(late.rows.lead(row.number), verdict[1])
        elif changed:
            self._note(row.number, person, verdict)

    def _verdict(self, row: _Row, late: _Late) -> tuple[Verdict, bool]:
        """Outcome, the clause that decided, and whether to hand over."""
        standing = self.state.stands(row.person_id, row.us)
        recycled = standing is not None and standing.open is None and standing.closed == RECYCLED
        good = self.good.get(row.person_id) == row.us
        if row.verdict[0] != ELIGIBLE and not (recycled and row.may_return) and not good:
            return row.verdict, False
        if standing is not None and standing.open is not None:
            return ("open", "handoff"), False
        outcome, because = verdict = late.verdict(row, standing)
        if good and outcome not in (EXCLUDED, OUTSIDE):
            outcome, because = ELIGIBLE, replies.GOOD_AFTER_ALL
        if outcome != ELIGIBLE:
            return verdict, False
        if standing is not None and not recycled and not good and self._is_again(standing, row.us):
            return ("again", "qualification.again"), False
        missing = late.rows["missing"][row.number]
        if missing is not None and self.holds:
            return ("held", f"qualification.requires.{missing}"), False
        return ("offered", because), True

    def _is_again(self, standing: Standing, us: int) -> bool:
        return standing.offered_us is not None and us < standing.offered_us + self.again

    def _offer(self, lead: Lead, because: str) -> None:
        state = self.state
        owner, owned_by = route.account_owner(
            self.rules, state, account=lead.account_id, owner=lead.account_owner, at=lead.us
        )
        handoff = Handoff(
            handoff_id(lead.person_id, lead.us), lead.person_id, lead.us, self.rules.version, lead.band, lead.score,
            lead.missing is None, lead.account_id, owner, route=lead.route,
            limits=(lead.answer, lead.first_touch, lead.due_outcome),
        )  # fmt: skip
        day = self._day(lead.us)
        chosen = route.choose(
            self.rules, state, rule=lead.route, account_owner=owner, at=lead.us, day=day, owned_by=owned_by
        )
        self._stand(lead, handoff)
        self._own(handoff, chosen, lead.us)
        handed = (handoff.handoff_id, handoff.owner, handoff.team, chosen.rule)
        self._note(lead.number, lead.person_id, ("offered", because), handed)
        self._record(lead.us, handoff, "offered", rule=chosen.rule)
        self._expect(handoff, self.colleagues.offered(handoff, lead.us))

    def _stand(self, lead: Lead, handoff: Handoff) -> None:
        standing = self.state.standing(lead.person_id)
        standing.open, standing.closed = handoff, None
        standing.handoffs += 1
        standing.offered_us = lead.us
        standing.sales_touches_at_offer = lead.sales_touches
        standing.stamp += 1
        self.state.open[handoff.handoff_id] = handoff
        if self.again:
            self.state.watch(lead.person_id, lead.us + self.again)
        self._watch(lead.person_id, "days_since_handoff", lead.us)

    def _own(self, handoff: Handoff, chosen: route.Chosen, at: int) -> None:
        """Start an owner's stretch: load, capacity, clocks. Without an owner no clock runs: that is system time."""
        handoff.owner, handoff.team = chosen.owner, chosen.team
        handoff.in_capacity = chosen.in_capacity
        handoff.stretch += 1
        if chosen.owner is None:
            handoff.owned_since = handoff.answer_due = handoff.first_touch_due = None
            handoff.attempts_due = handoff.outcome_due = None
            self._try_tomorrow(handoff, at)
            return
        self.state.loads[chosen.owner] += 1
        self.state.today[chosen.owner, self._day(at)] += 1
        handoff.owned_since = at
        self._start_clocks(handoff, at)
        for leaves in self.state.roster.departures(chosen.owner):
            if leaves > at:
                self.state.schedule(handoff, leaves, breach=OWNER_LEFT)

    def _start_clocks(self, handoff: Handoff, at: int) -> None:
        rules = self._rules_of(handoff)
        clock = rules.clocks.get(handoff.team) or rules.clocks[None]
        answer, first_touch, outcome = handoff.limits

        def due(limits: Sequence[Limit], line: int) -> int | None:
            return clock.due_at_us(at, limits[line].within.within) if line >= 0 else None

        handoff.answer_due = due(rules.answer, answer)
        handoff.first_touch_due = due(rules.first_touch, first_touch)
        handoff.outcome_due = due(rules.outcome, outcome)
        attempts = rules.agreement.response.attempts
        handoff.attempts_due = clock.due_at_us(at, attempts.within) if attempts else None
        if handoff.answer_due is not None:
            self.state.schedule(handoff, handoff.answer_due, breach=RAN_OUT)

    def _expect(self, handoff: Handoff, acts: Sequence[HumanAct]) -> None:
        for act in acts:
            self.state.schedule(handoff, act.at, act=act)

    def _day(self, us: int) -> int:
        return local_day(us // 3_600_000_000, self.zone)

    # what is written down

    def _note(self, number: int, person: str, verdict: Verdict, handed: _Handed = (None,) * 4) -> None:
        self.state.recorded[person] = verdict
        self.notes.append((number, *verdict, *handed))

    def _record(
        self, at: int, handoff: Handoff, event: str, *, by: str | None = None, reason: str | None = None,
        rule: str | None = None,
    ) -> None:  # fmt: skip
        starts = event in ("offered", "rerouted")
        dues = (handoff.answer_due, handoff.first_touch_due, handoff.attempts_due, handoff.outcome_due)
        self.events.append((
            at, handoff.handoff_id, handoff.person_id, event, handoff.owner, handoff.team, by, reason, rule,
            handoff.version, handoff.band, handoff.score, handoff.in_capacity if starts else None,
            handoff.complete if event == "offered" else None, *(dues if starts else (None,) * 4),
        ))  # fmt: skip


@contextmanager
def without_gc() -> Iterator[None]:
    """Millions of small rows that all stay: looking through them for garbage again and again doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Row(NamedTuple):
    """Of one judged row what tells whether to hand over."""

    number: int
    us: int
    person_id: str
    is_fact: bool
    verdict: Verdict
    may_return: bool


class _Rows:
    """A judged view in order of time: its columns as lists, each made when it is first asked for."""

    def __init__(self, view: pa.Table) -> None:
        self.view = view
        self.lists: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        found = self.lists.get(name)
        if found is None:
            found = self.lists[name] = _plain(self.view[name])
        return found

    @cached_property
    def _columns(self) -> list[list[Any]]:
        return [self[name] for name in _LEAD_FIELDS]

    def lead(self, number: int) -> Lead:
        return Lead(number, *[column[number] for column in self._columns])


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """The same as `to_pylist`, for long columns several times faster."""
    if len(column) < MANY or (column.null_count and not pa.types.is_string(column.type)):
        return column.to_pylist()  # type: ignore[no-any-return]
    return column.to_numpy().tolist()  # type: ignore[no-any-return]


def _in_order(view: pa.Table) -> pa.Table:
    """By time, person and trigger; a long view mostly is."""
    us = view["us"].to_numpy()
    if len(us) > 1 and not (us[1:] > us[:-1]).all():
        return view.sort_by([("us", "ascending"), ("person_id", "ascending"), ("trigger", "ascending")])
    return view


class _Late:
    """Clauses that read a person's earlier handoffs, evaluated in one query for all rows that may need them.

    A row whose person's standing has changed since is evaluated once more by itself; a return condition that must wait
    longer is not evaluated before its time.
    """

    def __init__(self, rules: Rules, state: State, rows: _Rows) -> None:
        self.rules, self.state, self.rows = rules, state, rows
        self.stamps: dict[int, int] = {}
        self.truths: dict[int, Mapping[str, Any]] = {}
        if len(rows.view) and (rules.always_late or rules.returns):
            self._evaluate(self._asked())

    def _asked(self) -> list[int]:
        stands, late, names = self.state.stands, self.rules.always_late, ("person_id", "us", "outcome", "may_return")
        return [
            number
            for number, (person, us, outcome, returns) in enumerate(zip(*(self.rows[n] for n in names), strict=True))
            if (late and outcome == ELIGIBLE)
            or (returns and (s := stands(person, us)) is not None and s.open is None and s.closed == RECYCLED)
        ]

    def _evaluate(self, numbers: list[int]) -> None:
        if not numbers:
            return
        asked = self.rows.view.take(numbers).append_column("number", pa.array(numbers, pa.int64()))
        owners = asked["person_id"].to_pylist()
        people = dict(zip(owners, asked["us"].to_pylist(), strict=True))
        desk = self.rules.desk
        desk.register("asked", asked)
        desk.register("standings", _standings(people, self.state))
        names = [d[0] for d in desk.execute(self.rules.late_sql).description]
        for row in desk.fetchall():
            self.truths[row[0]] = dict(zip(names, row, strict=True))
        self.stamps.update((n, self._stamp(p)) for n, p in zip(numbers, owners, strict=True))

    def _stamp(self, person: str) -> int:
        standing = self.state.people.get(person)
        return standing.stamp if standing else 0

    def verdict(self, row: _Row, standing: Standing | None) -> Verdict:
        """Outcome and clause, now that the person's standing is known."""
        recycled = standing is not None and standing.closed == RECYCLED
        reason = standing.recycle_reason if standing is not None and recycled else None
        if not recycled and not self.rules.always_late:
            return row.verdict
        if standing is not None and reason is not None and self._too_soon(row.us, standing, reason):
            return "waiting", f"answers.recycle.{reason}.return"
        truths = self._truths(row.number, row.person_id)
        if truths.get("unless_met"):
            return EXCLUDED, "qualification.unless"
        if truths.get("where_met") is False:
            return OUTSIDE, "qualification.where"
        if recycled:
            path = f"answers.recycle.{reason}.return" if reason else "answers.recycle"
            return (ELIGIBLE, path) if truths.get(f"return_{reason}") else ("waiting", path)
        if row.verdict[1] == "qualification.always" and truths.get("always_met") is False:
            return "below", "qualification.always"
        return row.verdict

    def _too_soon(self, us: int, standing: Standing, reason: str) -> bool:
        soonest = self.rules.soonest.get(reason)
        return soonest is None or us < (standing.recycled_us or 0) + soonest

    def _truths(self, number: int, person: str) -> Mapping[str, Any]:
        if self.stamps.get(number) != self._stamp(person) or person in self.state.links.down:
            self._evaluate([number])
        return self.truths[number]


_STANDING_FIELDS = {
    "open_handoff": pa.bool_(), "handoffs": pa.int64(), "offered_us": pa.int64(), "recycled_us": pa.int64(),
    "rejected_us": pa.int64(), "recycle_reason": pa.string(), "reject_reason": pa.string(),
    "sales_touches_at_offer": pa.float64(),
}  # fmt: skip


def _standings(people: Mapping[str, int], state: State) -> pa.Table:
    """How people stand, each at a moment in microseconds; it matters to those who are known under several ids."""
    known = [(p, state.stands(p, at) or Standing()) for p, at in people.items()]
    columns: dict[str, pa.Array] = {"person_id": pa.array([p for p, _ in known], pa.string())}
    for name, type_ in _STANDING_FIELDS.items():
        values = [s.open is not None if name == "open_handoff" else getattr(s, name) for _, s in known]
        columns[name] = pa.array(values, type_)
    return pa.table(columns)


def _clause(act: HumanAct) -> str | None:
    article = {REJECTED: "reject", RECYCLED: "recycle"}.get(act.event)
    return f"answers.{article}.{act.reason}" if article and act.reason else None


def _wall(duration: Any) -> int:
    return int(duration.wall().total_seconds() * 1_000_000) if duration else 0


@lru_cache(maxsize=100_000)
def local_day(hour: int, zone: str) -> int:
    """The calendar day, as a running number, of an hour since 1970 UTC in a zone (half-hour zones: of its start)."""
    return datetime.fromtimestamp(hour * 3600, tz=UTC).astimezone(ZoneInfo(zone)).date().toordinal()
