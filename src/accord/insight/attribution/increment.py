"""One more day costs that day: the sums that were kept, less what some people gave to them, plus what they give now.

Every sum of a tally is a sum over people, and the group in which somebody is drawn follows from the hash of the id. So
a run needs the touches of those alone who have new ones, whose wins are others, or whose ids mean somebody else. Wins
and ids are few beside touches: they are read anew each time and compared. In doubt everything is read: when a batch of
touches was taken back, when a new one corrects what was recorded, or names a channel that did not occur before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from accord.facts.engine import Answers, Engine
from accord.insight.attribution import kept as keeping
from accord.insight.attribution import touched
from accord.insight.attribution.kept import Ids, Kept, Wins
from accord.insight.attribution.paths import Hashes, Rows, cut
from accord.insight.attribution.reading import Relation, coded_sql, how_many_parts, micros, numbers, partitioned
from accord.insight.attribution.tally import Plan, Tally, planned, tally, together, without
from accord.insight.attribution.touched import Piece, Touches, of_people
from accord.insight.attribution.wins import after_sql, hashed_ids_sql, hashed_wins_sql, touches_sql, unlike_sql

if TYPE_CHECKING:
    from accord.facts.ledger import Ledger

_EVER = 2**62  # µs: no moment is later
_MOST_ROWS = 4_000_000  # of people whose sums change: of more, or of half of all, everything is read
_NO_VALUE = 1e-9  # of the value of all wins: what adding and taking away may leave of nothing
_NONE = {kind: np.zeros(0, dtype=kind) for kind in ("uint8", "uint16", "uint32", "uint64", "int64")}
_NONE["double"] = np.zeros(0)
_NOTHING = Touches(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8))


@dataclass(frozen=True)
class Memory:
    """Where attributions of a ledger are kept, a folder for each dimension. Make it before the engine is connected:
    only while no batch comes or goes between the two is it known what the engine reads."""

    ledger: Ledger
    folder: Path
    batches: frozenset[str]

    @classmethod
    def of(cls, ledger: Ledger, folder: Path) -> Memory:
        """The memory in a folder, made when there is something to keep."""
        return cls(ledger, folder, ledger.in_force("touches"))


@dataclass(frozen=True)
class Question:
    """What is asked of the facts until `at`, in `currency`; `plan` waits for the channels."""

    by: str
    at: datetime | None
    currency: str | None
    since: datetime | None
    window: float | None
    half_life: float
    models: tuple[str, ...]

    @property
    def until(self) -> int:
        return _EVER if self.at is None else micros(self.at)

    def key(self, engine: Engine) -> dict[str, Any]:
        """Sums that were kept for another key are of no use. Hashes are the engine's and may change with it."""
        return {
            "method": keeping.METHOD,
            "engine": engine.one("SELECT version()")[0],
            "by": self.by,
            "since": self.since and self.since.isoformat(),
            "window": self.window,
            "half_life": self.half_life,
            "models": list(self.models),
        }


def recalled(engine: Answers, memory: Memory | None, asked: Question) -> Kept | None:
    """The sums as of now from what the last run kept, and kept for the next one; None where all has to be read."""
    if memory is None or not isinstance(engine, Engine):
        return None
    try:
        return _brought_up(engine, memory, asked)
    except OSError:
        return None


def remember(
    engine: Answers, memory: Memory | None, asked: Question, relation: Relation, tallied: Tally
) -> Iterator[str]:
    """Keep the sums over everybody for the next run; says so where the disk does not let it."""
    if memory is None or not isinstance(engine, Engine):
        return
    try:
        _keep_whole(engine, memory, asked, relation, tallied)
    except OSError as error:
        yield f"Nothing could be kept in {memory.folder} ({error.strerror}): the next run reads everything again."


# A run that finds what the one before kept


