"""How fast and in how much memory touches come into a lake, against DuckDB's own CSV to Parquet of the same file.

    python benchmarks/import_touches.py [--rows 1000000] [--short]

Prints rows of figure, limit, measured. Each figure is taken in a process of its own; floor and import alternate, and
the best of a few rounds counts, so that other work on the machine does not decide.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

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
    """Seconds and peak memory (MiB) of one of the two, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        (floor if what == "floor" else into_a_lake)(path, Path(folder))
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak": peak}


def measured(what: str, path: Path) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--measure", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(rows: int, folder: Path, rounds: int) -> tuple[float, float, float]:
    """Best seconds of floor and import, and the import's peak memory in MiB."""
    path = folder / f"touches-{rows}.csv"
    write_touches(path, rows)
    floors, imports = [], []
    for _ in range(rounds):
        floors.append(measured("floor", path))
        imports.append(measured("import", path))
    path.unlink()
    return (
        min(figure["seconds"] for figure in floors),
        min(figure["seconds"] for figure in imports),
        max(figure["peak"] for figure in imports),
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
        quick, slow, peak = compare(rows, Path(folder), rounds)
        tenth = compare(rows // 10, Path(folder), rounds)[1]
    figures = [
        (f"import of {rows:,} touches, times DuckDB's CSV to Parquet", RATIO, slow / quick),
        (f"peak memory of importing {rows:,} touches, MiB", MEMORY, peak),
        (f"seconds per touch, {rows:,} against {rows // 10:,}", LINEAR, slow / (10 * tenth)),
    ]
    for name, limit, found in figures:
        print(f"{name}, {limit:g}, {found:.2f}")
    print(f"seconds: floor {quick:.2f}, import {slow:.2f}, a tenth {tenth:.2f}")
    return 0 if args.short or all(found <= limit for _, limit, found in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
