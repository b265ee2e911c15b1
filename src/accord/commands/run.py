"""`accord run`: a company to look at. Builds it once, proves that its history can be replayed, shows its scoreboard."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

import accord
from accord.agreement.promise import versions_in_force
from accord.commands.report import made, write
from accord.example import company
from accord.example.world import LAST_DAY
from accord.facts.errors import AccordError
from accord.facts.ledger import Ledger
from accord.insight.replay.replay import replay
from accord.insight.replay.reproduction import Reproduction, reproduction
from accord.report.scoreboard import show

EXAMPLES = """\
examples:
  accord run                            12,000 leads in var/lake, the report in var/report.html
  accord run --leads 2000               a smaller company, built anew when the lake holds another one
  accord run --fresh --seed 8           another history

Everything that it shows is simulated, and says so. The lake is built once and read again the next time, unless the
program that decides has changed since.

exit code: 0; 1 when replaying the history does not give what was recorded; 2 a folder that cannot be used
"""
LAKE, PAGE = Path("var/lake"), Path("var/report.html")
DOING = {"people": "Drawing people", "days": "Living days", "recording": "Recording facts"}
DECIDING = ("agreement", "example", "facts")
Shown = Callable[[str, int, int], None]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord run`."""
    parser.description = "Build a simulated company, replay its 24 months, show its scoreboard, write its report."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--lake", type=Path, default=LAKE, metavar="DIR", help=f"where the company lives ({LAKE})")
    parser.add_argument("--leads", type=int, default=company.LEADS, metavar="N", help=f"how many ({company.LEADS:,})")
    parser.add_argument("--seed", type=int, default=company.SEED, metavar="S", help="same seed, same facts")
    parser.add_argument("--html", type=Path, default=PAGE, metavar="FILE", help=f"where the report goes ({PAGE})")
    parser.add_argument("--fresh", action="store_true", help="build the company anew")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the scoreboard")


def run(args: argparse.Namespace) -> int:
    """Build, replay, show, write; 0 when the replay gave what was recorded, else 1."""
    described(args.lake)
    with progress(Console(stderr=True)) as shown:
        build(args.lake, leads=args.leads, seed=args.seed, fresh=args.fresh, shown=shown)
        proven = proof(args.lake, shown)
        shown("Writing the report", 0, 1)
        report = made(args.lake, None, now=datetime.now(UTC))
        write(report, args.html)
    if args.json:
        sys.stdout.write(json.dumps(as_json(args, proven), indent=2) + "\n")
    else:
        console = Console()
        show(console, report)
        console.print(sentence(proven), style="bold green" if proven.exact else "bold red")
        console.print(f"The page for both teams: {args.html}", highlight=False, soft_wrap=True)
    return 0 if proven.exact else 1


def build(lake: Path, *, leads: int, seed: int, fresh: bool, shown: Shown) -> None:
    """Make the company unless this very one is there. Raises AccordError for a folder that holds something else.

    It is built beside its place and moved there when it is complete, so that a stop leaves no half company.
    """
    there = described(lake)
    if there == wanted(leads, seed) and not fresh:
        return
    beside = lake.with_name(f"{lake.name}.building")
    remove(beside)
    beside.parent.mkdir(parents=True, exist_ok=True)
    company.build(beside, leads=leads, seed=seed, progress=lambda what, done, of: shown(DOING[what], done, of))
    Ledger.open(beside).describe(program=program())
    remove(lake)
    beside.rename(lake)
    truth_of(beside).rename(truth_of(lake))


def described(lake: Path) -> Mapping[str, object] | None:
    """Which simulated company lives there; None when nothing does. Raises AccordError for anything else."""
    if not lake.exists() or (lake.is_dir() and not any(lake.iterdir())):
        return None
    about = Ledger.open(lake).about
    if not about.get("simulated"):
        raise AccordError(
            f"{lake} holds facts that are not simulated.",
            remedy="Name another folder with --lake; nothing was changed.",
        )
    return {key: about.get(key) for key in wanted(0, 0)}


def wanted(leads: int, seed: int) -> Mapping[str, object]:
    """What lake.json says of the company that this command builds."""
    return {
        "world": "none",
        "size": 1.0,
        "leads": leads,
        "seed": seed,
        "last_day": LAST_DAY.isoformat(),
        "program": program(),
    }


@cache
def program() -> str:
    """A print of the code that simulates and decides: a history that another program decided is built anew."""
    root = Path(accord.__file__).parent
    files = sorted(path for room in DECIDING for kind in ("*.py", "*.yaml") for path in (root / room).rglob(kind))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def remove(lake: Path) -> None:
    """Remove a simulated company and its truth."""
    if lake.exists():
        shutil.rmtree(lake)
    truth_of(lake).unlink(missing_ok=True)


def truth_of(lake: Path) -> Path:
    """Where the truth of a simulated company lies: beside its lake."""
    return lake.with_name(f"{lake.name}.truth.json")


def proof(lake: Path, shown: Shown) -> Reproduction:
    """Replay the history under the versions that were in force, and compare with what was recorded."""
    engine = Ledger.open(lake).connect()
    versions = versions_in_force(engine, at=datetime.now(UTC))
    return reproduction(engine, replay(engine, versions, progress=shown))


def sentence(proven: Reproduction) -> str:
    """What the replay proved, in one line."""
    if proven.exact:
        return f"Replayed 24 simulated months: all {proven.recorded:,} automatic decisions and events are reproduced."
    return (
        f"Replayed 24 simulated months: {proven.same:,} of {proven.recorded:,} automatic decisions and events are"
        f" reproduced, and {proven.replayed - proven.same:,} are new."
    )


def as_json(args: argparse.Namespace, proven: Reproduction) -> Mapping[str, object]:
    """What was built, where it lies, and what the replay proved."""
    return {
        "simulated": True,
        "lake": str(args.lake),
        "report": str(args.html),
        "leads": args.leads,
        "seed": args.seed,
        "replay": {"recorded": proven.recorded, "replayed": proven.replayed, "same": proven.same},
    }


@contextmanager
def progress(console: Console) -> Iterator[Shown]:
    """Bars on stderr, one for each thing that is done, gone at the end; none when nothing is done."""
    bars = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    tasks: dict[str, TaskID] = {}

    def shown(what: str, done: int, of: int) -> None:
        if not tasks:
            bars.start()
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=of)
        bars.update(tasks[what], completed=done, total=of)

    try:
        yield shown
    finally:
        if tasks:
            bars.stop()
