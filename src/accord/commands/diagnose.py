"""`accord diagnose`: why new revenue is not what it was or should be, and what is known about it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.agreement.answers import checked
from accord.agreement.periods import day_begins, day_ends
from accord.agreement.promise import versions_in_force
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.diagnosis.case import DIMENSIONS
from accord.insight.diagnosis.diagnosis import Diagnosis, Told, diagnose
from accord.report import diagnosis as words
from accord.report import door

EXAMPLES = """\
examples:
  accord diagnose --lake var/lake                                the newest year, or half, against the one before it
  accord diagnose --lake var/lake --plan                         the running quarter against its plan
  accord diagnose --lake var/lake --from 2026-07-01 --to 2026-09-30 --by origin
  accord diagnose --lake var/lake --json                         with every comparison that was made, for a machine
  accord diagnose --lake var/lake --pdf diagnosis.pdf            a paper for the meeting

The gap is split exactly: the factors add up to it, in whatever order they are taken. A factor whose 90 % interval holds
0 could be chance. Findings state facts; what comparable records brought proves no cause.
Exit code: 0 fine, 2 input that cannot be used.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord diagnose`."""
    parser.description = "Split what was won minus what was due into factors, and look for ten causes."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--from", dest="since", metavar="DATE", help="the period begins on this day")
    parser.add_argument("--to", dest="until", metavar="DATE", help="and ends with this day")
    parser.add_argument(
        "--by", default="segment", metavar="COLUMN", help=f"the mix is of one of {', '.join(DIMENSIONS)}"
    )
    parser.add_argument("--plan", action="store_true", help="hold the quarter of the last day against its plan")
    parser.add_argument("--as-known", metavar="DATE", help="from the facts that were recorded by the end of this day")
    parser.add_argument("--known-by", metavar="DATE", help="from what could be known by then, recorded later or not")
    door.add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help="print one row per factor")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    form.add_argument("--pdf", type=Path, metavar="FILE", help="write A4 paper")


def run(args: argparse.Namespace) -> int:
    """Diagnose and show; 0."""
    with door.progress(args) as progress:
        found, ledger = _found(args, progress)
        zone, simulated = _zone(ledger), bool(ledger.about.get("simulated"))
    door.given(
        args, document=found.to_json, table=found.table, page=lambda: _page(found, zone, simulated),
        show=lambda console: show(console, found, zone),
    )  # fmt: skip
    return 0


def _found(args: argparse.Namespace, progress: Told) -> tuple[Diagnosis, Ledger]:
    ledger = Ledger.open(args.lake)
    zone = ZoneInfo(_zone(ledger))
    since, until = day_begins(args.since, zone), day_ends(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    recorded, known = day_ends(args.as_known, zone), day_ends(args.known_by, zone)
    engine = door.engine_of(args, ledger, recorded_at=recorded, known_at=known)
    now = min(filter(None, (recorded, known, datetime.now(UTC))))
    agreements = versions_in_force(engine, at=now)
    found = diagnose(
        engine,
        at=now.astimezone(UTC).replace(tzinfo=None),
        since=_naive(since),
        until=_naive(until),
        against="plan" if args.plan else "earlier period",
        by=args.by,
        agreements=agreements,
        as_known=recorded or known,
        answers_checked=checked(engine, agreements[-1]) if agreements else None,
        progress=progress,
    )
    return found, ledger


def _zone(ledger: Ledger) -> str:
    return str(ledger.about.get("time_zone", "UTC"))


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def _page(found: Diagnosis, zone: str, simulated: bool) -> str:
    from accord.report.page import diagnosis_page

    return diagnosis_page(found, zone=zone, simulated=simulated)


# For people


def show(console: Console, found: Diagnosis, zone: str) -> None:
    """Title, factors, findings, what cannot be told, the price."""
    view = words.view(found, zone=zone, draw=False)
    console.print(Text(view.title, style="bold"))
    console.print(Text(view.context, style="dim"))
    if view.rows:
        console.print()
        console.print(_factors(view))
    _paragraphs(console, "What we know", [view.clean] if view.clean else [_line(each) for each in view.known])
    _paragraphs(
        console, "What we do not know yet", [*view.unknown, *view.cannot, *([view.limit] if view.limit else [])]
    )
    if view.price:
        _paragraphs(console, view.price.title, [f"{row.title}: {row.count}. {_priced(row)}" for row in view.price.rows])


def _factors(view: words.View) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("What was different", overflow="fold")
    for name in (*view.columns, "Effect", "90 % interval", "Records"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in view.rows:
        cells = (row.title, row.before, row.after, row.effect, row.span, row.count)
        table.add_row(*(Text(cell, style="" if row.is_clear else "dim") for cell in cells))
    return table


def _paragraphs(console: Console, head: str, told: list[str]) -> None:
    if not told:
        return
    console.print()
    console.print(Text(head, style="bold"))
    for each in told:
        console.print(Text(f"  {each}"))


def _line(each: words.Told) -> str:
    return f"{each.title}: {each.says} {each.who} can act; {len(each.records)} {each.kind} behind it (--json)."


def _priced(row: words.PriceRow) -> str:
    return f"{row.amount} ({row.span})" if row.span else (row.says if row.amount == "no price" else row.amount)
