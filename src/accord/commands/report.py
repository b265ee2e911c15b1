"""`accord report`: one page for both teams, and the same in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from accord.agreement.answers import checked
from accord.agreement.document import Agreement
from accord.agreement.periods import day_begins, day_ends
from accord.agreement.promise import PERIODS, Measured, measure, measure_in_force, newest_fact, versions_in_force
from accord.agreement.reading import load
from accord.facts.engine import Answers
from accord.facts.engines import DUCKDB, chosen, opened
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.report import door
from accord.report.building import build
from accord.report.documents import report_json
from accord.report.figures import Report
from accord.report.page import report_page
from accord.report.paper import write_page, write_pdf
from accord.report.scoreboard import show

EXAMPLES = """\
examples:
  accord report --lake var/lake                          the scoreboard in the terminal
  accord report --lake var/lake --html report.html       the same and more as one page that needs no network
  accord report --lake var/lake --pdf report.pdf         the page on A4 paper
  accord report --lake var/lake --from 2026-07-01 --to 2026-09-30 --html q3.html   how a period ended
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
    parser.add_argument(
        "--from", dest="since", metavar="DATE", help="leads that came, and periods that ended, since then"
    )
    parser.add_argument("--to", dest="until", metavar="DATE", help="as it stood at the end of this day")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="write the page as a PDF of A4 sheets")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    door.add_engine(parser)


def run(args: argparse.Namespace) -> int:
    """Make the report; 0."""
    agreement = load(args.agreement) if args.agreement else None
    since, until = _stretch(args)
    report = made(args.lake, agreement, now=datetime.now(UTC), since=since, until=until, engine=chosen(args.engine))
    for file, write_as in ((args.html, write), (args.pdf, _write_pdf)):
        if file:
            write_as(report, file)
            Console(stderr=True).print(f"Written: {file}", highlight=False)
    if args.json:
        sys.stdout.write(json.dumps(report_json(report), indent=2, ensure_ascii=False) + "\n")
    elif not (args.html or args.pdf):
        show(Console(), report)
    return 0


def _stretch(args: argparse.Namespace) -> tuple[datetime | None, datetime | None]:
    """The stretch that was asked for, by the lake's calendar days."""
    if not (args.since or args.until):
        return None, None
    zone = ZoneInfo(str(Ledger.open(args.lake).about.get("time_zone", "UTC")))
    since, until = day_begins(args.since, zone), day_ends(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    return since, until


def made(
    lake: Path,
    agreement: Agreement | None,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    engine: str = DUCKDB,
) -> Report:
    """The report of a lake as of its newest fact, under `agreement` or the versions in force; with a stretch, of the
    leads that came and the periods that ended in it, as of its end. `engine` is a word of `accord.facts.engines`.
    Raises AccordError for a lake that cannot be read or in which nobody is recorded."""
    ledger = Ledger.open(lake)
    asked = opened(ledger, engine)
    last = min(filter(None, (until and until - timedelta(microseconds=1), now)))
    at = newest_fact(asked, at=last) or last
    if since and since > at:
        raise AccordError(
            f"Nothing is recorded after {since:%Y-%m-%d}; the newest fact is of {at:%Y-%m-%d}.",
            remedy="Name an earlier --from.",
        )
    in_force, measured = _measured(asked, agreement, at)
    kept = [each for each in measured if since is None or each.period.end > since]
    return build(asked, ledger.about, in_force, kept, at=at, since=since)


def _measured(
    engine: Answers, agreement: Agreement | None, at: datetime
) -> tuple[Agreement | None, Sequence[Measured]]:
    """Every promise, with answers held against facts."""
    if agreement:
        held = checked(engine, agreement)
        return agreement, measure(engine, agreement, at=at, periods=PERIODS, answers_checked=held)
    versions = versions_in_force(engine, at=at)
    if not versions:
        return None, ()
    found = measure_in_force(engine, versions, at=at, periods=PERIODS, check=checked)
    return versions[-1], found


def write(report: Report, file: Path) -> None:
    """Write the page. Raises AccordError where the file cannot be written."""
    write_page(report_page(report), file)


def _write_pdf(report: Report, file: Path) -> None:
    write_pdf(report_page(report), file)
