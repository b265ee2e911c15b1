"""How fast and in how much memory touches come into a lake, against DuckDB's own CSV to Parquet of the same file.

    python benchmarks/import_touches.py [--rows 1000000] [--short]

Prints rows of figure, limit, measured. Each figure is taken in a process of its own; floor and import alternate, and
the median of the rounds' ratios counts, so that other work on the machine does not decide. The ratio of processor
seconds is printed beside it: it does not depend on who else is at work.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from accord.facts.engine import Engine
from accord.facts.ledger import Ledger
from accord.sources.importing import import_file, workplace
from accord.sources.mapping import parse_mapping

RATIO, MEMORY, LINEAR = 3.0, 1024, 1.15
ROUNDS = 3
MAPPING = {
    "table": "touches",
    "source": "crm",
    "id": ["id"],
    "columns": {name: name for name in ("person_id", "occurred_at", "kind", "channel", "campaign")},
}
KINDS = "['page.pricing', 'email.clicked', 'form.demo-request', 'call.connected']"
CHANNELS = "['organic search', 'paid search', 'email', 'referral']"


def write_touches(path: Path, rows: int) -> None:
    """A CSV file of touches in the order of time: ten each of rows / 10 people."""
    Engine().run(
        f"""COPY (SELECT 'lead-' || lpad((hash(i) % {max(rows // 10, 1)})::VARCHAR, 8, '0') AS person_id,
        strftime(TIMESTAMP '2025-01-01' + to_seconds(i * 31), '%Y-%m-%dT%H:%M:%SZ') AS occurred_at,
        {KINDS}[1 + i % 4] AS kind, {CHANNELS}[1 + (i // 3) % 4] AS channel, 'campaign-' || (i % 40) AS campaign,
        'ev-' || i AS id FROM range({rows}) AS t(i)) TO '{path}' (HEADER)"""
    )


def floor(path: Path, folder: Path) -> None:
    """What DuckDB needs for the same file."""
    Engine().run(f"COPY (FROM read_csv('{path}')) TO '{folder / 'floor.parquet'}'")


def into_a_lake(path: Path, folder: Path) -> None:
    """The import as the command does it, into a new lake."""
    with workplace(Ledger.create(folder / "lake"), at=datetime(2027, 1, 1, tzinfo=UTC)) as place:
        import_file(path, parse_mapping(MAPPING), place, refused_file=lambda _: None)


def measure(what: str, path: Path) -> dict[str, float]:
    """Seconds on the clock and of the processor, and peak memory (MiB), of one of the two, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        start, busy = time.perf_counter(), time.process_time()
        (floor if what == "floor" else into_a_lake)(path, Path(folder))
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu": cpu, "peak": peak}


def measured(what: str, path: Path) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--measure", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians over the rounds: import over floor by the clock and by processor time, seconds, peak memory in MiB."""

    wall: float
    cpu: float
    floor_seconds: float
    seconds: float
    floor_cpu: float
    cpu_seconds: float
    peak: float


def compare(rows: int, folder: Path, rounds: int) -> Compared:
    """Floor and import of the same file, alternating."""
    path = folder / f"touches-{rows}.csv"
    write_touches(path, rows)
    taken = [(measured("floor", path), measured("import", path)) for _ in range(rounds)]
    path.unlink()
    return Compared(
        wall=median(ours["seconds"] / quick["seconds"] for quick, ours in taken),
        cpu=median(ours["cpu"] / quick["cpu"] for quick, ours in taken),
        floor_seconds=median(quick["seconds"] for quick, _ in taken),
        seconds=median(ours["seconds"] for _, ours in taken),
        floor_cpu=median(quick["cpu"] for quick, _ in taken),
        cpu_seconds=median(ours["cpu"] for _, ours in taken),
        peak=max(ours["peak"] for _, ours in taken),
    )


def main() -> int:
    """Prints the table; 1 when a limit is not kept (never with --short)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--short", action="store_true", help="a small file, only to show that it runs")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure[0], Path(args.measure[1]))))
        return 0
    rows, rounds = (20_000, 1) if args.short else (args.rows, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        whole = compare(rows, Path(folder), rounds)
        tenth = compare(rows // 10, Path(folder), rounds)
    figures = [
        (f"import of {rows:,} touches, times DuckDB's CSV to Parquet", RATIO, whole.wall),
        (f"peak memory of importing {rows:,} touches, MiB", MEMORY, whole.peak),
        (
            f"processor seconds per touch, {rows:,} against {rows // 10:,}",
            LINEAR,
            whole.cpu_seconds / (10 * tenth.cpu_seconds),
        ),
    ]
    for name, limit, found in figures:
        print(f"{name}, {limit:g}, {found:.2f}")
    print(f"the same by processor seconds (no limit): {whole.cpu:.2f}")
    print(f"seconds: floor {whole.floor_seconds:.2f}, import {whole.seconds:.2f}, a tenth {tenth.seconds:.2f}")
    print(f"processor seconds: floor {whole.floor_cpu:.2f}, import {whole.cpu_seconds:.2f}")
    return 0 if args.short or all(found <= limit for _, limit, found in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
