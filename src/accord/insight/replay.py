"""Replay: an agreement run over past facts, as known at each moment, through the same `decide()` as live.

People's acts are taken as recorded. Where the replayed agreement hands over a lead that was never handed over, nobody
ever answered it: such a handoff is taken as answered in time, held open until its outcome clock ends, and counted as
not replayable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement import replies
from accord.agreement.decide import TICK, Decisions, decide, without_gc
from accord.agreement.document import Agreement
from accord.agreement.handoff import (
    ASSIGNED,
    CLOSING,
    LOOKED_AGAIN,
    OFFERED,
    RECYCLED,
    REJECTED,
    REPLIED,
    REROUTED,
    Handoff,
    HumanAct,
    human_sql,
)
from accord.agreement.qualify import ELIGIBLE
from accord.agreement.restore import state_of
from accord.agreement.rules import Rules
from accord.agreement.running import edges, look, moments_of_facts, ticked, turns, turns_come, watch_again
from accord.agreement.state import FOREVER, State, microseconds
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.lead_view import DAY_US
from accord.facts.same import Links
from accord.insight.ahead import one_ahead
from accord.insight.replay_facts import READ, held

ASSUMED = "(assumed)"
PEOPLE_AT_ONCE = 400_000
MOMENTS_AT_ONCE = 50_000
FEWEST_PARTS, MOST_PARTS = 5, 12

Progress = Callable[[str, int, int], None]
Times = npt.NDArray[np.int64]


def _quiet(_step: str, _done: int, _all: int) -> None: ...


_AFTER = frozenset({REPLIED, LOOKED_AGAIN})
"""What a rejection leads to."""


class NothingToReplayError(AccordError):
    """A lake without any fact that decisions read."""


@dataclass(slots=True)
class Recorded:
    """The recorded acts of people, handed to the handoffs that the replay offers: of each person in order of time, a
    rejection together with the reply and the second look that it led to, however late these came."""

    acts: Mapping[str, list[tuple[HumanAct, ...]]]
    offered_ids: frozenset[str]
    next_act: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unanswered: list[str] = field(default_factory=list)
    passed_by: int = 0

    @classmethod
    def of(cls, engine: Engine) -> Recorded:
        """From the handoff events of a ledger."""
        event = f"CASE event WHEN '{REROUTED}' THEN '{ASSIGNED}' ELSE event END AS event"
        rows = engine.rows(
            f'SELECT handoff_id, person_id, epoch_us(occurred_at) AS us, {event}, "by", reason, owner FROM handoffs'
            f" WHERE {human_sql()} ORDER BY person_id, event IN ('{REPLIED}', '{LOOKED_AGAIN}'), us, event"
        )
        acts: dict[str, list[tuple[HumanAct, ...]]] = defaultdict(list)
        rejected: dict[str, int] = {}
        for handoff, person, *told in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            act = HumanAct(*told)
            if act.event in _AFTER and handoff in rejected:
                acts[person][rejected[handoff]] += (act,)
                continue
            if act.event == REJECTED:
                rejected[handoff] = len(acts[person])
            acts[person].append((act,))
        offered = engine.rows("SELECT DISTINCT handoff_id FROM handoffs WHERE event = 'offered'")
        return cls(acts, frozenset(offered["handoff_id"].to_pylist()))

    def recycles(self, rules: Rules) -> pa.Table:
        """Who was recycled when, and from when on a clause of this version may bring the lead back."""
        rows = [
            (person, act.at, act.at + rules.soonest[act.reason] if act.reason in rules.soonest else FOREVER)
            for person, acts in self.acts.items() for act, *_ in acts if act.event == RECYCLED
        ]  # fmt: skip
        people, *times = zip(*rows, strict=True) if rows else ((), (), ())
        return pa.table({"person_id": pa.array(people, pa.string()), "recycled": pa.array(times[0], pa.int64()),
                         "soonest": pa.array(times[1], pa.int64())})  # fmt: skip

    def good_looks(self, links: Links) -> pa.Table:
        """Whose rejection a second look found wrong, and when."""
        rows = [
            (links.root(person, act.at), act.at)
            for person, acts in self.acts.items() for some in acts for act in some
            if act.event == LOOKED_AGAIN and act.reason == replies.WAS_GOOD
        ]  # fmt: skip
        people, times = zip(*rows, strict=True) if rows else ((), ())
        return pa.table({"person_id": pa.array(people, pa.string()), "us": pa.array(times, pa.int64())})

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
        while place < len(acts) and acts[place][0].at < at:
            self.passed_by += len(acts[place])
            place += 1
        while place < len(acts) and not closed:
            closed = acts[place][0].event in CLOSING
            yield from acts[place]
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
    alone: Lock = field(default_factory=Lock)  # of whoever uses the engine: the view of the next part is made beside


def replay(
    engine: Engine, versions: Sequence[Agreement], *, until: datetime | None = None, progress: Progress = _quiet
) -> Replay:
    """Run agreements over the facts of a connected ledger, each from its `in_force_from` until the next takes over.

    To replay one draft over all of the past, give it an `in_force_from` before the first fact (`over_all_of`). Facts
    known after `until` (default: the last fact) are not looked at. Raises NothingToReplayError for an empty lake.
    """
    first, last = _span(engine)
    end = microseconds(until) if until is not None else last
    rules = sorted((Rules.of(a) for a in versions), key=lambda r: r.agreement.in_force_from)
    run = _Run(engine, Recorded.of(engine), state_of(engine, rules), Decisions(), progress)
    starts = [max(first - 1, microseconds(r.agreement.in_force_from)) for r in rules]
    with held(engine, rules), without_gc():
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
    waiting = _first_ticks(_waiting(run, rules), rules.ticks(since, until))
    with one_ahead(_parts(run, rules, cuts, waiting), stop=run.engine.interrupt) as parts:
        for part in parts:
            run.moments += part.moments
            for start, end in pairwise(part.cuts):
                run.progress("Deciding", number, len(cuts) - 1)
                rows = _met(run, rules, part, start, end)
                run.out.add(decide(rows, rules, run.state, end, colleagues=run.recorded))
                number += 1
    run.progress("Deciding", number, number)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some stretches of a version, and what was looked at before anything of them was decided."""

    cuts: Sequence[int]
    moments: int
    seen: pa.Table  # rows at the moments that follow from facts, in order of time
    asked: pa.Table  # people at ticks at which their turn might come, in order of time: person_id, us, since
    turns: pa.Table  # rows of those of them who may be offered, in order of time


