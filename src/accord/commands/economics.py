"""`accord economics`: what was spent, what leads and customers cost, and what they bring."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.insight.economics.economics import BY, Economics
from accord.insight.economics.economics import economics as found_economics
from accord.report import door
from accord.report.economics import channels, context, groups, headline, scenarios

EXAMPLES = """\
examples:
  accord economics --lake var/lake                                every figure, channel and scenario
  accord economics --lake var/lake --from 2026-01-01 --to 2026-03-31 --by campaign
  accord economics --lake var/lake --margin 0.7 --json            for a machine; 70 % of revenue pays for acquisition
  accord economics --lake var/lake --pdf economics.pdf            on A4 paper

Costs are counted over the days for which spend is recorded. Returns by channel describe who was there first; they prove
no cause.
Exit code: 0 fine, 2 input that cannot be used.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord economics`."""
    parser.description = "Tell spend, cost per step, acquisition cost, revenue, lifetime value and return by channel."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    door.add_arguments(parser, events="spend, leads and wins", rows="figure")
    parser.add_argument("--by", default="channel", metavar="COLUMN", help=f"one of {', '.join(BY)} (default channel)")
    parser.add_argument("--currency", metavar="CODE", help="tell money in this currency")
    parser.add_argument(
        "--margin", default="1", metavar="SHARE", help="the share of revenue that is left to pay for acquisition (1)"
    )


def run(args: argparse.Namespace) -> int:
    """Tell the economics of a lake; 0."""
    margin = door.number("--margin", args.margin, called="a share", such_as="0.7")
    asked = door.opened(args, now=datetime.now(UTC))
    with door.progress(args) as progress:
        found = found_economics(
            asked.engine, by=args.by, since=asked.since, until=asked.until, at=asked.at, as_known=asked.as_known,
            currency=args.currency and args.currency.upper(), margin=margin, zone=asked.zone, progress=progress,
        )  # fmt: skip
    door.given(
        args, document=found.to_json, table=found.table, page=lambda: _page(found, asked.is_simulated),
        show=lambda console: show(console, found),
    )  # fmt: skip
    return 0


def _page(found: Economics, simulated: bool) -> str:
    from accord.report.page import economics_page

    return economics_page(found, simulated=simulated)


def show(console: Console, found: Economics) -> None:
    """Figures in groups, channels, scenarios."""
    console.print(Text(headline(found), style="bold"))
    console.print(Text(context(found), style="dim"))
    for group in groups(found):
        console.print()
        console.print(Text(group.title, style="bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        for line in group.lines:
            table.add_row(Text(line.title), Text(line.value, style="bold", justify="right"), Text(line.beside, "dim"))
        console.print(table)
    console.print()
    console.print(door.grid(channels(found)))
    console.print()
    for told in scenarios(found):
        console.print(Text.assemble((f"{told.name}: ", "bold"), told.says))
    for notice in found.notices:
        console.print(Text(notice))
