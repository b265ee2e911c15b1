"""Replay: an agreement run over past facts, as known at each moment, through the same `decide()` as live.

People's acts are taken as recorded. Where the replayed agreement hands over a lead that was never handed over, nobody
ever answered it: such a handoff is taken as answered in time, held open until its outcome clock ends, and counted as
not replayable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement.decide import Decisions, decide
from accord.agreement.document import Agreement
from accord.agreement.handoff import CLOSING, HUMAN_EVENTS, Handoff, HumanAct
from accord.agreement.restore import roster_of
from accord.agreement.rules import Rules
from accord.agreement.running import edges, look, moments_of_facts, turned, watch_again
from accord.agreement.state import State, microseconds
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.lead_view import DAY_US

ASSUMED = "(assumed)"
PEOPLE_AT_ONCE = 150_000

Progress = Callable[[str, int, int], None]


def _quiet(_step: str, _done: int, _all: int) -> None: ...


class NothingToReplayError(AccordError):
    """A lake without any fact that decisions read."""


@dataclass(slots=True)
class Recorded:
    """The recorded acts of people, handed to the handoffs that the replay offers."""

    acts: Mapping[str, list[HumanAct]]
    offered_ids: frozenset[str]
    next_act: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unanswered: list[str] = field(default_factory=list)
    passed_by: int = 0

    @classmethod
    def of(cls, engine: Engine) -> Recorded:
        """From the handoff events of a ledger."""
        human = ", ".join(f"'{event}'" for event in sorted(HUMAN_EVENTS))
        rows = engine.rows(
            'SELECT person_id, epoch_us(occurred_at) AS us, event, "by", reason FROM handoffs'
            f" WHERE event IN ({human}) ORDER BY person_id, us, event"
        )
        acts: dict[str, list[HumanAct]] = defaultdict(list)
        for person, *act in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            acts[person].append(HumanAct(*act))
        offered = engine.rows("SELECT DISTINCT handoff_id FROM handoffs WHERE event = 'offered'")
        return cls(acts, frozenset(offered["handoff_id"].to_pylist()))

    @property
    def recycled(self) -> list[str]:
        return [person for person, acts in self.acts.items() if any(act.event == "recycled" for act in acts)]

    def offered(self, handoff: Handoff, at: int) -> Sequence[HumanAct]:
        """The person's recorded acts from now on up to the one that closes, and what followed before the next offer."""
        found = list(self._until_closed(handoff.person_id, at))
        if found or handoff.handoff_id in self.offered_ids:
            return found
        self.unanswered.append(handoff.handoff_id)
        handoff.answered_at = at  # nobody can know, so no clock of it runs out
        return [HumanAct(handoff.outcome_due or at + 30 * DAY_US, "rejected", ASSUMED)]

    def rerouted(self, handoff: Handoff, at: int) -> Sequence[HumanAct] | None:  # noqa: ARG002
        """Recorded acts stay what they were, whoever owns the handoff in the replay."""
        return None

    def _until_closed(self, person_id: str, at: int) -> Iterator[HumanAct]:
        acts, closed = self.acts.get(person_id, []), False
        place = self.next_act[person_id]
        while place < len(acts) and acts[place].at < at:
            place += 1
            self.passed_by += 1
        while place < len(acts) and not (closed and acts[place].event not in ("replied", "looked_again")):
            closed = closed or acts[place].event in CLOSING
            yield acts[place]
            place += 1
        self.next_act[person_id] = place


@dataclass(frozen=True)
class Replay:
    """What an agreement would have decided. Tables are Arrow in the shape of `decisions` and `handoffs`."""

    versions: tuple[int, ...]
    since: datetime
    until: datetime
    decisions: pa.Table
    handoffs: pa.Table
    unanswered: tuple[str, ...]
    acts_without_handoff: int
    inferred: float
    moments: int
    sql: str

    @cached_property
    def offers(self) -> pa.Table:
        """The offers: one row per handoff, with owner, team, band and due times."""
        return self.handoffs.filter(pc.equal(self.handoffs["event"], "offered"))


