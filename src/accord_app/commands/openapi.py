"""`accord openapi`: the description of the HTTP API, as JSON."""

from __future__ import annotations

import argparse
import json
import sys

from accord_app.commands.starting import load_django

EXAMPLES = """\
examples:
  accord openapi                                  print it
  accord openapi > docs/api/openapi.json          write it anew after a change

exit code: 0
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `accord openapi`."""
    parser.description = "Print what programs can read and write over HTTP, as OpenAPI 3.1 describes it."
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(args: argparse.Namespace) -> int:
    """0. Needs no database."""
    load_django()
    sys.stdout.write(description())
    return 0


def description() -> str:
    """The description as it is committed."""
    from accord_app.api import urls  # noqa: F401 what is described are the verbs that have an address
    from accord_app.api.door import door

    return json.dumps(door.get_openapi_schema(path_prefix="/v1"), indent=2, ensure_ascii=False) + "\n"
