"""The Parquet files of a Delta table: which there are, what is known about each, and how new ones are added."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from accord.facts.engine import text
from accord.facts.errors import AccordError
from accord.facts.tables import Table


class LedgerError(AccordError):
    """The lake cannot be used as asked."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file. `batch` is None when it holds several batches; `revision` is the highest that it holds."""

    path: Path
    size: int
    rows: int
    batch: str | None
    revision: int


def delta_table(folder: Path) -> DeltaTable | None:
    """The Delta table in a folder, or None when nothing was stored there. Raises LedgerError for a damaged one."""
    if not (folder / "_delta_log").is_dir():
        return None
    try:
        return DeltaTable(folder.absolute().as_uri())
    except TableNotFoundError:
        return None
    except (DeltaError, ValueError, OSError) as error:
        raise damaged(folder, str(error)) from error


def data_files(folder: Path, table: DeltaTable | None = None) -> list[DataFile]:
    """The files of the table's newest version. Raises LedgerError for one that is missing or was cut off."""
    table = table or delta_table(folder)
    if table is None:
        return []
    added = table.get_add_actions(flatten=True)
    actions = pa.RecordBatchReader.from_stream(added).read_all().to_pylist()  # pa.table would load pandas: 0.2 s
    return [_checked(_data_file(folder, action)) for action in actions]


def new_delta_table(folder: Path, table: Table) -> DeltaTable:
    """An empty Delta table; the one that is there if somebody else was quicker."""
    return DeltaTable.create(folder.absolute().as_uri(), schema=table.schema, mode="ignore", name=table.name)


def add_files(
    delta: DeltaTable, table: Table, files: Sequence[DataFile], properties: CommitProperties | None = None
) -> None:
    """Adds written files to the Delta table in one atomic commit."""
    actions = [AddAction(file.path.name, file.size, {}, 0, True, _stats(file)) for file in files]
    delta.create_write_transaction(actions, "append", table.schema, commit_properties=properties)
    delta.update_incremental()
    if delta.version() % COMMITS_A_CHECKPOINT == 0:
        delta.create_checkpoint()


def replace_files(
    delta: DeltaTable, folder: Path, old: Sequence[DataFile], new: Sequence[DataFile], *, operation: str
) -> bool:
    """Puts the new files in the place of the old in one commit; False when somebody else committed first.

    `deltalake` can append or overwrite whole tables, but not swap single files; so this one commit is written as the
    protocol says: a file of JSON lines that bears the next version's number and must not exist yet.
    """
    now = int(time.time() * 1000)
    actions: list[dict[str, object]] = [{"commitInfo": {"timestamp": now, "operation": operation}}]
    gone = ({"path": file.path.name, "deletionTimestamp": now, "dataChange": True} for file in old)
    actions += [{"remove": entry} for entry in gone]
    for file in new:
        entry = {"path": file.path.name, "partitionValues": {}, "size": file.size, "modificationTime": 0}
        actions.append({"add": {**entry, "dataChange": True, "stats": _stats(file)}})
    if not _committed(folder / "_delta_log", delta.version() + 1, actions):
        return False
    delta.update_incremental()
    if delta.version() % COMMITS_A_CHECKPOINT == 0:
        delta.create_checkpoint()
    return True


def _committed(log: Path, version: int, actions: Sequence[Mapping[str, object]]) -> bool:
    target, beside = log / f"{version:020}.json", log / f"_{secrets.token_hex(8)}.tmp"
    beside.write_text("".join(f"{json.dumps(action)}\n" for action in actions), encoding="utf-8")
    try:
        os.link(beside, target)  # fails if it exists, unlike a rename
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    return True


COMMITS_A_CHECKPOINT = 10
"""Opening a table reads every commit since the last checkpoint; a hundred of them take longer than a small import."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Stored rows as something that stands after FROM. `sql` is empty when there are none."""

    sql: str
    rows: int
    revision: int


@dataclass(frozen=True, slots=True)
class Held:
    """The files that hold the rows of some batches: `whole` are taken as they are, of those in `mixed` only the rows of
    `batches`."""

    whole: tuple[DataFile, ...]
    mixed: tuple[DataFile, ...]
    batches: frozenset[str]

    @property
    def revision(self) -> int:
        """The highest revision that any of them may hold; 0 for no file."""
        return max((file.revision for file in (*self.whole, *self.mixed)), default=0)


def held(files: Sequence[DataFile], batches: Collection[str]) -> Held:
    """Where the rows of these batches are. Only files that hold several batches need to be filtered."""
    mixed = tuple(file for file in files if file.batch is None) if batches else ()
    return Held(tuple(file for file in files if file.batch in batches), mixed, frozenset(batches))


def stored(files: Sequence[DataFile], batches: Collection[str]) -> Stored:
    """The rows of these batches. Files of one batch are taken whole; only files that hold several are filtered."""
    found = held(files, batches)
    parts = [f"SELECT * FROM {scan(found.whole)}"] if found.whole else []
    if found.mixed:
        allowed = ", ".join(text(batch) for batch in sorted(batches))
        parts.append(f"SELECT * FROM {scan(found.mixed)} WHERE batch IN ({allowed})")
    sql = f"({' UNION ALL '.join(parts)})" if parts else ""
    return Stored(sql, sum(file.rows for file in (*found.whole, *found.mixed)), found.revision)


def scan(files: Sequence[DataFile], *options: str) -> str:
    """A DuckDB table function over the files."""
    paths = ", ".join(text(_no_pattern(str(file.path))) for file in files)
    return f"read_parquet({', '.join([f'[{paths}]', *options])})"


def damaged(what: Path, why: str) -> LedgerError:
    """The error for a file or folder of the lake that cannot be read."""
    return LedgerError(
        f"{what} is damaged: {why.strip().splitlines()[0] if why.strip() else 'it cannot be read'}.",
        remedy="Restore it from a backup, or import the sources into a new lake.",
    )


def _data_file(folder: Path, action: dict[str, object]) -> DataFile:
    low, high = action.get("min.batch"), action.get("max.batch")
    batch = str(low) if low is not None and low == high else None
    revision = action.get("max.revision")
    return DataFile(
        path=folder / unquote(str(action["path"])),
        size=int(str(action["size_bytes"])),
        rows=int(str(action.get("num_records") or 0)),
        batch=batch,
        revision=2 if revision is None else int(str(revision)),  # unknown: assume that there are revisions
    )


def _checked(file: DataFile) -> DataFile:
    try:
        size = file.path.stat().st_size
    except OSError as error:
        raise damaged(file.path, "the file is missing") from error
    if size != file.size:
        raise damaged(file.path, f"it has {size} bytes instead of {file.size}")
    return file


def _stats(file: DataFile) -> str:
    """Of several batches none is named, so that the file is known to hold several."""
    of_one = {"batch": file.batch} if file.batch else {}
    low, high = {**of_one, "revision": 1}, {**of_one, "revision": file.revision}
    return json.dumps({"numRecords": file.rows, "minValues": low, "maxValues": high})


def _no_pattern(path: str) -> str:
    return path.translate({ord(sign): f"[{sign}]" for sign in "[*?"})
