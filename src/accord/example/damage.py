"""What goes wrong with the CRM's facts in a world of untrusted data: late, doubled, missing, future, guessed."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from accord.example.columns import Whole, times
from accord.example.people import Registry
from accord.example.world import DAY, World

WAYS = ("late", "doubled", "missing", "future", "guessed")
_LOSES = {"touches": "by", "deals": "owner"}


class Damage:
    """Damages a share of the facts that the CRM tells, each in one way; `done` counts them by way."""

    def __init__(self, seed: int, world: World, ids: Registry) -> None:
        self.done = dict.fromkeys(WAYS, 0)
        self._share, self._ids = world.defects, ids
        self._chance = Random(f"{seed} damage")  # noqa: S311
        self._doubles = 0

    def applied(self, table: str, rows: pa.Table) -> pa.Table:
        """The same facts, some of them damaged; never known earlier than they were."""
        if not self._share:
            return rows
        way = np.array([self._drawn() for _ in range(rows.num_rows)])
        for number, name in enumerate(WAYS):
            self.done[name] += int((way == number).sum())
        rows = self._moved(rows, way)
        rows = _set(rows, _LOSES[table], pa.compute.if_else(pa.array(way == 2), None, rows[_LOSES[table]]))
        rows = _set(rows, "known_inferred", pa.array(way == 4))
        return pa.concat_tables([rows, self._doubled(rows.filter(pa.array(way == 1)))])

    def _drawn(self) -> int:
        return self._chance.randrange(len(WAYS)) if self._chance.random() < self._share else -1

    def _moved(self, rows: pa.Table, way: Whole) -> pa.Table:
        days = np.array([self._chance.randrange(3, 40) for _ in way], np.int64) * DAY
        occurred = rows["occurred_at"].cast(pa.int64()).to_numpy()
        known = rows["known_at"].cast(pa.int64()).to_numpy()
        rows = _set(rows, "occurred_at", times(np.where(way == 3, occurred + days, occurred)))
        return _set(rows, "known_at", times(np.where(way == 0, known + days, known)))

    def _doubled(self, rows: pa.Table) -> pa.Table:
        """The same events once more, under other ids."""
        first, self._doubles = self._doubles, self._doubles + rows.num_rows
        numbers = (np.arange(first, first + rows.num_rows, dtype=np.int64) << 16) + 60_009
        return _set(rows, "source_id", self._ids.facts.column(numbers))


def _set(rows: pa.Table, name: str, column: Any) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
