"""`accord content`: which assets are used, which are not, and what goes with the use of each."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from accord.insight.content_effect.content import HORIZON, Content
from accord.insight.content_effect.content import content as found_content
from accord.report import door
from accord.report.content import assets, context, effects, headline

EXAMPLES = """\
examples:
  accord content --lake var/lake                                 assets, and what goes with their use by stage
  accord content --lake var/lake --horizon 30 --csv              within 30 days; one row per asset and stage
  accord content --lake var/lake --html content.html             one page that needs no network

A difference between leads with an asset and comparable leads without it is an association: leads were compared by
channel, band, and how far and how long they were at the stage.
Exit code: 0 fine, 2 input that cannot be used.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord content`."""
    parser.description = "Compare leads with an asset to comparable leads without it, and list assets nobody uses."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    door.add_arguments(parser, events="uses", rows="asset and stage")
    parser.add_argument("--horizon", default=f"{HORIZON:g}", metavar="DAYS", help=f"how long after a use ({HORIZON:g})")


def run(args: argparse.Namespace) -> int:
    """Tell the effects of content in a lake; 0."""
    horizon = door.number("--horizon", args.horizon, called="a number of days", such_as="60")
    asked = door.opened(args, now=datetime.now(UTC))
    with door.progress(args) as progress:
        progress("comparing leads", 0, 1)
        found = found_content(
            asked.engine, since=asked.since, until=asked.until, at=asked.at, as_known=asked.as_known, horizon=horizon
        )
    door.given(
        args, document=found.to_json, table=found.table, page=lambda: _page(found, asked.is_simulated),
        show=lambda console: show(console, found),
    )  # fmt: skip
    return 0


def _page(found: Content, simulated: bool) -> str:
    from accord.report.page import content_page

    return content_page(found, simulated=simulated)


def show(console: Console, found: Content) -> None:
    """Effects, then assets."""
    console.print(Text(headline(found), style="bold"))
    console.print(Text(context(found), style="dim"))
    for told in (effects(found), assets(found)):
        console.print()
        console.print(door.grid(told))
    console.print()
    for notice in found.notices:
        console.print(Text(notice))
