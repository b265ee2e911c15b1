"""`accord backup`: a workspace in one file, written while people work."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from accord_app.commands.bars import bars
from accord_app.commands.starting import start_django

if TYPE_CHECKING:
    from accord_app.backups.making import Made

EXAMPLES = """\
examples:
  accord backup /var/backups/accord                  in that folder, named by the time
  accord backup /var/backups/accord/before.backup    that file
  accord backup /var/backups/accord --json           one JSON document

The file holds everything: the database, the lake with its key, uploads, and the key that signs. Whoever has it can read
all of it, so it is readable by its owner alone; keep it as you keep a password. All parts tell of one moment, while
people go on working. Facts are carried to the lake a little later meanwhile, and an import that reads is waited for.
On PostgreSQL it needs pg_dump, of the server's version or a later one.

exit code: 0 written, 2 it cannot be written, and why; then nothing is left behind
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord backup`."""
    parser.description = "Write a workspace into one file, while people work."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("target", type=Path, metavar="FILE", help="a new file, or a folder in which it gets a name")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when written; raises AccordError when it cannot be."""
    start_django()
    from accord_app.backups.making import make

    signal.signal(signal.SIGTERM, _stop)
    at, begun = datetime.now(UTC), time.monotonic()
    with bars() as shown:
        made = make(_file(args.target, at), at=at, shown=shown)
    took = time.monotonic() - begun
    said = json.dumps(_document(made, took), indent=2, ensure_ascii=False) if args.json else _line(made, took)
    sys.stdout.write(f"{said}\n")
    return 0


def _file(target: Path, at: datetime) -> Path:
    return target / f"accord-{at:%Y%m%d-%H%M%S}.backup" if target.is_dir() else target


def _document(made: Made, took: float) -> dict[str, Any]:
    return {
        "file": str(made.path),
        "bytes": made.size,
        "made_at": made.at.isoformat(),
        "database": made.database,
        "facts": made.facts,
        "rows": sum(made.rows.values()),
        "seconds": round(took, 1),
    }


def _line(made: Made, took: float) -> str:
    return (
        f"{made.path}: {made.facts:,} facts, {made.size / 1_000_000:,.1f} MB, in {took:.1f} s. Readable by you alone."
    )


def _stop(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C: what was begun is removed."""
    raise KeyboardInterrupt
