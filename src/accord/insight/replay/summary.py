"""What a replay shows: handoffs per month, team and band, capacity used, clocks that ran out, mails held back, and who
would have been treated differently under two agreements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from accord.agreement.contact import held_back_sql
from accord.agreement.document import Agreement
from accord.agreement.kinship import tell_relatives
from accord.agreement.rules import Rules
from accord.facts.engine import Engine
from accord.facts.shares import Found, Shares
from accord.insight.replay.replay import Replay


@dataclass(frozen=True, slots=True)
class Summary:
    """Tables of counts, each with the unit in its column names."""

    months: pa.Table  # month, team, band, handoffs, unowned
    capacity: pa.Table  # month, team, offers, above_capacity, most_open
    clocks: pa.Table  # clock, started, kept, ran_out, still_running
    held_back: pa.Table  # clause, mails, people
    outcomes: pa.Table  # outcome, because, people


@dataclass(frozen=True, slots=True)
class Difference:
    """Two replays side by side; `people` names everyone who would have been treated differently."""

    counts: pa.Table  # difference, people
    people: pa.Table  # person_id, difference, first_at, then_at, first_owner, then_owner


def summary(engine: Engine, replayed: Replay, agreement: Agreement, *, shares: Shares | None = None) -> Summary:
    """Count what a replay gave. The shield is that of `agreement`, tried on every mail that marketing wrote; by
    `engine`, if the people are not dealt out in shares."""
    with _at_hand(engine, replayed):
        return Summary(
            months=engine.rows(_MONTHS),
            capacity=engine.rows(_CAPACITY),
            clocks=engine.rows(_CLOCKS, [replayed.until.replace(tzinfo=None)]),
            held_back=_in_shares(shares, replayed, agreement) if shares else _held_back(engine, agreement),
            outcomes=engine.rows(_OUTCOMES),
        )


def difference(engine: Engine, first: Replay, then: Replay) -> Difference:
    """Who is handed over under one agreement only, at another moment, or to somebody else."""
    engine.register("first_offers", first.offers)
    engine.register("then_offers", then.offers)
    people = engine.rows(_DIFFERENCE)
    engine.register("differing", people)
    counts = engine.rows("SELECT difference, count(*) AS people FROM differing GROUP BY ALL ORDER BY people DESC")
    for name in ("first_offers", "then_offers", "differing"):
        engine.unregister(name)
    return Difference(counts, people)


@contextmanager
def _at_hand(engine: Engine, replayed: Replay) -> Iterator[None]:
    """The replayed events take the place of the recorded ones for as long as they are counted."""
    engine.register("replayed", _without_zone(replayed.handoffs))
    engine.register("never_answered", pa.table({"handoff_id": pa.array(replayed.unanswered, pa.string())}))
    engine.register("replayed_decisions", replayed.decisions)
    try:
        yield
    finally:
        engine.unregister("replayed")
        engine.unregister("replayed_decisions")
        engine.unregister("never_answered")


def _without_zone(handoffs: pa.Table) -> pa.Table:
    for name in ("occurred_at", "answer_due", "first_touch_due", "attempts_due", "outcome_due"):
        place = handoffs.schema.get_field_index(name)
        handoffs = handoffs.set_column(place, name, handoffs[name].cast(pa.timestamp("us")))
    return handoffs


_MONTHS = """SELECT date_trunc('month', occurred_at)::DATE AS month, team, band, count(*) AS handoffs,
        count(*) FILTER (owner IS NULL) AS unowned
    FROM replayed WHERE event = 'offered' GROUP BY ALL ORDER BY month, team, band"""
_OUTCOMES = """SELECT outcome, because, count(DISTINCT person_id) AS people
    FROM replayed_decisions GROUP BY ALL ORDER BY people DESC, because"""
_CAPACITY = """WITH steps AS (
        SELECT occurred_at, team, 1 AS step FROM replayed WHERE event = 'offered'
        UNION ALL
        SELECT occurred_at, team, -1 FROM replayed WHERE event IN ('qualified', 'rejected', 'recycled')
    ), loads AS (SELECT *, sum(step) OVER (PARTITION BY team ORDER BY occurred_at) AS open_now FROM steps),
    most AS (SELECT date_trunc('month', occurred_at)::DATE AS month, team, max(open_now)::BIGINT AS most_open
        FROM loads GROUP BY ALL)
    SELECT date_trunc('month', occurred_at)::DATE AS month, replayed.team, count(*) AS offers,
        count(*) FILTER (NOT in_capacity) AS above_capacity, any_value(most_open) AS most_open
    FROM replayed LEFT JOIN most ON most.month = date_trunc('month', occurred_at)::DATE
        AND most.team IS NOT DISTINCT FROM replayed.team
    WHERE event IN ('offered', 'rerouted') GROUP BY ALL ORDER BY month, replayed.team"""
_CLOCKS = """WITH starts AS (
        SELECT *, lead(occurred_at) OVER (PARTITION BY handoff_id ORDER BY occurred_at) AS moved_at
        FROM replayed WHERE event IN ('offered', 'rerouted')
    ), owned AS (SELECT * FROM starts WHERE owner IS NOT NULL AND handoff_id NOT IN (FROM never_answered)),
    answered AS (SELECT handoff_id, min(occurred_at) AS at_ FROM replayed
        WHERE event IN ('accepted', 'rejected', 'recycled') GROUP BY handoff_id),
    ended AS (SELECT handoff_id, min(occurred_at) AS at_ FROM replayed
        WHERE event IN ('qualified', 'rejected', 'recycled') GROUP BY handoff_id),
    touched AS (SELECT o.handoff_id, o.occurred_at, min(t.occurred_at) AS at_ FROM owned o
        JOIN touches t ON t.person_id = o.person_id AND t.side = 'sales' AND t.occurred_at >= o.occurred_at
        GROUP BY ALL),
    runs AS (
        SELECT 'answer' AS clock, answer_due AS due, a.at_, moved_at FROM owned
            LEFT JOIN answered a USING (handoff_id)
        UNION ALL
        SELECT 'first touch', first_touch_due, t.at_, moved_at FROM owned o
            LEFT JOIN touched t USING (handoff_id, occurred_at)
        UNION ALL
        SELECT 'outcome', outcome_due, e.at_, moved_at FROM owned LEFT JOIN ended e USING (handoff_id)
    )
    SELECT clock, count(*) AS started, count(*) FILTER (at_ <= due) AS kept,
        count(*) FILTER (due <= $1 AND (at_ IS NULL OR at_ > due)) AS ran_out,
        count(*) FILTER (due > $1 AND at_ IS NULL) AS still_running
    FROM runs WHERE due IS NOT NULL GROUP BY clock ORDER BY clock"""
_DIFFERENCE = """WITH a AS (
        SELECT person_id, min(occurred_at) AS at_, arg_min(owner, occurred_at) AS owner, count(*) AS n
        FROM first_offers GROUP BY person_id),
    b AS (SELECT person_id, min(occurred_at) AS at_, arg_min(owner, occurred_at) AS owner, count(*) AS n
        FROM then_offers GROUP BY person_id),
    both_ AS (SELECT person_id, a.at_ AS first_at, b.at_ AS then_at, a.owner AS first_owner, b.owner AS then_owner,
        CASE WHEN b.n IS NULL THEN 'no longer handed over' WHEN a.n IS NULL THEN 'newly handed over'
            WHEN b.at_ < a.at_ THEN 'earlier' WHEN b.at_ > a.at_ THEN 'later'
            WHEN a.owner IS DISTINCT FROM b.owner THEN 'to somebody else'
            WHEN a.n <> b.n THEN 'another number of times' END AS difference
        FROM a FULL JOIN b USING (person_id))
    SELECT person_id, difference, first_at, then_at, first_owner, then_owner FROM both_
    WHERE difference IS NOT NULL ORDER BY difference, person_id"""


def _held_back(engine: Engine, agreement: Agreement) -> pa.Table:
    """Mails that marketing wrote and that the shield would have held back, by clause."""
    engine.run(_WRITTEN)
    engine.run("CREATE OR REPLACE TEMP VIEW moments AS SELECT * FROM written")
    rules = Rules.of(agreement)
    tell_relatives(engine, rules)
    sql = held_back_sql(rules, handoffs="replayed")
    found = engine.rows(
        f"""SELECT held_by AS clause, count(*) AS mails, count(DISTINCT person_id) AS people FROM ({sql})
        WHERE held_by IS NOT NULL GROUP BY held_by ORDER BY mails DESC"""
    )
    engine.run("DROP VIEW moments")
    return found


_WRITTEN = """CREATE OR REPLACE TEMP TABLE written AS
    SELECT person_id, known_at - to_microseconds(1) AS moment, any_value(coalesce(campaign, asset)) AS message
    FROM touches WHERE side = 'marketing' AND kind IN ('email.sent', 'mail.sent', 'message.sent')
    GROUP BY person_id, known_at"""


def _in_shares(shares: Shares, replayed: Replay, agreement: Agreement) -> pa.Table:
    """The same, asked of every share; nobody is in two of them."""
    also = {"replayed": _without_zone(replayed.handoffs)}
    found = pa.concat_tables(each.rows for each in shares.ask(partial(_of_share, agreement=agreement), also=also))
    summed = found.group_by("clause").aggregate([("mails", "sum"), ("people", "sum")])
    return summed.rename_columns(["clause", "mails", "people"]).sort_by([("mails", "descending")])


def _of_share(engine: Engine, _people: pa.Array, *, agreement: Agreement) -> Iterator[Found]:
    yield Found("held back", 0, _held_back(engine, agreement))
