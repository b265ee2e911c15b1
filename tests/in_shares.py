"""Leads looked at on Spark: the facts of a test's engine dealt out in shares, each asked by the library's own SQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from accord.agreement.document import Agreement
from accord.agreement.rules import Rules
from accord.agreement.running import MOMENT, moments_of_facts
from accord.facts.dealt_out import SHARED
from accord.facts.engine import Engine
from accord.facts.shares import Found, Shares
from accord.facts.spark import Spark


def shared(spark: Spark, engine: Engine, number: int) -> Shares:
    """The facts of an engine, in a session of Spark that deals them out."""
    own = Spark(spark.session.newSession())
    for table in SHARED:
        own.register(f"{table}_revisions", engine.rows(f"SELECT * FROM {table}_revisions"))
    return Shares(own, number)


class InShares:
    """Stands where `running.look` and `running.moments_of_facts` stand, and asks Spark what they ask one engine."""

    def __init__(self, spark: Spark, number: int = 3) -> None:
        from pyspark import cloudpickle

        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers have Accord, but not its tests
        self.spark, self.number, self.jobs = spark, number, 0

    def look(self, engine: Engine, rules: Rules, asked: pa.Table) -> pa.Table:
        """The judged lead view at the asked moments."""
        rows = self._ask(engine, partial(seen, agreement=rules.agreement), asked=asked.cast(_as_asked(asked)))
        return rows.sort_by([("us", "ascending"), ("person_id", "ascending")])

    def moments_of_facts(self, engine: Engine, rules: Rules, *, since: int, until: int, ticks: list[int]) -> pa.Table:
        """Who is looked at when, as far as facts tell."""
        question = partial(turning, agreement=rules.agreement, since=since, until=until, ticks=ticks)
        return self._ask(engine, question)

    def _ask(self, engine: Engine, question: partial[Iterator[Found]], **also: pa.Table) -> pa.Table:
        self.jobs += 1
        found = shared(self.spark, engine, self.number).ask(question, also=also)
        return pa.concat_tables(each.rows for each in found)


def _as_asked(asked: pa.Table) -> pa.Schema:
    """Of a table without rows too."""
    return pa.schema([(name, {"moment": MOMENT}.get(name, pa.string())) for name in asked.column_names])


def seen(engine: Engine, _people: pa.Array, *, agreement: Agreement) -> Iterator[Found]:
    """What a share sees of its people at the moments that were dealt to it."""
    engine.run("CREATE TEMP VIEW moments AS SELECT * FROM asked")
    yield Found("seen", 0, engine.rows(Rules.of(agreement).look_sql))


def turning(
    engine: Engine, people: pa.Array, *, agreement: Agreement, since: int, until: int, ticks: list[int]
) -> Iterator[Found]:
    """When a share would look at its people."""
    found = moments_of_facts(engine, Rules.of(agreement), since=since, until=until, ticks=ticks)
    yield Found("moments", 0, found.filter(pc.is_in(found["person_id"], people)))
