"""`accord import`: brings a company's exports into the ledger, or says row by row why not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from accord.facts.engine import Engine
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.sources.importing import Outcome, Workplace, import_file, look, mirrored, scratch, workplace
from accord.sources.mapping import IMPORTED, Beside, FileMapping, MappingError, mapping_yaml, read_mapping
from accord.sources.propose import PRESETS, Proposal, propose, siblings
from accord.sources.values import checked_zone

HELP = "bring exports into the ledger"
EPILOG = """examples:
  accord import contacts.csv --as profiles --lake var/lake
  accord import events.csv.gz --as touches --map events.yaml --lake var/lake     writes events.yaml if it is not there
  accord import events.csv.gz --as touches --map events.yaml --lake var/lake     now imports by it
  accord import deals.csv --as deals --preset hubspot --dry-run --lake var/lake

Every row is stored, known already, stored as a revision, left out by the mapping, or refused; refused rows come back
as a CSV file with line, field, value, reason and remedy. `accord undo BATCH` takes an import back.

exit code: 0 every row has its place, 1 some rows were refused, 2 a file or mapping cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord import`."""
    parser.description = "Imports CSV (in any dialect), gzip, Parquet and XLSX files."
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the exports")
    parser.add_argument("--as", dest="table", choices=IMPORTED, metavar="TABLE", help=f"one of {', '.join(IMPORTED)}")
    parser.add_argument("--lake", type=Path, metavar="DIR", help="the lake; made when it is not there")
    parser.add_argument("--map", type=Path, metavar="FILE", help="the mapping; proposed and written when not there")
    parser.add_argument("--preset", choices=tuple(PRESETS), help="the vendor, when the header does not tell")
    parser.add_argument("--propose", action="store_true", help="only propose a mapping: print it, or write it to --map")
    parser.add_argument("--dry-run", action="store_true", help="the same counts, but nothing is written")
    parser.add_argument("--source", default="", metavar="NAME", help="the system it came from; ids of one source meet")
    parser.add_argument("--time-zone", default="", metavar="ZONE", help="of times that name none (default UTC)")
    parser.add_argument("--refused", type=Path, metavar="FILE", help="where refused rows go (default beside the lake)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0: every row was stored or known; 1: some rows were refused; AccordError: a file or mapping cannot be used."""
    if args.time_zone:
        checked_zone(args.time_zone)
    for file in args.files:
        if not file.exists():
            raise AccordError(f"{file} does not exist.", remedy="Check the path.")
    written = args.map is not None and not args.map.exists()
    if args.propose or written:
        return _propose(args)
    if args.lake is None:
        raise AccordError("No lake is named.", remedy="Say --lake DIR; it is made when it is not there.")
    outcomes = _import(args)
    _print_json(args, outcomes) if args.json else _print(args, outcomes)
    return 1 if any(outcome.refused for outcome in outcomes) else 0


# -------------------------------------------------------------------------------------------------------- proposing


def _propose(args: argparse.Namespace) -> int:
    with scratch() as (folder, engine):
        proposal = _proposal(args, args.files[0], folder, engine)
    text = _commented(proposal, args.files[0])
    if args.map is None:
        sys.stdout.write(text)
        return 0
    if args.map.exists():
        raise MappingError(f"{args.map} is there already.", remedy="Leave --propose out to import by it.")
    args.map.parent.mkdir(parents=True, exist_ok=True)
    args.map.write_text(text, encoding="utf-8")
    said = f"Wrote a mapping to {args.map} (from {proposal.because}). Look at it, then run the same command again."
    _say(args, said, {"mapping": str(args.map), "because": proposal.because, "missing": list(proposal.missing)})
    return 0


def _commented(proposal: Proposal, file: Path) -> str:
    lines = [f"# How {file.name} becomes {proposal.mapping.table}; proposed from {proposal.because}. Edit as you like."]
    lines += [f"# No column was found for {target}, which is needed: add it." for target in proposal.missing]
    return "\n".join(lines) + "\n" + mapping_yaml(proposal.mapping)


def _proposal(args: argparse.Namespace, file: Path, folder: Path, engine: Engine) -> Proposal:
    if args.table is None:
        raise AccordError("It is not said what the file holds.", remedy=f"Say --as {'|'.join(IMPORTED)}.")
    plain = FileMapping("touches", {})
    header, sample = look(file, plain, folder, engine)
    beside = siblings(file, header)
    if beside:
        header, sample = look(file, replace(plain, beside=beside), folder, engine)
    zone = args.time_zone or "UTC"
    proposal = propose(header, sample, args.table, preset=args.preset or "", source=args.source, time_zone=zone)
    return replace(proposal, mapping=_using(proposal.mapping, beside))


def _using(mapping: FileMapping, beside: tuple[Beside, ...]) -> FileMapping:
    """The mapping with those files beside it whose columns it uses."""
    used = {column for part in mapping.parts for column in part.used()}
    return replace(mapping, beside=tuple(one for one in beside if set(one.take) & used))


# -------------------------------------------------------------------------------------------------------- importing


def _import(args: argparse.Namespace) -> list[Outcome]:
    at = datetime.now(UTC)
    outcomes: list[Outcome] = []
    with _progress(args) as step, _ledger(args) as ledger:
        for file in args.files:
            with workplace(ledger, at=at, told=partial(_of_file, step, file)) as place:
                mapping = _mapping(args, file, place)
                if mapping.time_zone != "UTC" and "time_zone" not in ledger.about:
                    ledger.describe(time_zone=mapping.time_zone)  # where the company's days begin
                outcomes += import_file(file, mapping, place, refused_file=_refused_file(args, file))
    return outcomes


def _of_file(step: Callable[[str], None], file: Path, what: str) -> None:
    step(f"{file.name}: {what}")


@contextmanager
def _ledger(args: argparse.Namespace) -> Iterator[Ledger]:
    if args.dry_run:
        with mirrored(args.lake) as ledger:
            yield ledger
    elif (args.lake / "lake.json").is_file():
        yield Ledger.open(args.lake)
    else:
        yield Ledger.create(args.lake)


def _mapping(args: argparse.Namespace, file: Path, place: Workplace) -> FileMapping:
    if args.map is None:
        proposal = _proposal(args, file, place.folder, place.engine)
        if proposal.missing:
            raise MappingError(
                f"{file.name}: no column was found for {', '.join(proposal.missing)}, which {args.table} need.",
                remedy="Say --map NEW.yaml to get a mapping to edit, or check --as.",
            )
        return proposal.mapping
    mapping = read_mapping(args.map)
    if args.table and args.table != mapping.table:
        raise MappingError(
            f"{args.map.name} maps to {mapping.table}, not to {args.table}.",
            remedy="Change --as or name another mapping.",
        )
    given = {key: value for key, value in (("source", args.source), ("time_zone", args.time_zone)) if value}
    return replace(mapping, **given, also=tuple(replace(part, **given) for part in mapping.also))


def _refused_file(args: argparse.Namespace, file: Path) -> Callable[[FileMapping], Path | None]:
    def named(part: FileMapping) -> Path | None:
        if args.dry_run and args.refused is None:
            return None
        base = args.refused or args.lake.absolute().parent / f"{file.name}.refused.csv"
        several = len(args.files) > 1 and args.refused is not None
        stem = f"{base.stem}.{file.stem}" if several else base.stem
        suffix = f".{part.part or part.table}".replace(" ", "-") if part.part else ""
        return Path(base.with_name(f"{stem}{suffix}{base.suffix}"))

    return named


# ---------------------------------------------------------------------------------------------------------- telling


@contextmanager
def _progress(args: argparse.Namespace) -> Iterator[Callable[[str], None]]:
    console = Console(stderr=True)
    if args.json or not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("opening", total=None)
        yield lambda what: progress.update(task, description=what, advance=1)


def _say(args: argparse.Namespace, text: str, document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n" if args.json else text + "\n")


def _print_json(args: argparse.Namespace, outcomes: list[Outcome]) -> None:
    document = {"dry_run": args.dry_run, "lake": str(args.lake), "imports": [_as_json(outcome) for outcome in outcomes]}
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    counts = ("rows", "stored", "known", "revised", "refused", "left_out")
    return {
        "file": outcome.file,
        "table": outcome.table,
        "part": outcome.part,
        "source": outcome.source,
        **{count: getattr(outcome, count) for count in counts},
        "batch": outcome.batch,
        "refused_file": str(outcome.refused_file) if outcome.refused_file else None,
        "refusals": [
            {"line": r.line, "field": r.field, "value": r.value, "reason": r.reason, "remedy": r.remedy}
            for r in outcome.examples
        ],
        "notes": list(outcome.notes),
    }


def _print(args: argparse.Namespace, outcomes: list[Outcome]) -> None:
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file and table", overflow="fold")
    for count in ("rows", "stored", "known", "revised", "refused", "left out"):
        table.add_column(count, justify="right", no_wrap=True)
    for outcome in outcomes:
        counts = (outcome.rows, outcome.stored, outcome.known, outcome.revised, outcome.refused, outcome.left_out)
        part = f"{outcome.table} ({outcome.part})" if outcome.part else outcome.table
        table.add_row(f"{outcome.file} → {part}", *(f"{count:,}" for count in counts))
    console.print(table)
    console.print("rows = stored + known + revised + refused + left out, in every line.")
    for outcome in outcomes:
        _print_remarks(console, outcome)
    if not args.dry_run:
        batches = " ".join(dict.fromkeys(outcome.batch for outcome in outcomes if outcome.batch))
        console.print(f"To take it back: accord undo {batches}", markup=False, soft_wrap=True)
    if args.dry_run:
        console.print("Dry run: nothing was written.")


def _print_remarks(console: Console, outcome: Outcome) -> None:
    for note in outcome.notes:
        console.print(f"note ({outcome.table}): {note}", markup=False)
    for refusal in outcome.examples:
        field = f"{refusal.field} = {refusal.value!r}: " if refusal.field else ""
        console.print(f"line {refusal.line}: {field}{refusal.reason}. {refusal.remedy}", markup=False)
    if outcome.refused > len(outcome.examples):
        console.print(f"and {outcome.refused - len(outcome.examples):,} more.")
    if outcome.refused_file:
        console.print(f"Refused rows: {outcome.refused_file}", markup=False)
