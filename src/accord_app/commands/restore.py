"""`accord restore`: a backup, read into an empty workspace."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accord_app.commands.bars import bars
from accord_app.commands.starting import UNFINISHED, load_django

if TYPE_CHECKING:
    from accord_app.backups.archive import Archive
    from accord_app.backups.restoring import Restored

EXAMPLES = """\
examples:
  accord restore before.backup --check    read and compare every byte; nothing is written
  accord restore before.backup            into the empty folder and database that the settings name
  accord restore before.backup --send-waiting
                                          mail that waited leaves, too: only where nothing worked after the backup
  accord restore before.backup --json     one JSON document

A backup that was made on SQLite can be restored into PostgreSQL; that is how a workspace moves there. Tables are
brought to this version. Mail that waited when the backup was made may have left since: it is held back, and stands on
the page Messages for somebody to decide. What happened after the backup is not known any more, so clocks that ran out
since run out again.

exit code: 0 restored or found whole, 2 the workspace is not empty, or the file is damaged or no backup
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord restore`."""
    parser.description = "Read a backup into an empty workspace."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE", help="what `accord backup` wrote")
    parser.add_argument("--check", action="store_true", help="compare every byte and write nothing")
    parser.add_argument("--send-waiting", action="store_true", help="let mail leave that waited when it was made")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when restored, or found whole; raises AccordError when it cannot be."""
    load_django()
    from accord_app.backups.archive import opened

    with opened(args.file) as archive:
        done = _check(archive) if args.check else _restore(archive, args)
    document, lines = done
    sys.stdout.write((json.dumps(document, indent=2, ensure_ascii=False) if args.json else "\n".join(lines)) + "\n")
    return 0


def _check(archive: Archive) -> tuple[dict[str, Any], list[str]]:
    done = 0
    with bars() as shown:

        def moved(size: int) -> None:
            nonlocal done
            done += size
            shown("comparing", done, archive.size)

        archive.check(moved)
    about = archive.about
    made = datetime.fromisoformat(about["made_at"])
    whose = f"{_whose(about['company'])}, {about['database']}"
    line = f"Whole: {len(archive.members):,} files of {whose}, as of {_when(made)}."
    document = {name: about[name] for name in ("made_at", "company", "version", "database")}
    return {"whole": True, **document, "files": len(archive.members), "bytes": archive.size}, [line]


def _restore(archive: Archive, args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from django.conf import settings

    from accord_app.backups.restoring import restore

    with bars() as shown:
        done = restore(
            archive,
            unfinished=Path(settings.DATA) / UNFINISHED,
            send_waiting=args.send_waiting,
            at=datetime.now(UTC),
            shown=shown,
        )
    return _document(done), _lines(done)


def _document(done: Restored) -> dict[str, Any]:
    return {
        "restored": True,
        "as_of": done.at.isoformat(),
        "company": done.company,
        "facts": done.facts,
        "rows": done.rows,
        "messages_held_back": done.held_back,
        "erase_again": list(done.erase_again),
    }


def _lines(done: Restored) -> list[str]:
    lines = [f"{_whose(done.company)} as of {_when(done.at)}: {done.facts:,} facts, {done.rows:,} rows, all compared."]
    if done.held_back:
        lines.append(f"{done.held_back:,} messages that waited are held back; decide about them on the page Messages.")
    if done.erase_again:
        lines.append("Erased after this moment, so erase again:")
        lines += [f"  accord erase {each} --yes" for each in done.erase_again]
    return [*lines, "Start `accord serve` and `accord worker`."]


def _whose(company: str) -> str:
    return company or "An empty workspace"


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
