"""Who comes into tracks and goes out of them by what happens: answers of sales, words of consent, offers, and once a
day the rule of a track."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accord.agreement.handoff import OFFERED, QUALIFIED, RECYCLED
from accord.agreement.holding import all_holding
from accord.agreement.state import microseconds
from accord.agreement.track import condition_of
from accord_app.intake import turns
from accord_app.ledger import lake
from accord_app.ledger.actions import unseen_batches
from accord_app.ledger.carrying import carry
from accord_app.ledger.models import HandoffEvent
from accord_app.ledger.reads import rules_in_force, rules_of, versions
from accord_app.outreach import consents, places
from accord_app.outreach.actions import Left, NurtureError, Why, enter, inside, leave_all
from accord_app.outreach.models import Membership, Track
from accord_app.records.models import Person
from accord_app.work.models import Job

BY_RULE, CATCH_UP = "nurture by rule", "nurture recycled"
LOOKED_BACK = timedelta(days=180)
AT_ONCE = 500

Fact = Mapping[str, Any]


# what happens to handoffs and consent


def hear_handoffs(rows: Sequence[Fact], at: datetime) -> None:
    """A recycled lead goes to the track that the agreement names; who is handed over leaves nurture."""
    offered = [row["person_id"] for row in rows if row["event"] in (OFFERED, QUALIFIED)]
    if offered:
        leave_all(person_ids=offered, because=Left.HANDED_OVER, at=at)
    for row in rows:
        if row["event"] == RECYCLED and row.get("reason"):
            _recycled(row, at)


def hear_consent(rows: Sequence[Fact], at: datetime) -> None:
    """Who says no to marketing mail leaves at once, and so does whose address takes none."""
    no = [row["person_id"] for row in rows if row["status"] in (consents.WITHDRAWN, consents.COMPLAINED)
          and row["purpose"] in (consents.MAIL, consents.EVERYTHING)]  # fmt: skip
    gone = [row["person_id"] for row in rows if row["status"] == consents.BOUNCED]
    leave_all(person_ids=no, because=Left.SAID_NO, at=at)
    leave_all(person_ids=gone, because=Left.BOUNCED, at=at)


def _recycled(row: Fact, at: datetime) -> Membership | None:
    version = row.get("version")
    name = track_for(row["reason"], version)
    track = Track.objects.filter(name=name, closed_at=None, versions__isnull=False).first() if name else None
    if track is None or Person.objects.filter(pk=row["person_id"], erased_at__isnull=False).exists():
        return None
    if any(each.handoff_id == row["handoff_id"] for each in inside(row["person_id"])):
        return None  # heard again
    return enter(
        track=track, person_id=row["person_id"], why=Why.ANSWER, at=at, reason=row["reason"],
        handoff_id=row["handoff_id"],
    )  # fmt: skip


def track_for(reason: str, version: int | None) -> str | None:
    """The track that the agreement names for a recycle reason, under the version that the handoff began with."""
    try:
        agreement = rules_of(version).agreement if version is not None else None
    except LookupError:
        agreement = None
    if agreement is None:
        return None
    return next((each.track for each in agreement.answers.recycle if each.code == reason), None)


def named_by_agreement(at: datetime) -> tuple[str, ...]:
    """The tracks that the agreement in force names."""
    rules = rules_in_force(at)
    named = [each.track for each in rules.agreement.answers.recycle if each.track] if rules else []
    return tuple(dict.fromkeys(named))


def catch_up(*, track: Track, at: datetime, most: int | None = None) -> int:
    """Let in who was recycled to this track lately and neither came back nor entered it: for a track that was written
    after the agreement named it. Gives how many entered."""
    reasons = {
        (version.version, each.code)
        for version in versions()
        for each in version.agreement.answers.recycle
        if each.track == track.name
    }
    recent = HandoffEvent.facts().filter(occurred_at__gt=at - LOOKED_BACK, occurred_at__lte=at)
    events = recent.exclude(batch__in=unseen_batches()).filter(event__in=(OFFERED, RECYCLED))
    last: dict[str, Fact] = {}
    fields = ("person_id", "handoff_id", "event", "reason", "version")
    for row in events.order_by("occurred_at", "id").values(*fields).iterator():
        last[row["person_id"]] = row
    waiting = [row for row in last.values() if row["event"] == RECYCLED and (row["version"], row["reason"]) in reasons]
    known = set(Membership.objects.filter(track=track).values_list("handoff_id", flat=True))
    fresh = [row for row in waiting if row["handoff_id"] not in known]
    return sum(1 for row in fresh[:most] if _recycled(row, at) is not None)


# by rule


def look_by_rule(jobs: Sequence[Job], at: datetime) -> None:
    """Once a day, at the agreement's tick: everybody for whom the rule of a track holds and who was never in it."""
    rules = rules_in_force(at)
    if rules is None:
        return
    for track in Track.objects.filter(closed_at=None):
        version = track.versions.order_by("-number").first()
        if version is None or not version.entry or not _is_time(track, at):
            continue
        with turns.turn(wait=True):
            carry(at=at)
        engine = lake.ledger().connect(memory="1GB")
        try:
            found = all_holding(engine, rules, condition_of(version.entry, zone=places.zone(at)), at=at)
        finally:
            engine.close()
        let_in(track, found, at=at)
        Track.objects.filter(pk=track.pk).update(looked_at=at)


def _is_time(track: Track, at: datetime) -> bool:
    rules = rules_in_force(at)
    if track.looked_at is None or rules is None:
        return True
    return rules.next_tick(microseconds(track.looked_at)) <= microseconds(at)


def let_in(track: Track, people: Collection[str], *, at: datetime) -> int:
    """Let those in who have an address, were never in this track, are in no other, and are not with sales now."""
    entered = 0
    for some in _chunks(sorted(people)):
        there = Person.objects.filter(pk__in=some, erased_at=None, deleted=False).exclude(email="")
        before = Membership.objects.filter(person_id__in=some, track=track).values_list("person_id", flat=True)
        busy = Membership.objects.filter(person_id__in=some, left_at=None).values_list("person_id", flat=True)
        with transaction.atomic():
            for person in sorted(set(there.values_list("pk", flat=True)) - {*before, *busy, *_with_sales(some)}):
                try:
                    enter(track=track, person_id=person, why=Why.RULE, at=at)
                except NurtureError:
                    continue
                entered += 1
    return entered


def _with_sales(people: Collection[str]) -> set[str]:
    """Whose last handoff is open."""
    rows = HandoffEvent.facts().filter(person_id__in=people).exclude(batch__in=unseen_batches())
    open_ones: dict[str, bool] = {}
    for person, event in rows.order_by("occurred_at", "id").values_list("person_id", "event"):
        if event == OFFERED:
            open_ones[person] = True
        elif event in (QUALIFIED, RECYCLED, "rejected"):
            open_ones[person] = False
    return {person for person, is_open in open_ones.items() if is_open}


def _chunks(people: Sequence[str]) -> Iterable[list[str]]:
    return ([*people[start : start + AT_ONCE]] for start in range(0, len(people), AT_ONCE))


def catch_up_jobs(jobs: Sequence[Job], at: datetime) -> None:
    """Let in who was recycled before the track was written."""
    for job in jobs:
        track = Track.objects.filter(pk=job.payload["track"]).first()
        if track is not None and track.closed_at is None:
            catch_up(track=track, at=at)
