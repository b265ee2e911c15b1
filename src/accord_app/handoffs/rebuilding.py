"""How handoffs stand, worked out anew from the ledger: for a company whose history was brought along, and after an
import or an undo of handoffs. What comes out is what the desk would have kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accord.agreement import handoff as states
from accord.agreement.restore import resume
from accord.agreement.rules import Rules
from accord.agreement.state import State, microseconds
from accord_app.handoffs import memory
from accord_app.handoffs.deciding import desk
from accord_app.handoffs.models import Clock, Desk, Handoff, Lead, Turn, Watch
from accord_app.ledger import lake
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.models import Decision, HandoffEvent
from accord_app.ledger.reads import versions
from accord_app.records.models import Person
from accord_app.work.models import Job

_STARTS = frozenset({"offered", "rerouted"})
_DUES = ("answer_due", "first_touch_due", "attempts_due", "outcome_due")
AT_ONCE = 1_000
SOME = 200  # while people go on answering
CATCH_UP = "reply clocks of before"


def rebuild(*, at: datetime) -> int:
    """Forget how handoffs stand and read it from the lake, up to `at`; gives how many there are.

    The lake must hold every fact: call `carry` before. Without a version in force there is nothing to stand.
    """
    in_force = versions(at=at)
    with desk(at), transaction.atomic():
        for model in (Clock, Watch, Turn, Lead, Handoff):
            model._default_manager.all().delete()
        if not in_force:
            return 0
        state = resume(lake.ledger().connect(memory="2GB"), [each.rules for each in in_force], microseconds(at))
        rows = _history(at, {each.version: each.rules for each in in_force})
        for handoff_id, handoff in state.open.items():
            memory.write_row(rows[handoff_id], handoff, at=at)
        Handoff.objects.bulk_create(rows.values(), batch_size=AT_ONCE)
        _keep(state, at)
        Desk.objects.filter(only=True).update(since=in_force[-1].since, ticked_until=at)
        return len(rows)


def _keep(state: State, at: datetime) -> None:
    memory.keep_people(state, {*state.people, *state.verdicts, *state.recorded}, at)
    memory.keep_clocks(state, state.open.values())
    Turn.objects.bulk_create(
        Turn(rule=rule, colleague=person, turns=count)
        for rule, people in state.turns.items()
        for person, count in people.items()
    )
    Watch.objects.bulk_create(
        (Watch(person_id=person, at=memory.moment(us)) for us, person in state.turning), batch_size=AT_ONCE
    )


def _history(at: datetime, rules: Mapping[int, Rules]) -> dict[str, Handoff]:
    """A row for every handoff that was ever offered, as its events leave it."""
    unseen = unseen_batches()
    events = HandoffEvent.facts().filter(occurred_at__lte=at).exclude(batch__in=unseen).exclude(event="mql")
    rows: dict[str, Handoff] = {}
    for event in events.order_by("occurred_at", "id").values():
        _happened(rows, event, rules)
    offers = Decision.facts().filter(outcome="offered").exclude(batch__in=unseen)
    for handoff_id, persona, because in offers.values_list("handoff_id", "persona", "because"):
        if handoff_id in rows:
            rows[handoff_id].persona, rows[handoff_id].because = persona or "", because
    people = {each[0]: each[1:] for each in Person.objects.values_list("person_id", "account_id", "country", "origin")}
    for row in rows.values():
        account, row.country, row.origin = people.get(row.person_id, (None, "", ""))
        row.account_id = account or ""
    return rows


def _happened(rows: dict[str, Handoff], event: Mapping[str, Any], rules: Mapping[int, Rules]) -> None:
    row = rows.get(event["handoff_id"])
    if row is None:
        if event["event"] != "offered":
            return
        row = rows[event["handoff_id"]] = _offered(event)
    if event["event"] in _STARTS:
        _owned(row, event)
    row.status = states.TRANSITIONS[row.status].get(event["event"], row.status)
    if event["event"] in states.ANSWERS and row.answered_at is None:
        row.answered_at = event["occurred_at"]
        row.missed_answer = row.missed_answer or (row.answer_due is not None and row.answered_at > row.answer_due)
    memory.tell(row, event, rules.get(row.version))


def _offered(event: Mapping[str, Any]) -> Handoff:
    return Handoff(
        handoff_id=event["handoff_id"],
        person_id=event["person_id"],
        offered_at=event["occurred_at"],
        version=event["version"] or 0,
        band=event["band"] or "",
        score=event["score"],
        complete=bool(event["complete"]),
        status=states.OFFERED,
    )


def _owned(row: Handoff, event: Mapping[str, Any]) -> None:
    if row.owner:
        row.passed = sorted({*row.passed, row.owner})
        row.missed_answer = row.missed_answer or (row.answer_due is not None and event["occurred_at"] >= row.answer_due)
    row.owner, row.team = event["owner"], event["team"]
    row.owned_since = event["occurred_at"] if row.owner else None
    row.in_capacity = event["in_capacity"] is not False
    row.stretch += 1
    for name in _DUES:
        setattr(row, name, event[name])


# what an earlier version did not keep


def catch_up(jobs: Sequence[Job], at: datetime) -> None:
    """Give rejections from before replies had a clock theirs, from the ledger. Nobody is reminded of them.

    The desk is held for some hundred at a time, so that people go on answering meanwhile; begun again, it goes over
    those that are left. A rejection whose version the ledger has lost keeps none.
    """
    rules = {each.version: each.rules for each in versions()}
    last: str | None = ""
    while last is not None:
        with desk(at):
            last = _catch_up_some(rules, after=last)


def _catch_up_some(rules: Mapping[int, Rules], *, after: str) -> str | None:
    """The id of the last rejection that was seen to; None when none is left."""
    waiting = Handoff.objects.filter(
        status=states.REJECTED, reply_due=None, look_due=None, replied_at=None, pk__gt=after
    )
    rows = {row.pk: row for row in waiting.order_by("pk")[:SOME]}
    told = HandoffEvent.facts().filter(handoff_id__in=rows, event__in=memory.AFTER_REJECTION)
    events = told.exclude(batch__in=unseen_batches()).order_by("occurred_at", "id")
    for event in events.values("handoff_id", "event", "occurred_at", "reason", "rule"):
        row = rows[event["handoff_id"]]
        memory.tell(row, event, rules.get(row.version))
    Handoff.objects.bulk_update(rows.values(), ["reply_due", "replied_at", "look_due", "looked_at", "verdict"])
    return next(reversed(rows), None)
