"""What a replay sees of leads, looked at ahead of every decision: all that follows from facts alone.

Whoever may be offered at a moment may have a turn when the agreed time has passed since, and so from turn to turn. A
person at a tick is judged by facts alone: it makes no difference when that is looked at, nor who else is looked at. So
a version is looked at in parts of time, and people may be dealt out and looked at elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement.decide import TICK
from accord.agreement.handoff import OFFERED
from accord.agreement.qualify import ELIGIBLE
from accord.agreement.rules import Rules
from accord.agreement.running import look, moments_of_facts, ticked, turns
from accord.facts.engine import Engine
from accord.insight.replay.held_facts import held

PEOPLE_AT_ONCE = 400_000
MOMENTS_AT_ONCE = 50_000
FEWEST_PARTS, MOST_PARTS = 5, 12

Times = npt.NDArray[np.int64]
Waiting = tuple[pa.ChunkedArray | list[str], pa.ChunkedArray | list[int], int, bool]
"""People, since when they wait (microseconds), for how long, and whether anything may have happened before that."""
TURNS = pa.schema([("person_id", pa.string()), ("us", pa.int64()), ("since", pa.int64())])
_AT = ["person_id", "us"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One version over its time, and what of it is known before anything is decided. Times are microseconds."""

    rules: Rules
    cuts: Sequence[int]  # where its time is cut into stretches
    coming: pa.Table  # the turns that are known to come, as `TURNS`
    recycles: pa.Table  # who was recycled when, and from when on a clause may bring the lead back
    good_looks: pa.Table  # whose rejection a second look found wrong, and when

    @property
    def ticks(self) -> list[int]:
        return self.rules.ticks(self.cuts[0], self.cuts[-1])


@dataclass(frozen=True, slots=True)
class Part:
    """Some stretches of a version, and what was looked at before anything of them was decided."""

    cuts: Sequence[int]
    moments: int
    seen: pa.Table  # rows at the moments that follow from facts, in order of time
    asked: pa.Table  # people at ticks at which their turn might come, in order of time, as `TURNS`
    turns: pa.Table  # rows of those of them who may be offered, in order of time


class Looks(Protocol):
    """Whoever looks at leads for a replay."""

    def holding(self, versions: Sequence[Rules]) -> AbstractContextManager[None]:
        """Within, these versions are looked at."""

    def parts(self, asked: Asked) -> Iterator[Part]:
        """The parts of a version, one after the other; may be asked for from a thread beside."""

    def late(self, rules: Rules, people: Iterable[tuple[str, int]]) -> pa.Table:
        """The judged rows of people at ticks at which nobody foresaw that their turn would come."""

    def stop(self) -> None:
        """Ends what a thread beside is looking at; there it raises."""


@dataclass(frozen=True, slots=True)
class Here:
    """Looks at everybody in one engine, in this process."""

    engine: Engine
    _alone: Lock = field(default_factory=Lock)  # of whoever uses the engine: the next part is made beside

    def holding(self, versions: Sequence[Rules]) -> AbstractContextManager[None]:
        """What these versions read is held in the session."""
        return held(self.engine, versions)

    def parts(self, asked: Asked) -> Iterator[Part]:
        """Over everybody whom the engine knows."""
        return parts(self.engine, asked, alone=self._alone)

    def late(self, rules: Rules, people: Iterable[tuple[str, int]]) -> pa.Table:
        """From the same facts."""
        with self._alone:
            return look(self.engine, rules, ticked(list(people)))

    def stop(self) -> None:
        """Interrupts the engine."""
        self.engine.interrupt()


