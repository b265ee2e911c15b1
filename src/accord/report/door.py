"""What doors that ask a lake for a stretch of time have in common: arguments, the lake as known, the ways out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from accord.agreement.periods import day_begins, day_ends
from accord.facts import engines
from accord.facts.engine import Answers
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.result import csv_text
from accord.report import paper
from accord.report.figures import Grid

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A lake, opened as it was known then, and the stretch that is asked about; moments are naive UTC."""

    engine: Answers
    since: datetime | None
    until: datetime | None
    at: datetime
    as_known: datetime | None
    is_simulated: bool
    zone: str


def add_arguments(parser: argparse.ArgumentParser, *, events: str, rows: str) -> None:
    """`--lake`, the stretch, and the ways out. `events` says what lies in the stretch, `rows` what a line of CSV is."""
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--from", dest="since", metavar="DATE", help=f"{events} on this day or later")
    parser.add_argument("--to", dest="until", metavar="DATE", help=f"{events} on this day or earlier")
    parser.add_argument("--as-known", metavar="DATE", help="from the facts that were recorded by the end of this day")
    add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help=f"print one row per {rows}")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    form.add_argument("--pdf", type=Path, metavar="FILE", help="write the same page on A4 paper")


def number(option: str, text: str, *, called: str, such_as: str) -> float:
    """The number that an option gives. Raises AccordError, with what it is `called` and how one is written."""
    try:
        return float(text)
    except ValueError:
        raise AccordError(f"{option} {text!r} is not {called}.", remedy=f"Write it as {such_as}.") from None


def add_engine(parser: argparse.ArgumentParser) -> None:
    """`--engine`: which engine reads the lake."""
    parser.add_argument(
        "--engine", metavar="NAME",
        help=f"{engines.DUCKDB} (default), {engines.SPARK}, or spark://HOST:PORT; {engines.SETTING} sets it for all",
    )  # fmt: skip


def engine_of(
    args: argparse.Namespace, ledger: Ledger, *, recorded_at: datetime | None = None, known_at: datetime | None = None
) -> Answers:
    """The lake in the engine that was asked for. Raises AccordError where there is none such or it cannot start."""
    return engines.opened(ledger, engines.chosen(args.engine), recorded_at=recorded_at, known_at=known_at)


def opened(args: argparse.Namespace, *, now: datetime) -> Asked:
    """The lake and the stretch, as of `now` at the latest. Raises AccordError for what cannot be read."""
    ledger = Ledger.open(args.lake)
    zone = ZoneInfo(str(ledger.about.get("time_zone", "UTC")))
    since, until = day_begins(args.since, zone), day_ends(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    recorded = day_ends(args.as_known, zone)
    last = min(filter(None, (recorded, now)))
    engine = engine_of(args, ledger, recorded_at=recorded)
    return Asked(
        engine, _naive(since), _naive(until), last.replace(tzinfo=None), recorded,
        bool(ledger.about.get("simulated")), str(zone),
    )  # fmt: skip


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)


@contextmanager
def progress(args: argparse.Namespace) -> Iterator[Told]:
    """Bars on the error stream while somebody looks at it."""
    quiet = args.json or not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda step, done, of: bars.update(task, description=step, completed=done, total=of)


def given(
    args: argparse.Namespace,
    *,
    document: Callable[[], dict[str, Any]],
    table: Callable[[], pa.Table],
    page: Callable[[], str],
    show: Callable[[Console], None],
) -> None:
    """Hand the result over in the form that was asked for. Raises AccordError for a file that cannot be written."""
    if args.html or args.pdf:
        write = paper.write_page if args.html else paper.write_pdf
        write(page(), args.html or args.pdf)
        Console(stderr=True).print(f"Written: {args.html or args.pdf}", highlight=False)
    else:
        printed(args, document=document, table=table, show=show)


def printed(
    args: argparse.Namespace,
    *,
    document: Callable[[], dict[str, Any]],
    table: Callable[[], pa.Table],
    show: Callable[[Console], None],
) -> None:
    """Print the result in the form that was asked for: one JSON document, CSV, or what `show` writes for people."""
    if args.json:
        sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
    elif args.csv:
        sys.stdout.write(csv_text(table()))
    else:
        show(Console())


def grid(told: Grid) -> Table:
    """A table of texts in the terminal."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(told.head):
        table.add_column(name, justify="right" if place in told.right else "left", overflow="fold")
    for row in told.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
