"""Why a handoff goes to this owner: the account's owner first, then the rules in order, then whose turn it is.

Turns are counted as in fair queueing: everybody's count grows by 1/weight with each handoff, the lowest count is next,
and who comes back from an absence starts at the lowest count of those present. So shares are fair over months,
nobody is flooded after a holiday, and no trailing window punishes a second time. A deputy whom an absence names takes
the share of the colleague who is away, on top of an own one. Under a rule with `in_hours` turns go to those who are in
their working hours, and who is not is passed over like somebody who is away; when nobody is, hours do not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from accord.agreement.document import Capacity, Method, RouteRule
from accord.agreement.rules import Rules
from accord.agreement.state import FOREVER, Roster, Shift, State

OWNER_FIRST, PARENT_OWNER = "routing.owner_first", "routing.including_parent"
OF_ACCOUNT = (OWNER_FIRST, PARENT_OWNER)
"""By the clauses that ask who owns the account, or one above it."""
LEFT, DEPUTY = "routing.left", "routing.left.deputy"
"""The owner left the company: it was routed once more, or went to the deputy whom the departure names."""
BREACH = "response.on_breach."
"""An owner did not answer in time; with the number of the step."""
ABSENT, OFF_HOURS = "absent", "off hours"


class Chosen(NamedTuple):
    """Who gets it, by which clause; `owner` None means unowned. `skipped` says who was passed over and why, `instead`
    who stands in for whom of them."""

    owner: str | None
    team: str | None
    rule: str | None
    in_capacity: bool = True
    skipped: tuple[tuple[str, str], ...] = ()
    instead: tuple[tuple[str, str], ...] = ()


def account_owner(
    rules: Rules, state: State, *, account: str | None, owner: str | None, at: int
) -> tuple[str | None, str]:
    """Who owns an account for the routing, and by which clause: its `owner`, as the lead view tells, else, where that
    is agreed, who owns the nearest account above it that anybody owns."""
    routing = rules.agreement.routing
    if owner or not (routing.owner_first and routing.including_parent and account):
        return owner, OWNER_FIRST
    return state.families.owner_above(account, at), PARENT_OWNER


def choose(
    rules: Rules,
    state: State,
    *,
    rule: int,
    account_owner: str | None,
    at: int,
    day: int,
    but: frozenset[str] = frozenset(),
    owned_by: str = OWNER_FIRST,
) -> Chosen:
    """The owner of a handoff at a moment. `rule` is the index of the first routing rule that fits, -1 for none.
    `owned_by` is the clause by which the account is `account_owner`'s.

    Absent and departed people are skipped at the moment of assignment, and their deputies are asked; with nobody
    eligible it stays unowned.
    """
    skipped: list[tuple[str, str]] = []
    if rules.agreement.routing.owner_first and account_owner and account_owner not in but:
        if (chosen := _of_account(rules, state, account_owner, at, day, but)).owner:
            return chosen._replace(rule=owned_by)
        skipped.append((account_owner, ABSENT))
    if rule < 0:
        return Chosen(None, None, None, skipped=tuple(skipped))
    path, clause = f"routing.rules.{rule}", rules.agreement.routing.rules[rule]
    shift = _shift(rules, state, rule, clause, at)
    shares = _asked(rules, state, clause, shift, at, but)
    skipped += shift.skipped
    if but:
        skipped += [(person, "had it before") for person in shift.shares if person in but]
    if not shares:
        return Chosen(None, clause.team, path, skipped=tuple(skipped))
    at_work = _at_work(rules, clause, shares, at)
    skipped += [(person, OFF_HOURS) for person in shares if person not in at_work]
    shares = at_work
    owner, free = _pick(rules, state, clause, path, shares, day)
    _wait_with_others(state.turns[path], shares, but)
    instead = tuple(pair for pair in shift.instead if pair[1] in shares) if clause.in_hours else shift.instead
    return Chosen(owner, clause.team, path, free, tuple(skipped), instead)


class Line(NamedTuple):
    """Who stands in line under a routing rule at a moment, each with how large a share he or she takes: everybody whose
    turn it can be, and those between whom the turn decides, for they have room and, where load counts, the lowest."""

    there: Mapping[str, float]
    next: Mapping[str, float]


def line(
    rules: Rules, state: State, *, rule: int, at: int, day: int, but: Collection[str] = frozenset()
) -> Line:  # fmt: skip
    """Among whom `choose` would choose by turn; nothing is chosen."""
    clause = rules.agreement.routing.rules[rule]
    shift = _shift(rules, state, rule, clause, at)
    there = _at_work(rules, clause, _asked(rules, state, clause, shift, at, but), at)
    ready = _roomy(rules, state, list(there), clause.team, day) or list(there)
    if clause.method is Method.LEAST_LOADED:
        ready = _least_loaded(state, ready)
    return Line(there, {person: there[person] for person in ready})


def _asked(
    rules: Rules, state: State, clause: RouteRule, shift: Shift, at: int, but: Collection[str]
) -> Mapping[str, float]:
    """The shares of those who are there, without those who had it before; with nobody left, the team's deputy."""
    shares = {person: share for person, share in shift.shares.items() if person not in but} if but else shift.shares
    return shares or _deputy(rules, state, clause, at, but)


