"""The kinds of value that a condition may compare."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Text, number, truth or time."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"
