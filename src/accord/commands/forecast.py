"""`accord forecast`: where revenue, wins and every promise will end, as ranges, with the record of past forecasts."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from accord.agreement.answers import checked
from accord.agreement.document import Agreement
from accord.agreement.periods import day_begins, day_ends
from accord.agreement.promise import newest_fact, versions_in_force
from accord.agreement.reading import load
from accord.facts.engine import Answers
from accord.facts.engines import in_process
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.dimensions import COHORT, DIMENSIONS
from accord.insight.forecast.forecast import SEED, Forecast, forecast
from accord.insight.forecast.forecast import Progress as Told
from accord.insight.forecast.record import record
from accord.report import door
from accord.report import forecast as told

EXAMPLES = """\
examples:
  accord forecast --lake var/lake                               the running quarter, week and month, with the record
  accord forecast --lake var/lake --by channel                  wins and new revenue by channel too
  accord forecast --lake var/lake --to 2026-12-31 --no-record   to the end of the year, without looking back
  accord forecast --lake var/lake --known-by 2026-09-15         as it would have been foretold then
  accord forecast --lake var/lake --pdf forecast.pdf            on A4 paper

A range is made to hold what comes in 8 of 10 cases. The record makes past forecasts again, each in the middle of its
period from what could be known then, and counts how many ranges held what came.
exit code: 0 fine, 2 input that cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord forecast`."""
    possible = ", ".join(name for name in DIMENSIONS if name != COHORT)
    parser.description = "Foretell new revenue, wins and every promise to the end of their periods, as 80 % ranges."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--agreement", type=Path, metavar="FILE", help="this agreement instead of the one in force")
    parser.add_argument(
        "--from", dest="since", metavar="DATE", help="the stretch begins on this day, not later than now"
    )
    parser.add_argument("--to", dest="until", metavar="DATE", help="the stretch ends with this day")
    parser.add_argument("--by", metavar="COLUMN", help=f"tell wins and revenue apart by one of {possible}")
    parser.add_argument("--as-known", metavar="DATE", help="from the facts that were recorded by the end of this day")
    parser.add_argument("--known-by", metavar="DATE", help="from what could be known by then, recorded later or not")
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help="draw other futures (the same for the same N)"
    )
    parser.add_argument(
        "--no-record", action="store_true", help="do not make past forecasts again, which takes longest"
    )
    door.add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help="print one row per number")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    form.add_argument("--pdf", type=Path, metavar="FILE", help="write the page as a PDF of A4 sheets")


def run(args: argparse.Namespace) -> int:
    """Foretell and show; 0."""
    with door.progress(args) as progress:
        answer = foretold(args, progress, now=datetime.now(UTC))
    found = answer.found
    door.given(
        args, document=found.to_json, table=found.table, page=lambda: _page(answer),
        show=lambda console: show(console, found),
    )  # fmt: skip
    return 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The forecast, and whether its company is simulated."""

    found: Forecast
    simulated: bool


def foretold(args: argparse.Namespace, progress: Told, *, now: datetime) -> Answer:
    """Open the ledger, foretell, and look back. Raises AccordError for input that cannot be used."""
    ledger = Ledger.open(args.lake)
    named = load(args.agreement) if args.agreement else None
    zone = ZoneInfo(named.time_zone if named else str(ledger.about.get("time_zone", "UTC")))
    recorded, known = day_ends(args.as_known, zone), day_ends(args.known_by, zone)
    engine = door.engine_of(args, ledger, recorded_at=recorded, known_at=known)
    near = in_process(engine, ledger, recorded_at=recorded, known_at=known)
    at = _moment(engine, min(filter(None, (recorded, known, now))), args)
    agreement = named or _in_force(engine, at, args.lake)
    found = forecast(
        engine, agreement, at=at, since=day_begins(args.since, zone), until=day_ends(args.until, zone), by=args.by,
        as_known=recorded or known, seed=args.seed, check=checked, progress=progress,
    )  # fmt: skip
    if not args.no_record:
        past = record(
            lambda moment: ledger.connect(recorded_at=recorded, known_at=moment), near, agreement, at=at,
            is_in_force=named is None, seed=args.seed, check=checked, progress=progress,
        )  # fmt: skip
        found = replace(found, record=past)
    return Answer(found, bool(ledger.about.get("simulated")))


def _moment(engine: Answers, until: datetime, args: argparse.Namespace) -> datetime:
    """The newest fact: what came after it is not on record, so the future begins there."""
    newest = newest_fact(engine, at=until)
    if newest is not None:
        return newest
    hint = "Import handoffs and deals first: accord import --help."
    if args.as_known:
        hint = "Imported history is recorded when it is imported; --known-by asks what could be known by then."
    raise AccordError(
        f"{args.lake} records no touch, handoff or deal by {until:%Y-%m-%d %H:%M} UTC: nothing to foretell from.",
        remedy=hint,
    )


def _in_force(engine: Answers, at: datetime, lake: Path) -> Agreement:
    versions = versions_in_force(engine, at=at)
    if not versions:
        raise AccordError(
            f"{lake} records no agreement in force by {at:%Y-%m-%d %H:%M} UTC, so nothing was promised.",
            remedy="Name one with --agreement FILE; its promises and plan are foretold.",
        )
    return versions[-1]


def _page(answer: Answer) -> str:
    from accord.report.page import forecast_page

    return forecast_page(answer.found, simulated=answer.simulated)


def show(console: Console, found: Forecast) -> None:
    """The finding, the plan's numbers, the promises, the groups where asked for, and how past ranges did."""
    console.print(Text(told.headline(found), style="bold"))
    console.print(Text(told.context(found), style="dim"))
    console.print()
    plan = [each for each in found.outlooks if not each.target.is_promise]
    promised = [each for each in found.outlooks if each.target.is_promise]
    for outlooks in (plan, promised):
        if outlooks:
            console.print(door.grid(told.promises_grid(outlooks, found)))
            console.print()
    if found.by:
        console.print(door.grid(told.groups_grid(found)))
        console.print()
    for notice in found.notices:
        console.print(Text(notice))