@dataclass(slots=True)
class _Run:
    """One replay under way."""

    engine: Engine
    recorded: Recorded
    state: State
    out: Decisions
    progress: Progress
    moments: int = 0


def replay(
    engine: Engine, versions: Sequence[Agreement], *, until: datetime | None = None, progress: Progress = _quiet
) -> Replay:
    """Run agreements over the facts of a connected ledger, each from its `in_force_from` until the next takes over.

    To replay one draft over all of the past, give it an `in_force_from` before the first fact (`over_all_of`). Facts
    known after `until` (default: the last fact) are not looked at. Raises NothingToReplayError for an empty lake.
    """
    _bring_in(engine)
    first, last = _span(engine)
    end = microseconds(until) if until is not None else last
    run = _Run(engine, Recorded.of(engine), State(roster_of(engine)), Decisions(), progress)
    rules = sorted((Rules.of(a) for a in versions), key=lambda r: r.agreement.in_force_from)
    starts = [max(first - 1, microseconds(r.agreement.in_force_from)) for r in rules]
    for each, (since, then) in zip(rules, pairwise([*starts, max(end, starts[-1])]), strict=True):
        if since < min(then, end):
            _version(run, each, since, min(then, end))
    return Replay(
        versions=tuple(r.version for r in rules),
        since=_time(min(starts[0], end)),
        until=_time(end),
        decisions=run.out.decisions,
        handoffs=_without_assumed(run.out.handoffs),
        unanswered=tuple(run.recorded.unanswered),
        acts_without_handoff=run.recorded.passed_by + len(run.out.refused),
        inferred=_inferred(engine),
        moments=run.moments,
        sql=rules[-1].look_sql,
    )


def over_all_of(agreement: Agreement, engine: Engine) -> Agreement:
    """The same agreement as if it had been in force from the first fact on."""
    first, _ = _span(engine)
    return replace(agreement, in_force_from=_time(first) - timedelta(days=1))


def _version(run: _Run, rules: Rules, since: int, until: int) -> None:
    """One version over its stretch: all moments that follow from facts at once, then step by step with the state."""
    watch_again(rules, run.state, since)
    seen = _seen(run, rules, since, until)
    cuts = edges(rules, since, until)
    for number, (start, end) in enumerate(pairwise(cuts)):
        run.progress("Deciding", number, len(cuts) - 1)
        part = seen.filter(pc.and_(pc.greater(seen["us"], start), pc.less_equal(seen["us"], end)))
        extra = turned(run.state, rules.ticks(start, end))
        if len(extra):
            part = _joined(part, look(run.engine, rules, _not_yet(part, extra)))
        done = decide(part, rules, run.state, end, colleagues=run.recorded)
        run.out.add(done)
    run.progress("Deciding", len(cuts) - 1, len(cuts) - 1)


