"""`accord attribute`: which touches stood on the way to a win, under nine models side by side."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.agreement.periods import day_begins, day_ends
from accord.facts.engine import Answers, Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.attribution.attribution import (
    Attribution,
    Credit,
    NothingToAttributeError,
    attribute,
    attribute_paths,
    attribute_rows,
)
from accord.insight.attribution.counted_paths import CountedPath
from accord.insight.attribution.increment import Memory
from accord.insight.attribution.models import HALF_LIFE
from accord.insight.attribution.reading import Progress as Told
from accord.insight.attribution.reading import Relation
from accord.insight.attribution.tally import MODELS
from accord.insight.attribution.wins import BY
from accord.insight.stages import moment_sql
from accord.report import door
from accord.report.attribution import SPOKEN, context, headline, in_order, span
from accord.report.numbers import percent
from accord.sources.importing import scratch
from accord.sources.refused import Refusal
from accord.sources.touch_files import Paths, channels_of, open_touches
from accord.sources.touch_files import Table as FileTable

EXAMPLES = """\
examples:
  accord attribute --lake var/lake                               won deals by channel, nine models side by side
  accord attribute --lake var/lake --by side                     what each team contributed to the wins
  accord attribute --lake var/lake --from 2026-01-01 --to 2026-03-31 --window 90
  accord attribute --touches touches.parquet --json              from a file, for a machine
  accord attribute --touches paths.csv --models linear,shapley   from counted paths, only these two models
  accord attribute --lake var/lake --state var/attribution       every day: reads what is new since the last time
  accord attribute --lake var/lake --by campaign --html campaigns.html
  accord attribute --touches touches.csv --pdf channels.pdf      a paper for the meeting

