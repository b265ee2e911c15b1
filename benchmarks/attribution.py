"""How fast and in how much memory wins are shared out, against DuckDB's plain GROUP BY person_id over the same file.

    python benchmarks/attribution.py [--rows 50000000] [--short] [--only-days]

A Parquet log in the order of time: ten touches of each person on average, twelve channels, one touch in fifty converts.
The five models that look at one path, Markov order 1 and Shapley, with their intervals, are computed together; beside
it all nine. Each figure is taken in a process of its own; floor and attribution alternate; the median of the rounds
ratios counts. The ratio of processor seconds is printed beside it: it does not depend on who else is at work.

The same sums as queries, which Spark answers too, are taken in the same way.

Then one more day of touches in a lake that holds a fifth of them, in 400 days, going on from what was kept the day
before: against everything counted anew, and against the same day after half of the history, in processor seconds. Exit
code 1 when a figure is above its limit (never with --short).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from accord.facts.engine import Engine, text
from accord.facts.ledger import Ledger
from accord.insight.attribution.attribution import attribute, attribute_rows
from accord.insight.attribution.in_sql import Cuts, tallied_in_sql
from accord.insight.attribution.increment import Memory
from accord.insight.attribution.models import HALF_LIFE
from accord.insight.attribution.reading import Relation, look
from accord.insight.attribution.tally import MODELS, planned
from accord.sources.importing import scratch
from accord.sources.touch_files import Touches, open_touches

ROWS, SHORT = 50_000_000, 200_000
RATIO, QUERIES, MEMORY, LINEAR, DAY = 2.0, 6.0, 2048, 1.25, 0.3
DAYS = 400
ROUNDS = 3
TOGETHER = ("first", "last", "linear", "position", "time_decay", "markov_1", "shapley")
CHANNELS = (
    "organic search", "paid search", "email", "referral", "event", "call", "social", "display", "partner", "webinar",
    "content syndication", "direct",
)  # fmt: skip

BASE, AT = datetime(2027, 1, 1, tzinfo=UTC), datetime.fromisoformat("2028-01-01")
DAY_US = 86_400_000_000


def write_log(path: Path, rows: int) -> None:
    """A log of touches as a tracker writes it."""
    people, channels = max(rows // 10, 1), ", ".join(f"'{each}'" for each in CHANNELS)
    Engine().run(
        f"""COPY (SELECT 'lead-' || lpad((hash(i) % {people})::VARCHAR, 8, '0') AS person_id,
        TIMESTAMP '2025-01-01' + to_microseconds(i * 1000000) AS occurred_at,
        [{channels}][1 + (hash(i + 7) % {len(CHANNELS)})::INT] AS channel, hash(i + 99) % 50 = 0 AS converted,
        CASE WHEN hash(i + 99) % 50 = 0 THEN (hash(i + 5) % 10000)::DOUBLE ELSE 0.0 END AS value
        FROM range({rows}) AS t(i)) TO '{path}'"""
    )


def floor(path: Path) -> None:
    """What DuckDB needs to tell the people of the file apart."""
    Engine().one(f"SELECT count(*) FROM (SELECT person_id, count(*) FROM '{path}' GROUP BY person_id)")


def attributed(path: Path, models: tuple[str, ...]) -> None:
    """The attribution as the command does it."""
    with scratch() as (folder, engine):
        opened = open_touches(path, folder, engine)
        assert isinstance(opened, Touches)
        relation = Relation(opened.table.good, opened.table.rows, opened.channels)
        found = attribute_rows(engine, relation, models=models)
    assert found.rows == opened.table.rows
    for credits_of in found.models.values():
        assert abs(sum(credit.conversions for credit in credits_of) - found.conversions) < 1e-6 * found.conversions


def queried(path: Path) -> None:
    """The sums of the same models by queries, as another engine than DuckDB adds them up."""
    engine = Engine()
    sql = f"SELECT person_id AS person, occurred_at AS moment, channel, converted, value FROM {text(str(path))}"
    channels = look(engine, sql).channels
    found = tallied_in_sql(engine, sql, channels, planned(channels, TOGETHER, HALF_LIFE), Cuts(None, None))
    assert found.touches
    for given in found.credits.values():
        assert abs(given[0].sum() - found.totals[0].sum()) < 1e-6 * found.totals[0].sum()


def write_lake(path: Path, rows: int, a_day: int) -> None:
    """A lake of so many touches, the last of them yesterday, with a won deal for one in fifty."""
    ledger = Ledger.create(path)
    add(ledger, range(-rows, 0), rows, a_day)
    won = (
        f"SELECT 'deal-' || i AS deal_id, {person(rows)} AS person_id, 'won' AS event, 'EUR' AS currency, "
        f"(hash(i + 5) % 10000)::DOUBLE AS amount, {fact(a_day)} FROM range({-rows}, 0, 50) AS t(i)"
    )
    ledger.write("deals", won, at=BASE, engine=Engine())


def add(ledger: Ledger, numbers: range, rows: int, a_day: int) -> None:
    """Record the touches with these numbers, so many a day, of the people of a lake of `rows`."""
    channels = ", ".join(f"'{each}'" for each in CHANNELS)
    touches = (
        f"SELECT {person(rows)} AS person_id, 'page.pricing' AS kind, {fact(a_day)}, "
        f"[{channels}][1 + (hash(i + 7) % {len(CHANNELS)})::INT] AS channel "
        f"FROM range({numbers.start}, {numbers.stop}) AS t(i)"
    )
    ledger.write("touches", touches, at=BASE, engine=Engine())


def person(rows: int) -> str:
    """Whose touch number `i` is: ten of each on average."""
    return f"'lead-' || lpad((hash(i) % {max(rows // 10, 1)})::VARCHAR, 8, '0')"


def fact(a_day: int) -> str:
    """What every fact says; number 0 is the first of a new day."""
    return (
        f"TIMESTAMP '2027-01-01' + to_microseconds(i * {DAY_US // a_day}) AS occurred_at, occurred_at AS known_at, "
        "FALSE AS known_inferred, 'second' AS precision, 'evidenced' AS evidence, 'bench' AS source, "
        "'f' || i AS source_id"
    )


def attributed_lake(path: Path, *, anew: bool) -> None:
    """The attribution of a lake, from what was kept or anew."""
    ledger = Ledger.open(path)
    memory = None if anew else Memory.of(ledger, path.parent / f"{path.name}-kept")
    attribute(ledger.connect(), at=AT, models=TOGETHER, memory=memory)


def one_more_day(folder: Path, rows: int, a_day: int, rounds: int) -> tuple[float, float, float]:
    """Processor seconds of a run after one more day and of one over everything, medians; and their median ratio."""
    lake = folder / f"lake-{rows}"
    write_lake(lake, rows, a_day)
    measured("day", lake)  # keeps everything
    taken = []
    for place in range(rounds):
        add(Ledger.open(lake), range(place * a_day, (place + 1) * a_day), rows, a_day)
        taken.append((measured("day", lake)["cpu"], measured("anew", lake)["cpu"]))
    day, anew = (median(each[place] for each in taken) for place in (0, 1))
    return day, anew, median(quick / slow for quick, slow in taken)


def measure(what: str, path: Path) -> dict[str, float]:
    """Seconds on the clock and of the processor, and peak memory (MiB), of one of them, in this process."""
    start, busy = time.perf_counter(), time.process_time()
    if what == "floor":
        floor(path)
    elif what == "queries":
        queried(path)
    elif what in ("day", "anew"):
        attributed_lake(path, anew=what == "anew")
    else:
        attributed(path, MODELS if what == "all" else TOGETHER)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    return {"seconds": seconds, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(what: str, path: Path) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--measure", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print figure, limit, measured; 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--short", action="store_true", help="a small file, only to show that it runs")
    parser.add_argument("--only-days", action="store_true", help="only what one more day costs")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure[0], Path(args.measure[1]))))
        return 0
    rows, rounds = (SHORT, 1) if args.short else (args.rows, ROUNDS)
    figures = [*days(rows // 5, rounds)] if args.only_days else [*together(rows, rounds), *days(rows // 5, rounds)]
    for name, limit, found in figures:
        print(f"{name}, {limit:g}, {found:.2f}")
    return 0 if args.short or all(found <= limit for _, limit, found in figures) else 1


Figure = tuple[str, float, float]


def days(rows: int, rounds: int) -> Iterator[Figure]:
    """What one more day costs, of everything and over twice the history."""
    with tempfile.TemporaryDirectory() as folder:
        day, anew, ratio = one_more_day(Path(folder), rows, rows // DAYS, rounds)
        half, _, _ = one_more_day(Path(folder), rows // 2, rows // DAYS, rounds)
    print(f"processor seconds: a day of {rows // DAYS:,} touches after {rows:,} {day:.2f}, everything {anew:.2f}")
    print(f"one more day after {DAYS}, times one after {DAYS // 2} (no limit: deals are read anew): {day / half:.2f}")
    yield f"one more day after {DAYS}, times everything counted anew", DAY, ratio


def together(rows: int, rounds: int) -> Iterator[Figure]:
    """The seven models over a file, against the floor."""
    with tempfile.TemporaryDirectory() as folder:
        log, tenth = Path(folder) / "log.parquet", Path(folder) / "tenth.parquet"
        write_log(log, rows)
        write_log(tenth, rows // 10)
        taken = [tuple(measured(each, log) for each in ("floor", "together", "queries")) for _ in range(rounds)]
        small, nine = measured("together", tenth), measured("all", log)
    wall, in_queries = (median(each[place]["seconds"] / each[0]["seconds"] for each in taken) for place in (1, 2))
    cpu, cpu_queries = (median(each[place]["cpu"] / each[0]["cpu"] for each in taken) for place in (1, 2))
    seconds = [median(each[place]["seconds"] for each in taken) for place in (0, 1, 2)]
    print(f"by processor seconds seven models are {cpu:.2f} times the floor, in queries {cpu_queries:.2f} (no limit)")
    print("seconds: floor {:.2f}, seven models {:.2f}, in queries {:.2f}, ".format(*seconds), end="")
    print(f"all nine {nine['seconds']:.2f}")
    print(f"peak memory of all nine, MiB (no limit): {nine['peak']:.0f}")
    yield from [
        (f"seven models over {rows:,} touches, times GROUP BY person_id", RATIO, wall),
        ("peak memory of the same, MiB", MEMORY, max(each[1]["peak"] for each in taken)),
        (f"the same in queries over {rows:,} touches, times GROUP BY person_id", QUERIES, in_queries),
        (
            f"processor seconds per touch, {rows:,} against {rows // 10:,}",
            LINEAR,
            median(each[1]["cpu"] for each in taken) / (10 * small["cpu"]),
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
