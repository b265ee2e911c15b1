"""What the analyses take on Spark, on this machine, beside DuckDB over the same Parquet files.

    python -m benchmarks.spark                    200,000 leads, 2,000,000 touches
    python -m benchmarks.spark --leads 20000      fewer of them
    python -m benchmarks.spark --short            a small size, to see that it works

The facts are those of `benchmarks/insight.py`, one file for each table; those of the replay, a quarter of them, come
from `benchmarks/replay.py` in a lake. Each analysis runs once on DuckDB and once on Spark, by the clock. There is no
limit: this tells from which size Spark is worth its start. Without `accord[spark]` nothing is measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.attribution import TOGETHER
from benchmarks.funnel import SHORT
from benchmarks.insight import NAIVE, facts
from benchmarks.replay import answer, lake_of, the_agreement

from accord.facts.engine import Answers, Engine, text
from accord.facts.shares import shares_of
from accord.facts.spark import Spark, started
from accord.facts.spark_lake import read_lake
from accord.facts.tables import TABLES
from accord.insight.attribution.attribution import attribute
from accord.insight.economics.economics import economics
from accord.insight.funnel import funnel
from accord.insight.replay.in_shares import InShares
from accord.insight.replay.replay import over_all_of, replay

MEMORY = "4g"  # of the process that is Spark on one machine; by itself it takes 1 GB
ANALYSES: dict[str, Callable[[Answers], object]] = {
    "funnel": funnel,
    "funnel by origin": lambda engine: funnel(engine, by="origin"),
    "economics": lambda engine: economics(engine, at=NAIVE),
    "attribution, seven models": lambda engine: attribute(engine, at=NAIVE, models=TOGETHER),
}


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small size, to see that it works")
    parser.add_argument("--leads", type=int, default=200_000)
    args = parser.parse_args(argv)
    if find_spec("pyspark") is None:
        print("not measured: PySpark is not installed (pip install 'accord[spark]')")
        return 0
    leads = SHORT if args.short else args.leads
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", f"--driver-memory {MEMORY} pyspark-shell")
    with tempfile.TemporaryDirectory() as folder:
        names = written(facts(leads), Path(folder))
        begun = time.perf_counter()
        spark = started("local[*]")
        spark.one("SELECT 1 AS one")
        print(f"starting Spark: {time.perf_counter() - begun:.1f} s")
        engine = Engine()
        for name, file in names.items():
            engine.run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({text(str(file))})")
            spark.session.read.parquet(str(file)).createOrReplaceTempView(name)
        print(f"{'over ' + format(leads, ',') + ' leads':<28} {'DuckDB (s)':>10} {'Spark (s)':>10}")
        for name, analysis in ANALYSES.items():
            shown(name, *(taken(analysis, each) for each in (engine, spark)))
        engine.close()
        shown(f"replay of {leads // 4:,} leads", *replayed(leads // 4, Path(folder) / "lake", spark))
    return 0


def shown(name: str, here: float, there: float) -> None:
    """One line."""
    print(f"{name:<28} {here:>10.1f} {there:>10.1f}", flush=True)


def replayed(leads: int, folder: Path, spark: Spark) -> tuple[float, float]:
    """A replay whose leads are looked at by DuckDB, and in shares on Spark; the decisions are the same."""
    ledger, _ = lake_of(leads, folder)
    agreement = the_agreement(leads)
    answer(ledger, agreement)
    near = ledger.connect()
    versions, found = [over_all_of(agreement, near)], []
    shares = shares_of(read_lake(spark, ledger))
    seconds = []
    for looks in (None, InShares(shares, near, lambda *_: None)):
        begun = time.perf_counter()
        found.append(replay(near, versions, looks=looks))
        seconds.append(time.perf_counter() - begun)
    assert found[0].handoffs == found[1].handoffs
    return seconds[0], seconds[1]


def written(engine: Engine, folder: Path) -> dict[str, Path]:
    """One Parquet file for each table and its revisions, by name."""
    names = [name for table in TABLES for name in (table, f"{table}_revisions")]
    files = {name: folder / f"{name}.parquet" for name in names}
    for name, file in files.items():
        engine.run(f"COPY (SELECT * FROM {name}) TO {text(str(file))} (FORMAT parquet)")
    return files


def taken(analysis: Callable[[Answers], object], engine: Engine | Spark) -> float:
    """Seconds by the clock."""
    begun = time.perf_counter()
    analysis(engine)
    return time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())