def parts(
    engine: Engine,
    asked: Asked,
    *,
    alone: Lock,
    together: Iterable[Sequence[int]] | None = None,
    own: pa.Array | None = None,
) -> Iterator[Part]:
    """The parts of a version, from what no decision changes, over the facts in an engine.

    `together` are the cuts of each part, as of `in_parts`, which says it by the number of moments if left out; `own`
    are the people to look at, if the engine knows others too.
    """
    rules, ticks, coming = asked.rules, asked.ticks, asked.coming
    recycled = asked.recycles["person_id"].combine_chunks()
    times = _moments_of(engine, asked, alone, own)
    for some in together or in_parts(rules, asked.cuts, len(times)):
        start, end = some[0], some[-1]
        due_now, coming = _by(end, coming)
        rows = [_judged(engine, rules, start, end, due_now, alone)]
        while True:
            new = first_ticks(_offered(_offerable(rows[-1], recycled), rules), ticks)
            due, later = _by(end, new.join(due_now, _AT, join_type="left anti"))
            coming = pa.concat_tables([coming, later])
            if not len(due):
                break
            due_now = pa.concat_tables([due_now, due])
            rows.append(_judged(engine, rules, end, end, due, alone))
        first, last = np.searchsorted(times, [start, end], "right")
        yield Part(some, int(last - first), *_apart(rows, due_now))


def _moments_of(engine: Engine, asked: Asked, alone: Lock, own: pa.Array | None) -> Times:
    """Lays the moments that follow from facts beside the facts, and who was recycled; their times in order."""
    with alone:
        found = moments_of_facts(engine, asked.rules, since=asked.cuts[0], until=asked.cuts[-1], ticks=asked.ticks)
        if own is not None:
            found = found.filter(pc.is_in(found["person_id"], own))
        engine.register("found", found)
        engine.run("CREATE OR REPLACE TEMP TABLE all_moments AS SELECT *, epoch_us(moment) AS us FROM found")
        engine.unregister("found")
        engine.register("recycles", asked.recycles)
        engine.register("good_looks", asked.good_looks)
    return np.sort(found["moment"].cast(pa.int64()).to_numpy())


def in_parts(rules: Rules, cuts: Sequence[int], moments: int) -> Iterator[Sequence[int]]:
    """The cuts in parts that are looked at together: so short that a turn set in one seldom comes due in it."""
    whole = cuts[-1] - cuts[0]
    span = min(max(min(turns(rules)[OFFERED], default=0), whole / MOST_PARTS), whole / FEWEST_PARTS)
    longest = span if moments > MOMENTS_AT_ONCE else whole
    begun = 0
    for place in range(1, len(cuts)):
        if place == len(cuts) - 1 or cuts[place + 1] - cuts[begun] > longest:
            yield cuts[begun : place + 1]
            begun = place


def _judged(engine: Engine, rules: Rules, since: int, until: int, due: pa.Table, alone: Lock) -> pa.Table:
    """The judged view at the moments in (since, until] and at turns (trigger `turn`), but for rows that cannot matter.

    A row matters if the lead is eligible, if the verdict is another than at the person's fact before, if a second
    look said that the lead was good, or if the person was ever recycled and might return; at a turn, if recycled
    after what set it. In order of time; some of the people at a time.
    """
    query = _MATTERING.format(view=rules.look_sql)
    with alone:
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


def _offered(rows: pa.Table, rules: Rules) -> list[Waiting]:
    """Those who may be offered at these rows."""
    return [(rows["person_id"], rows["us"], wait, False) for wait in turns(rules)[OFFERED]]


def first_ticks(waiting: Iterable[Waiting], ticks: list[int]) -> pa.Table:
    """Each person and the first tick at which the time has passed, and since when the earliest waits for it."""
    parts = [TURNS.empty_table()]
    moments = np.array(ticks, np.int64)
    for people, since, wait, ever in waiting:
        begun = np.asarray(since, np.int64)
        places = np.searchsorted(moments, begun + wait, "left")
        comes = places < len(moments)
        named = pa.chunked_array([people], pa.string()) if isinstance(people, list) else people
        begun = np.zeros_like(begun) if ever else begun
        parts.append(pa.table([named.filter(pa.array(comes)), moments[places[comes]], begun[comes]], schema=TURNS))
    least = pa.concat_tables(parts).group_by(_AT).aggregate([("since", "min")])
    return least.rename_columns(TURNS.names)
