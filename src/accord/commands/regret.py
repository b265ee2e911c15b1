"""`accord regret`: what became of leads that were given back, per reason."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.regret import OUTCOMES, Later, Regret, regret
from accord.report import door

LONGEST = 3_650
EXAMPLES = """\
examples:
  accord regret --lake var/lake
  accord regret --lake var/lake --within 90 --csv > regret.csv

exit code: 0; 2 no lake, or a time that cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord regret`."""
    parser.description = "Of the leads that were rejected or recycled for a reason: how many came back, how many won."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake")
    parser.add_argument("--within", type=int, default=180, metavar="DAYS", help="within so many days (180)")
    door.add_engine(parser)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON document")
    shown.add_argument("--csv", action="store_true", help="print a row per reason and outcome")


def run(args: argparse.Namespace) -> int:
    """Count and show; 0."""
    if not 1 <= args.within <= LONGEST:
        raise AccordError(f"--within {args.within} cannot be counted.", remedy=f"Give 1 to {LONGEST:,} days.")
    engine = door.engine_of(args, Ledger.open(args.lake))
    found = regret(engine, at=datetime.now(UTC), within=timedelta(days=args.within))
    door.printed(args, document=found.to_json, table=found.table, show=lambda console: show(console, found))
    return 0


def show(console: Console, found: Regret) -> None:
    """A line per reason."""
    if not found.reasons:
        console.print("No lead was rejected or recycled.")
        return
    table = Table("answer", "reason", "leads", *OUTCOMES, box=None, pad_edge=False, header_style="bold")
    for each in found.reasons:
        table.add_row(
            each.answer, escape(each.reason or "no reason"), f"{each.n:,}", *(_cell(each, name) for name in OUTCOMES)
        )
    console.print(table)
    console.print(f"{found.definition} Those with time left are not counted.", highlight=False)


def _cell(each: Later, outcome: str) -> str:
    """`12 % (8 to 17)`; the count alone where there are too few."""
    rate, interval = each.rate(outcome), each.interval(outcome)
    if rate is None or interval is None:
        return f"{each.counts[outcome]}, {each.needed} too few"
    return f"{rate:.0%} ({100 * interval.low:.0f} to {100 * interval.high:.0f})"
