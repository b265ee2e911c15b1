"""The fact behind a value of the lead view: for each column the one that said it, as it was known at a moment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from accord.agreement.standing import FEW, ask_about
from accord.facts.engine import Engine
from accord.facts.lead_view import COLUMNS, MAIL_SAYS_NO, Column, Origin, touches_behind
from accord.facts.same import family_sql, members_sql

_KNOWN = "f.known_at <= m.k AND coalesce(f.superseded_at, TIMESTAMP 'infinity') > m.k"
_TOLD = ("source", "source_id", "evidence", "occurred_at", "known_at", "recorded_at", "known_inferred", "precision")
_LAST = "f.known_at DESC, f.revision DESC, f.source DESC, f.source_id DESC"
_NEWEST = f"least(f.occurred_at, f.known_at) DESC, {_LAST}"
_OLDEST = "least(f.occurred_at, f.known_at), f.known_at, f.revision, f.source_id"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that a value rests on: its table, what it says, and its row's source, evidence and times (UTC, naive)."""

    table: str
    said: str
    row: Mapping[str, Any]


def facts_behind(engine: Engine, columns: Collection[str], person_id: str, at: datetime) -> Mapping[str, Fact]:
    """For each of these columns of the lead view the fact that its value at a moment rests on: of a profile the last
    word, of touches, deals, consent and handoffs the newest one that counts (or the first, where the column speaks of
    it). A column that no fact says anything about, or that is worked out by the card, is left out."""
    ask_about(engine, pa.table({"person_id": [person_id], "moment": pa.array([_naive(at)], pa.timestamp("us"))}))
    told = ((name, fact) for name in columns if (fact := _behind(engine, COLUMNS[name])) is not None)
    return dict(told)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _behind(engine: Engine, column: Column) -> Fact | None:
    for table, said, rest in _places(column):
        sql = f"{_MEMBERS} SELECT {said} AS said, {', '.join(f'f.{name}' for name in _TOLD)} FROM {rest} LIMIT 1"
        if rows := engine.rows(sql).to_pylist():
            return Fact(table, str(rows[0].pop("said")), rows[0])
    return None


_MEMBERS = f"""WITH RECURSIVE {members_sql(FEW)}, homes AS (
    SELECT 1 AS n, m.k, (SELECT f.account_id FROM members m JOIN profiles_revisions f ON f.subject_id = m.id
        AND f.subject = 'person' AND f.account_id IS NOT NULL AND f.known_at <= m.k ORDER BY {_LAST} LIMIT 1) AS id
    FROM members m LIMIT 1
), {family_sql("(SELECT * FROM homes WHERE id IS NOT NULL)")}"""
_HANDOFF = f"handoffs_revisions f JOIN members m ON f.person_id = m.id AND {_KNOWN}"
_EVENTS = {
    "days_since_recycle": "recycled", "recycle_reason": "recycled", "days_since_reject": "rejected",
    "reject_reason": "rejected", "days_since_handoff": "offered", "handoffs": "offered",
}  # fmt: skip


def _places(column: Column) -> Iterator[tuple[str, str, str]]:
    """Where the fact may stand, the place that counts first: its table, what it says, and from where and in which
    order its rows come."""
    match column.origin:
        case Origin.PERSON | Origin.ACCOUNT:
            for whose, name in dict.fromkeys(re.findall(r"\b([ap])_(\w+)", column.sql)):
                subject, ids = ("person", "members") if whose == "p" else ("account", "family")
                rows = f"profiles_revisions f JOIN {ids} m ON f.subject_id = m.id AND f.subject = '{subject}'"
                yield (
                    "profiles",
                    f"f.{name}",
                    f"{rows} AND f.known_at <= m.k WHERE f.{name} IS NOT NULL ORDER BY {_LAST}",
                )
        case Origin.TOUCH:
            which, is_first = touches_behind(column)
            rows = f"touches_revisions f JOIN members m ON f.person_id = m.id AND {_KNOWN} WHERE {which}"
            yield "touches", "f.kind", f"{rows} ORDER BY {_OLDEST if is_first else _NEWEST}"
        case Origin.DEAL:
            whose_ = "f.account_id IN (SELECT id FROM family) OR f.person_id IN (SELECT id FROM members)"
            rows = f"deals_revisions f JOIN (SELECT DISTINCT k FROM members) m ON {_KNOWN} WHERE {whose_}"
            yield "deals", "f.event", f"{rows} ORDER BY {_NEWEST}"
        case Origin.CONSENT:
            rows = f"consent_revisions f JOIN members m ON f.person_id = m.id AND {_KNOWN}"
            yield "consent", "f.status", f"{rows} ORDER BY {_NEWEST}"
            by_mail = f"touches_revisions f JOIN members m ON f.person_id = m.id AND {_KNOWN} WHERE {MAIL_SAYS_NO}"
            yield "touches", "f.kind", f"{by_mail} ORDER BY {_NEWEST}"
        case Origin.STANDING:
            only = f" WHERE f.event = '{_EVENTS[column.name]}'" if column.name in _EVENTS else ""
            yield "handoffs", "f.event", f"{_HANDOFF}{only} ORDER BY {_NEWEST}"
