"""How handoffs were dealt out, read back from the ledger: who got each one in which way, and among whom a turn went.

Nothing is decided here. Who stood in line is asked of the routing clause itself (`route.line`), with the absences,
working hours, loads and capacity of that moment, under the version that the handoff began with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from accord.agreement import route
from accord.agreement.decide import local_day
from accord.agreement.handoff import CLOSING, OFFERED, REROUTED, Handoff
from accord.agreement.restore import ROUTING, roster_of, routed_by
from accord.agreement.rules import Rules
from accord.agreement.state import State
from accord.facts.engine import Engine

TURN, ACCOUNT, HAND, DEPUTY, OTHERWISE = "turn", "account", "hand", "deputy", "otherwise"
WAYS = {
    TURN: "by the turn of a routing rule",
    ACCOUNT: "because the account is theirs",
    HAND: "given by somebody",
    DEPUTY: "as the deputy of somebody who left",
    OTHERWISE: "in a way of which the record does not say what was agreed",
}
_NO_LINE = route.Line({}, {})


class Dealt(NamedTuple):
    """One handoff that came to somebody, at a moment (microseconds since 1970, UTC). `moved`: it had been somebody
    else's or nobody's before. `line` is who stood in line for it; empty unless it came by turn."""

    at: int
    handoff_id: str
    owner: str
    team: str | None
    way: str
    moved: bool
    band: str | None
    score: float | None
    line: route.Line


def events_sql() -> str:
    """SQL with two parameters, from when and until when (microseconds since 1970): what happened to all handoffs that
    were not over before, in the order in which `decide()` let it happen: of one moment acts of people, then clocks,
    then that an owner has left, then offers."""
    closing = ", ".join(f"'{event}'" for event in sorted(CLOSING))
    return f"""SELECT epoch_us(occurred_at) AS us, handoff_id, person_id, event, owner, team, "by", reason, rule,
  version, band, score
FROM handoffs
WHERE event IN ('{OFFERED}', '{REROUTED}', {closing}) AND occurred_at < make_timestamp($2::BIGINT)
  AND handoff_id NOT IN (
    SELECT handoff_id FROM handoffs WHERE event IN ({closing}) AND occurred_at < make_timestamp($1::BIGINT))
ORDER BY occurred_at, event = '{OFFERED}', event = '{REROUTED}' AND "by" IS NULL,
  coalesce(rule IN ('{route.LEFT}', '{route.DEPUTY}'), FALSE), CASE WHEN event = '{OFFERED}' THEN person_id END,
  handoff_id, known_at, source_id"""


def dealt(engine: Engine, versions: Mapping[int, Rules], *, since: int, until: int) -> Iterator[Dealt]:
    """Every handoff that came to somebody in [`since`, `until`), in order of time."""
    walk = _Walk(State(roster_of(engine)), versions)
    table = engine.rows(events_sql(), [since, until])
    columns = [table[name].to_pylist() for name in table.column_names]
    for cells in zip(*columns, strict=True):
        found = walk.step(dict(zip(table.column_names, cells, strict=True)))
        if found is not None and found.at >= since:
            yield found


class _Walk:
    """Recorded events, one after the other: how many handoffs everybody had open, and got on each day."""

    def __init__(self, state: State, versions: Mapping[int, Rules]) -> None:
        self.state, self.versions = state, versions
        self.known: dict[str, Handoff] = {}

    def step(self, row: Mapping[str, Any]) -> Dealt | None:
        handoff = self.known.get(row["handoff_id"])
        if row["event"] in CLOSING:
            if handoff is not None:
                self._let_go(handoff)
            return None
        moved = row["event"] == REROUTED
        if moved == (handoff is None):  # offered twice, or moved before it was offered
            return None
        if handoff is None:
            handoff = self.known[row["handoff_id"]] = _offered(row)
        self._let_go(handoff)
        return self._own(handoff, row, moved=moved) if row["owner"] is not None else None

    def _own(self, handoff: Handoff, row: Mapping[str, Any], *, moved: bool) -> Dealt:
        rules = self.versions.get(handoff.version)
        day = local_day(row["us"] // 3_600_000_000, rules.agreement.time_zone) if rules else 0
        way, line = self._way(handoff, row, rules, day)
        owner: str = row["owner"]
        handoff.owner = owner
        self.state.loads[owner] += 1
        self.state.today[owner, day] += 1
        return Dealt(
            row["us"], handoff.handoff_id, owner, row["team"], way, moved, row["band"] or handoff.band,
            handoff.score if row["score"] is None else row["score"], line,
        )  # fmt: skip

    def _way(
        self, handoff: Handoff, row: Mapping[str, Any], rules: Rules | None, day: int
    ) -> tuple[str, route.Line]:  # fmt: skip
        """How it came to its owner. By turn only if the owner stood in line, as far as facts say today, and first of it
        where a handoff moved and the record does not say by which clause."""
        if row["event"] == REROUTED and row["by"] is not None:
            return HAND, _NO_LINE
        moved_by = row["reason"] if row["event"] == REROUTED else None
        said = moved_by or row["rule"]
        if said in (*route.OF_ACCOUNT, route.DEPUTY):
            return ACCOUNT if said in route.OF_ACCOUNT else DEPUTY, _NO_LINE
        path = routed_by(rules, handoff, row) if rules else None
        if rules is None or path is None or not path.startswith(ROUTING):
            return OTHERWISE, _NO_LINE
        number = int(path.removeprefix(ROUTING))
        if number >= len(rules.agreement.routing.rules):
            return OTHERWISE, _NO_LINE
        line = route.line(rules, self.state, rule=number, at=row["us"], day=day, but=handoff.passed)
        could = line.next if row["event"] == REROUTED and moved_by is None else line.there
        return (TURN, line) if row["owner"] in could else (OTHERWISE, _NO_LINE)

    def _let_go(self, handoff: Handoff) -> None:
        if handoff.owner is not None:
            self.state.loads[handoff.owner] -= 1
            handoff.passed = handoff.passed | {handoff.owner}
            handoff.owner = None


def _offered(row: Mapping[str, Any]) -> Handoff:
    return Handoff(
        row["handoff_id"], row["person_id"], row["us"], row["version"] or 0, row["band"], row["score"], complete=True
    )
