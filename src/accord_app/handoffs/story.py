"""What happened to a handoff: its events in words, and where the time went, system time apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from accord.agreement.clock import Clock
from accord.agreement.replies import GOOD_AFTER_ALL, VERDICTS
from accord_app.handoffs.countdown import clock_of, moment, span
from accord_app.handoffs.models import Handoff
from accord_app.ledger.models import HandoffEvent
from accord_app.records.clauses import Clause, clause

if TYPE_CHECKING:
    from accord_app.handoffs.reads import Desk

_FIELDS = ("source", "source_id", "event", "owner", "team", "by", "reason", "rule", "occurred_at", "evidence")
_MOVES = frozenset({"offered", "rerouted"})
_WORDS = {
    "mql": "Declared qualified by its source",
    "accepted": "Accepted",
    "contacted": "First contact",
    "qualified": "Qualified as an SQL",
    "rejected": "Rejected",
    "recycled": "Recycled",
    "returned": "Came back from nurture",
    "replied": "Reply to the rejection",
    "looked_again": "Looked at again",
}

Fact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: what, when, by which clause when nobody did it."""

    text: str
    when: str
    at: datetime
    clause: Clause | None
    is_claimed: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Business time with one owner, or with none, which is system time and nobody's miss."""

    who: str
    time: str
    is_system: bool


@dataclass(frozen=True, slots=True)
class Story:
    """Events, oldest first, and the stretches of time between owners."""

    events: tuple[Event, ...]
    stretches: tuple[Stretch, ...]


def facts(desk: Desk, handoff: Handoff) -> list[Fact]:
    """The recorded events of a handoff, oldest first, in their newest revision."""
    rows = HandoffEvent.facts().filter(handoff_id=handoff.pk).exclude(batch__in=desk.unseen)
    newest = {(row["source"], row["source_id"]): row for row in rows.order_by("revision", "id").values(*_FIELDS)}
    return sorted(newest.values(), key=lambda row: row["occurred_at"])


def story(desk: Desk, handoff: Handoff, happened: Sequence[Fact]) -> Story:
    """The events in words, and where the time went."""
    return Story(tuple(_event(desk, handoff, row) for row in happened), tuple(_stretches(desk, handoff, happened)))


def _event(desk: Desk, handoff: Handoff, row: Fact) -> Event:
    version = desk.versions.get(handoff.version)
    by_clause = clause(version, row["rule"], desk.agreed_names) if version and row["rule"] and not row["by"] else None
    when = moment(row["occurred_at"], desk.at, desk.zone)
    return Event(_words(desk, handoff, row), when, row["occurred_at"], by_clause, row["evidence"] == "claimed")


def _words(desk: Desk, handoff: Handoff, row: Fact) -> str:
    from accord_app.handoffs.reads import label

    owner, by = desk.name(row["owner"]), desk.name(row["by"])
    match row["event"]:
        case "offered" if handoff.because == GOOD_AFTER_ALL:
            return f"Handed over again{f' to {owner}' if owner else ''}, because the second look said that it was good"
        case "offered":
            return f"Handed over to {owner}" if owner else "Handed over, nobody was there to own it"
        case "rerouted":
            return f"Moved to {owner}" if owner else "Left without an owner"
        case "reminded":
            return f"{owner or 'The owner'} was reminded"
        case "escalated":
            return f"{by or 'The next in line'} was told"
        case "replied" if row["reason"]:
            return f"{_WORDS['replied']}{f' by {by}' if by else ''}, asking for a second look"
        case "looked_again" if row["reason"]:
            return f"{_WORDS['looked_again']}{f' by {by}' if by else ''}: {VERDICTS.get(row['reason'], row['reason'])}"
    said = _WORDS.get(row["event"], row["event"])
    why = f": {label(desk.rules(handoff), row['event'], row['reason'])}" if row["reason"] else ""
    return f"{said}{f' by {by}' if by else ''}{why}"


def _stretches(desk: Desk, handoff: Handoff, happened: Sequence[Fact]) -> Iterator[Stretch]:
    rules = desk.rules(handoff)
    moves = [row for row in happened if row["event"] in _MOVES]
    if rules is None or not moves:
        return
    ends = [row["occurred_at"] for row in moves[1:]] + [handoff.closed_at or desk.at]
    for row, end in zip(moves, ends, strict=True):
        owner, time = desk.name(row["owner"]), _time(clock_of(rules, row["team"]), row["occurred_at"], end)
        moved = row is not moves[-1]
        if not row["owner"]:
            yield Stretch("Without an owner", time, is_system=True)
        else:
            yield Stretch(f"With {owner}{', until it moved on' if moved else ''}", time, is_system=False)


def _time(clock: Clock, since: datetime, until: datetime) -> str:
    return span(clock.elapsed(since, max(since, until)))
