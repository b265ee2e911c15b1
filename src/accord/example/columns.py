"""Arrow columns from arrays: ids that look like keyed hashes, names by code, and the columns that every fact has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from accord.facts.tables import TABLES, TIME

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DIGITS = 11
_STIR = 0x9E3779B97F5 | 1
_BACK: int = pow(_STIR, -1, 16**_DIGITS)


class Ids:
    """Ids of 12 signs that look like keyed hashes; the number that an id stands for can be had back from it.

    A number below 2**44 is multiplied by an odd constant and shifted by the seed, both modulo 16**11.
    """

    def __init__(self, letter: str, seed: int) -> None:
        self.letter = letter
        self._shift = (seed * 0x2545F4914F6CDD1D + ord(letter)) % 16**_DIGITS

    def column(self, numbers: Whole) -> pa.Array:
        """The ids of many numbers, as an Arrow text column."""
        codes = (numbers.astype(np.uint64) * np.uint64(_STIR) + np.uint64(self._shift)) & np.uint64(16**_DIGITS - 1)
        signs = np.empty((len(codes), _DIGITS + 1), dtype=np.uint8)
        signs[:, 0] = ord(self.letter)
        for place in range(_DIGITS):
            signs[:, _DIGITS - place] = _HEX[((codes >> np.uint64(4 * place)) & np.uint64(15)).astype(np.intp)]
        ends = np.arange(len(codes) + 1, dtype=np.int32) * (_DIGITS + 1)
        return pa.StringArray.from_buffers(len(codes), pa.py_buffer(ends), pa.py_buffer(signs))

    def one(self, number: int) -> str:
        """The id of one number."""
        return f"{self.letter}{(number * _STIR + self._shift) % 16**_DIGITS:0{_DIGITS}x}"

    def number(self, code: str) -> int:
        """The number that an id stands for."""
        number: int = (int(code[1:], 16) - self._shift) * _BACK % 16**_DIGITS
        return number


def named(codes: npt.NDArray[Any], names: Sequence[str | None]) -> pa.Array:
    """A text column from codes: code 0 is the first name; a negative code is an empty cell."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0) if len(codes) else pa.array([], pa.int32())
    return pa.array(names, pa.string()).take(indices)


def times(us: Whole) -> pa.Array:
    """Microseconds since 1970 as an Arrow column of moments in UTC."""
    return pa.array(us, pa.int64()).cast(TIME)


def facts(
    table: str,
    own: Mapping[str, Any],
    *,
    source: str,
    source_id: pa.Array,
    occurred: Whole,
    known: Whole,
    revision: npt.NDArray[Any] | None = None,
    evidence: str = "evidenced",
    inferred: bool = False,
) -> pa.Table:
    """Facts of one table in its full shape. Own columns that are not given stay empty.

    `batch` is blank and `recorded_at` is `known_at`: the ledger sets both when it records.
    """
    rows = len(occurred)
    common = {
        "source": _same(source, rows),
        "source_id": source_id,
        "revision": pa.array(np.ones(rows, np.int64) if revision is None else revision.astype(np.int64)),
        "occurred_at": times(occurred),
        "known_at": times(known),
        "recorded_at": times(known),
        "known_inferred": pa.repeat(pa.scalar(inferred), rows),
        "precision": _same("second", rows),
        "evidence": _same(evidence, rows),
        "batch": _same("", rows),
    }
    given = {**own, **common}
    schema = TABLES[table].schema
    columns = [_column(given.get(field.name), field.type, rows) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(given: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if given is None:
        return pa.nulls(rows, kind)
    column = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given)
    return column if column.type == kind else column.cast(kind)


def _same(word: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(word), rows)