def _brought_up(engine: Engine, memory: Memory, asked: Question) -> Kept | None:
    folder = memory.folder / asked.by
    before = keeping.load(folder, asked.key(engine))
    if before is None or not _follows(before, memory, asked):
        return None
    fresh = _fresh(engine, memory, before, asked.by)
    if fresh is None:
        return None
    try:
        pieces = [touched.read(folder, name) for name in before.pieces]
    except (OSError, ValueError):
        return None
    now = replace(
        before, batches=memory.batches, at=asked.until, wins=_wins(engine, asked), ids=_ids(engine),
        waiting=_waiting([*pieces, fresh], np.union1d(before.waiting, fresh.person), asked.until),
    )  # fmt: skip
    tallied = _moved(before, now, pieces, fresh, asked)
    if tallied is None:
        return None
    names = touched.with_one_more(folder, before.pieces, fresh) if len(fresh.person) else before.pieces
    now = replace(now, tally=tallied, pieces=tuple(names))
    keeping.save(folder, now)
    return now


def _follows(before: Kept, memory: Memory, asked: Question) -> bool:
    """Whether nothing but time and new batches lie between."""
    still = memory.ledger.in_force("touches") == memory.batches
    return still and before.batches <= memory.batches and before.at <= asked.until


def _fresh(engine: Engine, memory: Memory, before: Kept, by: str) -> Piece | None:
    """The touches of the batches that came in force since; None when they correct others, bring a channel that was not
    there, or are more than are worth an increment."""
    sql = memory.ledger.added_sql("touches", memory.batches - before.batches)
    if memory.batches == before.batches or not sql:
        return touched.piece(_NOTHING)
    rows, corrects, unknown = map(int, map(str, engine.one(unlike_sql(sql, by, before.channels))))
    if corrects or unknown or rows > _MOST_ROWS:
        return None
    return touched.piece(_read(engine, Relation(touches_sql(sql, by), rows, before.channels)))


def _read(engine: Engine, relation: Relation) -> Touches:
    rows = engine.rows(coded_sql(relation))
    return Touches(*_columns(rows, "person", "moment", "channel"))


def _columns(rows: pa.Table, *names: str) -> Iterator[Any]:
    """Columns as numpy, of all chunks."""
    for name in names:
        column = rows.column(name)
        pieces = [numbers(chunk) for chunk in column.chunks]
        yield np.concatenate(pieces) if pieces else _NONE[str(column.type)]


def _wins(engine: Engine, asked: Question) -> Wins:
    rows = engine.rows(hashed_wins_sql(asked.at, asked.currency))
    return Wins(*_columns(rows, *Wins._fields))


def _ids(engine: Engine) -> Ids:
    rows = engine.rows(hashed_ids_sql())
    return Ids(*_columns(rows, *Ids._fields))


def _waiting(pieces: Sequence[Piece], ids: Hashes, until: int) -> Hashes:
    """Which of these ids have touches that are still to come."""
    touches = of_people(pieces, ids)
    return np.unique(touches.person[touches.moment > until])


def _changed(before: Kept, now: Kept, fresh: Piece) -> Hashes:
    """Everybody who may give something else than before: rising, each once."""
    ids = np.union1d(fresh.person, before.waiting)
    named = np.union1d(before.ids.alias, now.ids.alias)
    named = named[before.ids.meant(named) != now.ids.meant(named)]
    ids = np.union1d(ids, named)
    met = [before.ids.meant(ids), now.ids.meant(ids), _won_otherwise(before.wins, now.wins)]
    return np.unique(np.concatenate(met))


def _won_otherwise(before: Wins, now: Wins) -> Hashes:
    """Whose wins are not what they were."""
    person = np.concatenate([before.person, now.person])
    moment, value = np.concatenate([before.moment, now.moment]), np.concatenate([before.value, now.value])
    sign = np.repeat([-1, 1], [len(before.person), len(now.person)])
    order = np.lexsort((value, moment, person))
    person, moment, value = person[order], moment[order], value[order]
    differs = (person[1:] != person[:-1]) | (moment[1:] != moment[:-1]) | (value[1:] != value[:-1])
    starts = np.flatnonzero(np.append(True, differs)) if len(person) else np.zeros(0, dtype=np.int64)
    if not len(starts):
        return person
    others: Hashes = person[starts[np.add.reduceat(sign[order], starts) != 0]]
    return others


