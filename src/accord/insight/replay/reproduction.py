"""Does a replay give what was recorded? Every automatic decision and every automatic handoff event, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from accord.agreement.handoff import REROUTED, human_sql
from accord.facts.engine import Engine
from accord.facts.tables import TABLES, Table
from accord.insight.replay.replay import Replay

SCORE_DIGITS = 6  # sums of decayed points are the same but for the order of adding


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Automatic rows on record, in the replay, and equal in both; `differing` holds up to 100 of the others."""

    recorded: int
    replayed: int
    same: int
    differing: pa.Table  # where (recorded or replayed), table, and the row as text

    @property
    def exact(self) -> bool:
        """Whether every recorded row was replayed and nothing else was."""
        return self.recorded == self.replayed == self.same


def reproduction(engine: Engine, replayed: Replay) -> Reproduction:
    """Compare a replay of the versions in force with what the ledger recorded until the replay's end.

    What colleagues did is given to a replay and therefore not counted here; what the agreement did is: decisions,
    offers, re-routes, reminders, escalations, returns. Re-routes on record from before they said which clause chose the
    new owner are compared without that.
    """
    engine.register("again_decisions", _naive(replayed.decisions))
    engine.register("again_handoffs", _naive(replayed.handoffs))
    try:
        found = engine.rows(_SQL, [replayed.until.replace(tzinfo=None)])
    finally:
        engine.unregister("again_decisions")
        engine.unregister("again_handoffs")
    row = found.to_pylist()[0]
    differing = pa.Table.from_pylist(row["differing"] or [], schema=_DIFFERING)
    return Reproduction(row["recorded"], row["replayed"], row["same"], differing)


_DIFFERING = pa.schema([pa.field(name, pa.string()) for name in ("where", "table", "row")])


def _naive(table: pa.Table) -> pa.Table:
    kinds = [pa.timestamp("us") if pa.types.is_timestamp(each.type) else each.type for each in table.schema]
    return table.cast(pa.schema([pa.field(each.name, kind) for each, kind in zip(table.schema, kinds, strict=True)]))


def _text_of(table: Table) -> str:
    """SQL of one row as text: its own columns and when it happened."""
    own = [f'round("{c.name}", {SCORE_DIGITS})' if c.type == pa.float64() else f'"{c.name}"' for c in table.own]
    names = ", ".join(f'"{c.name}" := {sql}' for c, sql in zip(table.own, own, strict=True))
    return f"to_json(struct_pack(occurred_at := occurred_at, {names}))::VARCHAR"


_AS_RECORDED = f"""CASE WHEN event <> '{REROUTED}' OR (handoff_id, occurred_at) NOT IN (
    SELECT (handoff_id, occurred_at) FROM handoffs WHERE event = '{REROUTED}' AND reason IS NULL
) THEN reason END AS reason"""


def _rows_of(prefix: str, upto: str) -> str:
    decisions, handoffs = (_text_of(TABLES[name]) for name in ("decisions", "handoffs"))
    events = f"{prefix}handoffs" if upto else f"(SELECT * REPLACE ({_AS_RECORDED}) FROM {prefix}handoffs)"
    return f"""SELECT 'decisions' AS "table", {decisions} AS "row" FROM {prefix}decisions {upto}
    UNION ALL SELECT 'handoffs', {handoffs} FROM {events} {upto or "WHERE TRUE"}
        AND NOT {human_sql()}"""


_SQL = f"""WITH recorded AS ({_rows_of("", "WHERE occurred_at <= $1")}),
    again AS ({_rows_of("again_", "")}),
    missing AS (FROM recorded EXCEPT ALL FROM again),
    extra AS (FROM again EXCEPT ALL FROM recorded),
    others AS (
        SELECT 'recorded' AS "where", * FROM missing UNION ALL SELECT 'replayed', * FROM extra ORDER BY "row" LIMIT 100
    )
    SELECT (SELECT count(*) FROM recorded) AS recorded, (SELECT count(*) FROM again) AS replayed,
        (SELECT count(*) FROM recorded) - (SELECT count(*) FROM missing) AS same,
        (SELECT list({{'where': "where", 'table': "table", 'row': "row"}}) FROM others) AS differing"""
