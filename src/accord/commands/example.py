"""`accord example`: lets the simulated company live and records everything in a new lake."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from accord.example.company import LEADS, SEED, Made, build
from accord.example.world import LAST_DAY, MONTHS, SENTENCES, WORLDS, moment

EXAMPLES = f"""\
examples:
  accord example --lake var/lake                                    12,000 leads over 24 months, nothing planted
  accord example --lake var/mondays --world slow-mondays            answers to Monday's handoffs are slow
  accord example --lake var/small --leads 300 --months 3 --json     small and quick

worlds:
{chr(10).join(f"  {name:26}{SENTENCES[name]}" for name in WORLDS)}

People, companies and numbers are invented; lake.json says `simulated`. What is true of the company is written beside
the lake, as LAKE.truth.json.

exit code: 0; 2 a folder that is not empty, or an unknown world
"""
_DOING = {"people": "Drawing people", "days": "Living days", "recording": "Recording facts"}


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord example`."""
    parser.description = "Simulate a company with known truth: its facts, and what its agreement decided about them."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="a new or empty folder for the lake")
    parser.add_argument("--leads", type=_whole, default=LEADS, metavar="N", help=f"how many leads ({LEADS:,})")
    parser.add_argument("--seed", type=_whole, default=SEED, metavar="S", help=f"same seed, same facts ({SEED})")
    parser.add_argument("--world", default="none", metavar="NAME", help="what is planted (none)")
    parser.add_argument("--size", type=float, default=1.0, metavar="X", help="how strong, 0 to 4; 1.0 is clear (1.0)")
    parser.add_argument("--months", type=_whole, default=MONTHS, metavar="M", help=f"how many months ({MONTHS})")
    parser.add_argument("--end", type=_day, default=LAST_DAY, metavar="DATE", help=f"the last day ({LAST_DAY})")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Build the lake; 0 when it stands."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(_DOING[what], total=of)
            bar.update(tasks[what], completed=done + 1, total=of)

        made = build(
            args.lake,
            leads=args.leads,
            seed=args.seed,
            name=args.world,
            size=args.size,
            months=args.months,
            end=args.end,
            progress=show,
        )
    if args.json:
        json.dump(_as_json(made), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(made, Console())
    return 0


def _whole(text: str) -> int:
    try:
        return int(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number; write it like 12000") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it like 2026-10-31") from None


def _as_json(made: Made) -> Mapping[str, object]:
    return {
        "simulated": True,
        "lake": str(made.lake),
        "truth": str(made.truth),
        "world": made.world.name,
        "size": made.world.size,
        "leads": made.leads,
        "seed": made.seed,
        "from": moment(made.span.start).isoformat(),
        "to": moment(made.span.end).isoformat(),
        "rows": dict(made.rows),
        "outcomes": dict(made.outcomes),
    }


def _print(made: Made, console: Console) -> None:
    first, last = (moment(at).date().isoformat() for at in (made.span.start, made.span.end - 1))
    console.print(f"[bold]A simulated company[/bold], {made.leads:,} leads, {first} to {last}: {made.world.sentence}")
    table = Table(box=None, header_style="bold")
    table.add_column("facts")
    table.add_column("rows", justify="right")
    for name, rows in made.rows.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    told = ", ".join(f"{made.outcomes.get(event, 0):,} {event}" for event in ("offered", "accepted", "qualified"))
    console.print(f"{told}, {made.outcomes.get('deal won', 0):,} won")
    console.print(f"lake: {made.lake}", highlight=False, soft_wrap=True)
    console.print(f"truth: {made.truth}", highlight=False, soft_wrap=True)
