"""The test bench, live: the same `decide()` on the same facts and the same standing, and nothing is recorded.

For now and times to come a trial stands on what the desk remembers; for the past on what the recorded handoffs of
everybody come to, read back as a replay would.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db import transaction

from accord.agreement.bench import TYPED, Trial, Typed, try_person, try_typed, without_lot
from accord.agreement.kinship import asks_family
from accord.agreement.restore import restore
from accord.agreement.rules import Rules
from accord.agreement.state import State, microseconds
from accord.facts.engine import Engine
from accord.facts.tables import TABLES, TIME
from accord_app.handoffs import memory
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.engine import engine_of
from accord_app.ledger.links import links_of, supersede
from accord_app.ledger.models import Availability, FactRow, HandoffEvent

_NAIVE = pa.timestamp("us")


def about_person(rules: Rules, person_id: str, *, at: datetime, now: datetime) -> Trial:
    """What these rules decide about somebody at a moment. `person_id` is the id that means the person then."""
    rules = without_lot(rules)
    state = _standing(rules, [person_id], at=at, now=now)
    engine = engine_of([person_id], families=asks_family(rules))
    return try_person(engine, rules, state, person_id, at)


def about_typed(rules: Rules, typed: Typed, *, at: datetime, now: datetime) -> Trial:
    """What these rules decide about a lead that is typed."""
    rules = without_lot(rules)
    return try_typed(rules, _standing(rules, [TYPED], at=at, now=now), typed, at)


@transaction.atomic
def _standing(rules: Rules, people: Collection[str], *, at: datetime, now: datetime) -> State:
    """How things stand at a moment: owners' loads, turns and absences, and what these people's handoffs came to."""
    if at >= now:
        return memory.recall(rules, at=at, people=people).state
    engine = _past(at)
    state = restore(engine, rules, microseconds(at.astimezone(UTC)))
    state.links = links_of(people)
    engine.close()
    return state


def _past(at: datetime) -> Engine:
    """An engine that holds what happened to everybody's handoffs, and who was away, as far as it was known then."""
    engine = Engine(threads=1, memory="512MB")
    empty: list[dict[str, Any]] = []
    for name, rows in (("handoffs", _known(HandoffEvent, at)), ("availability", _known(Availability, at)),
                       ("identities", empty)):  # fmt: skip
        fields = [pa.field(c.name, _NAIVE if c.type == TIME else c.type) for c in TABLES[name].columns]
        shape = pa.schema([*fields, pa.field("superseded_at", _NAIVE)])
        engine.register(f"{name}_revisions", pa.Table.from_pylist([_naive(row) for row in rows], schema=shape))
        engine.run(f"CREATE VIEW {name} AS SELECT * FROM {name}_revisions WHERE superseded_at IS NULL")
    return engine


def _known(model: type[FactRow], at: datetime) -> list[dict[str, Any]]:
    rows = list(model.facts().filter(known_at__lte=at).exclude(batch__in=unseen_batches()).values())
    supersede(rows)
    return rows


def _naive(row: dict[str, Any]) -> dict[str, Any]:
    return {n: v.astimezone(UTC).replace(tzinfo=None) if isinstance(v, datetime) else v for n, v in row.items()}