def _moved(before: Kept, now: Kept, pieces: Sequence[Piece], fresh: Piece, asked: Question) -> Tally | None:
    """The sums without what some people gave and with what they give. None when that is no less work than everything,
    or when what is left is too little to be told from rounding."""
    plan, people = planned(before.channels, asked.models, asked.half_life), _changed(before, now, fresh)
    gone, come = _rows_of(before, pieces, people), _rows_of(now, [*pieces, fresh], people)
    rows = before.tally.rows - len(gone.person) + len(come.person)
    read = len(gone.person) + len(come.person)
    if read > _MOST_ROWS or read > rows or how_many_parts(rows) < 2:
        return None
    tallies = [_tallied(each, plan, asked) for each in (gone, come)]
    found = together([before.tally, without(tallies[0]), tallies[1]], plan)
    there = float(now.wins.value.sum())
    if not np.isfinite(found.totals).all() or (there and found.totals[1].sum() <= _NO_VALUE * there):
        return None
    return _tidied(replace(found, rows=rows), worthless=not there)


def _rows_of(kept: Kept, pieces: Sequence[Piece], people: Hashes) -> Rows:
    """Touches and wins of these people, as they were or are known."""
    touches = of_people(pieces, kept.ids.all_of(people))
    past = touches.moment <= kept.at
    theirs = np.isin(kept.wins.person, people)
    won = kept.wins.of(theirs)
    nothing = len(kept.channels)
    touch = touches.channel[past]
    return Rows(
        person=np.concatenate([kept.ids.meant(touches.person[past]), won.person]),
        moment=np.concatenate([touches.moment[past], won.moment]),
        channel=np.concatenate([touch, np.full(len(won.person), nothing, dtype=touch.dtype)]),
        converted=np.repeat([False, True], [len(touch), len(won.person)]),
        value=won.value,
        nothing=nothing,
    )


def _tallied(rows: Rows, plan: Plan, asked: Question) -> Tally:
    since = None if asked.since is None else micros(asked.since)
    return tally(cut(rows, groups=plan.groups, since=since, window=asked.window, by_lot=True), plan)


def _tidied(found: Tally, *, worthless: bool) -> Tally:
    """What is less than nothing by rounding is nothing; and where no win has a value, no sum has."""
    value = 0.0 if worthless else 1.0
    keep = np.array([1.0, value])
    return replace(
        found,
        credits={model: np.maximum(given, 0.0) * keep[:, None, None] for model, given in found.credits.items()},
        totals=np.maximum(found.totals, 0.0) * keep[:, None],
        steps={model: each._replace(value=np.maximum(each.value, 0.0) * value) for model, each in found.steps.items()},
    )


# A run that reads everything and keeps it


def _keep_whole(engine: Engine, memory: Memory, asked: Question, relation: Relation, tallied: Tally) -> None:
    """Keep the sums over everybody, where an increment can follow. Raises OSError where they cannot be kept."""
    folder = memory.folder / asked.by
    if how_many_parts(relation.rows) < 2 or memory.ledger.in_force("touches") != memory.batches:
        return
    if not np.isfinite(tallied.totals).all() or _unheard(engine, asked, relation):
        return
    folder.mkdir(parents=True, exist_ok=True)
    names, waiting = [], [np.zeros(0, dtype=np.uint64)]
    for part in partitioned(engine, relation._replace(sql=touches_sql("SELECT * FROM touches", asked.by))):
        if part.person:
            rows = part.rows(len(relation.channels))
            waiting.append(np.unique(rows.person[rows.moment > asked.until]))
            names.append(touched.write(folder, touched.piece(Touches(rows.person, rows.moment, rows.channel))))
    now = Kept(
        asked.key(engine), memory.batches, asked.until, relation.channels, tallied, _wins(engine, asked), _ids(engine),
        np.unique(np.concatenate(waiting)), tuple(names),
    )  # fmt: skip
    keeping.save(folder, now)


def _unheard(engine: Engine, asked: Question, relation: Relation) -> bool:
    """Whether a touch that is still to come brings a channel that has not occurred."""
    if asked.at is None:
        return False
    return engine.one(unlike_sql(after_sql(asked.at), asked.by, relation.channels))[2] != 0
