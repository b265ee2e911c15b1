"""What an address or a form says, read as what it can only be: whoever writes something else says nothing."""

from __future__ import annotations

from datetime import UTC, datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing that a company tells of happened before."""
DIGITS = 18  # as many as every database takes; Python itself refuses to read some thousands


def number(said: str) -> int | None:
    """A whole number of at least 0; None for all that is none, or that no row could have."""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= DIGITS else None