def _of_account(rules: Rules, state: State, account_owner: str, at: int, day: int, but: frozenset[str]) -> Chosen:
    """The account's owner, or whoever stands in while he or she is away."""
    who = state.roster.in_place_of(account_owner, at)
    if who is None or who in but:
        return Chosen(None, None, OWNER_FIRST)
    team = team_of(rules, who) or team_of(rules, account_owner)
    room = has_room(rules, state, who, team, day)
    if who == account_owner:
        return Chosen(who, team, OWNER_FIRST, room)
    return Chosen(who, team, OWNER_FIRST, room, ((account_owner, ABSENT),), ((account_owner, who),))


def _shift(rules: Rules, state: State, number: int, rule: RouteRule, at: int) -> Shift:
    """Who takes part in a rule and is there; worked out anew only when somebody comes or goes."""
    key = (rules.version, number)
    shift = state.shifts.get(key)
    if shift is None or shift.rules is not rules or not shift.since <= at < shift.until:
        people, roster = rules.agreement.teams[rule.team].people, state.roster
        away = [person for person in people if _takes_part(rule, person) and not roster.is_there(person, at)]
        skipped = [(person, "no weight") for person in people if not _takes_part(rule, person)]
        skipped += [(person, ABSENT) for person in away]
        instead = [(person, who) for person in away if (who := _stands_in(roster, person, at))]
        shares = _shares(rules, rule, roster, at)
        shift = Shift(rules, *roster.unchanged(at), shares, tuple(skipped), tuple(instead))
        state.shifts[key] = shift
    return shift


def _shares(rules: Rules, rule: RouteRule, roster: Roster, at: int) -> dict[str, float]:
    """How large a share everybody takes who is there: an own one, and those of colleagues for whom he or she stands
    in. In the order of the team, deputies from elsewhere after it."""
    asked = [person for person in rules.agreement.teams[rule.team].people if _takes_part(rule, person)]
    shares = {person: _weight(rule, person) for person in asked if roster.is_there(person, at)}
    for person in asked:
        if person not in shares and (who := _stands_in(roster, person, at)):
            shares[who] = shares.get(who, 0.0) + _weight(rule, person)
    return shares


def _at_work(rules: Rules, rule: RouteRule, shares: Mapping[str, float], at: int) -> Mapping[str, float]:
    """Those who are in their working hours, where the rule asks for that and anybody is."""
    if not rule.in_hours:
        return shares
    found = {person: s for person, s in shares.items() if rules.is_at_work(person, team=rule.team, at=at)}
    return found or shares


def _stands_in(roster: Roster, person: str, at: int) -> str | None:
    """Who stands in for somebody who is away and comes back. Who has left has no share that a deputy could take."""
    absence = roster.absence(person, at)
    return roster.in_place_of(person, at) if absence is not None and absence.end < FOREVER else None


def _deputy(rules: Rules, state: State, rule: RouteRule, at: int, but: Collection[str]) -> dict[str, float]:
    """The team's deputy, who is asked when nobody of the team can be."""
    deputy = rules.agreement.teams[rule.team].deputy
    return {deputy: 1.0} if deputy and deputy not in but and state.roster.is_there(deputy, at) else {}


