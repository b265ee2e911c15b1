"""`accord columns`: what conditions of an agreement may speak of."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from itertools import groupby

from rapidfuzz import process
from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.agreement.columns import LEAD_COLUMNS
from accord.facts.errors import AccordError
from accord.facts.lead_view import Column

EXAMPLES = """\
examples:
  accord columns                   all columns, by the facts that they come from
  accord columns last_form         one column in full
  accord columns --json            the registry for a machine

exit code: 0, or 2 when there is no such column
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord columns`."""
    parser.description = "List the columns of the lead view, which conditions of an agreement may use, or define one."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", metavar="NAME", help="one column")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print all columns or one; 0 unless there is no such column."""
    found = [named(args.name)] if args.name else list(LEAD_COLUMNS.values())
    if args.json:
        document = [as_json(each) for each in found]
        sys.stdout.write(json.dumps(document[0] if args.name else document, indent=2, ensure_ascii=False) + "\n")
    else:
        show(Console(), found)
    return 0


def named(name: str) -> Column:
    """The column of that name. Raises AccordError with the nearest names when there is none."""
    if name in LEAD_COLUMNS:
        return LEAD_COLUMNS[name]
    near = [found for found, *_ in process.extract(name, list(LEAD_COLUMNS), limit=3, score_cutoff=60)]
    raise AccordError(
        f"There is no column {name!r}.",
        remedy=f"Near it: {', '.join(near)}." if near else "`accord columns` lists all of them.",
    )


def as_json(column: Column) -> dict[str, str]:
    """Name, kind, unit, sentence and origin of a column."""
    return {
        "name": column.name,
        "kind": column.kind.value,
        "unit": column.unit,
        "sentence": column.sentence,
        "origin": column.origin.value,
    }


def show(console: Console, columns: Iterable[Column]) -> None:
    """Print columns as one table for each origin."""
    for origin, found in groupby(columns, lambda each: each.origin.value):
        title = Text(f"From {origin}" if origin != "agreement" else "Judged by the agreement", style="bold")
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("column", style="cyan", no_wrap=True)
        table.add_column("kind", style="dim")
        table.add_column("unit", style="dim")
        table.add_column("what it says", overflow="fold")
        for each in found:
            table.add_row(each.name, each.kind.value, each.unit, each.sentence)
        console.print(table)
        console.print()
