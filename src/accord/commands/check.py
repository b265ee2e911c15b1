"""`accord check`: every mistake and contradiction of an agreement, in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.agreement.mistake import Mistake, MistakeKind, counted, listed
from accord.agreement.reading import read_as_far_as_possible
from accord.agreement.schema import json_schema
from accord.facts.errors import AccordError

HEADINGS: Mapping[MistakeKind, tuple[str, str]] = {
    MistakeKind.MISTAKE: ("mistakes", "bold red"),
    MistakeKind.CONTRADICTION: ("contradictions", "bold red"),
    MistakeKind.NOT_YET_ENFORCED: ("not_yet_enforced", "yellow"),
    MistakeKind.NOTICE: ("notices", "cyan"),
}
EXAMPLES = """\
examples:
  accord check agreement.yaml           every mistake, with its line and what is allowed
  accord check agreement.yaml --json    the same for a machine
  accord check --schema > agreement.schema.json

exit code: 0 nothing to correct, 1 mistakes or contradictions, 2 the file cannot be opened
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord check`."""
    parser.description = "Report every mistake and contradiction of an agreement, and which keys nothing enforces yet."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the agreement, as YAML")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of agreements instead")


def run(args: argparse.Namespace) -> int:
    """Check one file; 0 when it can be signed, else 1."""
    if args.schema:
        sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
        return 0
    if args.file is None:
        raise AccordError("No file is named.", remedy="Write `accord check agreement.yaml`.")
    found = findings(args.file)
    if args.json:
        sys.stdout.write(json.dumps(as_json(args.file, found), indent=2, ensure_ascii=False) + "\n")
    else:
        show(Console(), args.file, found)
    return 1 if any(each.blocks for each in found) else 0


def findings(file: Path) -> tuple[Mistake, ...]:
    """All that is to be said about a file, in the order of its text. Raises AccordError when it cannot be opened."""
    return read_as_far_as_possible(file).checked()


def as_json(file: Path, found: tuple[Mistake, ...]) -> dict[str, object]:
    """The findings by kind."""
    return {
        "file": str(file),
        "ok": not any(each.blocks for each in found),
        "summary": summary(file, found),
        **{name: [each.as_json() for each in found if each.kind is kind] for kind, (name, _) in HEADINGS.items()},
    }


def summary(file: Path, found: tuple[Mistake, ...]) -> str:
    """`agreement.yaml has 12 mistakes and 1 contradiction.`"""
    number = {kind: sum(1 for each in found if each.kind is kind) for kind in MistakeKind}
    wrong = [
        counted(number[kind], kind.value)
        for kind in (MistakeKind.MISTAKE, MistakeKind.CONTRADICTION)
        if number[kind] or kind is MistakeKind.MISTAKE
    ]
    also = []
    if number[MistakeKind.NOT_YET_ENFORCED]:
        also.append(f"{counted(number[MistakeKind.NOT_YET_ENFORCED], 'key')} not yet enforced")
    if number[MistakeKind.NOTICE]:
        also.append(counted(number[MistakeKind.NOTICE], "notice"))
    return f"{file.name} has {listed(wrong)}{f' ({listed(also)})' if also else ''}."


def show(console: Console, file: Path, found: tuple[Mistake, ...]) -> None:
    """Print the findings as one table for each kind, and the summary."""
    for kind, (name, style) in HEADINGS.items():
        rows = [each for each in found if each.kind is kind]
        if rows:
            console.print(_table(name, style, rows))
    blocked = any(each.blocks for each in found)
    console.print(Text(summary(file, found), style="bold red" if blocked else "bold green"))


def _table(name: str, style: str, rows: list[Mistake]) -> Table:
    heading = name.replace("_", " ").capitalize()
    table = Table(
        title=Text(heading, style=style), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    table.add_column("line", justify="right", style="dim")
    table.add_column("where", overflow="fold", ratio=2)
    table.add_column("what", overflow="fold", ratio=5)
    for each in rows:
        message = each.message.removeprefix(f"{each.path}: ").removeprefix(f"{each.path} ")
        message = message.removeprefix("is not yet enforced. ")
        table.add_row(str(each.line or ""), Text(each.path), Text(message[:1].upper() + message[1:]))
    return table
