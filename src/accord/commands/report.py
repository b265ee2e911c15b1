"""`accord report`: one page for both teams, and the same in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from accord.agreement.answers import checked
from accord.agreement.document import Agreement
from accord.agreement.promise import PERIODS, Measured, measure, measure_in_force, newest_fact, versions_in_force
from accord.agreement.reading import load
from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.report.building import build
from accord.report.documents import report_json
from accord.report.figures import Report
from accord.report.page import report_page
from accord.report.scoreboard import show

EXAMPLES = """\
examples:
  accord report --lake var/lake                          the scoreboard in the terminal
  accord report --lake var/lake --html report.html       the same and more as one page that needs no network
  accord report --lake var/lake --json                   all of it for a machine
  accord report --lake var/lake --agreement next.yaml    as if this agreement had been in force

exit code: 0 fine, 2 input that cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord report`."""
    parser.description = "Show promises of both sides, funnel and agreement: in the terminal, or as one HTML page."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--agreement", type=Path, metavar="FILE", help="this agreement instead of those in force")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Make the report; 0."""
    agreement = load(args.agreement) if args.agreement else None
    report = made(args.lake, agreement, now=datetime.now(UTC))
    if args.html:
        write(report, args.html)
        Console(stderr=True).print(f"Written: {args.html}", highlight=False)
    if args.json:
        sys.stdout.write(json.dumps(report_json(report), indent=2, ensure_ascii=False) + "\n")
    elif not args.html:
        show(Console(), report)
    return 0


def made(lake: Path, agreement: Agreement | None, *, now: datetime) -> Report:
    """The report of a lake as of its newest fact, under `agreement` or the versions in force. Raises AccordError for a
    lake that cannot be read or in which nobody is recorded."""
    ledger = Ledger.open(lake)
    engine = ledger.connect()
    at = newest_fact(engine, at=now) or now
    in_force, measured = _measured(engine, agreement, at)
    return build(engine, ledger.about, in_force, measured, at=at)


def _measured(engine: Engine, agreement: Agreement | None, at: datetime) -> tuple[Agreement | None, Sequence[Measured]]:
    if agreement:
        return agreement, measure(engine, agreement, at=at, periods=PERIODS, answers_checked=checked(engine, agreement))
    versions = versions_in_force(engine, at=at)
    if not versions:
        return None, ()
    return versions[-1], measure_in_force(engine, versions, at=at, periods=PERIODS, check=checked)


def write(report: Report, file: Path) -> None:
    """Write the page. Raises AccordError where the file cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(report_page(report), "utf-8")
    except OSError as error:
        raise AccordError(f"{file} cannot be written: {error.strerror}.", remedy="Name another file.") from error
