"""`accord erase`: erases a person."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from accord_app.commands.starting import start_django

if TYPE_CHECKING:
    from accord_app.records.erasing import Plan
    from accord_app.records.models import Erasure

EXAMPLES = """\
examples:
  accord erase birgit@kestrel.example          show what would go; nothing is changed
  accord erase birgit@kestrel.example --yes    erase
  accord erase hubspot:1042 --yes              by the id that a source uses
  accord erase kG3x_9aQpL0d --yes --json       by the id here; one JSON document

Name, address, number and every attribute of the profiles go: from the database, the lake and its history, messages,
notes and uploads. Facts stay under keyed ids, so no total changes. People who share an address are one person here.
Backups that were made before hold the person until you delete them.

exit code: 0 shown or erased, 2 nobody is known by that
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord erase`."""
    parser.description = "Erase a person: name, address and every attribute are found nowhere afterwards."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("person", metavar="PERSON", help="an id, an e-mail address, or source:id")
    parser.add_argument("--yes", action="store_true", help="erase; without it nothing is changed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when shown or erased; raises AccordError when nobody is known by that."""
    start_django()
    from accord_app.records import erasing

    plan = erasing.plan(args.person)
    done = erasing.erase(named=args.person, by=getpass.getuser(), at=datetime.now(UTC)) if args.yes else None
    if args.json:
        sys.stdout.write(json.dumps(_document(plan, done), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(plan, done)) + "\n")
    return 0


def _document(plan: Plan, done: Erasure | None) -> dict[str, Any]:
    """Who was meant by keyed id alone: the document may be kept."""
    return {
        "person_ids": sorted(plan.subject.person_ids),
        "people": len(plan.people),
        "found": {each.title: each.count for each in plan.found},
        "erased_at": done.at.isoformat() if done else None,
        "emptied": done.emptied if done else {},
        "is_finished": bool(done and done.done_at),
    }


def _lines(plan: Plan, done: Erasure | None) -> list[str]:
    counted = done.emptied if done else {each.title: each.count for each in plan.found}
    width = max(map(len, counted))
    table = [f"  {title:<{width}}  {count:>7,}" for title, count in counted.items()]
    if done:
        rest = "" if done.done_at else "The files could not be written now; `accord worker` goes on with them.\n"
        return [
            "Erased. Emptied were:",
            *table,
            f"{rest}Facts stay under their keyed ids; backups made before are yours to delete.",
        ]
    who = ", ".join(plan.people) or "Somebody without a name"
    return [f"{who}: this would go:", *table, "Nothing was changed. Add --yes to erase; it cannot be undone."]
