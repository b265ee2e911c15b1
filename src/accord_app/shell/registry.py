"""What rooms above put on pages without the shell knowing them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """An ordered collection in which every key stands once. Filled while Django starts, read afterwards."""

    def __init__(self, *, key: Callable[[T], Hashable], order: Callable[[T], Any]) -> None:
        self._key = key
        self._order = order
        self._rows: dict[Hashable, T] = {}

    def add(self, row: T) -> None:
        """Keep `row`. Raises ValueError when its key is taken."""
        key = self._key(row)
        if key in self._rows:
            raise ValueError(f"{key!r} is registered twice.")
        self._rows[key] = row

    def all(self) -> tuple[T, ...]:
        """Every row by order; rows of one order as they came."""
        return tuple(sorted(self._rows.values(), key=self._order))
