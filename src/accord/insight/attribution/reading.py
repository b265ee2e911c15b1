"""From a relation of rows to the tally: one streaming pass in hashed partitions, so that no list of people is held.

People are told apart by a hash of 64 bits; among 5,000,000 the chance that any two are taken for one is 1 in 1,500,000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.facts.engine import Answers, Engine, text
from accord.insight.ahead import one_ahead
from accord.insight.attribution.in_sql import Cuts, tallied_in_sql
from accord.insight.attribution.paths import Codes, Flags, Hashes, Reals, Rows, Whole, cut, no_paths
from accord.insight.attribution.tally import Plan, Tally, tally, together

BATCH = 1_000_000
_ROWS_A_PART, _MOST_PARTS, _AT_ONCE = 500_000, 256, 2
_AHEAD = "64MB"  # of rows that the engine may have ready; with its 1 MB its threads mostly wait
_TALLIES = 16  # that wait to be added up
Number = TypeVar("Number", bound=np.generic)
Progress = Callable[[str, int, int], None]


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of a naive UTC moment."""
    return (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def untold(_step: str, _done: int, _of: int) -> None:
    """No progress is shown."""


class Relation(NamedTuple):
    """A query with `person`, `moment` (naive UTC), `channel` (text, NULL for a conversion without a touch),
    `converted` and `value`; how many rows it has at most, and the channels that occur in it."""

    sql: str
    rows: int
    channels: tuple[str, ...]


def look(engine: Answers, sql: str) -> Relation:
    """Count the rows of a query and name its channels."""
    rows = engine.one(f"SELECT count(*) FROM ({sql})")[0]
    named = engine.rows(f"SELECT DISTINCT channel FROM ({sql}) WHERE channel IS NOT NULL ORDER BY channel")
    return Relation(sql, int(str(rows)), tuple(named.column(0).to_pylist()))


@dataclass(slots=True)
class Part:
    """The rows of the people whose hashes end alike, piece by piece."""

    person: list[Hashes] = field(default_factory=list)
    moment: list[Whole] = field(default_factory=list)
    channel: list[Codes] = field(default_factory=list)
    converted: list[Flags] = field(default_factory=list)
    value: list[Reals] = field(default_factory=list)

    def rows(self, nothing: int) -> Rows:
        """All pieces as one; the pieces are let go."""
        person, moment, channel = _emptied(self.person), _emptied(self.moment), _emptied(self.channel)
        return Rows(person, moment, channel, _emptied(self.converted), _emptied(self.value), nothing)


def _emptied(pieces: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole


def tallied(
    engine: Answers,
    relation: Relation,
    plan: Plan,
    *,
    since: datetime | None,
    window: float | None,
    progress: Progress,
) -> Tally:
    """Read the relation once and add up what the models need of it. Of many rows that another engine than DuckDB joins,
    that engine adds up; few are brought here, so that whoever is in turn is the same."""
    cuts = Cuts(None if since is None else micros(since), window)
    by_lot = how_many_parts(relation.rows) > 1  # whoever is alone in one part is in turn: each of few by itself
    if isinstance(engine, Engine):
        return _tallied_here(engine, relation, plan, cuts, by_lot=by_lot, progress=progress)
    if by_lot:
        found = tallied_in_sql(engine, relation.sql, relation.channels, plan, cuts)
        return replace(found, rows=relation.rows)
    near = Engine()
    near.register("joined_elsewhere", engine.rows(relation.sql))
    brought = relation._replace(sql="SELECT * FROM joined_elsewhere")
    return _tallied_here(near, brought, plan, cuts, by_lot=by_lot, progress=progress)


def _tallied_here(
    engine: Engine, relation: Relation, plan: Plan, cuts: Cuts, *, by_lot: bool, progress: Progress
) -> Tally:
    parts = partitioned(engine, relation, progress)
    rows = sum(len(piece) for part in parts for piece in part.person)
    nothing = len(relation.channels)

    def one(place: int) -> Tally:
        if not parts[place].person:
            return tally(no_paths(), plan)
        dealt = parts[place].rows(nothing)
        return tally(cut(dealt, groups=plan.groups, since=cuts.since, window=cuts.window, by_lot=by_lot), plan)

    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="attribution") as threads:
        waiting: list[Tally] = []
        for each in _followed(threads.map(one, range(len(parts))), len(parts), progress):
            waiting = [*waiting, each] if len(waiting) < _TALLIES else [together([*waiting, each], plan)]
    return replace(together(waiting, plan), rows=rows)


def _followed(done: Iterator[Tally], of: int, progress: Progress) -> Iterator[Tally]:
    for place, each in enumerate(done):
        progress("following paths", place + 1, of)
        yield each


def numbers(column: pa.Array) -> npt.NDArray[Any]:
    """A column of numbers without empty cells, not copied. Arrow's own way to numpy loads pandas, which takes a
    second."""
    found: npt.NDArray[Any] = np.from_dlpack(column)
    return found


def how_many_parts(rows: int) -> int:
    """Into how many parts people are dealt out: a power of two."""
    wanted = min(_MOST_PARTS, max(1, rows // _ROWS_A_PART))
    return 1 << (wanted - 1).bit_length()


def partitioned(engine: Engine, relation: Relation, progress: Progress = untold) -> list[Part]:
    """The rows of a relation, dealt out by person."""
    parts = [Part() for _ in range(how_many_parts(relation.rows))]
    read = 0
    engine.run(f"SET streaming_buffer_size = '{_AHEAD}'")
    try:
        with one_ahead(iter(engine.stream(coded_sql(relation), rows=BATCH)), stop=engine.interrupt) as batches:
            for batch in batches:
                _dealt(batch, parts)
                read += len(batch)
                progress("reading touches", read, relation.rows)
    finally:
        engine.run("RESET streaming_buffer_size")
    return parts


def coded_sql(relation: Relation) -> str:
    """The rows with hashed people and channels as the smallest whole numbers that fit; one above the last for none."""
    nothing = len(relation.channels)
    kind = "UTINYINT" if nothing < 256 else "USMALLINT" if nothing < 65_536 else "UINTEGER"
    words = ", ".join(map(text, relation.channels))
    code = f"coalesce(enum_code(channel::ENUM({words})), {nothing})::{kind}" if nothing else f"0::{kind}"
    value = "CASE WHEN converted THEN value::DOUBLE ELSE 0.0 END AS value"
    return (
        f"SELECT hash(person) AS person, epoch_us(moment) AS moment, {code} AS channel, "
        f"converted::UTINYINT AS converted, {value} FROM ({relation.sql})"
    )


def _dealt(batch: pa.RecordBatch, parts: list[Part]) -> None:
    """Deal a batch out by the last bits of the hash, keeping its order."""
    person, moment, channel, said, value = (numbers(batch.column(place)) for place in range(5))
    converted = said.astype(np.bool_)
    if len(parts) == 1:
        _keep(parts[0], person, moment, channel, converted, value[converted])
        return
    which = (person & np.uint64(len(parts) - 1)).astype(np.uint8)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(parts)))[:-1]
    won = order[converted[order]]
    values = np.split(value[won], np.cumsum(np.bincount(which[won], minlength=len(parts)))[:-1])
    columns = [np.split(column[order], ends) for column in (person, moment, channel, converted)]
    for part, person, moment, channel, converted, value in zip(parts, *columns, values, strict=True):
        _keep(part, person.copy(), moment.copy(), channel.copy(), converted.copy(), value.copy())


def _keep(part: Part, person: Hashes, moment: Whole, channel: Codes, converted: Flags, value: Reals) -> None:
    part.person.append(person)
    part.moment.append(moment)
    part.channel.append(channel)
    part.converted.append(converted)
    part.value.append(value)
