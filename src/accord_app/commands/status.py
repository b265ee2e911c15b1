"""`accord status`: what `/health` says, on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from accord_app.commands.starting import start_django

if TYPE_CHECKING:
    from accord_app.shell.health import Health

EXAMPLES = """\
examples:
  accord status           each part of the workspace, and whether it is well
  accord status --json    the document that /health answers

exit code: 0 all is well, 1 something is not, 2 the database cannot be used
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord status`."""
    parser.description = "Tell whether a workspace can do its work: database, worker, mail."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """0 when all is well, 1 when something is not; raises AccordError when the database cannot be used."""
    start_django()
    from accord_app.shell import health

    answers = health.answers()
    if args.json:
        sys.stdout.write(json.dumps(health.as_json(answers), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_line(name, answer) for name, answer in answers.items()) + "\n")
    return 0 if all(answer.is_well for answer in answers.values()) else 1


def _line(name: str, answer: Health) -> str:
    return f"{name:<10}{'well' if answer.is_well else 'not well':<10}{answer.detail}"
