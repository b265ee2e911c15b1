"""`accord replay`: an agreement run over the company's own past, and what would have been different."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from accord.agreement.document import Agreement
from accord.agreement.promise import versions_in_force
from accord.agreement.reading import load
from accord.facts.engine import Engine
from accord.facts.engines import in_process
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.facts.shares import Shares, shares_of
from accord.insight.replay.in_shares import InShares
from accord.insight.replay.replay import Replay, over_all_of, replay
from accord.insight.replay.summary import Difference, Summary, difference, summary
from accord.report import door
from accord.report.door import Told

EXAMPLES = """\
examples:
  accord replay --lake var/lake --agreement next.yaml                       what it would have decided
  accord replay --lake var/lake --agreement next.yaml --against now.yaml    who would have been treated differently
  accord replay --lake var/lake                                             the versions in force, as recorded
  accord replay --lake var/lake --agreement next.yaml --from 2026-01-01 --to 2026-07-01 --json
  accord replay --lake /mnt/lake --engine spark://10.0.0.1:7077             leads are looked at on a cluster

People's acts are taken as recorded. Nothing is recorded by a replay.

exit code: 0; 2 unusable input
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Arguments of `accord replay`."""
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake to read")
    parser.add_argument("--agreement", type=Path, metavar="FILE", help="the agreement; default: the versions in force")
    parser.add_argument("--against", type=Path, metavar="FILE", help="a second agreement to compare with")
    parser.add_argument(
        "--from", dest="since", metavar="DATE", help="count from this day on (the past before it is still played)"
    )
    parser.add_argument("--to", dest="until", metavar="DATE", help="play until the end of the day before this one")
    parser.add_argument(
        "--json", action="store_true", help="one JSON document, with everybody who is treated differently"
    )
    door.add_engine(parser)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES


def run(args: argparse.Namespace) -> int:
    """Replay and print; exit code 0."""
    ledger = Ledger.open(args.lake)
    asked = door.engine_of(args, ledger)
    engine, shares = in_process(asked, ledger), None if isinstance(asked, Engine) else shares_of(asked)
    versions = _versions(engine, args.agreement)
    zone = ZoneInfo(versions[-1].time_zone)
    since, until = _day(args.since, zone, "--from"), _day(args.until, zone, "--to")
    with _bars(quiet=not sys.stderr.isatty()) as bars:
        played = partial(_played, engine, shares, until=until, since=since)
        done = played(versions, _shown(bars))
        other = None
        if args.against is not None:
            other = played([over_all_of(load(args.against), engine)], _shown(bars))
        counted = summary(engine, done, versions[-1], shares=shares)
    differing = difference(engine, other, done) if other is not None else None
    if args.json:
        document = _document(done, counted, differing)
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False) + "\n")
    else:
        _print(Console(), done, counted, differing)
    return 0


def _played(
    engine: Engine,
    shares: Shares | None,
    versions: Sequence[Agreement],
    progress: Told,
    *,
    until: datetime | None,
    since: datetime | None,
) -> Replay:
    looks = InShares(shares, engine, progress) if shares else None
    return _between(replay(engine, versions, until=until, looks=looks, progress=progress), since)


def _versions(engine: Engine, path: Path | None) -> list[Agreement]:
    if path is not None:
        return [over_all_of(load(path), engine)]
    found = versions_in_force(engine, at=datetime.now(UTC))
    if not found:
        raise AccordError("No agreement is in force in this lake.", remedy="Name one with --agreement FILE.")
    return list(found)


def _day(text: str | None, zone: ZoneInfo, argument: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise AccordError(f"{argument} {text!r} is not a date.", remedy="Write it as 2026-10-01.") from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _between(done: Replay, since: datetime | None) -> Replay:
    """The same replay, counted from `since` on."""
    if since is None:
        return done

    def late(table: pa.Table) -> pa.Table:
        return table.filter(pc.greater_equal(table["occurred_at"], pa.scalar(since, pa.timestamp("us", tz="UTC"))))

    return replace(done, since=since, decisions=late(done.decisions), handoffs=late(done.handoffs))


def _bars(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)


def _shown(bars: Progress) -> Told:
    tasks: dict[str, Any] = {}

    def progress(step: str, done: int, all_: int) -> None:
        task = tasks.get(step)
        if task is None:
            task = tasks[step] = bars.add_task(step)
        bars.update(task, completed=done, total=all_ or None)

    return progress


def _document(done: Replay, counted: Summary, differing: Difference | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "versions": list(done.versions),
        "from": done.since.isoformat(),
        "to": done.until.isoformat(),
        "handoffs": len(done.offers),
        "months": counted.months.to_pylist(),
        "capacity": counted.capacity.to_pylist(),
        "clocks": counted.clocks.to_pylist(),
        "held_back": counted.held_back.to_pylist(),
        "outcomes": counted.outcomes.to_pylist(),
        "not_replayable": _gaps(done),
        "sql": done.sql,
    }
    if differing is not None:
        document["difference"] = {"counts": differing.counts.to_pylist(), "people": differing.people.to_pylist()}
    return document


def _gaps(done: Replay) -> dict[str, Any]:
    return {
        "handoffs_nobody_ever_answered": len(done.unanswered),
        "recorded_acts_without_a_handoff": done.acts_without_handoff,
        "share_of_facts_with_inferred_time": round(done.inferred, 6),
    }


def _print(console: Console, done: Replay, counted: Summary, differing: Difference | None) -> None:
    versions = ", ".join(str(v) for v in done.versions)
    stretch = f"{done.since:%Y-%m-%d} to {done.until:%Y-%m-%d}"
    console.print(f"[bold]{len(done.offers):,} handoffs[/] under version {versions}, {stretch}")
    _table(console, "Handoffs per month, team and band", counted.months)
    _table(console, "Capacity used", counted.capacity)
    _table(console, "Clocks", counted.clocks)
    _table(console, "Mails that the shield would have held back", counted.held_back)
    if differing is not None:
        _table(console, "Treated differently (everybody by name with --json)", differing.counts)
        _table(console, "The first 20 of them", differing.people.slice(0, 20))
    console.print("\nWhat could not be replayed", style="bold")
    console.print(
        f"{len(done.unanswered):,} handoffs that nobody ever answered; held open until their outcome clock ends"
    )
    console.print(f"{done.acts_without_handoff:,} recorded acts without a handoff to act on")
    console.print(
        f"{done.inferred:.1%} of the facts have an inferred time: they may have been known later than replayed"
    )


def _table(console: Console, title: str, rows: pa.Table) -> None:
    console.print(f"\n{title}", style="bold")
    if not len(rows):
        console.print("none", style="dim")
        return
    table = Table(*(name.replace("_", " ") for name in rows.column_names), box=None, header_style="dim")
    for column, field in zip(table.columns, rows.schema, strict=True):
        column.justify = "right" if pa.types.is_integer(field.type) or pa.types.is_floating(field.type) else "left"
    for row in rows.to_pylist():
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%b %Y}"
    return f"{value:,}" if isinstance(value, int) else str(value)