def _seen(run: _Run, rules: Rules, since: int, until: int) -> pa.Table:
    """The judged view at every moment that follows from facts, without the rows that cannot matter.

    A row matters if the lead is eligible, if the verdict is another than at the person's fact before, or if the person
    was ever recycled and might return.
    """
    engine = run.engine
    found = moments_of_facts(engine, rules, since=since, until=until, ticks=rules.ticks(since, until))
    run.moments += len(found)
    engine.register("found_moments", found)
    engine.run("CREATE OR REPLACE TEMP TABLE all_moments AS SELECT *, hash(person_id) AS h FROM found_moments")
    engine.unregister("found_moments")
    engine.register("recycled_people", pa.table({"person_id": pa.array(run.recorded.recycled, pa.string())}))
    people = engine.rows("SELECT approx_count_distinct(person_id) AS n FROM all_moments")["n"][0].as_py()
    engine.unregister("moments")
    buckets = max(1, -(-people // PEOPLE_AT_ONCE))
    parts = []
    for bucket in range(buckets):
        run.progress("Looking", bucket, buckets)
        engine.run(
            "CREATE OR REPLACE TEMP TABLE some_of_them AS SELECT person_id, moment, trigger FROM all_moments"
            f" WHERE h % {buckets} = {bucket}"
        )
        engine.run("CREATE OR REPLACE TEMP VIEW moments AS SELECT * FROM some_of_them")
        parts.append(engine.rows(_mattering(rules)))
    engine.run("DROP VIEW moments")
    run.progress("Looking", buckets, buckets)
    return pa.concat_tables(parts).sort_by([("us", "ascending"), ("person_id", "ascending")])


def _mattering(rules: Rules) -> str:
    previous = "OVER (PARTITION BY person_id, trigger ORDER BY us)"
    return f"""SELECT * EXCLUDE (before) FROM (
            SELECT *, lag(outcome || because) {previous} AS before FROM ({rules.look_sql})
        ) WHERE outcome = 'eligible' OR (trigger = 'fact' AND before IS DISTINCT FROM outcome || because)
            OR (may_return AND person_id IN (SELECT person_id FROM recycled_people))"""


def _not_yet(part: pa.Table, extra: pa.Table) -> pa.Table:
    """Ticks for people who have no row at that very moment."""
    there = set(zip(part["person_id"].to_pylist(), part["us"].to_pylist(), strict=True))
    us = extra["moment"].cast(pa.int64()).to_pylist()
    fresh = [(p, u) not in there for p, u in zip(extra["person_id"].to_pylist(), us, strict=True)]
    return extra.filter(pa.array(fresh))


def _joined(part: pa.Table, extra: pa.Table) -> pa.Table:
    return pa.concat_tables([part, extra.cast(part.schema)]) if len(extra) else part


_READ = ("touches", "profiles", "deals", "consent")


def _bring_in(engine: Engine) -> None:
    """Bring what the agreements read into the session once, so that no step reads files again."""
    for table in _READ:
        name = f"{table}_revisions"
        kind = engine.rows(
            "SELECT table_type FROM information_schema.tables WHERE table_name = $1", [name]
        )["table_type"].to_pylist()  # fmt: skip
        if kind == ["VIEW"]:
            engine.run(f"CREATE TEMP TABLE held_{table} AS SELECT * FROM {name}")
            engine.run(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM held_{table}")


def _span(engine: Engine) -> tuple[int, int]:
    """The first and the last moment at which any fact that decisions read became known (microseconds)."""
    parts = " UNION ALL ".join(f"SELECT min(known_at) AS a, max(known_at) AS b FROM {t}_revisions" for t in _READ)
    events = "SELECT min(occurred_at), max(occurred_at) FROM handoffs"
    row = engine.one(f"SELECT epoch_us(min(a)), epoch_us(max(b)) FROM ({parts} UNION ALL {events})")
    first, last = row
    if first is None:
        raise NothingToReplayError(
            "Nothing is recorded in this lake yet.", remedy="Import its past first: accord import --help."
        )
    return int(str(first)), int(str(last))


def _inferred(engine: Engine) -> float:
    """The share of facts whose `known_at` was concluded rather than recorded."""
    parts = " UNION ALL ".join(
        f"SELECT count(*) AS n, count(*) FILTER (known_inferred) AS i FROM {t}_revisions" for t in _READ
    )
    row = engine.one(f"SELECT sum(i)::DOUBLE / nullif(sum(n), 0) FROM ({parts})")
    return float(str(row[0])) if row[0] is not None else 0.0


def _without_assumed(handoffs: pa.Table) -> pa.Table:
    return handoffs.filter(pc.not_equal(pc.fill_null(handoffs["by"], ""), ASSUMED))


def _time(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, tz=UTC) + timedelta(microseconds=us % 1_000_000)