def _parts(run: _Run, rules: Rules, cuts: list[int], coming: pa.Table) -> Iterator[_Part]:
    """The parts of a version, from what no decision changes; `coming` are the turns that are known to come.

    Whoever may be offered at a moment may have a turn when the agreed time has passed since, and so from turn to turn.
    A person at a tick is judged by facts alone: it makes no difference when that is looked at.
    """
    ticks, recycles = rules.ticks(cuts[0], cuts[-1]), run.recorded.recycles(rules)
    recycled = recycles["person_id"].combine_chunks()
    times = _moments_of(run, rules, cuts, ticks, recycles)
    for some in _together(rules, cuts, len(times)):
        start, end = some[0], some[-1]
        asked, coming = _by(end, coming)
        rows = [_judged(run, rules, start, end, asked)]
        while True:
            new = _first_ticks(_offered(_offerable(rows[-1], recycled), rules), ticks)
            due, later = _by(end, new.join(asked, _AT, join_type="left anti"))
            coming = pa.concat_tables([coming, later])
            if not len(due):
                break
            asked = pa.concat_tables([asked, due])
            rows.append(_judged(run, rules, end, end, due))
        first, last = np.searchsorted(times, [start, end], "right")
        yield _Part(some, int(last - first), *_apart(rows, asked))


def _moments_of(run: _Run, rules: Rules, cuts: list[int], ticks: list[int], recycles: pa.Table) -> Times:
    """Lays the moments that follow from facts beside the facts, and who was recycled; their times in order."""
    with run.alone:
        found = moments_of_facts(run.engine, rules, since=cuts[0], until=cuts[-1], ticks=ticks)
        run.engine.register("found", found)
        run.engine.run("CREATE OR REPLACE TEMP TABLE all_moments AS SELECT *, epoch_us(moment) AS us FROM found")
        run.engine.unregister("found")
        run.engine.register("recycles", recycles)
        run.engine.register("good_looks", run.recorded.good_looks(run.state.links))
    return np.sort(found["moment"].cast(pa.int64()).to_numpy())


def _together(rules: Rules, cuts: list[int], moments: int) -> Iterator[list[int]]:
    """The cuts in parts that are looked at together: so short that a turn set in one seldom comes due in it."""
    whole = cuts[-1] - cuts[0]
    span = min(max(min(turns(rules)[OFFERED], default=0), whole / MOST_PARTS), whole / FEWEST_PARTS)
    longest = span if moments > MOMENTS_AT_ONCE else whole
    begun = 0
    for place in range(1, len(cuts)):
        if place == len(cuts) - 1 or cuts[place + 1] - cuts[begun] > longest:
            yield cuts[begun : place + 1]
            begun = place


