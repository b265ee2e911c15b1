"""Which files make up a lake at one moment, so that it can be copied while others add to it.

Parquet files and the commits of a Delta table never change once they are there, so their names are enough to hold a
moment; the one file that does change, a hint where the newest checkpoint lies, is left out, and so is whatever no
version names. The list of batches is read first: what it names was stored before it was named. Only an erasure
deletes files at once, and what was put together goes after an hour; whoever copies and finds one gone begins again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from accord.facts import erasure
from accord.facts.lake_files import data_files, delta_table
from accord.facts.tables import BATCHES, TABLES

ABOUT, KEY, LOG = "lake.json", "key", "_delta_log"
_COMMIT = re.compile(r"(\d{20})(\.json|\.checkpoint\..*parquet|\.checkpoint\.parquet)$")


def files_of(folder: Path) -> Iterator[Path]:
    """The files of the lake in `folder` as it is now, each once, the list of batches before the tables.

    Raises LedgerError when a table is damaged, or when a file went away while it was being listed.
    """
    yield from (path for name in (ABOUT, KEY, erasure.REGISTER) if (path := folder / name).is_file())
    for name in (BATCHES.name, *TABLES):
        yield from _files_of_table(folder / name)


def _files_of_table(folder: Path) -> Iterator[Path]:
    delta = delta_table(folder)
    if delta is None:
        return
    yield from (path for path in sorted((folder / LOG).iterdir()) if _version(path) <= delta.version())
    yield from (file.path for file in data_files(folder, delta))


def _version(path: Path) -> float:
    """The version that a file of the log belongs to; beyond every version for what is no part of the protocol."""
    found = _COMMIT.match(path.name)
    return int(found[1]) if found else float("inf")