def _pick(
    rules: Rules, state: State, rule: RouteRule, path: str, shares: Mapping[str, float], day: int
) -> tuple[str, bool]:
    """Whose turn it is among those present; people with room under the capacity clause come first."""
    turns = state.turns[path]
    _join(turns, list(shares))
    roomy = _roomy(rules, state, list(shares), rule.team, day)
    owner = _next(state, rule, turns, roomy or list(shares), shares)
    turns[owner] += 1 / shares[owner]
    return owner, bool(roomy)


def _next(
    state: State, rule: RouteRule, turns: dict[str, float], people: Sequence[str], shares: Mapping[str, float]
) -> str:
    """Who has the lowest load or count. A count is taken at the middle of the next turn, which keeps every share
    within one of fair at every moment."""
    if rule.method is Method.LEAST_LOADED:
        return min([(turns[p], p) for p in _least_loaded(state, people)])[-1]
    return min([(turns[p] + 1 / shares[p] / 2, p) for p in people])[-1]


def _least_loaded(state: State, people: Sequence[str]) -> list[str]:
    """Those with the fewest open handoffs."""
    fewest = min(state.loads[p] for p in people)
    return [p for p in people if state.loads[p] == fewest]


def _takes_part(rule: RouteRule, person: str) -> bool:
    return rule.method is not Method.WEIGHTED or bool(rule.weights.get(person))


def _weight(rule: RouteRule, person: str) -> float:
    return float(rule.weights[person]) if rule.method is Method.WEIGHTED else 1.0


def _join(turns: dict[str, float], present: Sequence[str]) -> None:
    """Who never had a turn under this rule starts at the lowest count of those present, or of everybody where all who
    are present are new; not at none."""
    if not turns.keys() >= set(present):
        new = [p for p in present if p not in turns]
        lowest = min((turns[p] for p in present if p in turns), default=min(turns.values(), default=0.0))
        turns.update(dict.fromkeys(new, lowest))


def _wait_with_others(turns: dict[str, float], present: Collection[str], but: Collection[str]) -> None:
    """Who is away, or stands in for nobody now, keeps pace with the lowest count of those present."""
    if len(turns) > len(present):
        lowest = min(turns[p] for p in present)
        for person, count in turns.items():
            if count < lowest and person not in present and person not in but:
                turns[person] = lowest


def team_of(rules: Rules, person: str) -> str | None:
    """The first team of the agreement that a colleague belongs to."""
    return next((name for name, team in rules.agreement.teams.items() if person in team.people), None)


def has_room(rules: Rules, state: State, owner: str, team: str | None, day: int) -> bool:
    """Whether one more handoff stays within the agreed capacity of this colleague."""
    return bool(_roomy(rules, state, (owner,), team, day))


def _roomy(rules: Rules, state: State, people: Sequence[str], team: str | None, day: int) -> list[str]:
    """Those for whom one more handoff stays within the agreed capacity."""
    agreed = rules.agreement.capacity.get(team or "", _NO_LIMIT)
    found, most_open, most_new = list(people), agreed.open_per_person, agreed.new_per_person_per_day
    if most_open is not None:
        loads = state.loads
        found = [p for p in found if loads[p] < most_open]
    if most_new is not None:
        today = state.today
        found = [p for p in found if today.get((p, day), 0) < most_new]
    return found


_NO_LIMIT = Capacity()


def note_turn(
    rules: Rules, state: State, *, path: str | None, owner: str, at: int, but: Collection[str] = frozenset()
) -> None:
    """Count a turn that was taken in the past, so that shares go on from where they stood."""
    number = int(path.rsplit(".", 1)[1]) if path and path.startswith("routing.rules.") else -1
    if path is None or not 0 <= number < len(rules.agreement.routing.rules):
        return
    rule, turns = rules.agreement.routing.rules[number], state.turns[path]
    there = {p: share for p, share in _shares(rules, rule, state.roster, at).items() if p not in but}
    shares = dict(_at_work(rules, rule, there, at))
    shares.setdefault(owner, 1.0)
    _join(turns, list(shares))
    turns[owner] += 1 / shares[owner]
    _wait_with_others(turns, shares, but)
