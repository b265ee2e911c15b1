"""Pages of many: by key, newest first, so that what comes in meanwhile neither repeats nor hides a row."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accord_app.intake.programs import RefusedError
from accord_app.records.listing import Listing, slice_of

MOST, USUAL = 200, 50
_START = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 200
Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown")


def page(
    listing: Listing[Row], found: QuerySet[Row, Row], *, limit: int, cursor: str, show: Callable[[Row], Shown]
) -> dict[str, Any]:
    """One page of what was asked for as `items`, and the cursor of the next as `next`. Raises RefusedError for a cursor
    that no page gave."""
    rows, place = slice_of(listing, found, read(cursor, listing) if cursor else None, limit)
    return {"items": [show(row) for row in rows], "next": written(place, listing) if place else None}


def written(place: tuple[datetime, Any], listing: Listing[Any]) -> str:
    """A place as programs carry it: what it means is our matter."""
    said = json.dumps([listing.model._meta.model_name, (place[0] - _START) // timedelta(microseconds=1), str(place[1])])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read(cursor: str, listing: Listing[Any]) -> tuple[datetime, Any]:
    """The place that a cursor means. Raises RefusedError."""
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if len(cursor) <= _LONGEST else b""
        kind, micros, pk = json.loads(said)
        if kind != listing.model._meta.model_name or not isinstance(micros, int) or not _is_key(pk):
            raise ValueError
        return _START + timedelta(microseconds=micros), pk
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise RefusedError(
            422, "cursor: no page of this list gave it.", "Send what next said, or begin without a cursor.",
            field="cursor",
        ) from None  # fmt: skip


def _is_key(pk: object) -> bool:
    return isinstance(pk, str) and len(pk) <= 24 and pk.isascii() and pk.replace("-", "").replace("_", "").isalnum()
