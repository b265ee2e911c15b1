"""How things stand at a moment, read back from recorded handoffs: the state from which `decide()` goes on.

`restore()` answers what an agreement would decide now, for everybody. `resume()` gives back all that a running
agreement had in mind, so that it goes on as if it had never stopped: clocks that run, people to be looked at again, and
what was decided last, which is not told twice. Only what was known by the moment is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement import route
from accord.agreement.decide import FACT, local_day
from accord.agreement.families import Families
from accord.agreement.handoff import ANSWERS, CLOSING, RECYCLED, REJECTED, REROUTED, TRANSITIONS, Handoff
from accord.agreement.qualify import BELOW, EXCLUDED, OUTSIDE
from accord.agreement.rules import Rules
from accord.agreement.running import MOMENT, look, moments_of_facts, watch_again
from accord.agreement.state import FIND_OWNER, OWNER_LEFT, RAN_OUT, Roster, State, microseconds
from accord.facts.engine import Engine
from accord.facts.lead_view import DAY_US
from accord.facts.same import Links

_COLUMNS = (
    "handoff_id", "person_id", "event", "owner", "team", "reason", "rule", "version", "band", "score", "in_capacity",
    "complete", '"by"',
)  # fmt: skip
ROUTING = "routing.rules."
_DUES = ("answer_due", "first_touch_due", "attempts_due", "outcome_due")
_KNOWN = (
    "occurred_at <= make_timestamp($1::BIGINT) AND known_at <= make_timestamp($1::BIGINT)"
    " AND (superseded_at IS NULL OR superseded_at > make_timestamp($1::BIGINT))"
)
Event = Mapping[str, Any]
Leads = Mapping[tuple[str, int], Mapping[str, Any]]
"""The judged row of a person (id) at the moment of an offer (microseconds)."""


def restore(engine: Engine, rules: Rules, at: int) -> State:
    """The state at a moment (microseconds since 1970): open handoffs, loads, turns, what each person's last came to.

    All handoffs are taken as if offered under `rules`. No clock runs and nobody's last decision is in mind: whoever
    goes on deciding every day needs `resume()`.
    """
    past = _Past(state_of(engine, [rules]), {}, rules, {})
    for row in _events(engine, at):
        past.apply(row)
    return past.state


def resume(engine: Engine, versions: Sequence[Rules], at: int) -> State:
    """The state that `advance()` has after (..., `at`], read back from the ledger (microseconds since 1970, UTC).

    `versions` are all versions that came into force before `at`, each with the `in_force_from` from which it decided.
    What people were about to do is not known: their acts arrive as facts. Every offer is looked at once more as it was
    known then, and so is everybody who was ever handed over at the last fact about them; that is most of the cost.
    Raises KeyError for a handoff under a version that is not given, and ValueError without any version.
    """
    if not versions:
        raise ValueError("an agreement goes on under a version; none was given")
    ordered = sorted(versions, key=lambda one: one.agreement.in_force_from)
    state = state_of(engine, ordered)
    state.versions.update((one.version, one) for one in ordered)
    rows = list(_events(engine, at))
    past = _Past(state, state.versions, ordered[-1], _at_offers(engine, state.versions, rows))
    stretches = list(_stretches(ordered, at))
    for rules, since, until in stretches:
        watch_again(rules, state, since)
        for row in rows:
            if since < row["us"] <= until:
                past.apply(row)
                _watch(state, rules, row)
    for handoff in state.open.values():
        _run_clocks(state, handoff, at)
    _forget_past_turns(state, stretches)
    state.recorded.update(_last_decisions(engine, at))
    state.verdicts.update(_verdicts(engine, state, stretches))
    return state


def state_of(engine: Engine, versions: Sequence[Rules]) -> State:
    """A state in which nothing has been decided yet: who is there when, who is the same, and, where one of these
    versions asks for it, which account belongs to which."""
    asked = any(each.agreement.routing.including_parent for each in versions)
    families = Families.read(engine) if asked else Families()
    return State(roster_of(engine), links=Links.read(engine), families=families)


def roster_of(engine: Engine) -> Roster:
    """Who is there when, from availability facts."""
    rows = engine.rows("SELECT person, event, occurred_at, known_at, until, deputy FROM availability")
    return Roster.from_rows(rows.to_pylist())


def _events(engine: Engine, at: int) -> Iterable[Event]:
    dues = ", ".join(f"epoch_us({name}) AS {name}" for name in _DUES)
    table = engine.rows(
        f"SELECT epoch_us(occurred_at) AS us, {', '.join(_COLUMNS)}, {dues} FROM handoffs_revisions"
        f" WHERE {_KNOWN} AND event <> 'mql'"
        " ORDER BY occurred_at, event = 'offered', person_id, handoff_id, known_at, source_id",
        [at],
    )
    return (row for batch in table.to_batches() for row in batch.to_pylist())


def _stretches(versions: Sequence[Rules], at: int) -> Iterator[tuple[Rules, int, int]]:
    """Each version with the time (since, until] over which it decided."""
    starts = [microseconds(one.agreement.in_force_from) for one in versions]
    for rules, (since, until) in zip(versions, pairwise([*starts, at]), strict=True):
        if since < min(until, at):
            yield rules, since, min(until, at)


class _Past:
    """Recorded events applied to a state, one after the other, without deciding anything."""

    def __init__(self, state: State, versions: Mapping[int, Rules], rules: Rules, leads: Leads) -> None:
        self.state, self.rules, self.versions, self.leads = state, rules, versions, leads
        self.known: dict[str, Handoff] = {}

    def apply(self, row: Event) -> None:
        handoff = self.known.get(row["handoff_id"])
        if row["event"] == "offered" and handoff is None:
            handoff = self.known[row["handoff_id"]] = self._offered(row)
            self._owned(handoff, row)
        elif handoff is not None and row["event"] == "rerouted":
            self._released(handoff)
            self._owned(handoff, row)
        elif handoff is not None:
            self._happened(handoff, row)

    def _offered(self, row: Event) -> Handoff:
        handoff = Handoff(
            row["handoff_id"],
            row["person_id"],
            row["us"],
            row["version"] or 0,
            row["band"],
            row["score"],
            bool(row["complete"]),
        )
        standing = self.state.standing(handoff.person_id)
        standing.open, standing.closed, standing.offered_us = handoff, None, handoff.offered_at
        standing.handoffs += 1
        standing.stamp += 1
        self.state.open[handoff.handoff_id] = handoff
        if lead := self.leads.get((handoff.person_id, handoff.offered_at)):
            handoff.account_id = lead["account_id"]
            handoff.account_owner, _ = route.account_owner(
                self.versions.get(handoff.version, self.rules), self.state,
                account=handoff.account_id, owner=lead["account_owner"], at=handoff.offered_at,
            )  # fmt: skip
            handoff.route = lead["route"]
            handoff.limits = (lead["answer"], lead["first_touch"], lead["due_outcome"])
            standing.sales_touches_at_offer = lead["sales_touches"]
        return handoff

    def _owned(self, handoff: Handoff, row: Event) -> None:
        rules = self.versions.get(handoff.version, self.rules)
        handoff.owner, handoff.team, handoff.in_capacity = row["owner"], row["team"], row["in_capacity"] is not False
        handoff.stretch += 1
        for name in _DUES:
            setattr(handoff, name, row[name])
        handoff.owned_since = row["us"] if handoff.owner is not None else None
        if handoff.owner is not None:
            self.state.loads[handoff.owner] += 1
            day = local_day(row["us"] // 3_600_000_000, self.rules.agreement.time_zone)
            self.state.today[handoff.owner, day] += 1
            path = routed_by(rules, handoff, row)
            route.note_turn(rules, self.state, path=path, owner=handoff.owner, at=row["us"], but=handoff.passed)

    def _released(self, handoff: Handoff) -> None:
        if handoff.owner is not None:
            self.state.loads[handoff.owner] -= 1
            handoff.passed = handoff.passed | {handoff.owner}

    def _happened(self, handoff: Handoff, row: Event) -> None:
        event = row["event"]
        handoff.status = TRANSITIONS[handoff.status].get(event, handoff.status)
        if event in ANSWERS and handoff.answered_at is None:
            handoff.answered_at = row["us"]
        if event in CLOSING and handoff.handoff_id in self.state.open:
            self._closed(handoff, row)

    def _closed(self, handoff: Handoff, row: Event) -> None:
        del self.state.open[handoff.handoff_id]
        if handoff.owner is not None:
            self.state.loads[handoff.owner] -= 1
        standing = self.state.standing(handoff.person_id)
        standing.open, standing.closed = None, row["event"]
        standing.stamp += 1
        if row["event"] == RECYCLED:
            standing.recycled_us, standing.recycle_reason = row["us"], row["reason"]
        elif row["event"] == REJECTED:
            standing.rejected_us, standing.reject_reason = row["us"], row["reason"]


def routed_by(rules: Rules, handoff: Handoff, row: Event) -> str | None:
    """The routing rule whose turn was taken, or the clause that asked the account's owner. A re-route that a breach
    caused says beside it which clause chose; old ones do not, and then the rule of the offer chose again."""
    path: str | None = (row["reason"] if row["event"] == REROUTED else None) or row["rule"]
    if row["event"] == REROUTED and (row["by"] is not None or path == route.DEPUTY):
        return None  # somebody chose, or a deputy was named; nobody's turn was taken
    if path is not None and path.startswith(ROUTING):
        handoff.route = int(path.removeprefix(ROUTING))
    elif row["event"] == REROUTED and path not in route.OF_ACCOUNT:
        routes = rules.agreement.routing.rules
        fits = [n for n, rule in enumerate(routes) if rule.team == row["team"]]
        chosen = handoff.route if handoff.route >= 0 else next(iter(fits), -1)
        return f"{ROUTING}{chosen}" if chosen >= 0 else None
    return path


# What a running agreement has in mind


def _at_offers(engine: Engine, versions: Mapping[int, Rules], rows: Iterable[Event]) -> Leads:
    """The judged row of every offer, under the version that made it."""
    by_version: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        if row["event"] == "offered":
            by_version[row["version"] or 0].append((row["person_id"], row["us"]))
    found = {}
    for version, offers in by_version.items():
        people = pa.array([person for person, _ in offers], pa.string())
        times = pa.array([us for _, us in offers], pa.int64()).cast(MOMENT)
        for lead in look(engine, versions[version], _asked(people, times)).to_pylist():
            found[lead["person_id"], lead["us"]] = lead
    return found


def _asked(people: pa.Array, moments: pa.Array) -> pa.Table:
    trigger = pa.array([FACT] * len(people), pa.string())
    return pa.table({"person_id": people, "moment": moments, "trigger": trigger})


_SINCE = {
    "offered": "days_since_handoff",
    RECYCLED: "days_since_recycle",
    REJECTED: "days_since_reject",
}


def _watch(state: State, rules: Rules, row: Event) -> None:
    """What `decide()` puts on the list of people to look at again, when a handoff is offered and when it comes back."""
    again = rules.agreement.qualification.again
    if row["event"] == "offered" and again and again.wall():
        state.watch(row["person_id"], row["us"] + int(again.wall().total_seconds() * 1_000_000))
    for days in rules.standing_waits.get(_SINCE.get(row["event"], ""), ()):
        state.watch(row["person_id"], row["us"] + int(days * DAY_US))


def _forget_past_turns(state: State, stretches: Sequence[tuple[Rules, int, int]]) -> None:
    """Whose turn came at a tick was looked at then."""
    ticks = [tick for rules, since, until in stretches if (tick := _last_tick(rules, since, until)) is not None]
    if ticks:
        state.turned(max(ticks))


def _last_tick(rules: Rules, since: int, until: int) -> int | None:
    ticks = rules.ticks(max(since, until - 3 * DAY_US), until)
    return ticks[-1] if ticks else None


def _run_clocks(state: State, handoff: Handoff, at: int) -> None:
    """What `decide()` would have on its list for an open handoff: its clock, what follows a breach, that its owner
    leaves, or another try to find an owner."""
    rules = state.versions[handoff.version]
    if handoff.owner is None:
        state.schedule(handoff, rules.next_tick(at), breach=FIND_OWNER)
        return
    for leaves in state.roster.departures(handoff.owner):
        if leaves > at or state.roster.departure(handoff.owner, at):  # a record of before this was a rule
            state.schedule(handoff, max(leaves, at + 1), breach=OWNER_LEFT)
    if handoff.answer_due is None or handoff.answered_at is not None:
        return
    elif handoff.answer_due > at:
        state.schedule(handoff, handoff.answer_due, breach=RAN_OUT)
    else:
        clock = rules.clocks.get(handoff.team) or rules.clocks[None]
        for number, breach in enumerate(rules.agreement.response.on_breach):
            due = clock.due_at_us(handoff.answer_due, breach.after)
            if due > at:
                state.schedule(handoff, due, breach=number)


def _last_decisions(engine: Engine, at: int) -> Mapping[str, tuple[str, str]]:
    rows = engine.rows(
        "SELECT person_id, arg_max(outcome, occurred_at) AS outcome, arg_max(because, occurred_at) AS because"
        f" FROM decisions_revisions WHERE {_KNOWN} GROUP BY person_id",
        [at],
    )
    columns = (rows[name].to_pylist() for name in ("person_id", "outcome", "because"))
    return {person: (outcome, because) for person, outcome, because in zip(*columns, strict=True)}


def _verdicts(
    engine: Engine, state: State, stretches: Sequence[tuple[Rules, int, int]]
) -> Mapping[str, tuple[str, str]]:
    """The verdict of facts alone at each person's last fact.

    For somebody who was never handed over it is the last decision, if that followed from facts alone. Everybody else is
    looked at once more; and everybody at all, where a clause reads earlier handoffs.
    """
    plain = () if any(rules.always_late for rules, _, _ in stretches) else (BELOW, OUTSIDE, EXCLUDED)
    told = {person: last for person, last in state.recorded.items() if last[0] in plain and person not in state.people}
    unclear = pa.array([person for person in {*state.recorded, *state.people} if person not in told], pa.string())
    found = dict(told)
    for rules, since, until in stretches:
        for lead in look(engine, rules, _last_facts(engine, rules, since, until, unclear)).to_pylist():
            found[lead["person_id"]] = (lead["outcome"], lead["because"])
    return found


def _last_facts(engine: Engine, rules: Rules, since: int, until: int, people: pa.Array) -> pa.Table:
    """The last moment at which a fact had each of these people looked at."""
    facts = moments_of_facts(engine, rules, since=since, until=until, ticks=[])
    concerned = facts.filter(pc.is_in(facts["person_id"], people))
    last = concerned.group_by("person_id").aggregate([("moment", "max")])
    return _asked(last["person_id"], last["moment_max"])
