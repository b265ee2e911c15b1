"""How fast the analyses of a million leads are told, with their intervals, beside a floor in the same run.

    python benchmarks/insight.py                    1,000,000 leads, 10,000,000 touches
    python benchmarks/insight.py --leads 200000     fewer of them
    python benchmarks/insight.py --short            a small size, to see that it works
    python benchmarks/insight.py --only funnel diagnosis

The facts are those of `benchmarks/funnel.py` with twice the touches, and the spend on twelve channels in two years.
The floor is what DuckDB needs to find each person's first touch (GROUP BY person_id). Floor and analysis alternate;
the medians of the rounds count. Beside the seconds by the clock stand those of the processor, which do not depend on
who else is at work, and how often the floor they are. The limit is by the clock, for 1,000,000 leads. Exit code 1 when
a figure is above its limit.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import median

from benchmarks.funnel import AT, BEGUN, LEADS, SHORT, the_agreement, the_facts

from accord.agreement.counting import ANSWERS_CHECKED
from accord.agreement.document import Agreement
from accord.agreement.promise import measure
from accord.facts.engine import Engine
from accord.insight.diagnosis.diagnosis import diagnose
from accord.insight.economics.economics import economics
from accord.insight.funnel import funnel

SECONDS, ROUNDS = 5.0, 3
SPEND = f"""SELECT 'c' || n % 12 AS channel, 'marketing' AS side, 'media' AS kind, 'EUR' AS currency,
    5000.0 + hash(n) % 5000 AS amount, {BEGUN} + to_months((n // 12)::INT) AS occurred_at, occurred_at AS known_at,
    occurred_at AS recorded_at, {BEGUN} + to_months((n // 12 + 1)::INT) AS until, 's' || n AS source_id,
    'bench' AS source, 1 AS revision, FALSE AS known_inferred FROM range(24 * 12) AS r(n)"""
AGAIN = "SELECT * REPLACE ('again' || source_id AS source_id, occurred_at + INTERVAL 1 HOUR AS occurred_at) FROM"
FIRST = "SELECT count(*) FROM (SELECT person_id, min(occurred_at) FROM touches GROUP BY person_id)"
NAIVE = AT.replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds on the clock and of the processor."""

    clock: float
    processor: float


def main(argv: list[str] | None = None) -> int:
    """Measure, print figure, limit and ratios, and say by the exit code whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", choices=ANALYSES, default=list(ANALYSES), metavar="NAME")
    args = parser.parse_args(argv)
    leads, rounds = (SHORT, 1) if args.short else (args.leads, args.rounds)
    engine, _ = facts(leads), agreed()
    print(
        f"{'over ' + format(leads, ',') + ' leads':<24} {'clock (s)':>10} {'limit':>7} {'processor':>10} {'floors':>8}"
    )
    held = [told(engine, name, leads, rounds) for name in args.only]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory, the facts included: {peak:.1f} GiB")
    return int(not all(held))


def facts(leads: int) -> Engine:
    """An engine that holds them, ten touches of each lead."""
    engine = the_facts(leads)
    engine.run(f"INSERT INTO touches_revisions BY NAME {AGAIN} touches_revisions")
    engine.run(f"INSERT INTO spend_revisions BY NAME {SPEND}")
    return engine


def told(engine: Engine, name: str, leads: int, rounds: int) -> bool:
    """Print one figure; whether it keeps its limit."""
    taken = [(timed(lambda: engine.one(FIRST)), timed(lambda: ANALYSES[name](engine, leads))) for _ in range(rounds)]
    clock = median(ours.clock for _, ours in taken)
    processor = median(ours.processor for _, ours in taken)
    floors = median(ours.processor / floor.processor for floor, ours in taken)
    print(f"{name:<24} {clock:>10.2f} {SECONDS:>7.2f} {processor:>10.2f} {floors:>8.1f}", flush=True)
    return clock <= SECONDS


def timed(what: Callable[[], object]) -> Taken:
    """Run it once."""
    clock, processor = time.perf_counter(), time.process_time()
    what()
    return Taken(time.perf_counter() - clock, time.process_time() - processor)


@cache
def agreed() -> Agreement:
    """The simulated company's agreement, read once."""
    return the_agreement()


def the_funnel(engine: Engine, leads: int) -> None:
    """From lead to customer, of everybody."""
    found = funnel(engine)
    assert found.n == leads
    assert found.whole.stage("customer").count


def the_funnel_by_origin(engine: Engine, leads: int) -> None:
    """The same by a dimension of eleven values."""
    assert sum(group.n for group in funnel(engine, by="origin").groups) == leads


def the_promises(engine: Engine, _: int) -> None:
    """Every promise of the simulated company's agreement over its last periods."""
    found = measure(engine, agreed(), at=AT, answers_checked=ANSWERS_CHECKED.empty_table())
    assert any(each.value is not None for each in found)


def the_economics(engine: Engine, leads: int) -> None:
    """All figures, channels and scenarios."""
    found = economics(engine)
    assert found.n == leads
    assert sum(each.interval is not None for each in found.figures) > 10


def the_diagnosis(engine: Engine, _: int) -> None:
    """The gap against the year before, ten rules, and the price of misalignment."""
    found = diagnose(
        engine, at=NAIVE, agreements=[agreed()], answers_checked=ANSWERS_CHECKED.empty_table(), by="origin"
    )
    assert found.gap is not None
    assert found.looked


ANALYSES: dict[str, Callable[[Engine, int], None]] = {
    "funnel": the_funnel,
    "funnel by origin": the_funnel_by_origin,
    "promises": the_promises,
    "economics": the_economics,
    "diagnosis": the_diagnosis,
}


if __name__ == "__main__":
    sys.exit(main())
