"""`accord lot`: what became of leads that were drawn by lot below the line, beside those just above it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from accord.agreement.promise import versions_in_force
from accord.facts.ledger import Ledger
from accord.insight.drawn import Drawn, Group, drawn
from accord.report import door

VERDICTS = {"more": "more often", "fewer": "more seldom", "chance": "no difference but chance", "too_few": "too few"}
EXAMPLES = """\
examples:
  accord lot --lake var/lake
  accord lot --lake var/lake --csv > lot.csv

exit code: 0; 2 no lake
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord lot`."""
    parser.description = "Compare leads that were drawn by lot below the line with those just above it."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON document")
    shown.add_argument("--csv", action="store_true", help="print a row per outcome and group")


def run(args: argparse.Namespace) -> int:
    """Count and show; 0."""
    at = datetime.now(UTC)
    engine = Ledger.open(args.lake).connect(tables=["agreements", "decisions", "handoffs", "deals", "profiles"])
    agreements = versions_in_force(engine, at=at.replace(tzinfo=None))
    found = drawn(engine, agreements, at=at)
    door.printed(args, document=found.to_json, table=found.table, show=lambda console: show(console, found))
    return 0


def show(console: Console, found: Drawn) -> None:
    """A line per outcome."""
    if not found.n:
        console.print("No lead was drawn by lot.")
        return
    table = Table("outcome", "by lot", "just above the line", "", box=None, pad_edge=False, header_style="bold")
    for each in found.outcomes:
        table.add_row(each.outcome, _cell(each.lot), _cell(each.above), VERDICTS[each.verdict])
    console.print(table)
    console.print(found.definition, highlight=False)


def _cell(group: Group) -> str:
    """`12 % (8 to 17)`; the count alone where there are too few."""
    if group.rate is None or group.interval is None:
        return f"{group.count}, {group.needed} too few"
    return f"{group.rate:.0%} ({100 * group.interval.low:.0f} to {100 * group.interval.high:.0f})"
