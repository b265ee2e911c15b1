"""`accord undo`: takes imports back."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from accord.facts.ledger import BatchState, Ledger

EXAMPLES = """\
examples:
  accord undo b-20270104-7f3a2c --lake var/lake
  accord undo b-20270104-7f3a2c b-20270104-91c02e --lake var/lake     both or none

Nothing is deleted: readers no longer see the batch, `--as-known` before today still does. The same file can be
imported again afterwards.

exit code: 0 taken back, 2 no such batch, taken back already, or no lake
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments of `accord undo`."""
    parser.description = "Take imports back. A batch is named by the import that made it."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("batches", nargs="+", metavar="BATCH", help="a batch, as b-20270104-7f3a2c")
    parser.add_argument("--lake", type=Path, required=True, metavar="DIR", help="the lake")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when all were taken back; raises LedgerError otherwise, and then none was."""
    states = Ledger.open(args.lake).undo_all(args.batches, at=datetime.now(UTC))
    if args.json:
        document = {"batches": [as_json(state) for state in states]}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        Console().print("\n".join(said(state) for state in states), highlight=False, markup=False)
    return 0


def as_json(state: BatchState) -> dict[str, object]:
    """What was taken back."""
    return {
        "batch": state.id,
        "table": state.table,
        "state": state.state,
        "file": state.file,
        "recorded_at": state.at.isoformat(),
        "retracted_at": state.changed_at.isoformat(),
        "facts": state.counts.stored + state.counts.revised,
    }


def said(state: BatchState) -> str:
    """`Took back b-… of deals.csv: 842 facts of deals are no longer seen.`"""
    facts = state.counts.stored + state.counts.revised
    of_file = f" of {state.file}" if state.file else ""
    are = "1 fact is" if facts == 1 else f"{facts:,} facts are"
    return f"Took back {state.id}{of_file} ({state.table}): {are} no longer seen. The file can be imported again."