A file of touches has the columns person_id, occurred_at, channel, converted and, where there is one, value; a file of
counted paths has path (email > call), conversions and, where there are any, value and nulls. Shares describe who was
there on the way to a win; they do not tell what would have happened otherwise.
Exit code: 0 fine, 1 some rows of the file were refused, 2 input that cannot be used.
"""
_SHOWN = 10  # refused rows
_WIDE = 118
_NARROW = ("first", "last", "linear", "markov_1", "shapley")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord attribute`."""
    parser.description = "Share won deals out among the touches before them, by nine models, each share with its range."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--lake", type=Path, metavar="DIR", help="the ledger")
    source.add_argument("--touches", type=Path, metavar="FILE", help="a file of touches, or of counted paths")
    parser.add_argument("--by", default="channel", metavar="COLUMN", help=f"one of {', '.join(BY)} (default channel)")
    parser.add_argument("--from", dest="since", metavar="DATE", help="conversions on this day or later")
    parser.add_argument("--to", dest="until", metavar="DATE", help="conversions on this day or earlier")
    parser.add_argument("--as-known", metavar="DATE", help="from the facts that were recorded by the end of this day")
    parser.add_argument("--known-by", metavar="DATE", help="from what could be known by then, recorded later or not")
    parser.add_argument(
        "--window", type=_number, metavar="DAYS", help="leave touches out that came more days before the conversion"
    )
    parser.add_argument(
        "--half-life", type=_number, default=HALF_LIFE, metavar="DAYS",
        help=f"time decay: a touch so many days earlier gets half as much (default {HALF_LIFE:g})",
    )  # fmt: skip
    parser.add_argument("--models", metavar="NAMES", help=f"only these, of: {', '.join(MODELS)}")
    parser.add_argument("--currency", metavar="CODE", help="tell values of a lake in this currency")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="keep sums here, so that the next run reads what is new since"
    )
    door.add_engine(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--csv", action="store_true", help="print one row per model and channel")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    form.add_argument("--pdf", type=Path, metavar="FILE", help="write the same page on A4 paper")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AccordError(f"{text!r} is not a number of days.", remedy="Write it as 90 or 7.5.") from None


@dataclass(frozen=True, slots=True)
class Counted:
    """The attribution, whether its company is simulated, and which rows of a file were refused, the first of them."""

    found: Attribution
    simulated: bool = False
    refused: int = 0
    examples: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def run(args: argparse.Namespace) -> int:
    """Attribute and show; 0, or 1 when rows were refused."""
    with door.progress(args) as progress:
        counted = _of_lake(args, progress) if args.lake else _of_file(args, progress)
    door.given(
        args, document=lambda: _document(counted), table=counted.found.table, page=lambda: _page(counted),
        show=lambda console: show(console, counted.found),
    )  # fmt: skip
    _tell_refused(counted)
    return int(counted.refused > 0)


def _models(args: argparse.Namespace) -> tuple[str, ...]:
    if args.models is None:
        return MODELS
    asked = [
        word.strip().lower().replace("-", "_").replace(" ", "_") for word in args.models.split(",") if word.strip()
    ]
    if not asked:
        raise AccordError("--models names no model.", remedy=f"Possible are: {', '.join(MODELS)}.")
    return tuple(dict.fromkeys(asked))


def _of_lake(args: argparse.Namespace, progress: Told) -> Counted:
    ledger = Ledger.open(args.lake)
    zone = ZoneInfo(str(ledger.about.get("time_zone", "UTC")))
    since, until = _stretch(args, zone)
    recorded, known = day_ends(args.as_known, zone), day_ends(args.known_by, zone)
    memory = _memory(args, ledger)
    engine = door.engine_of(args, ledger, recorded_at=recorded, known_at=known)
    now = min(filter(None, (recorded, known, datetime.now(UTC))))
    try:
        found = _attributed(args, engine, since, until, now, recorded or known, progress, memory)
    except NothingToAttributeError as error:
        if args.as_known is None:
            raise
        raise AccordError(
            f"From what was recorded in {args.lake} by {args.as_known}: {error.message}",
            remedy="Imported history is recorded when it is imported; --known-by asks what could be known by then.",
        ) from error
    return Counted(found, bool(ledger.about.get("simulated")))


def _attributed(
    args: argparse.Namespace,
    engine: Answers,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
    as_known: datetime | None,
    progress: Told,
    memory: Memory | None,
) -> Attribution:
    return attribute(
        engine, by=args.by, since=_naive(since), until=_naive(until), at=_naive(now), as_known=as_known,
        window=args.window, half_life=args.half_life, currency=args.currency and args.currency.upper(),
        models=_models(args), progress=progress, memory=memory,
    )  # fmt: skip


def _memory(args: argparse.Namespace, ledger: Ledger) -> Memory | None:
    """Where sums are kept. They are sums of all that is known now, so that no other question can be asked of them."""
    if args.state is None:
        return None
    for option in ("until", "as_known", "known_by"):
        if getattr(args, option):
            told = {"until": "--to"}.get(option, f"--{option.replace('_', '-')}")
            raise AccordError(
                f"--state keeps what is known up to now, and {told} asks about then.", remedy="Leave one out."
            )
    if args.state.exists() and not args.state.is_dir():
        raise AccordError(f"{args.state} is no folder.", remedy="Name a folder, or one that does not exist yet.")
    return Memory.of(ledger, args.state)


def _stretch(args: argparse.Namespace, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    since, until = day_begins(args.since, zone), day_ends(args.until, zone)
    if since and until and since >= until:
        raise AccordError(f"--from {args.since} is after --to {args.until}.", remedy="Exchange the two.")
    return since, until


def _of_file(args: argparse.Namespace, progress: Told) -> Counted:
    for option in ("as_known", "known_by", "currency", "engine", "state"):
        if getattr(args, option):
            raise AccordError(
                f"--{option.replace('_', '-')} asks a lake, and a file does not know.", remedy="Leave it out."
            )
    since, until = _stretch(args, ZoneInfo("UTC"))
    models = _models(args)
    with scratch() as (folder, engine):
        opened = open_touches(args.touches, folder, engine, by=args.by)
        try:
            if isinstance(opened, Paths):
                found = _of_paths(args, opened, engine, models, progress)
            else:
                before = "" if until is None else f" AND moment < {moment_sql(until.replace(tzinfo=None))}"
                found = attribute_rows(
                    engine, Relation(opened.table.good + before, opened.table.rows, opened.channels), by=args.by,
                    since=_naive(since), until=_naive(until), window=args.window, half_life=args.half_life,
                    models=models, progress=progress,
                )  # fmt: skip
        except NothingToAttributeError as error:
            raise _nothing(error, args.touches, opened.table, engine) from error
        read = found.rows if until is None else None
        refused = _refused(opened.table, engine) if read is None else opened.table.rows - read
        examples = tuple(opened.table.refusals(engine, _SHOWN)) if refused else ()
        return Counted(found, refused=refused, examples=examples, notes=opened.table.notes)


def _refused(table: FileTable, engine: Engine) -> int:
    sql = f"SELECT count(*) FROM ({table.sql}) WHERE problem IS NOT NULL"
    return len(table.damaged) + int(str(engine.one(sql)[0]))


def _nothing(error: AccordError, file: Path, table: FileTable, engine: Engine) -> AccordError:
    """What could not be shared out; when rows were refused, that and the first of them."""
    refused = _refused(table, engine)
    if not refused:
        return error
    first = next(table.refusals(engine, 1))
    return AccordError(
        f"{error.message} {refused:,} of {table.rows:,} rows of {file.name} were refused, the first: {_line(first)}",
        remedy=error.remedy,
    )


def _of_paths(
    args: argparse.Namespace, opened: Paths, engine: Engine, models: tuple[str, ...], progress: Told
) -> Attribution:
    for option, given in (("--from", args.since), ("--to", args.until), ("--window", args.window)):
        if given is not None:
            raise AccordError(
                f"{option} needs to know when the touches were, and counted paths do not say.", remedy="Leave it out."
            )
    rows = engine.rows(opened.table.good).to_pylist()
    counted = [CountedPath(channels_of(row.pop("path")), **row) for row in rows]
    return attribute_paths(counted, half_life=args.half_life, models=models, progress=progress, sql=opened.table.good)


def _naive(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)


# For machines and for people


def _document(counted: Counted) -> dict[str, Any]:
    refused = [
        {"line": r.line, "field": r.field, "value": r.value, "reason": r.reason, "remedy": r.remedy}
        for r in counted.examples
    ]
    return {**counted.found.to_json(), "refused": counted.refused, "refusals": refused, "notes": list(counted.notes)}


def _tell_refused(counted: Counted) -> None:
    """On the error stream, so that what is printed stays a table or a document."""
    told = [f"note: {note}" for note in counted.notes]
    told += [_line(refusal) for refusal in counted.examples]
    more = counted.refused - len(counted.examples)
    told += [f"and {more:,} more." if more else f"{counted.refused:,} rows were refused."] if counted.refused else []
    for line in told:
        sys.stderr.write(line + "\n")


def _line(refusal: Refusal) -> str:
    field = f"{refusal.field} = {refusal.value!r}: " if refusal.field else ""
    return f"line {refusal.line}: {field}{refusal.reason}. {refusal.remedy}"


def _page(counted: Counted) -> str:
    from accord.report.page import attribution_page  # draws, which takes a second that nobody else pays

    return attribution_page(counted.found, simulated=counted.simulated)


def show(console: Console, found: Attribution) -> None:
    """Shares of conversions by channel and model; fewer models where there is less room, the others by --csv."""
    console.print(Text(headline(found), style="bold"))
    console.print(Text(context(found), style="dim"))
    console.print()
    names = [model for model in found.models if console.width >= _WIDE or model in _NARROW or len(found.models) < 6]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(found.by, overflow="fold")
    for model in names:
        table.add_column(SPOKEN[model], justify="right", no_wrap=True)
    table.add_column("range", justify="right", no_wrap=True)
    for given in in_order(found):
        table.add_row(*(Text(cell) for cell in _cells(names, given)))
    console.print(table)
    console.print()
    for notice in found.notices:
        console.print(Text(notice))
    console.print(Text("Shares describe who was there on the way; they prove no cause.", style="dim"))


def _cells(names: list[str], given: dict[str, Credit]) -> list[str]:
    first = next(iter(given.values()))
    return [first.channel, *(percent(given[model].share) for model in names), span(list(given.values()))]
