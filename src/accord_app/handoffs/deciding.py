"""The one desk at which handoffs are decided, one decision after the other; the only caller of `decide()` that
records anything (`trying` asks it and records nothing).

Whoever decides holds the desk's row, so that turns and capacity are counted once and every moment is later than the
one before. In the same transaction the facts of the decision are recorded, the rows of handoffs follow them, and the
messages are put into the outbox. Clocks that have come due are played before anything else, in order of time: whether
a worker was late makes no difference to what is decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from django.db import transaction

from accord.agreement.decide import FACT, Decisions, decide
from accord.agreement.handoff import HUMAN_EVENTS, HumanAct
from accord.agreement.rules import Rules
from accord.agreement.running import look, watch_again
from accord.agreement.state import State, microseconds
from accord.facts.errors import AccordError
from accord_app.handoffs import afterwards, memory, notices
from accord_app.handoffs.models import Desk, Lead, Watch
from accord_app.ledger.engine import engine_of
from accord_app.ledger.links import roots
from accord_app.ledger.reads import Version, version_in_force
from accord_app.records.actions import record

SOURCE = "accord"
Fact = dict[str, Any]
PEOPLE_AT_ONCE = 500
_STEP = timedelta(microseconds=1)


class NoAgreementError(AccordError):
    """Nothing can be decided before a version of the agreement is in force."""


@dataclass(frozen=True, slots=True)
class Said:
    """A human act on a handoff, and how well it is evidenced."""

    handoff_id: str
    act: HumanAct
    evidence: str = "evidenced"


@contextmanager
def desk(at: datetime) -> Iterator[datetime]:
    """Hold the desk; gives the moment of the decision: `at`, or just after the last one if that was not earlier."""
    with transaction.atomic():
        Desk.objects.get_or_create(only=True)
        held = Desk.objects.select_for_update().get(only=True)
        now = max(at, held.decided_until + _STEP) if held.decided_until else at
        yield now
        Desk.objects.filter(pk=held.pk).update(decided_until=now)


def decide_about(people: Collection[str], *, at: datetime, trigger: str = FACT) -> Decisions:
    """Look at people whose facts have just changed, or whose time has come, each under the id that means the person
    now. `at` comes from `desk`."""
    done = Decisions()
    asked = sorted(set(roots(people, at=at).values()))
    for start in range(0, len(asked), PEOPLE_AT_ONCE):
        done.add(_decide(asked[start : start + PEOPLE_AT_ONCE], (), at, trigger))
    return done


def look_if_agreed(people: Collection[str], at: datetime) -> None:
    """Decide about people where an agreement is in force; before one is, everybody is looked at later."""
    if version_in_force(at) is not None:
        decide_about(people, at=at)


def let_act(said: Sequence[Said], *, at: datetime, about: Collection[str] = ()) -> Decisions:
    """People's acts on handoffs, played in order of time. `refused` in the answer are acts that no state allowed.
    `about` are people who are looked at in the same moment, for the act may change what is decided about them."""
    return _decide(sorted(set(roots(about, at=at).values())), said, at, FACT)


def pass_time(*, at: datetime) -> Decisions:
    """What follows from the passing of time alone: clocks that have come due."""
    return _decide((), (), at, FACT)


def _decide(people: Sequence[str], said: Sequence[Said], at: datetime, trigger: str) -> Decisions:
    version = version_in_force(at)
    if version is None:
        raise NoAgreementError("No agreement is in force yet.", remedy="Load a version with a date that has come.")
    rules = version.rules
    _take_over(version, at)
    held = memory.recall(rules, at=at, people=people, handoffs=[each.handoff_id for each in said])
    for each in said:
        held.state.schedule(held.loaded[each.handoff_id], each.act.at, act=each.act)
    view = _seen(rules, people, at, trigger)
    done = decide(view, rules, held.state, microseconds(at))
    decisions, events = _facts(done, {each.handoff_id: each.evidence for each in said})
    memory.keep(held, at=at, people=people, decisions=decisions, events=events)
    record("decisions", decisions, at=at, source=SOURCE)
    record("handoffs", events, at=at, source=SOURCE)
    notices.send(events, at=at)
    afterwards.follow(events, at=at)
    return done


def _seen(rules: Rules, people: Sequence[str], at: datetime, trigger: str) -> pa.Table:
    """The judged lead view of these people at this moment, from their facts in the database."""
    moments = pa.table({
        "person_id": pa.array(people, pa.string()),
        "moment": pa.array([at.astimezone(UTC).replace(tzinfo=None)] * len(people), pa.timestamp("us")),
        "trigger": pa.array([trigger] * len(people), pa.string()),
    })  # fmt: skip
    return look(engine_of(people), rules, moments)


def _take_over(version: Version, at: datetime) -> None:
    """A new version may wait for other numbers of days: everybody's earlier handoffs are put on its list."""
    (held,) = Desk.objects.filter(only=True)
    if held.since == version.since:
        return
    state = State()
    for lead in Lead.objects.filter(handoffs__gt=0).iterator():
        standing = state.standing(lead.person_id)
        standing.offered_us, standing.recycled_us, standing.rejected_us = (
            None if when is None else microseconds(when)
            for when in (lead.offered_at, lead.recycled_at, lead.rejected_at)
        )
    if held.since is not None:
        watch_again(version.rules, state, microseconds(at))
        Watch.objects.bulk_create(Watch(person_id=p, at=memory.moment(us)) for us, p in state.turning)
    Desk.objects.filter(pk=held.pk).update(since=version.since)


def _facts(done: Decisions, evidence: Mapping[str, str]) -> tuple[list[Fact], list[Fact]]:
    """Decisions and events as rows to record; what a person did is evidenced as well as the door said."""
    decisions, events = done.decisions.to_pylist(), done.handoffs.to_pylist()
    for each in decisions:
        each["id"] = f"{each['person_id']}@{each['occurred_at']}"
    for each in events:
        each["id"] = f"{each['handoff_id']}:{each['event']}@{each['occurred_at']}"
        if each["by"] and each["event"] in HUMAN_EVENTS:
            each["evidence"] = evidence.get(each["handoff_id"], "evidenced")
    return decisions, events
