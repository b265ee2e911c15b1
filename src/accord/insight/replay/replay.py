"""Replay: an agreement run over past facts, as known at each moment, through the same `decide()` as live.

People's acts are taken as recorded. Where the replayed agreement hands over a lead that was never handed over, nobody
ever answered it: such a handoff is taken as answered in time, held open until its outcome clock ends, and counted as
not replayable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement.decide import Decisions, decide, without_gc
from accord.agreement.document import Agreement
from accord.agreement.restore import state_of
from accord.agreement.rules import Rules
from accord.agreement.running import edges, turns, turns_come, watch_again
from accord.agreement.state import State, microseconds
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.insight.ahead import one_ahead
from accord.insight.replay.held_facts import READ
from accord.insight.replay.looking import Asked, Here, Looks, Part, Waiting, first_ticks
from accord.insight.replay.recorded import ASSUMED, Recorded

Progress = Callable[[str, int, int], None]


def _quiet(_step: str, _done: int, _all: int) -> None: ...


class NothingToReplayError(AccordError):
    """A lake without any fact that decisions read."""


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

    looks: Looks
    recorded: Recorded
    state: State
    out: Decisions
    progress: Progress
    moments: int = 0


def replay(
    engine: Engine,
    versions: Sequence[Agreement],
    *,
    until: datetime | None = None,
    looks: Looks | None = None,
    progress: Progress = _quiet,
) -> Replay:
    """Run agreements over the facts of a connected ledger, each from its `in_force_from` until the next takes over.

    To replay one draft over all of the past, give it an `in_force_from` before the first fact (`over_all_of`). Facts
    known after `until` (default: the last fact) are not looked at. Leads are looked at by `engine`, if nobody else
    `looks` at them over the same facts. Raises NothingToReplayError for an empty lake.
    """
    first, last = _span(engine)
    end = microseconds(until) if until is not None else last
    rules = sorted((Rules.of(a) for a in versions), key=lambda r: r.agreement.in_force_from)
    run = _Run(looks or Here(engine), Recorded.of(engine), state_of(engine, rules), Decisions(), progress)
    starts = [max(first - 1, microseconds(r.agreement.in_force_from)) for r in rules]
    with run.looks.holding(rules), without_gc():
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
    """One version over its time, stretch by stretch; while one part is decided, the next is looked at."""
    watch_again(rules, run.state, since)
    cuts, number = edges(rules, since, until), 0
    with one_ahead(run.looks.parts(_asked(run, rules, cuts)), stop=run.looks.stop) as parts:
        for part in parts:
            run.moments += part.moments
            for start, end in pairwise(part.cuts):
                run.progress("Deciding", number, len(cuts) - 1)
                rows = _met(run, rules, part, start, end)
                run.out.add(decide(rows, rules, run.state, end, colleagues=run.recorded))
                number += 1
    run.progress("Deciding", number, number)


def _asked(run: _Run, rules: Rules, cuts: Sequence[int]) -> Asked:
    coming = first_ticks(_waiting(run, rules), rules.ticks(cuts[0], cuts[-1]))
    return Asked(rules, cuts, coming, run.recorded.recycles(rules), run.recorded.good_looks(run.state.links))


def _waiting(run: _Run, rules: Rules) -> Iterator[Waiting]:
    """Those whose turn was set before, and those whom colleagues gave back."""
    yield [person for _, person in run.state.turning], [at for at, _ in run.state.turning], 0, True
    for event, waits in turns(rules).items():
        acts = [
            (person, act.at) for person, acts in run.recorded.acts.items() for act, *_ in acts if act.event == event
        ]
        for wait in waits if acts else ():
            yield [person for person, _ in acts], [at for _, at in acts], wait, False


def _met(run: _Run, rules: Rules, part: Part, start: int, end: int) -> pa.Table:
    """The judged rows of one stretch: what was seen, and whose turn it is; who was not foreseen is looked at now."""
    ticks, rows = rules.ticks(start, end), _between(part.seen, start, end)
    there = set(_pairs(rows.filter(pc.is_in(rows["us"], pa.array(ticks, pa.int64())))))
    extra = turns_come(run.state, ticks) - there
    if not extra:
        return rows
    asked = set(_pairs(_between(part.asked, start, end)))
    turned = _between(part.turns, start, end)
    found = [rows, turned.filter(pa.array([at in extra for at in _pairs(turned)], pa.bool_()))]
    if late := extra - asked:
        found.append(run.looks.late(rules, late).cast(rows.schema))
    return pa.concat_tables(found)


def _pairs(rows: pa.Table) -> Iterator[tuple[str, int]]:
    return zip(rows["person_id"].to_pylist(), rows["us"].to_pylist(), strict=True)


def _between(rows: pa.Table, start: int, end: int) -> pa.Table:
    """Of rows in order of time those in (start, end]."""
    first, last = np.searchsorted(rows["us"].to_numpy(), [start, end], "right")
    return rows.slice(first, last - first)


def _span(engine: Engine) -> tuple[int, int]:
    """The first and the last moment at which any fact that decisions read became known (microseconds)."""
    parts = " UNION ALL ".join(f"SELECT min(known_at) AS a, max(known_at) AS b FROM {t}_revisions" for t in READ)
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
        f"SELECT count(*) AS n, count(*) FILTER (known_inferred) AS i FROM {t}_revisions" for t in READ
    )
    row = engine.one(f"SELECT sum(i)::DOUBLE / nullif(sum(n), 0) FROM ({parts})")
    return float(str(row[0])) if row[0] is not None else 0.0


def _without_assumed(handoffs: pa.Table) -> pa.Table:
    return handoffs.filter(pc.not_equal(pc.fill_null(handoffs["by"], ""), ASSUMED))


def _time(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, tz=UTC) + timedelta(microseconds=us % 1_000_000)
