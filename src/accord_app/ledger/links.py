"""Which ids mean the same person or account, read from the database by index for a few of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from accord.agreement.state import microseconds
from accord.facts.same import Links, spells
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import Alias

AT_ONCE = 5_000


def words_about(ids: Collection[str]) -> list[dict[str, Any]]:
    """Every revision of what was ever said about these ids, and about all that ever stood for one of them."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[str] = set()
    new = set(ids)
    while new:
        seen |= new
        told: dict[int, dict[str, Any]] = {}
        asked = sorted(new)
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            rows = Alias.facts().filter(Q(alias_id__among=some) | Q(person_id__among=some))
            told.update((row["id"], row) for row in rows.exclude(batch__in=unseen_batches()).values())
        found.update(told)
        new = {row[name] for row in told.values() for name in ("alias_id", "person_id")} - seen
    rows_ = list(found.values())
    supersede(rows_)
    return rows_


def links_of(ids: Collection[str]) -> Links:
    """Who stands for whom when, as far as it concerns these ids."""
    return links_from(words_about(ids))


def links_from(rows: Sequence[Mapping[str, Any]]) -> Links:
    """The same from rows of `words_about`."""
    ordered = sorted(rows, key=lambda r: (r["known_at"], r["revision"], r["source"], r["source_id"]))
    told = (
        {
            **{name: row[name] for name in ("alias_id", "person_id", "evidence")},
            "since": microseconds(row["known_at"]),
            "superseded": None if row["superseded_at"] is None else microseconds(row["superseded_at"]),
        }
        for row in ordered
    )
    return Links.of(spells(told))


def roots(ids: Collection[str], *, at: datetime) -> dict[str, str]:
    """Whom each of these ids means at a moment."""
    links, us = links_of(ids), microseconds(at)
    return {each: links.root(each, us) for each in ids}


def supersede(rows: list[dict[str, Any]]) -> None:
    """Mark each revision with when the next became known."""
    rows.sort(key=lambda row: (row["source"], row["source_id"], row["known_at"], row["revision"]))
    newer: dict[str, Any] | None = None
    for row in reversed(rows):
        same = newer is not None and (row["source"], row["source_id"]) == (newer["source"], newer["source_id"])
        row["superseded_at"] = newer["known_at"] if newer and same else None
        newer = row
