"""Why a handoff goes to this owner: the account's owner first, then the rules in order, then whose turn it is.

Turns are counted as in fair queueing: everybody's count grows by 1/weight with each handoff, the lowest count is next,
and who comes back from an absence starts at the lowest count of those present. So shares are fair over months,
nobody is flooded after a holiday, and no trailing window punishes a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from accord.agreement.document import Capacity, Method, RouteRule
from accord.agreement.rules import Rules
from accord.agreement.state import Shift, State

OWNER_FIRST = "routing.owner_first"
ABSENT = "absent"


class Chosen(NamedTuple):
    """Who gets it, by which clause; `owner` None means unowned. `skipped` says who was passed over and why."""

    owner: str | None
    team: str | None
    rule: str | None
    in_capacity: bool = True
    skipped: tuple[tuple[str, str], ...] = ()


def choose(
    rules: Rules,
    state: State,
    *,
    rule: int,
    account_owner: str | None,
    at: int,
    day: int,
    but: frozenset[str] = frozenset(),
) -> Chosen:
    """The owner of a handoff at a moment. `rule` is the index of the first routing rule that fits, -1 for none.

    Absent and departed people are skipped at the moment of assignment; with nobody eligible it stays unowned.
    """
    skipped: list[tuple[str, str]] = []
    if rules.agreement.routing.owner_first and account_owner and account_owner not in but:
        if state.roster.is_there(account_owner, at):
            team = team_of(rules, account_owner)
            return Chosen(account_owner, team, OWNER_FIRST, has_room(rules, state, account_owner, team, day))
        skipped.append((account_owner, ABSENT))
    if rule < 0:
        return Chosen(None, None, None, skipped=tuple(skipped))
    path, chosen = f"routing.rules.{rule}", rules.agreement.routing.rules[rule]
    shift = _shift(rules, state, rule, chosen, at)
    present = [person for person in shift.present if person not in but] if but else shift.present
    if not present:
        present = _deputy(rules, state, chosen, at, but)
    skipped += shift.skipped
    if but:
        skipped += [(person, "had it before") for person in shift.present if person in but]
    if not present:
        return Chosen(None, chosen.team, path, skipped=tuple(skipped))
    owner, free = _pick(rules, state, chosen, path, present, day)
    _wait_with_others(state.turns[path], [person for person in shift.away if person not in but], present)
    return Chosen(owner, chosen.team, path, free, tuple(skipped))


def _shift(rules: Rules, state: State, number: int, rule: RouteRule, at: int) -> Shift:
    """Who of a team takes part in a rule and is there; worked out anew only when somebody comes or goes."""
    key = (rules.version, number)
    shift = state.shifts.get(key)
    if shift is None or shift.rules is not rules or not shift.since <= at < shift.until:
        people = rules.agreement.teams[rule.team].people
        asked = [person for person in people if _takes_part(rule, person)]
        present = [person for person in asked if state.roster.is_there(person, at)]
        away = tuple(person for person in asked if person not in present)
        skipped = [(person, "no weight") for person in people if not _takes_part(rule, person)]
        skipped += [(person, ABSENT) for person in away]
        shift = state.shifts[key] = Shift(rules, *state.roster.unchanged(at), tuple(present), away, tuple(skipped))
    return shift


def _deputy(rules: Rules, state: State, rule: RouteRule, at: int, but: frozenset[str]) -> tuple[str, ...]:
    """The team's deputy, who is asked when nobody of the team can be."""
    deputy = rules.agreement.teams[rule.team].deputy
    return (deputy,) if deputy and deputy not in but and state.roster.is_there(deputy, at) else ()


def _pick(rules: Rules, state: State, rule: RouteRule, path: str, present: Sequence[str], day: int) -> tuple[str, bool]:
    """Whose turn it is among those present; people with room under the capacity clause come first."""
    turns = state.turns[path]
    _join(turns, present)
    roomy = _roomy(rules, state, present, rule.team, day)
    owner = _next(state, rule, turns, roomy or present)
    turns[owner] += _share(rule, owner)
    return owner, bool(roomy)


def _next(state: State, rule: RouteRule, turns: dict[str, float], people: Sequence[str]) -> str:
    """Who has the lowest load or count. A count is taken at the middle of the next turn, which keeps every share
    within one of fair at every moment."""
    if rule.method is Method.LEAST_LOADED:
        return min([(state.loads[p], turns[p], p) for p in people])[-1]
    if rule.method is Method.WEIGHTED:
        weights = rule.weights
        return min([(turns[p] + 1 / (weights.get(p) or 1) / 2, p) for p in people])[-1]
    return min([(turns[p] + 0.5, p) for p in people])[-1]


def _takes_part(rule: RouteRule, person: str) -> bool:
    return rule.method is not Method.WEIGHTED or bool(rule.weights.get(person))


def _share(rule: RouteRule, owner: str) -> float:
    """By how much one handoff raises a count; a deputy without a weight counts as one."""
    return 1 / (rule.weights.get(owner) or 1) if rule.method is Method.WEIGHTED else 1


def _join(turns: dict[str, float], present: Sequence[str]) -> None:
    """Who never had a turn under this rule starts at the lowest count of those present, not at none."""
    if not turns.keys() >= set(present):
        new = [p for p in present if p not in turns]
        lowest = min((turns[p] for p in present if p in turns), default=0.0)
        turns.update(dict.fromkeys(new, lowest))


def _wait_with_others(turns: dict[str, float], away: Sequence[str], present: Sequence[str]) -> None:
    """Who is away keeps pace with the lowest count of those present."""
    if away:
        lowest = min(turns[p] for p in present)
        for person in away:
            turns[person] = max(turns[person], lowest)


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
    people = rules.agreement.teams[rule.team].people
    asked = [p for p in people if _takes_part(rule, p) and p not in but]
    present = [p for p in asked if state.roster.is_there(p, at)] or [owner]
    _join(turns, [*present, owner])
    turns[owner] += _share(rule, owner)
    _wait_with_others(turns, [p for p in asked if not state.roster.is_there(p, at)], present)
