"""`accord funnel`: from lead to customer, how many, how fast, and what is still to come."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from accord.agreement.periods import day_begins, day_ends
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.dimensions import DIMENSIONS, checked
from accord.insight.funnel import Conversion, Funnel, NobodyRecordedError, StageCount, funnel
from accord.insight.funnel import Group as People
from accord.insight.result import Interval, csv_text
from accord.report import door
from accord.report.numbers import duration, percent, whole

EXAMPLES = """\
examples:
  accord funnel --lake var/lake                              everybody
  accord funnel --lake var/lake --by channel                 by the channel of the first touch
  accord funnel --lake var/lake --by cohort --json           by month of entry, for a machine
  accord funnel --lake var/lake --from 2026-01-01 --to 2026-03-31
  accord funnel --lake var/lake --as-known 2026-04-01        from what was recorded by then
  accord funnel --lake var/lake --by origin --html funnel.html

A conversion shows what happened so far with its 90 % interval, and what is expected in the end, in which those who are
still open are not lost. Exit code: 0 fine, 2 input that cannot be used.
"""
_BAR = 24
_WIDE = 110
_HEAD = ("so far", "rate", "range", "in the end", "range", "median", "p25 to p75")
_SHORT_HEAD = ("so far", "rate", "range", "in the end", "median")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord funnel`."""
    parser.description = "Count from lead to customer: conversion and time per stage, so far and in the end."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--by", metavar="COLUMN", help=f"one of {', '.join(DIMENSIONS)}")
    parser.add_argument("--from", dest="since", metavar="DATE", help="who entered the first stage on this day or later")
    parser.add_argument("--to", dest="until", metavar="DATE", help="who entered it on this day or earlier")
    parser.add_argument("--as-known", metavar="DATE", help="from the facts that were recorded by the end of this day")
    parser.add_argument("--known-by", metavar="DATE", help="from what could be known by then, recorded later or not")
    door.add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help="print one row per conversion")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")


