"""The queue as a CSV file: every column, raw numbers, times in ISO 8601."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from accord.agreement.qualify import unmarked
from accord_app.handoffs import queue, reads
from accord_app.handoffs.models import Handoff
from accord_app.handoffs.queue import Chosen
from accord_app.members.models import User
from accord_app.records.models import Person

ABOUT_PERSON = ("name", "email", "title", "company", "country", "origin", "campaign")
ABOUT_HANDOFF = (
    "status", "reason", "contradicted", "owner", "team", "band", "score", "persona", "version", "complete",
    "in_capacity", "offered_at", "owned_since", "answered_at", "contacted_at", "closed_at", "answer_due",
    "first_touch_due", "attempts_due", "outcome_due", "next_due", "missed_answer", "reply_due", "replied_at",
    "look_due", "looked_at", "verdict", "rule", "because",
)  # fmt: skip
COLUMNS = ("handoff_id", "person_id", "account_id", *ABOUT_PERSON, *ABOUT_HANDOFF)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(user: User, chosen: Chosen, *, at: datetime) -> Iterator[str]:
    """The file line by line, beginning with the mark by which spreadsheets know UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for some in queue.every(user, chosen, at=at):
        yield from _written(writer, some)


def _written(writer: Any, some: Sequence[Handoff]) -> Iterator[str]:
    people = reads.people_of(some)
    for handoff in some:
        yield writer.writerow([_cell(value) for value in _values(handoff, people.get(handoff.person_id))])


def _values(handoff: Handoff, person: Person | None) -> Iterable[object]:
    yield from (handoff.handoff_id, handoff.person_id, handoff.account_id)
    for name in ABOUT_PERSON:
        yield reads.company_of(person) if name == "company" else getattr(person, name, "")
    yield from (unmarked(handoff.because) if name == "because" else getattr(handoff, name) for name in ABOUT_HANDOFF)


def _cell(value: object) -> object:
    """What a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


class _Echo:
    """Hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line
