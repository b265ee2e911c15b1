"""Keeps what the members room says about who is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from accord_app.records.actions import record

SOURCE = "members"


def keep(*, rows: Sequence[Mapping[str, object]], at: datetime) -> None:
    """Records availability in the transaction in which a member left, came back, or set an absence."""
    record("availability", rows, at=at, source=SOURCE)
