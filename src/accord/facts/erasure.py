"""Erasing people from the lake: their profiles are emptied, in every Parquet file that ever held them.

Facts hold keyed ids alone and stay, so no total changes. Of a profile stay the ids, the three times and the truths
that decisions read (competitor, duplicate, deleted); every other cell is emptied. Files that hold such a row are
written anew and the old ones deleted, so that no version of the table can be read back. Who was erased, and when, is
kept as keyed ids: an old export that comes again is emptied before it is stored.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from accord.facts.engine import Engine, EngineError, name, text
from accord.facts.lake_files import DataFile, LedgerError, data_files, delta_table, replace_files, scan
from accord.facts.tables import PROFILES

PERSONAL = tuple(c.name for c in PROFILES.own if not c.required and c.unit not in ("id", "yes or no"))
"""The columns of a profile that say something about somebody."""

REGISTER = "erased.json"
_TRIES = 5
_ABANDONED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were emptied, in how many files that were written anew."""

    rows: int
    files: int


def erased(folder: Path) -> Mapping[str, datetime]:
    """Who was erased from the lake in `folder`, as keyed ids, and when last."""
    try:
        held = json.loads((folder / REGISTER).read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
    return {key: datetime.fromisoformat(at) for key, at in held.items()}


def remember(folder: Path, ids: Collection[str], at: datetime) -> None:
    """Keep who was erased at `at`, so that what an old export says about them is not stored again."""
    held = {**erased(folder), **dict.fromkeys(ids, at)}
    beside = folder / f"{REGISTER}.{secrets.token_hex(4)}"
    beside.write_text(json.dumps({key: when.isoformat() for key, when in sorted(held.items())}) + "\n", "ascii")
    beside.replace(folder / REGISTER)


def empty_profiles(engine: Engine, folder: Path, ids: Collection[str]) -> Erased:
    """Empty what `folder`, the table of profiles, says about these people, and delete the files that said it.

    Raises LedgerError when other processes keep changing the table meanwhile; then nothing was changed by this one.
    """
    which = _about(ids)
    for _ in range(_TRIES):
        delta = delta_table(folder)
        if delta is None:
            return Erased(0, 0)
        files = data_files(folder, delta)
        held = _holding(engine, files, which)
        written = [_written_anew(engine, file, which) for file in files if file.path in held]
        if not written or replace_files(
            delta, folder, [f for f in files if f.path in held], written, operation="ERASE"
        ):
            for path in held:
                path.unlink(missing_ok=True)
            _drop_abandoned(engine, folder, which)
            return Erased(sum(held.values()), len(written))
        for file in written:
            file.path.unlink(missing_ok=True)
    raise LedgerError("The table of profiles changes all the time.", remedy="Erase again when imports are done.")


def profiles_held(engine: Engine, folder: Path, ids: Collection[str]) -> int:
    """How many rows of `folder`, the table of profiles, say something about these people."""
    return sum(_holding(engine, data_files(folder), _about(ids)).values())


def empty_arriving(engine: Engine, path: Path, gone: Mapping[str, datetime]) -> None:
    """Empty, in a file of profiles that is about to be stored, what was so before the erasure of its person."""
    found = engine.rows(
        f"SELECT DISTINCT subject_id AS id FROM {_scan(path)} WHERE subject = 'person' AND subject_id IN "
        f"({_listed(gone)})"
    ).to_pylist()
    if not found:
        return
    past = (f"(subject_id = {text(row['id'])} AND occurred_at <= {_moment(gone[row['id']])})" for row in found)
    beside = path.with_name(f"{path.stem}-{secrets.token_hex(4)}.parquet")
    _copy_emptied(engine, path, beside, f"subject = 'person' AND ({' OR '.join(past)})")
    beside.replace(path)


# Files


def _holding(engine: Engine, files: Sequence[DataFile], which: str) -> dict[Path, int]:
    """The files that say something about these people, and in how many rows."""
    if not files:
        return {}
    says = " OR ".join(f"{name(column)} IS NOT NULL" for column in PERSONAL)
    rows = engine.rows(
        f"SELECT filename, count(*) AS rows FROM {scan(files, 'filename = true')} WHERE {which} AND ({says}) GROUP BY 1"
    )
    return {Path(row["filename"]): row["rows"] for row in rows.to_pylist()}


def _written_anew(engine: Engine, file: DataFile, which: str) -> DataFile:
    path = file.path.with_name(f"{file.path.stem[:17]}-{secrets.token_hex(4)}.parquet")
    _copy_emptied(engine, file.path, path, which)
    first, last, revision = engine.one(f"SELECT min(batch), max(batch), max(revision) FROM {_scan(path)}")
    batch = str(first) if first == last else None
    return DataFile(path, path.stat().st_size, file.rows, batch, int(str(revision)))


def _copy_emptied(engine: Engine, source: Path, target: Path, which: str) -> None:
    emptied = ", ".join(f"CASE WHEN {which} THEN NULL ELSE {name(c)} END AS {name(c)}" for c in PERSONAL)
    engine.run(f"COPY (SELECT * REPLACE ({emptied}) FROM {_scan(source)}) TO {text(str(target))} (FORMAT parquet)")


def _drop_abandoned(engine: Engine, folder: Path, which: str) -> None:
    """Files that no version names, left by a process that was killed: gone if they hold these people or are old."""
    known = {file.path for file in data_files(folder)}
    for path in set(folder.glob("*.parquet")) - known:
        is_old = time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
        if is_old or _says(engine, path, which):
            path.unlink(missing_ok=True)


def _says(engine: Engine, path: Path, which: str) -> bool:
    try:
        return bool(_holding(engine, [DataFile(path, 0, 0, None, 1)], which))
    except EngineError:
        return False  # being written just now; its writer looks at who was erased when it is done


def _scan(path: Path) -> str:
    return scan([DataFile(path, 0, 0, None, 1)])


def _about(ids: Collection[str]) -> str:
    return f"subject = 'person' AND subject_id IN ({_listed(ids)})" if ids else "false"


def _listed(ids: Collection[str]) -> str:
    return ", ".join(text(each) for each in sorted(ids))


def _moment(at: datetime) -> str:
    return f"make_timestamptz({round(at.timestamp() * 1_000_000)}::BIGINT)"
