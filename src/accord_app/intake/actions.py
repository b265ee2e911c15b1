"""Events that programs send: kept at once, taken in by the worker a moment later, each exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from accord.agreement.state import microseconds
from accord_app.intake import events
from accord_app.intake.models import Arrival
from accord_app.ledger.links import links_of
from accord_app.records.actions import record
from accord_app.work.actions import enqueue
from accord_app.work.claim import in_short

TAKE_IN = "take in"
AT_ONCE = 500
NOT_THE_EVENTS_FAULT = (OperationalError, InterfaceError, OSError)
"""The database or the disk does not answer: then all of them wait and nothing is set aside."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of sent events; refusals by their place in what was sent."""

    received: int
    refused: tuple[tuple[int, events.Refusal], ...]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Whom the new facts are about, and the touches among them."""

    people: frozenset[str] = frozenset()
    touches: tuple[Mapping[str, Any], ...] = ()


@transaction.atomic
def receive(*, source: str, sent: Sequence[object], at: datetime) -> Received:
    """Keep events until they are taken in. The same id from the same source is one event, however often it comes."""
    refused: list[tuple[int, events.Refusal]] = []
    good: list[Arrival] = []
    for place, event in enumerate(sent):
        wrong = events.refusals(event, at=at)
        refused += ((place, each) for each in wrong)
        if not wrong and isinstance(event, Mapping):
            good.append(Arrival(source=source, event_id=event["id"], received_at=at, payload=dict(event)))
    Arrival.objects.bulk_create(good, ignore_conflicts=True)
    if good:
        enqueue(kind=TAKE_IN, at=at, key=TAKE_IN)
    return Received(len(good), tuple(refused))


@transaction.atomic
def take_in(*, at: datetime) -> TakenIn:
    """Make facts of the events that wait, the oldest first, as known at `at`; call again while it gives people.

    An event that cannot become facts is set aside with its problem and keeps no other from being taken in.
    """
    waiting = list(Arrival.objects.select_for_update().filter(problem="").order_by("received_at", "id")[:AT_ONCE])
    touches = _facts_of(waiting, at=at)
    if touches is None:
        each_alone = [_facts_of([arrival], at=at, is_last_try=True) for arrival in waiting]
        touches = [row for some in each_alone for row in some or ()]
    Arrival.objects.filter(pk__in=[arrival.pk for arrival in waiting], problem="").delete()
    return TakenIn(frozenset(row["person_id"] for row in touches), tuple(touches))


def _facts_of(
    arrivals: Sequence[Arrival], *, at: datetime, is_last_try: bool = False
) -> list[Mapping[str, Any]] | None:
    """Record what they hold and give the touches; None, with nothing recorded, where that cannot be done."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    try:
        with transaction.atomic():
            for arrival in arrivals:
                for table, row in events.facts(arrival.payload, source=arrival.source):
                    rows[table, arrival.source].append(row)
            for (table, source), some in rows.items():
                told = _said_anew(some, at) if table == "identities" else some
                record(table, told, at=at, source=source)
    except NOT_THE_EVENTS_FAULT:
        raise
    except Exception as error:
        if is_last_try:
            Arrival.objects.filter(pk=arrivals[0].pk).update(problem=in_short(error) or "It cannot be taken in.")
        return None
    return [row for (table, _), some in rows.items() if table == "touches" for row in some]


def _said_anew(rows: Sequence[dict[str, Any]], at: datetime) -> list[dict[str, Any]]:
    """Of the words about who stands for whom those that say something new; most events repeat what is known."""
    last = {row["alias_id"]: row for row in rows if row["alias_id"] != row["person_id"]}
    links, now = links_of(last), microseconds(at)
    return [row for alias, row in last.items() if links.stands_for(alias, now) != row["person_id"]]


def take_in_again(*, arrival: Arrival, at: datetime) -> None:
    """Try an event that was set aside once more."""
    with transaction.atomic():
        Arrival.objects.filter(pk=arrival.pk).update(problem="")
        enqueue(kind=TAKE_IN, at=at, key=TAKE_IN)


def drop(*, arrival: Arrival) -> None:
    """Decide that an event that was set aside is not wanted."""
    Arrival.objects.filter(pk=arrival.pk).exclude(problem="").delete()
