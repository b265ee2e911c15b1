"""The ledger: facts are appended in batches, never changed, and read as they were known at any time.

A lake is a folder: `lake.json`, a key, and one Delta table per kind of fact. Delta gives the atomic commit and the list
of Parquet files; DuckDB writes and reads those files itself, which is several times faster than handing rows through
Python. Every Parquet file that we write belongs to one batch and its Delta entry says to which, so that a reader takes
whole files or leaves them: taking back an import costs a row in `batches`, and reading costs no filter.

Which revision holds: among the rows known and recorded by then, the one with the latest `known_at`, and with equal
`known_at` the highest `revision`. So the stretches from `known_at` to the next revision's never overlap, even when
exports arrive in the wrong order. A correction whose `known_at` is inferred cannot have been known before what it
corrects; its `known_at` is raised to that.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from pyarrow.json import ParseOptions, ReadOptions, read_json
from rapidfuzz import process

from accord.facts import erasure
from accord.facts.compaction import NOTHING, Compacted, compact
from accord.facts.engine import Engine, name
from accord.facts.erasure import Erased
from accord.facts.identity import new_key
from accord.facts.lake_files import (
    DataFile,
    Held,
    LedgerError,
    Stored,
    add_files,
    damaged,
    data_files,
    delta_table,
    held,
    new_delta_table,
    stored,
)
from accord.facts.recording import Counts, Recording, micros, record
from accord.facts.tables import BATCHES, PROFILES, TABLES, TIME, Table

__all__ = ["Batch", "BatchState", "Counts", "Erased", "Ledger", "LedgerError"]

FORMAT = 2
OPENED, IN_FORCE, RETRACTED = "opened", "in_force", "retracted"


@dataclass(frozen=True, slots=True)
class Batch:
    """One import or process that records facts into one table."""

    id: str
    table: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as its events tell it: state is opened, in_force or retracted, `changed_at` its last event."""

    id: str
    table: str
    state: str
    at: datetime
    changed_at: datetime
    file: str
    file_hash: str
    mapping: str
    rows: int
    refused: int
    counts: Counts


