"""Tabler's icons (MIT, see `icons.LICENSE.txt`), inlined so that they take the colour of the text around them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

FILE = Path(__file__).parent / "icons.json"
_OPENING = (
    '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true">'
)


@cache
def names() -> frozenset[str]:
    """Every icon that can be drawn."""
    return frozenset(_paths())


@cache
def drawn(name: str) -> SafeString:
    """An icon as SVG, hidden from screen readers: the word beside it says the same. Raises LookupError."""
    if name not in names():
        raise LookupError(f"There is no icon {name!r}; add it to {FILE.name}.")
    return mark_safe(f"{_OPENING}{_paths()[name]}</svg>")  # noqa: S308 - from our own file


@cache
def _paths() -> dict[str, str]:
    paths: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return paths
