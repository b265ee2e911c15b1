"""People dealt out in shares, each with every fact that a question about its people reads, and asked on Spark.

The lead view and what is judged by it are written in DuckDB's own SQL: Spark has no aggregate that keeps an order, and
breaks ties otherwise. So Spark carries the facts to where they are wanted, and on every worker DuckDB answers over one
share, by the very SQL that one machine asks. What lies in a share is for `dealt_out` to say.

The workers need Python with Accord, unlike for all that Spark answers by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from accord.facts.engine import Answers, Engine
from accord.facts.errors import AccordError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from accord.facts.spark import Spark

FACTS_A_SHARE = 1_000_000
"""So many facts, and what of accounts and deals goes to several shares, lie in the memory of a worker at once."""
_GLANCE_SECONDS = 0.5
_numbers = count()


class Found(NamedTuple):
    """A table that a share answered, by a name and a number of the question's own."""

    name: str
    number: int
    rows: pa.Table


Question = Callable[[Engine, pa.Array], Iterable[Found]]
"""Asks an engine that holds the facts of a share, views `NAME` and `NAME_revisions` as of a ledger, about its people.
It is sent to the workers, so it must be a function that they can import, or a `functools.partial` of one."""
Progress = Callable[[int, int], None]


def _untold(_done: int, _of: int) -> None: ...


class SharesError(AccordError):
    """The workers of Spark could not look at their shares."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The people of a lake that Spark reads, dealt out in `number` shares."""

    spark: Spark
    number: int
    _group: str = field(default_factory=lambda: f"accord shares {next(_numbers)}")

    def ask(
        self, question: Question, *, also: Mapping[str, pa.Table] | None = None, progress: Progress = _untold
    ) -> list[Found]:
        """What every share answers, in no order. `also` are further relations, dealt out by their `person_id`; whoever
        stands in them is one of the people too. Raises SharesError where the workers cannot run the question."""
        from accord.facts.dealt_out import dealt_out  # so that nobody else loads sqlglot

        with dealt_out(self.spark, self.number, also or {}) as dealt:
            return self._answered(dealt, question, progress)

    def stop(self) -> None:
        """Ends what is being asked; there it raises."""
        self.spark.session.sparkContext.cancelJobGroup(self._group)

    def _answered(self, dealt: DataFrame, question: Question, progress: Progress) -> list[Found]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            rows = self._watched(dealt.groupBy("share").applyInArrow(_by_share(question), _ANSWER), progress)
        except (PySparkException, Py4JError) as error:
            raise _unanswered(error) from error
        return [Found(each["name"], each["number"], _unpacked(each["rows"])) for each in rows.to_pylist()]

    def _watched(self, asked: DataFrame, progress: Progress) -> pa.Table:
        with ThreadPoolExecutor(1, thread_name_prefix="shares") as thread:
            coming = thread.submit(self._collected, asked)
            try:
                while not coming.done():
                    progress(*self._done())
                    time.sleep(_GLANCE_SECONDS)
            except BaseException:  # Ctrl-C among them: nobody waits for what nobody will use
                self.stop()
                raise
        return coming.result()

    def _collected(self, asked: DataFrame) -> pa.Table:
        self.spark.session.sparkContext.setJobGroup(self._group, "accord: leads are looked at in shares")
        return asked.toArrow()

    def _done(self) -> tuple[int, int]:
        """How many tasks are done, and how many are known of."""
        tracker = self.spark.session.sparkContext.statusTracker()
        jobs = filter(None, (tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(self._group)))
        stages = [tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds]
        return sum(s.numCompletedTasks for s in stages if s), sum(s.numTasks for s in stages if s)


def shares_of(engine: Answers) -> Shares:
    """The people whom an engine other than DuckDB reads: as many shares as its facts need, and one for each core at
    least. Raises TypeError for an engine that is not Spark."""
    from accord.facts.spark import Spark

    if not isinstance(engine, Spark):
        raise TypeError(f"{type(engine).__name__} cannot deal people out in shares")
    needed = -(-engine.facts // FACTS_A_SHARE)
    return Shares(engine, max(engine.session.sparkContext.defaultParallelism, needed))


# On a worker

_ANSWER = "share INT, name STRING, number INT, rows BINARY"


def _by_share(question: Question) -> Callable[[pa.Table], pa.Table]:
    def answered(dealt: pa.Table) -> pa.Table:
        return answer(question, dealt)

    return answered


def answer(question: Question, dealt: pa.Table) -> pa.Table:
    """What one share answers, from its rows as they were dealt."""
    engine = Engine(threads=1)
    try:
        people = sorted(set(_laid_out(engine, dealt)))
        found = list(question(engine, pa.array(people, pa.string())))
    finally:
        engine.close()
    share = dealt["share"][0].as_py()
    return pa.table(
        {
            "share": pa.array([share] * len(found), pa.int32()),
            "name": pa.array([each.name for each in found], pa.string()),
            "number": pa.array([each.number for each in found], pa.int32()),
            "rows": pa.array([_packed(each.rows) for each in found], pa.binary()),
        }
    )


def _laid_out(engine: Engine, dealt: pa.Table) -> Iterator[str]:
    """Makes every relation, and gives the people who are the share's own."""
    for name in dealt.column_names[3:]:
        of_it = pc.equal(dealt["of"], name)
        rows = pa.Table.from_struct_array(dealt[name].filter(of_it))
        engine.register(name, rows)
        if name.endswith("_revisions"):
            held = f"SELECT * EXCLUDE (superseded_at) FROM {name} WHERE superseded_at IS NULL"
            engine.run(f"CREATE TEMP VIEW {name.removesuffix('_revisions')} AS {held}")
        own = rows.filter(dealt["own"].filter(of_it))
        yield from _named(name, own) if len(own) else ()


def _named(name: str, rows: pa.Table) -> set[str]:
    """Whom rows of a share's own people name."""
    columns = {"profiles_revisions": ("subject_id",), "identities_revisions": ("alias_id", "person_id")}
    found = (rows[column] for column in columns.get(name, ("person_id",)))
    return {person for column in found for person in pc.unique(column.drop_null()).to_pylist()}


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _unpacked(packed: bytes) -> pa.Table:
    return pa.ipc.open_stream(packed).read_all()


def _unanswered(error: Exception) -> SharesError:
    told = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = next((line for line in told if "ModuleNotFoundError" in line or "Cannot run program" in line), None)
    if missing:
        return SharesError(
            f"The workers of Spark cannot look at leads: {missing}",
            remedy="Install accord for the Python of the workers and name that in PYSPARK_PYTHON.",
        )
    return SharesError(
        f"Spark could not go on: {(told or [type(error).__name__])[-1]}",
        remedy="Check that the workers run and have memory and disk, then try again.",
    )
