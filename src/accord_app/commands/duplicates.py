"""`accord duplicates`: looks for people and accounts that are known twice."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from accord_app.commands.starting import start_django

EXAMPLES = """\
examples:
  accord duplicates           look now; the pairs stand on the page Duplicates
  accord duplicates --json    how many pairs were found, as one JSON document

Records are compared field by field; how much a field counts is learned from the records themselves. Nothing is merged:
a person decides about each pair, and pairs that were decided are not proposed again. The worker looks once a day.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord duplicates`."""
    parser.description = "Look for people and accounts that are known twice, and propose the pairs."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when it was looked."""
    start_django()
    from accord_app.records import duplicates

    found = duplicates.find(at=datetime.now(UTC))
    said = json.dumps(found) if args.json else "Proposed: " + ", ".join(duplicates.said(found)) + "."
    sys.stdout.write(said + "\n")
    return 0