def run(args: argparse.Namespace) -> int:
    """Count and show; 0."""
    found, simulated = counted(args)
    if args.json:
        sys.stdout.write(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
    elif args.csv:
        sys.stdout.write(csv_text(found.table()))
    elif args.html:
        _write_page(found, args.html, simulated=simulated)
    else:
        show(Console(), found)
    return 0


def counted(args: argparse.Namespace) -> tuple[Funnel, bool]:
    """Open the ledger and count. Raises AccordError for input that cannot be used."""
    if args.by is not None:
        checked(args.by)
    ledger = Ledger.open(args.lake)
    zone = ZoneInfo(str(ledger.about.get("time_zone", "UTC")))
    since, until = day_begins(args.since, zone), day_ends(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    recorded, known = day_ends(args.as_known, zone), day_ends(args.known_by, zone)
    engine = door.engine_of(args, ledger, recorded_at=recorded, known_at=known)
    now = min(filter(None, (recorded, known, datetime.now(UTC))))
    try:
        found = funnel(
            engine, by=args.by, since=_naive(since), until=_naive(until), at=_naive(now), as_known=recorded or known
        )
    except NobodyRecordedError as error:
        raise _nobody_yet(error, args) from error
    return found, bool(ledger.about.get("simulated"))


def _nobody_yet(error: NobodyRecordedError, args: argparse.Namespace) -> AccordError:
    if args.as_known is None:
        return error
    return AccordError(
        f"Nobody had been recorded in {args.lake} by {args.as_known}.",
        remedy="Imported history is recorded when it is imported; write --known-by to ask what could be known by then.",
    )


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)


def _write_page(found: Funnel, file: Path, *, simulated: bool) -> None:
    from accord.report.page import funnel_page

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(funnel_page(found, simulated=simulated), "utf-8")
    except OSError as error:
        raise AccordError(f"{file} cannot be written: {error.strerror}.", remedy="Name another file.") from error
    Console(stderr=True).print(f"Written: {file}", highlight=False)


# For people


def show(console: Console, found: Funnel) -> None:
    """The funnel as bars, then the conversions, then the groups; fewer columns where there is less room."""
    wide = console.width >= _WIDE
    console.print(Text(headline(found), style="bold"))
    console.print(Text(_context(found), style="dim"))
    console.print()
    console.print(Group(_stages(found, wide=wide), Text(), _conversions(found.conversions, wide=wide)))
    if found.by:
        console.print(Group(Text(), _groups(found, wide=wide)))
    for notice in found.notices:
        console.print(Text(notice))


def headline(found: Funnel) -> str:
    """The finding: how many became customers, or what can be said instead."""
    step = found.overall
    if step is None:
        return f"{whole(found.n)} people; nobody is recorded as a customer."
    if step.rate is None:
        return f"{step.count} of {step.of} {step.start} became customers; {step.needed} more would give a rate."
    return f"{whole(step.count)} of {whole(step.of)} {step.start} became customers so far: {percent(step.rate)}."


def _context(found: Funnel) -> str:
    told = [f"Followed until {found.followed_until:%Y-%m-%d}."] if found.followed_until else []
    told += [f"Entered from {found.since:%Y-%m-%d %H:%M} UTC."] if found.since else []
    told += [f"Entered before {found.until:%Y-%m-%d %H:%M} UTC."] if found.until else []
    return " ".join([*told, "Ranges: 90 %."])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    return table


def _stages(found: Funnel, *, wide: bool) -> Table:
    table = _table("stage", "people", "skipped", "still there", "lost", "returns", "median stay")
    if wide:
        table.add_column("", no_wrap=True)
    most = max((stage.passed for stage in found.stages), default=1) or 1
    for stage in found.stages:
        bar = Text("▇" * max(round(_BAR * stage.passed / most), 1 if stage.passed else 0))
        table.add_row(*_stage_row(stage), *([bar] if wide else []))
    return table


def _stage_row(stage: StageCount) -> list[Text]:
    if not stage.recorded:
        return [Text(stage.stage), Text("–", style="dim"), *[Text()] * 4, Text("not recorded", style="dim")]
    numbers = (stage.count, stage.skipped, stage.still, stage.lost, stage.returns)
    stay = duration(stage.time.median) if stage.time else "–"
    return [Text(stage.stage), *(Text(whole(number or 0)) for number in numbers), Text(stay)]


def _conversions(steps: tuple[Conversion, ...], *, wide: bool) -> Table:
    table = _table("conversion", *(_HEAD if wide else _SHORT_HEAD))
    for step in steps:
        table.add_row(f"{step.start} → {step.end}", *_cells(step, wide=wide))
    return table


def _groups(found: Funnel, *, wide: bool) -> Table:
    table = _table(str(found.by), *(_HEAD if wide else _SHORT_HEAD))
    for group in found.groups:
        table.add_row(group.label, *_group_cells(found, group, wide=wide))
    return table


def _group_cells(found: Funnel, group: People, *, wide: bool) -> tuple[str, ...]:
    overall = found.overall
    step = group.conversion(overall.start, overall.end) if overall else None
    return _cells(step, wide=wide) if step else (whole(group.n),)


def _cells(step: Conversion, *, wide: bool) -> tuple[str, ...]:
    so_far = f"{whole(step.count)} of {whole(step.of)}"
    rate = percent(step.rate) if step.rate is not None else f"{step.needed} more"
    median = duration(step.time.median) if step.time else "–"
    if not wide:
        return so_far, rate, _range(step.interval), _end_range(step), median
    spread = f"{duration(step.time.p25)} to {duration(step.time.p75)}" if step.time else ""
    end = percent(step.expected.share) if step.expected.known else ""
    return so_far, rate, _range(step.interval), end, _end_range(step), median, spread


def _range(interval: Interval | None) -> str:
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f} %" if interval else ""


def _end_range(step: Conversion) -> str:
    return _range(step.expected.interval) if step.expected.known else "cannot tell"