class Ledger:
    """All facts of one company, in one folder. Open one with `create` or `open`."""

    def __init__(self, folder: Path, key: bytes, about: Mapping[str, object]) -> None:
        self.folder = folder
        self.key = key
        self._about = dict(about)
        self._seen: dict[str, frozenset[str]] = {}
        self._read_events: dict[Path, list[dict[str, Any]]] = {}

    @classmethod
    def create(cls, folder: Path, *, key: bytes | None = None) -> Ledger:
        """Makes an empty lake. Raises LedgerError when the folder already holds anything."""
        if "%" in str(folder.absolute()):
            raise LedgerError(
                f"A lake cannot live in {folder}: the name holds a percent sign.", remedy="Name another folder."
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            held = "a lake" if (folder / "lake.json").is_file() else "other files"
            raise LedgerError(
                f"{folder} already holds {held}.", remedy="Name an empty or new folder, or open the lake that is there."
            )
        if folder.is_dir():  # it may be a place that cannot be moved to, such as a volume
            return cls._furnish(folder, key or new_key())
        beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        try:
            ledger = cls._furnish(beside, key or new_key())
            beside.rename(folder)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            if not (folder / "lake.json").is_file():
                raise
            raise LedgerError(f"{folder} already holds a lake.", remedy="Open the lake that is there.") from error
        return cls(folder, ledger.key, ledger.about)

    @classmethod
    def _furnish(cls, folder: Path, key: bytes) -> Ledger:
        """All that belongs in a lake. Made beside its place, so that two at once do not mix their keys."""
        folder.mkdir(parents=True, exist_ok=True)
        ledger = cls(folder, key, {"format": FORMAT})
        _write_secret(folder / "key", ledger.key.hex())
        new_delta_table(folder / BATCHES.name, BATCHES)
        ledger.describe()
        return ledger

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Opens a lake. Raises LedgerError when there is none, or it is damaged, or its key is missing."""
        about = _read_about(folder / "lake.json")
        if about.get("format") != FORMAT:
            raise LedgerError(
                f"{folder} has lake format {about.get('format')!r}; this version reads format {FORMAT}.",
                remedy="Use the version of accord that wrote it.",
            )
        return cls(folder, _read_key(folder / "key"), about)

    @property
    def about(self) -> Mapping[str, object]:
        """What `lake.json` says: the format, and labels such as `simulated` and `time_zone`."""
        return dict(self._about)

    def describe(self, **more: object) -> None:
        """Adds labels to `lake.json`. Values must be JSON."""
        self._about.update(more)
        _replace(self.folder / "lake.json", json.dumps(self._about, indent=2, sort_keys=True) + "\n")

    # Recording

    def begin(self, table: str, *, at: datetime, file: str = "", file_hash: str = "", mapping: str = "") -> Batch:
        """Opens a batch for one table. Nothing of it is seen by readers before `commit`.

        Its time is `at`, but never before the last undo in this table: a clock that was set back must not make two
        batches stand in force side by side of which one replaced the other.
        """
        _declared(table)
        states = self._states()
        gone = [state.changed_at for state in states.values() if state.table == table and state.state == RETRACTED]
        at = max([_aware(at, "at"), *gone])
        batch = Batch(_new_id(at, states), table, at)
        self._log(batch, OPENED, at, file=file, file_hash=file_hash, mapping=mapping)
        return batch

    def append(
        self, batch: Batch, rows: pa.Table | pa.RecordBatchReader | str, *, engine: Engine | None = None
    ) -> Counts:
        """Records rows under an open batch; may be called several times.

        `rows` is Arrow data, or a query that runs on `engine`. It holds the table's own columns (those that are not
        required may be missing) and source, source_id, occurred_at, known_at, known_inferred, precision, evidence;
        times without a zone are UTC. The same identity with content that is recorded already counts as known;
        with new content it becomes the next revision. Content is everything but `known_at` where that is inferred.
        Raises LedgerError for columns or values that the table does not allow; then nothing was recorded.
        """
        table = _declared(batch.table)
        in_force = self._before(batch)
        folder = self.folder / table.name
        folder.mkdir(exist_ok=True)
        gone = erasure.erased(self.folder) if table is PROFILES else {}
        what = Recording(table, batch.id, batch.at, folder / f"{batch.id}-{secrets.token_hex(4)}", gone)
        existing = stored(data_files(folder), in_force | {batch.id})
        engine = engine or Engine()
        if isinstance(rows, str):
            counts, files = record(engine, what, rows, existing)
        else:
            engine.register("accord_incoming", rows)
            counts, files = record(engine, what, "SELECT * FROM accord_incoming", existing)
            engine.unregister("accord_incoming")
        if files:
            add_files(delta_table(folder) or new_delta_table(folder, table), table, files)
        if table is PROFILES and (late := erasure.erased(self.folder).keys() - gone.keys()):
            erasure.empty_profiles(engine, folder, late)  # erased while these rows were being written
        return counts

    def commit(self, batch: Batch, *, rows: int, refused: int, counts: Counts) -> None:
        """Puts a batch in force: from now on readers see it. `rows` came in, `refused` of them were not recorded.

        Raises LedgerError when rows do not add up, when the batch is not open, or when another batch of the same table
        came in force or was taken back since the first append; nothing of this one is seen then: repeat it.
        """
        if rows != counts.rows + refused:
            raise LedgerError(
                f"{rows} rows came in, but {counts.stored} stored + {counts.known} known + {counts.revised} revised + "
                f"{refused} refused make {counts.rows + refused}.",
                remedy="This is a mistake in accord; nothing of this batch is seen.",
            )
        log = self._batch_log()
        states = _states(self._events(log))
        _expect_open(batch, states)
        if self._seen.get(batch.id, _in_force(states, batch.table)) != _in_force(states, batch.table):
            raise _overtaken(batch)
        numbers = {
            "rows": rows,
            "stored": counts.stored,
            "known": counts.known,
            "revised": counts.revised,
            "refused": refused,
        }
        try:
            self._log(batch, IN_FORCE, batch.at, log=log, **numbers)
        except CommitFailedError as error:
            raise _overtaken(batch) from error

    def write(
        self,
        table: str,
        rows: pa.Table | pa.RecordBatchReader | str,
        *,
        at: datetime,
        engine: Engine | None = None,
        file: str = "",
    ) -> Counts:
        """Begin, append and commit in one: for rows that are known to be good."""
        batch = self.begin(table, at=at, file=file)
        counts = self.append(batch, rows, engine=engine)
        self.commit(batch, rows=counts.rows, refused=0, counts=counts)
        return counts

    def undo(self, batch_id: str, *, at: datetime) -> BatchState:
        """Takes a batch back: readers no longer see its rows, and its file can be imported again. Gives its new state.

        It counts from `at` on, or from when the batch was recorded where that is later. Raises LedgerError when there
        is no such batch or it was taken back already.
        """
        return self.undo_all([batch_id], at=at)[0]

    def undo_all(self, batch_ids: Iterable[str], *, at: datetime) -> tuple[BatchState, ...]:
        """`undo` for several batches. Raises LedgerError when it cannot be done for one; then it is done for none."""
        at, states = _aware(at, "at"), self._states()
        wanted = [_undoable(batch_id, states) for batch_id in dict.fromkeys(batch_ids)]
        for state in wanted:
            self._log(Batch(state.id, state.table, state.at), RETRACTED, max(at, state.changed_at))
        states = self._states()
        return tuple(states[state.id] for state in wanted)

    # Erasing

    def erase(self, person_ids: Collection[str], *, at: datetime, engine: Engine | None = None) -> Erased:
        """Empties every profile of these people, in all batches and in the history of the lake; their facts stay.

        May be repeated: what is empty stays so, and gives no rows. Profiles that come in later are emptied as far as
        they tell what was so before `at`. Raises LedgerError when imports keep changing the profiles meanwhile.
        """
        erasure.remember(self.folder, person_ids, _aware(at, "at"))
        return erasure.empty_profiles(engine or Engine(), self.folder / PROFILES.name, person_ids)

    # Upkeep

    def compact(self, *, engine: Engine | None = None) -> Compacted:
        """Puts the many small files of every table together, and those of the list of batches. What readers see stays
        the same; whoever records meanwhile is not disturbed. For a lake that facts come to all the time."""
        engine = engine or Engine()
        folders = (self.folder / table.name for table in (*TABLES.values(), BATCHES))
        return sum((compact(engine, folder) for folder in folders), NOTHING)

    # Reading

    def states(self, *, recorded_at: datetime | None = None) -> Mapping[str, BatchState]:
        """Every batch by id, oldest first, as it stood at `recorded_at`."""
        return self._states(recorded_at)

    def batches(self) -> pa.Table:
        """One row per batch, oldest first: id, table, state, times, file and counts."""
        rows = [_as_row(state) for state in self._states().values()]
        return pa.Table.from_pylist(rows, schema=_BATCH_ROWS)

    def files(self, table: str) -> list[Path]:
        """The Parquet files that hold a table, of all batches."""
        return [file.path for file in data_files(self.folder / _declared(table).name)]

    def held(self, *, recorded_at: datetime | None = None) -> Mapping[str, Held]:
        """For every table the Parquet files whose rows were in force at `recorded_at`, for engines that read them
        themselves."""
        states = self._states(recorded_at)
        return {table: held(data_files(self.folder / table), _in_force(states, table)) for table in TABLES}

    def in_force(self, table: str) -> frozenset[str]:
        """The batches of a table that are in force now."""
        return _in_force(self._states(), _declared(table).name)

    def added_sql(self, table: str, batches: Collection[str]) -> str:
        """A query for the rows of these batches as they are stored, every revision of them, with times as `connect`
        gives them; empty when there are none. What the rows correct is for the reader to see by `revision`."""
        declared = _declared(table)
        rows = stored(data_files(self.folder / declared.name), batches)
        columns = ", ".join(_read(column.name, column.type == TIME) for column in declared.columns)
        return f"SELECT {columns} FROM {rows.sql}" if rows.sql else ""

    def connect(
        self,
        *,
        recorded_at: datetime | None = None,
        known_at: datetime | None = None,
        memory: str | None = None,
        tables: Collection[str] | None = None,
    ) -> Engine:
        """An engine with a view per table, as recorded and known at the given times (both inclusive; now if left out).

        `NAME` holds the revision of every fact that holds; `NAME_revisions` holds all revisions with one more column,
        `superseded_at`: the `known_at` of the next revision, empty for the last. Times are TIMESTAMP in UTC, without
        a zone. Tables without rows are empty and typed. `tables` limits the views that are made.
        """
        engine = Engine(memory=memory)
        states = self._states(recorded_at)
        known = None if known_at is None else _aware(known_at, "known_at")
        for wanted in TABLES if tables is None else tables:
            table = _declared(wanted)
            rows = stored(data_files(self.folder / table.name), _in_force(states, table.name))
            make_views(engine, table, rows, known)
        return engine

    def as_known(
        self, table: str, *, recorded_at: datetime | None = None, known_at: datetime | None = None
    ) -> pa.Table:
        """A table as recorded and known at the given times, in the columns and types of its declaration."""
        declared = _declared(table)
        engine = self.connect(recorded_at=recorded_at, known_at=known_at, tables=[table])
        columns = ", ".join(name(column.name) for column in declared.columns)
        rows = engine.rows(f"SELECT {columns} FROM {name(table)} ORDER BY occurred_at, source, source_id, revision")
        return rows.cast(declared.schema)

    # Batches

    def _before(self, batch: Batch) -> frozenset[str]:
        """The batches in force that this one is compared with; they must be the same again when it is committed."""
        states = self._states()
        _expect_open(batch, states)
        now = _in_force(states, batch.table)
        if self._seen.setdefault(batch.id, now) != now:
            raise _overtaken(batch)
        return now

    def _states(self, recorded_at: datetime | None = None) -> dict[str, BatchState]:
        until = None if recorded_at is None else _aware(recorded_at, "recorded_at")
        return _states(self._events(self._batch_log()), until)

    def _batch_log(self) -> DeltaTable:
        folder = self.folder / BATCHES.name
        log = delta_table(folder)
        if log is None:
            raise damaged(folder, "the list of batches is missing")
        return log

    def _events(self, log: DeltaTable) -> list[dict[str, Any]]:
        """Every event of every batch. Files never change once they are written, so each is read once."""
        files = data_files(self.folder / BATCHES.name, log)
        for file in files:
            if file.path not in self._read_events:
                with pq.ParquetFile(file.path) as events:
                    self._read_events[file.path] = _as_events(events.read())
        return [event for file in files for event in self._read_events[file.path]]

    def _log(self, batch: Batch, event: str, at: datetime, *, log: DeltaTable | None = None, **more: object) -> None:
        """Adds an event. Two events that change what is in force in one table never pass each other: Delta refuses
        the second of two commits that name the same transaction and were prepared on the same version."""
        row = {"batch": batch.id, "event": event, "at": at, "table": batch.table, **more}
        log = log or self._batch_log()
        properties = None
        if event != OPENED:
            properties = CommitProperties(app_transactions=[Transaction(f"in force: {batch.table}", log.version() + 1)])
        path = self.folder / BATCHES.name / f"{batch.id}-{event}-{secrets.token_hex(4)}.parquet"
        pq.write_table(_one_row(row, BATCHES.schema), path)
        add_files(log, BATCHES, [DataFile(path, path.stat().st_size, 1, batch.id, 1)], properties)


# Views


def make_views(engine: Engine, table: Table, rows: Stored, known_at: datetime | None) -> None:
    """Makes the views NAME and NAME_revisions over stored rows.

    Where no fact has a second revision both are plain scans. Otherwise the few superseded rows are worked out once
    and left out by an anti-join, which lets conditions reach the files; a window function over all rows would not.
    """
    facts, all_revisions = name(table.name), name(f"{table.name}_revisions")
    base = name(f"{table.name}_base")
    columns = ", ".join(_read(column.name, column.type == TIME) for column in table.columns)
    if not rows.sql:
        empty = ", ".join(f"NULL::{_SQL_TYPES[column.type]} AS {name(column.name)}" for column in table.columns)
        engine.run(f"CREATE VIEW {base} AS SELECT {empty} LIMIT 0")
    else:
        until = "" if known_at is None else f" WHERE known_at <= make_timestamptz({micros(known_at)}::BIGINT)"
        engine.run(f"CREATE VIEW {base} AS SELECT {columns} FROM {rows.sql}{until}")
    if rows.revision <= 1:
        engine.run(f"CREATE VIEW {facts} AS SELECT * FROM {base}")
        engine.run(f"CREATE VIEW {all_revisions} AS SELECT *, NULL::TIMESTAMP AS superseded_at FROM {base}")
        return
    superseded = name(f"{table.name}_superseded")
    engine.run(f"""
        CREATE TEMP TABLE {superseded} AS
        WITH revised AS (SELECT DISTINCT source, source_id FROM {base} WHERE revision > 1)
        SELECT source, source_id, revision, lead(known_at) OVER (
                   PARTITION BY source, source_id ORDER BY known_at, revision) AS superseded_at
        FROM (SELECT source, source_id, revision, known_at FROM {base} SEMI JOIN revised USING (source, source_id))
        QUALIFY superseded_at IS NOT NULL
    """)
    same = "USING (source, source_id, revision)"
    engine.run(f"CREATE VIEW {facts} AS SELECT * FROM {base} ANTI JOIN {superseded} {same}")
    engine.run(f"CREATE VIEW {all_revisions} AS SELECT * FROM {base} LEFT JOIN {superseded} {same}")


def _read(column: str, is_time: bool) -> str:
    """Times without a zone, through microseconds: measured ten times cheaper than a cast."""
    field = name(column)
    return f"make_timestamp(epoch_us({field})) AS {field}" if is_time else field


_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    TIME: "TIMESTAMP",
}

# Batches and their events

_BATCH_ROWS = pa.schema(
    [
        ("batch", pa.string()),
        ("table", pa.string()),
        ("state", pa.string()),
        ("at", TIME),
        ("changed_at", TIME),
        ("file", pa.string()),
        ("file_hash", pa.string()),
        ("mapping", pa.string()),
        ("rows", pa.int64()),
        ("stored", pa.int64()),
        ("known", pa.int64()),
        ("revised", pa.int64()),
        ("refused", pa.int64()),
    ]
)


def _states(events: Iterable[Mapping[str, Any]], until: datetime | None = None) -> dict[str, BatchState]:
    by_batch: dict[str, dict[str, Mapping[str, Any]]] = {}
    for event in sorted(events, key=lambda event: event["at"]):
        if until is None or event["at"] <= until:
            by_batch.setdefault(event["batch"], {})[event["event"]] = event
    return {batch: _state(batch, seen) for batch, seen in by_batch.items()}


def _state(batch: str, seen: Mapping[str, Mapping[str, Any]]) -> BatchState:
    state = next(event for event in (RETRACTED, IN_FORCE, OPENED) if event in seen)
    opened, done = seen.get(OPENED, {}), seen.get(IN_FORCE, {})
    return BatchState(
        id=batch,
        table=seen[state]["table"],
        state=state,
        at=opened.get("at", seen[state]["at"]),
        changed_at=seen[state]["at"],
        file=opened.get("file") or "",
        file_hash=opened.get("file_hash") or "",
        mapping=opened.get("mapping") or "",
        rows=done.get("rows") or 0,
        refused=done.get("refused") or 0,
        counts=Counts(done.get("stored") or 0, done.get("known") or 0, done.get("revised") or 0),
    )


def _as_row(state: BatchState) -> dict[str, object]:
    counts = state.counts
    return {
        "batch": state.id,
        "table": state.table,
        "state": state.state,
        "at": state.at,
        "changed_at": state.changed_at,
        "file": state.file,
        "file_hash": state.file_hash,
        "mapping": state.mapping,
        "rows": state.rows,
        "stored": counts.stored,
        "known": counts.known,
        "revised": counts.revised,
        "refused": state.refused,
    }


def _as_events(table: pa.Table) -> list[dict[str, Any]]:
    """Rows with their times made here: Arrow loads pandas, which takes 0.2 s, to make the first one."""
    counted = (number for chunk in table.column("at").chunks for number in chunk.view(pa.int64()).to_pylist())
    times = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number) for number in counted)
    return [{**event, "at": at} for event, at in zip(table.drop_columns("at").to_pylist(), times, strict=True)]


def _one_row(row: Mapping[str, object], schema: pa.Schema) -> pa.Table:
    """By way of JSON, for the same reason: Arrow loads pandas for anything made from objects. A cast loads as much."""
    written = json.dumps(row, default=datetime.isoformat).encode()
    table = read_json(
        pa.BufferReader(written),
        read_options=ReadOptions(block_size=len(written) + 1, use_threads=False),
        parse_options=ParseOptions(explicit_schema=schema, newlines_in_values=True, unexpected_field_behavior="error"),
    )
    return pa.Table.from_arrays([table.column(field.name) for field in schema], schema=schema)


def _in_force(states: Mapping[str, BatchState], table: str) -> frozenset[str]:
    return frozenset(state.id for state in states.values() if state.table == table and state.state == IN_FORCE)


def _expect_open(batch: Batch, states: Mapping[str, BatchState]) -> None:
    if batch.id not in states:
        raise _no_such_batch(batch.id, states)
    if states[batch.id].state != OPENED:
        raise LedgerError(f"Batch {batch.id} is {states[batch.id].state}, not open.", remedy="Begin a new batch.")


def _no_such_batch(batch_id: str, states: Mapping[str, BatchState]) -> LedgerError:
    nearest = process.extractOne(batch_id, list(states))
    remedy = f"The nearest is {nearest[0]}." if nearest else "The lake holds no batch yet."
    return LedgerError(f"There is no batch {batch_id}.", remedy=remedy)


def _undoable(batch_id: str, states: Mapping[str, BatchState]) -> BatchState:
    if batch_id not in states:
        raise _no_such_batch(batch_id, states)
    state = states[batch_id]
    if state.state == RETRACTED:
        raise LedgerError(
            f"Batch {batch_id} was taken back already, on {state.changed_at.isoformat()}.",
            remedy="Import its file again if you want it back.",
        )
    return state


def _overtaken(batch: Batch) -> LedgerError:
    return LedgerError(
        f"Another batch of {batch.table} came in force or was taken back while {batch.id} was open.",
        remedy="Nothing of this one is seen; repeat it.",
    )


def _new_id(at: datetime, taken: Collection[str]) -> str:
    ids = (f"b-{at:%Y%m%d}-{secrets.token_hex(3)}" for _ in count())
    return next(candidate for candidate in ids if candidate not in taken)


def _declared(table: str) -> Table:
    if table not in TABLES:
        raise LedgerError(f"There is no table '{table}'.", remedy=f"The tables are {', '.join(TABLES)}.")
    return TABLES[table]


def _aware(at: datetime, argument: str) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{argument} needs a time zone")
    return at.astimezone(UTC)


# The folder


def _read_about(path: Path) -> dict[str, object]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LedgerError(
            f"{path.parent} is no lake: it holds no lake.json.",
            remedy="Name the folder that `accord import --lake` or `accord example --lake` made.",
        ) from None
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(about, dict):
        raise damaged(path, "it is no JSON object")
    return about


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise LedgerError(
            f"The key of the lake is missing: {path}.",
            remedy="Restore it from a backup; without it new imports could not be matched with stored facts.",
        ) from None
    except (OSError, ValueError) as error:
        raise damaged(path, "it is no key") from error
    if len(key) < 16:
        raise damaged(path, "the key is too short")
    return key


def _write_secret(path: Path, secret: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")


def _replace(path: Path, content: str) -> None:
    """Writes beside and renames, so that a crash leaves the old content or the new."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)
