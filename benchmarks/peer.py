"""How fast a Markov chain of order 1 is told from a log of touches, beside the package ChannelAttribution (C++).

    python -m benchmarks.peer                    50,000,000 touches
    python -m benchmarks.peer --rows 5000000     fewer of them
    python -m benchmarks.peer --short            a small file, to see that it works

Both begin with the same Parquet file. ChannelAttribution asks for counted paths, so its time begins with DuckDB that
counts them. It simulates removal effects until they settle; how far its conversions are from the exact ones is printed.
Where `pip install channelattribution` was not run, nothing is measured. Exit code 1 when it is less than ten times
slower (never with --short).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from benchmarks.attribution import ROWS, SHORT, write_log

from accord.facts.engine import Engine, text
from accord.insight.attribution.attribution import attribute_rows
from accord.insight.attribution.reading import look

TIMES = 10.0
_PATHS = """WITH walked AS (
        SELECT person_id, occurred_at, channel, converted::INT AS conversions, value, coalesce(sum(converted::INT) OVER
            (PARTITION BY person_id ORDER BY occurred_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS n
        FROM {log}
    ), paths AS (
        SELECT string_agg(channel, ' > ' ORDER BY occurred_at) AS path, sum(conversions) AS conversions,
            sum(value) AS value FROM walked GROUP BY person_id, n
    )
    SELECT path, sum(conversions)::DOUBLE AS conversions, sum(value)::DOUBLE AS value,
        count(*) FILTER (conversions = 0)::DOUBLE AS nulls FROM paths GROUP BY path"""


def ours(log: Path) -> Mapping[str, float]:
    """The conversions of each channel by an exact chain, from the file."""
    engine = Engine()
    sql = f"SELECT person_id AS person, occurred_at AS moment, channel, converted, value FROM {text(str(log))}"
    found = attribute_rows(engine, look(engine, sql), models=("markov_1",))
    return {credit.channel: credit.conversions for credit in found.models["markov_1"]}


def theirs(log: Path) -> Mapping[str, float]:
    """The same by simulation, from paths that DuckDB counts."""
    from ChannelAttribution import markov_model

    paths = Engine().rows(_PATHS.format(log=text(str(log)))).to_pandas()
    found = markov_model(
        paths, "path", "conversions", var_value="value", var_null="nulls", verbose=False, flg_pro=False
    )  # fmt: skip
    return dict(zip(found["channel_name"], found["total_conversions"], strict=True))


def measured(who: str, log: Path) -> tuple[float, Mapping[str, float]]:
    """Seconds by the clock and what was found, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.peer", "--measure", who, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, found = json.loads(done.stdout.splitlines()[-1])
    return seconds, found


def main(argv: list[str] | None = None) -> int:
    """Print figure, limit, measured; 1 when the limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small file, to see that it works")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        who, log = args.measure
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):  # the package speaks
            found = (ours if who == "ours" else theirs)(Path(log))
        print(json.dumps([time.perf_counter() - begun, found]))
        return 0
    if find_spec("ChannelAttribution") is None:
        print("not measured: ChannelAttribution is not installed (pip install channelattribution)")
        return 0
    rows = SHORT if args.short else args.rows
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        write_log(log, rows)
        (quick, exact), (slow, simulated) = (measured(who, log) for who in ("ours", "theirs"))
    off = max(abs(simulated[channel] / value - 1) for channel, value in exact.items())
    print(f"seconds: an exact chain with its ranges {quick:.2f}, counted paths and ChannelAttribution {slow:.2f}")
    print(f"its conversions are off by up to {off:.1%} (no limit)")
    print(f"ChannelAttribution over {rows:,} touches, times an exact chain (at least), {TIMES:g}, {slow / quick:.1f}")
    return 0 if args.short or slow >= TIMES * quick else 1


if __name__ == "__main__":
    raise SystemExit(main())
