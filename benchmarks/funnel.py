"""How fast a million leads are counted into a funnel, and every metric over their handoffs.

    python benchmarks/funnel.py           1,000,000 leads, 300,000 handoffs, 5,000,000 touches
    python benchmarks/funnel.py --short   a small size, to see that it works

The facts are invented by number, so that making them takes seconds: three in ten leads are handed over and every stage
is reached by a fixed share of the one before. Metrics are counted over the last six months, as by a scoreboard.
Exit code 1 when a figure is above its limit.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

import pyarrow as pa

from accord.agreement.counting import ANSWERS_CHECKED, count
from accord.agreement.document import Agreement, Period
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods
from accord.example.papers import papers
from accord.example.staff import scale_of
from accord.example.world import Span
from accord.facts.engine import Engine
from accord.facts.tables import TABLES, TIME
from accord.insight.funnel import funnel

LEADS, SHORT = 1_000_000, 10_000
FUNNEL_SECONDS, GROUPS_SECONDS, METRIC_SECONDS = 5.0, 10.0, 10.0
AT = datetime(2026, 11, 1, tzinfo=UTC)
BEGUN = "TIMESTAMP '2024-11-01'"
DAYS = 730

OFFERS = f"""SELECT n, 'p' || n AS person_id, 'h' || n AS handoff_id, {BEGUN}
        + to_microseconds((hash(n) % {DAYS * 86_400})::BIGINT * 1000000) AS offered, hash(n + 7) % 100 AS luck,
    'rep' || n % 200 AS owner, CASE n % 3 WHEN 0 THEN 'dach-sdr' WHEN 1 THEN 'emea-sdr' ELSE 'enterprise' END AS team
    FROM range($1) AS r(n) WHERE n % 10 < 3"""
EVENTS = f"""WITH o AS MATERIALIZED ({OFFERS}), e AS (
        SELECT *, 'offered' AS event, offered AS moment, NULL AS reason FROM o
        UNION ALL SELECT *, CASE WHEN luck < 70 THEN 'accepted' WHEN luck < 85 THEN 'rejected' ELSE 'recycled' END,
            offered + to_minutes(1 + luck::BIGINT * 7), CASE WHEN luck < 70 THEN NULL WHEN luck < 85 THEN 'no_interest'
            ELSE 'timing' END FROM o WHERE luck < 96
        UNION ALL SELECT *, 'contacted', offered + to_minutes(60 + luck::BIGINT * 30), NULL FROM o WHERE luck < 70
        UNION ALL SELECT *, CASE WHEN luck < 40 THEN 'qualified' ELSE 'rejected' END,
            offered + to_days(3 + luck::INT % 9),
            CASE WHEN luck < 40 THEN NULL ELSE 'no_fit' END FROM o WHERE luck < 65)
    SELECT handoff_id, person_id, event, owner, team, owner AS "by", reason, 1 AS version, 'A' AS band, 70.0 AS score,
        TRUE AS in_capacity, luck % 10 < 9 AS complete, offered + INTERVAL 4 HOURS AS answer_due,
        offered + INTERVAL 1 DAY AS first_touch_due, offered + INTERVAL 5 DAYS AS attempts_due,
        offered + INTERVAL 14 DAYS AS outcome_due, moment AS occurred_at, moment AS known_at,
        event || n AS source_id FROM e"""
DEALS = f"""WITH o AS MATERIALIZED (SELECT * FROM ({OFFERS}) WHERE luck < 40),
    e AS (SELECT *, 'opened' AS event, offered + to_days(12) AS moment FROM o
        UNION ALL SELECT *, 'stage', offered + to_days(15) FROM o
        UNION ALL SELECT *, CASE WHEN luck < 20 THEN 'won' ELSE 'lost' END, offered + to_days(20 + luck::INT) FROM o
            WHERE luck < 35)
    SELECT 'd' || n AS deal_id, person_id, 'a' || n AS account_id, event, owner, 10000.0 AS amount, 'EUR' AS currency,
        CASE WHEN event = 'stage' THEN 'proposal' END AS stage, CASE WHEN event = 'lost' THEN 'price' END AS reason,
        moment AS occurred_at, moment AS known_at, event || n AS source_id FROM e"""
PROFILES = f"""SELECT 'person' AS subject, 'p' || n AS subject_id, 'a' || n AS account_id,
    {BEGUN} + to_microseconds((hash(n) % {DAYS * 86_400})::BIGINT * 1000000) - INTERVAL 2 DAYS AS occurred_at,
    occurred_at AS known_at, 'o' || n % 11 AS origin, 'f' || n AS source_id FROM range($1) AS r(n)"""
TOUCHES = f"""SELECT 'p' || n % $1 AS person_id, CASE WHEN n % 5 = 0 THEN 'sales' ELSE 'marketing' END AS side,
    CASE WHEN n % 5 = 0 THEN 'call.connected' ELSE 'page.home' END AS kind, 'c' || n % 12 AS channel,
    {BEGUN} + to_microseconds((hash(n % $1) % {DAYS * 86_400})::BIGINT * 1000000) + to_hours((n // $1)::INT * 9)
        AS occurred_at, occurred_at AS known_at, 't' || n AS source_id, 'evidenced' AS evidence
    FROM range(5 * $1) AS r(n)"""
MADE = {"handoffs": EVENTS, "deals": DEALS, "profiles": PROFILES, "touches": TOUCHES}


def main(argv: list[str] | None = None) -> int:
    """Measure, print figure, limit and ratio, and say by the exit code whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small size, to see that it works")
    leads = SHORT if parser.parse_args(argv).short else LEADS
    engine = the_facts(leads)
    figures = [counted(engine, leads, by=None), counted(engine, leads, by="origin"), measured(engine)]
    print(f"{'figure':<58} {'measured':>10} {'limit':>10} {'ratio':>8}")
    for name, value, limit in figures:
        print(f"{name:<58} {value:>10.2f} {limit:>10.2f} {value / limit:>8.2f}")
    return int(any(value > limit for _, value, limit in figures))


def the_facts(leads: int) -> Engine:
    """An engine that holds the invented facts, with a view per table as a ledger's engine has them."""
    engine = Engine(memory="6GB")
    for table in TABLES.values():
        naive = pa.schema([pa.field(f.name, pa.timestamp("us") if f.type == TIME else f.type) for f in table.schema])
        engine.register("shape", naive.empty_table())
        engine.run(f"CREATE TABLE {table.name}_revisions AS SELECT *, NULL::TIMESTAMP AS superseded_at FROM shape")
        engine.unregister("shape")
        if table.name in MADE:
            rest = "'bench' AS source, 1 AS revision, known_at AS recorded_at, FALSE AS known_inferred"
            engine.run(
                f"INSERT INTO {table.name}_revisions BY NAME SELECT *, {rest} FROM ({MADE[table.name]})"
                f" WHERE occurred_at < TIMESTAMP '{AT:%Y-%m-%d}'",
                [leads],
            )
        engine.run(f"CREATE VIEW {table.name} AS SELECT * EXCLUDE superseded_at FROM {table.name}_revisions")
    return engine


def counted(engine: Engine, leads: int, *, by: str | None) -> tuple[str, float, float]:
    """The funnel of everybody."""
    begun = time.perf_counter()
    found = funnel(engine, by=by)
    seconds = time.perf_counter() - begun
    assert found.n == leads
    assert found.whole.stage("customer").count
    name = f"funnel of {leads:,} leads" + (f" by {by}, {len(found.groups)} groups" if by else "")
    return f"{name} (s)", seconds, GROUPS_SECONDS if by else FUNNEL_SECONDS


def measured(engine: Engine) -> tuple[str, float, float]:
    """Every metric over the last six months, with the slowest told on the error stream."""
    agreement, seconds = the_agreement(), {}
    spans = Periods(agreement.time_zone).last(AT, Period.MONTH, 6)
    for name, metric in METRICS.items():
        begun = time.perf_counter()
        count(engine, agreement, metric, spans, at=AT, answers_checked=ANSWERS_CHECKED.empty_table())
        seconds[name] = time.perf_counter() - begun
    for name in sorted(seconds, key=lambda each: -seconds[each])[:5]:
        print(f"{name} {seconds[name]:.2f} s", file=sys.stderr)
    (handoffs,) = engine.one("SELECT count(DISTINCT handoff_id) FROM handoffs")
    return f"{len(METRICS)} metrics over {handoffs:,} handoffs (s)", sum(seconds.values()), METRIC_SECONDS


def the_agreement() -> Agreement:
    """The simulated company's first version, with all its teams and promises."""
    span = Span.of()
    return papers(span=span, leads=100_000, scale=scale_of(100_000, span))[0]


if __name__ == "__main__":
    sys.exit(main())