def _judged(run: _Run, rules: Rules, since: int, until: int, due: pa.Table) -> pa.Table:
    """The judged view at the moments in (since, until] and at turns (trigger `turn`), but for rows that cannot matter.

    A row matters if the lead is eligible, if the verdict is another than at the person's fact before, if a second
    look said that the lead was good, or if the person was ever recycled and might return; at a turn, if recycled
    after what set it. In order of time; some of the people at a time.
    """
    engine, query = run.engine, _MATTERING.format(view=rules.look_sql)
    with run.alone:
        engine.register("due", due)
        engine.run(_ASKED.format(since=since, until=until))
        people = engine.rows("SELECT approx_count_distinct(person_id) AS n FROM asked_moments")["n"][0].as_py()
        buckets = max(1, -(-people // PEOPLE_AT_ONCE))
        for bucket in range(buckets):
            engine.run(
                "CREATE OR REPLACE TEMP TABLE some_of_them AS SELECT person_id, moment, trigger FROM asked_moments"
                f" WHERE h % {buckets} = {bucket}"
            )
            engine.unregister("moments")
            engine.run("CREATE OR REPLACE TEMP VIEW moments AS SELECT * FROM some_of_them")
            engine.run(
                f"{'INSERT INTO' if bucket else 'CREATE OR REPLACE TEMP TABLE'} judged {'' if bucket else 'AS '}{query}"
            )
        found = engine.rows("SELECT * FROM judged ORDER BY us, person_id")
        engine.run("DROP VIEW moments")
        engine.run("DROP TABLE judged")
        engine.unregister("due")
    return found


_ASKED = """CREATE OR REPLACE TEMP TABLE asked_moments AS SELECT *, hash(person_id) AS h FROM (
    SELECT person_id, moment, trigger FROM all_moments WHERE us > {since} AND us <= {until}
    UNION ALL SELECT person_id, make_timestamp(us), 'turn' FROM (SELECT DISTINCT person_id, us FROM due)
        ANTI JOIN all_moments USING (person_id, us))"""
_MATTERING = """SELECT * EXCLUDE (before) FROM (
        SELECT *, lag(outcome || because) OVER (PARTITION BY person_id, trigger ORDER BY us) AS before FROM ({view})
    ) WHERE outcome = 'eligible' OR (trigger = 'fact' AND before IS DISTINCT FROM outcome || because)
        OR (trigger = 'fact' AND (person_id, us) IN (SELECT (person_id, us) FROM good_looks))
        OR (may_return AND trigger <> 'turn' AND person_id IN (SELECT person_id FROM recycles))
        OR (may_return AND trigger = 'turn' AND (person_id, us) IN (
            SELECT (t.person_id, t.us) FROM due t JOIN recycles r
                ON r.person_id = t.person_id AND r.recycled >= t.since AND r.soonest <= t.us))"""


def _offerable(rows: pa.Table, recycled: pa.Array) -> pa.Table:
    """Rows at which somebody may be offered."""
    returns = pc.and_(rows["may_return"], pc.is_in(rows["person_id"], recycled))
    return rows.filter(pc.or_(pc.equal(rows["outcome"], ELIGIBLE), returns))


def _by(end: int, turns_: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Turns that come due by then, and the others."""
    comes = pc.less_equal(turns_["us"], end)
    return turns_.filter(comes), turns_.filter(pc.invert(comes))


def _apart(rows: list[pa.Table], asked: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
    """What was seen, who was asked for a turn and what was seen at turns, each in order of time."""
    at_turn = pc.equal(rows[0]["trigger"], "turn")
    turned = pa.concat_tables([rows[0].filter(at_turn), *rows[1:]])
    ticks = pa.repeat(TICK, len(turned)).cast(turned["trigger"].type)
    turned = turned.set_column(turned.schema.get_field_index("trigger"), "trigger", ticks)
    in_time = [("us", "ascending")]
    return rows[0].filter(pc.invert(at_turn)), asked.sort_by(in_time), turned.sort_by(in_time)


_Waiting = tuple[pa.ChunkedArray | list[str], pa.ChunkedArray | list[int], int, bool]
"""People, since when they wait (microseconds), for how long, and whether anything may have happened before that."""


def _offered(rows: pa.Table, rules: Rules) -> list[_Waiting]:
    """Those who may be offered at these rows."""
    return [(rows["person_id"], rows["us"], wait, False) for wait in turns(rules)[OFFERED]]


def _waiting(run: _Run, rules: Rules) -> Iterator[_Waiting]:
    """Those whose turn was set before, and those whom colleagues gave back."""
    yield [person for _, person in run.state.turning], [at for at, _ in run.state.turning], 0, True
    for event, waits in turns(rules).items():
        acts = [
            (person, act.at) for person, acts in run.recorded.acts.items() for act, *_ in acts if act.event == event
        ]
        for wait in waits if acts else ():
            yield [person for person, _ in acts], [at for _, at in acts], wait, False


def _first_ticks(waiting: Iterable[_Waiting], ticks: list[int]) -> pa.Table:
    """Each person and the first tick at which the time has passed, and since when the earliest waits for it."""
    parts = [_TURNS.empty_table()]
    moments = np.array(ticks, np.int64)
    for people, since, wait, ever in waiting:
        begun = np.asarray(since, np.int64)
        places = np.searchsorted(moments, begun + wait, "left")
        comes = places < len(moments)
        named = pa.chunked_array([people], pa.string()) if isinstance(people, list) else people
        begun = np.zeros_like(begun) if ever else begun
        parts.append(pa.table([named.filter(pa.array(comes)), moments[places[comes]], begun[comes]], schema=_TURNS))
    least = pa.concat_tables(parts).group_by(_AT).aggregate([("since", "min")])
    return least.rename_columns(_TURNS.names)


_TURNS = pa.schema([("person_id", pa.string()), ("us", pa.int64()), ("since", pa.int64())])
_AT = ["person_id", "us"]


def _met(run: _Run, rules: Rules, part: _Part, start: int, end: int) -> pa.Table:
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
        with run.alone:
            found.append(look(run.engine, rules, ticked(late)).cast(rows.schema))
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
