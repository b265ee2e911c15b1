"""Which engine answers: one setting for every command that asks an analysis.

`duckdb`, in this process, is what everybody needs first; `spark` uses the cores of this machine; `spark://HOST:PORT` a
standalone cluster. `--engine` says it for one command, the environment variable ACCORD_ENGINE for all that can.
"""

from __future__ import annotations

import os
import re
from datetime import datetime

from accord.facts.engine import Answers, Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger

SETTING = "ACCORD_ENGINE"
DUCKDB, SPARK = "duckdb", "spark"
_CLUSTER = re.compile(r"spark://[\w.\-\[\]:]+:\d+(,[\w.\-\[\]:]+:\d+)*")


def chosen(asked: str | None) -> str:
    """The engine that is asked for, else the one that the environment names, else DuckDB. Raises AccordError for a word
    that names none."""
    word = (asked or os.environ.get(SETTING) or DUCKDB).strip()
    if word in {DUCKDB, SPARK} or _CLUSTER.fullmatch(word):
        return word
    raise AccordError(
        f"There is no engine {word!r}.",
        remedy=f"Possible are {DUCKDB}, {SPARK} (this machine) and spark://HOST:PORT (a cluster); "
        f"--engine or {SETTING} names it.",
    )


def opened(
    ledger: Ledger, engine: str, *, recorded_at: datetime | None = None, known_at: datetime | None = None
) -> Answers:
    """The lake as recorded and known at the given times, in an engine that `chosen` gave. Raises SparkError where Spark
    is asked for and missing."""
    if engine == DUCKDB:
        return ledger.connect(recorded_at=recorded_at, known_at=known_at)
    from accord.facts.spark import started  # so that nobody else loads sqlglot
    from accord.facts.spark_lake import read_lake

    master = "local[*]" if engine == SPARK else engine
    return read_lake(started(master), ledger, recorded_at=recorded_at, known_at=known_at)


def in_process(
    engine: Answers, ledger: Ledger, *, recorded_at: datetime | None = None, known_at: datetime | None = None
) -> Engine:
    """The engine itself where it is DuckDB, else DuckDB over the same lake as known at the same times: for what no
    other engine answers, such as the lead view."""
    return engine if isinstance(engine, Engine) else ledger.connect(recorded_at=recorded_at, known_at=known_at)
