"""`accord funnel`: from lead to customer, how many, how fast, and what is still to come."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.dimensions import DIMENSIONS, checked
from accord.insight.funnel import Conversion, Funnel, StageCount, funnel
from accord.insight.funnel import Group as People
from accord.insight.result import csv_text
from accord.report.numbers import duration, percent, whole

EXAMPLES = """\
examples:
  accord funnel --lake var/lake                              everybody
  accord funnel --lake var/lake --by channel                 by the channel of the first touch
  accord funnel --lake var/lake --by cohort --json           by month of entry, for a machine
  accord funnel --lake var/lake --from 2026-01-01 --to 2026-03-31
  accord funnel --lake var/lake --as-known 2026-04-01        from what could be known by then
  accord funnel --lake var/lake --by origin --html funnel.html

A conversion shows what happened so far with its 90 % interval, and what is expected in the end, in which those who are
still open are not lost. Exit code: 0 fine, 2 input that cannot be used.
"""
_BAR = 24
_HEAD = ("so far", "of", "rate", "90 %", "in the end", "90 %", "median", "p25 to p75")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord funnel`."""
    parser.description = "Count from lead to customer: conversion and time per stage, so far and in the end."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the ledger")
    parser.add_argument("--by", metavar="COLUMN", help=f"one of {', '.join(DIMENSIONS)}")
    parser.add_argument("--from", dest="since", metavar="DATE", help="who entered the first stage on this day or later")
    parser.add_argument("--to", dest="until", metavar="DATE", help="who entered it on this day or earlier")
    parser.add_argument("--as-known", metavar="DATE", help="from what could be known by the end of this day")
    parser.add_argument("--as-recorded", metavar="DATE", help="from what we had recorded by the end of this day")
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
    since, until = _start(args.since, zone), _end(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    known, recorded = _end(args.as_known, zone), _end(args.as_recorded, zone)
    engine = ledger.connect(recorded_at=recorded, known_at=known)
    now = min(filter(None, (known, recorded, datetime.now(UTC))))
    found = funnel(
        engine, by=args.by, since=_naive(since), until=_naive(until), at=_naive(now), as_known=known or recorded
    )
    return found, bool(ledger.about.get("simulated"))


def _day(text: str, zone: ZoneInfo) -> datetime:
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise AccordError(f"{text!r} is not a day.", remedy="Write it as 2026-03-31.") from None
    return datetime.combine(day, time(), zone)


def _start(text: str | None, zone: ZoneInfo) -> datetime | None:
    return None if text is None else _day(text, zone).astimezone(UTC)


def _end(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The first moment after a day, in the lake's zone."""
    return None if text is None else (_day(text, zone) + timedelta(days=1)).astimezone(UTC)


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
    """The funnel as bars, then the conversions, then the groups."""
    console.print(Text(headline(found), style="bold"))
    console.print(Text(_context(found), style="dim"))
    console.print()
    console.print(Group(_stages(found), Text(), _conversions(found.conversions)))
    if found.by:
        console.print(Group(Text(), _groups(found)))
    for notice in found.notices:
        console.print(Text(notice))


def headline(found: Funnel) -> str:
    """The finding: how many became customers, with its range, or what can be said instead."""
    step = found.overall
    if step is None:
        return f"{whole(found.n)} people; nobody is recorded as a customer."
    if step.rate is None or step.interval is None:
        return f"{step.count} of {step.of} {step.start} became customers; {step.needed} more would give a rate."
    return f"{whole(step.count)} of {whole(step.of)} {step.start} became customers so far: {percent(step.rate)}."


def _context(found: Funnel) -> str:
    told = f"Followed until {found.followed_until:%Y-%m-%d}." if found.followed_until else ""
    entered = f" Entered from {found.since:%Y-%m-%d}." if found.since else ""
    entered += f" Entered before {found.until:%Y-%m-%d}." if found.until else ""
    return f"{told}{entered} Intervals: 90 %."


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    return table


def _stages(found: Funnel) -> Table:
    table = _table("stage", "people", "skipped", "still there", "lost", "returns", "median stay", "")
    table.columns[-1].justify = "left"
    most = max((stage.passed for stage in found.stages), default=1) or 1
    for stage in found.stages:
        table.add_row(*_stage_row(stage, most))
    return table


def _stage_row(stage: StageCount, most: int) -> list[Text]:
    if not stage.recorded:
        return [Text(stage.stage), Text("not recorded", style="dim")]
    bar = Text("▇" * max(round(_BAR * stage.passed / most), 1 if stage.passed else 0))
    numbers = (stage.count, stage.skipped, stage.still, stage.lost, stage.returns)
    stay = duration(stage.time.median) if stage.time else "–"
    return [Text(stage.stage), *(Text(whole(number or 0)) for number in numbers), Text(stay), bar]


def _conversions(steps: tuple[Conversion, ...]) -> Table:
    table = _table("conversion", *_HEAD)
    for step in steps:
        table.add_row(f"{step.start} → {step.end}", whole(step.count), whole(step.of), *_rate_cells(step), *_time(step))
    return table


def _rate_cells(step: Conversion) -> tuple[str, str, str, str]:
    if step.rate is None or step.interval is None:
        return f"{step.needed} more needed", "", "", ""
    so_far = percent(step.rate), f"{percent(step.interval.low)} to {percent(step.interval.high)}"
    expected = step.expected
    if expected.share is None or expected.interval is None:
        return *so_far, "cannot tell yet", ""
    return *so_far, percent(expected.share), f"{percent(expected.interval.low)} to {percent(expected.interval.high)}"


def _time(step: Conversion) -> tuple[str, str]:
    if step.time is None:
        return "–", ""
    return duration(step.time.median), f"{duration(step.time.p25)} to {duration(step.time.p75)}"


def _groups(found: Funnel) -> Table:
    table = _table(
        str(found.by), "people", "reached", "of", "rate", "90 %", "in the end", "90 %", "median", "p25 to p75"
    )
    for group in found.groups:
        table.add_row(*_group_row(found, group))
    return table


def _group_row(found: Funnel, group: People) -> tuple[str, ...]:
    whole_step = found.overall
    step = group.conversion(whole_step.start, whole_step.end) if whole_step else None
    if step is None:
        return group.label, whole(group.n)
    return group.label, whole(group.n), whole(step.count), whole(step.of), *_rate_cells(step), *_time(step)
