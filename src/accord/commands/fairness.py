"""`accord fairness`: how handoffs were dealt out among the people of each team, quarter by quarter."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from accord.agreement.document import Period
from accord.agreement.periods import Periods
from accord.agreement.promise import versions_in_force
from accord.agreement.rules import Rules
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.fairness import Fairness, Share, fairness
from accord.report import door

MOST = 40
VERDICTS = {"more": "more", "fewer": "fewer", "chance": "by chance", "too_few": "too few"}
EXAMPLES = """\
examples:
  accord fairness --lake var/lake
  accord fairness --lake var/lake --quarters 1 --json

exit code: 0; 2 no lake, no agreement in force, or a number that cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord fairness`."""
    parser.description = (
        "Hold what came to everybody by the turn of a rule against the share that the agreement promises."
    )
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake")
    parser.add_argument(
        "--quarters", type=int, default=4, metavar="N", help="so many quarters, the running one last (4)"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON document")
    shown.add_argument("--csv", action="store_true", help="print a row per quarter, team and person")


def run(args: argparse.Namespace) -> int:
    """Count and show; 0."""
    if not 1 <= args.quarters <= MOST:
        raise AccordError(f"--quarters {args.quarters} cannot be counted.", remedy=f"Give 1 to {MOST}.")
    found = counted(args.lake, args.quarters, at=datetime.now(UTC))
    door.printed(args, document=found.to_json, table=found.table, show=lambda console: show(console, found))
    return 0


def counted(lake: Path, quarters: int, *, at: datetime) -> Fairness:
    """Of the last quarters of a lake, as its newest agreement cuts them. Raises AccordError where there is none."""
    engine = Ledger.open(lake).connect(tables=["agreements", "handoffs", "availability"])
    agreements = versions_in_force(engine, at=at.replace(tzinfo=None))
    if not agreements:
        raise AccordError(f"{lake} records no agreement in force.", remedy="Only an agreement says whose turn it is.")
    newest = agreements[-1]
    spans = Periods(newest.time_zone, newest.fiscal_year_start).last(at, Period.QUARTER, quarters)
    return fairness(engine, {each.version: Rules.of(each) for each in agreements}, spans=spans, at=at)


def show(console: Console, found: Fairness) -> None:
    """A line per quarter, team and person."""
    if not found.teams:
        console.print("No handoff came to anybody.")
        return
    table = Table(
        "quarter", "team", "person", "by turn", "expected", "fair lot", "", "other ways",
        box=None, pad_edge=False, header_style="bold",
    )  # fmt: skip
    for team in found.teams:
        for each in team.people:
            table.add_row(
                team.period, escape(team.team), escape(each.person), f"{each.got:,}", f"{each.expected:.1f}",
                _range(each), VERDICTS[each.verdict], f"{sum(each.besides.values()):,}",
            )  # fmt: skip
    console.print(table)
    console.print(found.definition, highlight=False)


def _range(each: Share) -> str:
    return f"{each.range.low:.0f} to {each.range.high:.0f}" if each.range else ""
