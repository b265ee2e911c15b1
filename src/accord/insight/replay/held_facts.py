"""The facts that a replay reads, held in the session for as long as it runs: the rows and columns that matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from accord.agreement.rules import Rules
from accord.agreement.state import microseconds
from accord.facts.engine import Engine
from accord.facts.lead_view import MAIL_SAYS_NO, fields_read, relevant_touches

READ = ("touches", "profiles", "deals", "consent")


@contextmanager
def held(engine: Engine, versions: Sequence[Rules]) -> Iterator[None]:
    """Within, the revisions of facts hold what these versions read, so that no step reads files again.

    Touches that no version reads are left out, but for one of each person who was there when a version began: everybody
    is looked at then.
    """
    fields = fields_read(list(dict.fromkeys(name for rules in versions for name in rules.base_columns)))
    shadowed = []
    try:
        for table in READ:
            if not _is_view(engine, f"{table}_revisions"):
                continue
            columns = ", ".join(f'"{name}"' for name in fields[table]) if table in fields else "*"
            engine.run(f"CREATE OR REPLACE TEMP TABLE held_{table} AS {_kept(table, columns, versions)}")
            engine.run(f"CREATE OR REPLACE TEMP VIEW {table}_revisions AS SELECT * FROM held_{table}")
            shadowed.append(table)
        yield
    finally:
        for table in shadowed:
            engine.run(f"DROP VIEW temp.{table}_revisions")
            engine.run(f"DROP TABLE temp.held_{table}")


def _kept(table: str, columns: str, versions: Sequence[Rules]) -> str:
    rows = f"SELECT {columns} FROM {table}_revisions"
    if table != "touches":
        return rows
    read = " OR ".join(sorted({f"({relevant_touches(r.base_columns, r.decays)})" for r in versions} | {MAIL_SAYS_NO}))
    begun = [r.next_tick(microseconds(r.agreement.in_force_from)) for r in versions]
    there = (
        f"SELECT DISTINCT ON (person_id) {columns} FROM touches_revisions"
        f" WHERE known_at <= make_timestamp({tick}) AND ({read}) IS NOT TRUE"
        for tick in begun
    )
    return " UNION ALL ".join([f"{rows} WHERE {read}", *there])


def _is_view(engine: Engine, name: str) -> bool:
    kinds = engine.rows("SELECT table_type FROM information_schema.tables WHERE table_name = $1", [name])
    return "VIEW" in kinds["table_type"].to_pylist()
