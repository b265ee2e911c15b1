"""Events that programs send: kept at once, taken in by the worker a moment later, each exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accord_app.intake import events
from accord_app.intake.models import Arrival
from accord_app.records.actions import record
from accord_app.work.actions import enqueue

TAKE_IN = "take in"
AT_ONCE = 500


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
    """Make facts of the events that wait, the oldest first, as known at `at`; call again while it gives people."""
    waiting = list(Arrival.objects.select_for_update().filter(problem="").order_by("received_at", "id")[:AT_ONCE])
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for arrival in waiting:
        for table, row in events.facts(arrival.payload, source=arrival.source):
            rows[table, arrival.source].append(row)
    for (table, source), some in rows.items():
        record(table, some, at=at, source=source)
    Arrival.objects.filter(pk__in=[arrival.pk for arrival in waiting]).delete()
    touches = [row for (table, _), some in rows.items() if table == "touches" for row in some]
    return TakenIn(frozenset(row["person_id"] for row in touches), tuple(touches))
