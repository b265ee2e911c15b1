"""`accord health`: how far the facts of a lake can be trusted."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from accord.facts.health import Finding, Health, check
from accord.facts.ledger import Ledger

EXAMPLES = """\
examples:
  accord health --lake var/lake
  accord health --lake var/lake --json | jq '.findings[] | select(.kind == "contradictory")'

exit code: 0 whatever is found, for findings are no errors; 2 no lake, or a damaged one
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord health`."""
    parser.description = "Report missing, late, doubled, contradictory, future and inferred facts, with examples."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Always 0; raises LedgerError where there is no lake."""
    health = check(Ledger.open(args.lake))
    if args.json:
        sys.stdout.write(json.dumps(as_json(health), indent=2, ensure_ascii=False) + "\n")
    else:
        show(Console(), health)
    return 0


def as_json(health: Health) -> dict[str, object]:
    """The facts per table and every finding with its examples; times as ISO 8601 in UTC."""
    return {
        "simulated": health.simulated,
        "facts": dict(health.facts),
        "findings": [_finding(finding) for finding in health.findings],
    }


def show(console: Console, health: Health) -> None:
    """The findings as a table, an example below each."""
    stored = ", ".join(f"{count:,} {table}" for table, count in health.facts.items() if count)
    label = "[bold]Simulated.[/bold] " if health.simulated else ""
    console.print(f"{label}{escape(stored) or 'Nothing is stored.'}", highlight=False)
    table = Table("what", "where", "share", "finding", "for example", box=None, pad_edge=False, header_style="bold")
    for finding in health.findings:
        example = _example(finding)
        table.add_row(finding.kind, finding.table, _share(finding), escape(finding.sentence), escape(example))
    console.print(table if health.findings else "Nothing to report.", highlight=False)


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "table": finding.table,
        "count": finding.count,
        "of": finding.of,
        "share": finding.share,
        "sentence": finding.sentence,
        "examples": [{name: _plain(value) for name, value in row.items()} for row in finding.examples],
    }


def _plain(value: object) -> object:
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value


def _share(finding: Finding) -> str:
    return "" if finding.share is None or not finding.count else f"{finding.share:.1%}"


def _example(finding: Finding) -> str:
    if not finding.examples:
        return ""
    first = finding.examples[0]
    return f"{first['source']} {first['source_id']} on {str(first['occurred_at'])[:19]}"
