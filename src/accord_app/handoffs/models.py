"""Handoffs as they stand, and everything that `decide()` remembers between two decisions. What happened is in the
ledger; these rows are where it has led to, so that nothing has to be read back from the beginning."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accord_app.records.models import Person

WHENCE = ("country", "origin", "band")
"""Stand at the end of the indexes that lead through the queue: a filter passes over rows without reading them."""


class Handoff(models.Model):
    """One passing of a person from marketing to sales. Written by `deciding` alone, as `decide()` says."""

    handoff_id = models.CharField(max_length=24, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, db_constraint=False, related_name="handoffs")
    account_id = models.CharField(max_length=24, blank=True)
    account_owner = models.CharField(max_length=64, null=True)
    country = models.CharField(max_length=100, blank=True)  # of the person, as known at the offer; for filters
    origin = models.CharField(max_length=100, blank=True)  # likewise
    offered_at = models.DateTimeField()
    version = models.PositiveIntegerField()
    band = models.CharField(max_length=8, blank=True)
    score = models.FloatField(null=True)
    persona = models.CharField(max_length=120, blank=True)
    complete = models.BooleanField()
    status = models.CharField(max_length=10)
    owner = models.CharField(max_length=64, null=True)
    team = models.CharField(max_length=64, null=True)
    owned_since = models.DateTimeField(null=True)
    in_capacity = models.BooleanField(default=True)
    answered_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=64, blank=True)
    contradicted = models.BooleanField(null=True)  # whether the facts say otherwise than the reason
    answer_due = models.DateTimeField(null=True)
    first_touch_due = models.DateTimeField(null=True)
    attempts_due = models.DateTimeField(null=True)
    outcome_due = models.DateTimeField(null=True)
    reply_due = models.DateTimeField(null=True)  # of a rejection: when the other side's reply to it is due
    replied_at = models.DateTimeField(null=True)
    look_due = models.DateTimeField(null=True)  # of a rejection that is looked at again, drawn or asked for
    looked_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=64, blank=True)  # what the second look came to
    next_due = models.DateTimeField(null=True)  # the clock that runs out next for the owner; empty: none runs
    missed_answer = models.BooleanField(default=False)  # stays once an answer clock ran out, whoever owned it then
    limits = models.JSONField(default=list)
    stretch = models.PositiveIntegerField(default=0)
    route = models.IntegerField(default=-1)
    acts_since = models.PositiveIntegerField(default=0)
    passed = models.JSONField(default=list)
    rule = models.CharField(max_length=120, blank=True)  # the clause that chose the owner
    because = models.CharField(max_length=120, blank=True)  # the clause that qualified

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(closed_at=None), name="one_open_handoff_per_person"),
            models.CheckConstraint(
                condition=Q(owner=None, owned_since=None) | Q(owner__isnull=False, owned_since__isnull=False),
                name="an_owner_since_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "next_due", "handoff_id", *WHENCE, "closed_at"],
                condition=Q(closed_at=None),
                name="open_of_owner",
            ),
            models.Index(
                fields=["team", "next_due", "handoff_id", "owner", *WHENCE, "closed_at"],
                condition=Q(closed_at=None),
                name="open_of_team",
            ),
            models.Index(
                fields=["next_due", "handoff_id", "owner", *WHENCE, "closed_at"],
                condition=Q(closed_at=None),
                name="open_by_due",
            ),
            models.Index(fields=["offered_at"], condition=Q(closed_at=None, owner=None), name="unowned"),
            models.Index(fields=["status", "owner", "closed_at", "handoff_id", *WHENCE], name="closed_of_owner"),
            models.Index(fields=["status", "team", "closed_at", "handoff_id", "owner", *WHENCE], name="closed_of_team"),
            models.Index(fields=["status", "closed_at", "handoff_id", *WHENCE], name="closed_by_status"),
            models.Index(fields=["closed_at", "handoff_id"], name="closed_by_time"),
            models.Index(fields=["country", "closed_at", "handoff_id"], name="closed_by_country"),
            models.Index(fields=["origin", "closed_at", "handoff_id"], name="closed_by_origin"),
            models.Index(fields=["band", "closed_at", "handoff_id"], name="closed_by_band"),
            models.Index(
                fields=["reply_due", "handoff_id", "owner", *WHENCE],
                condition=Q(replied_at=None, reply_due__isnull=False),
                name="awaits_reply",
            ),
            models.Index(
                fields=["look_due", "handoff_id", "owner", *WHENCE],
                condition=Q(looked_at=None, look_due__isnull=False),
                name="awaits_second_look",
            ),
            models.Index(fields=["offered_at", "handoff_id"], name="by_offer"),
            models.Index(fields=["person", "offered_at"], name="of_person"),
        ]


class Lead(models.Model):
    """What a person's handoffs so far came to, and what was decided last: `Standing` and the two verdicts."""

    person_id = models.CharField(max_length=24, primary_key=True)
    handoffs = models.PositiveIntegerField(default=0)
    offered_at = models.DateTimeField(null=True)
    closed = models.CharField(max_length=10, null=True)
    recycled_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    recycle_reason = models.CharField(max_length=64, null=True)
    reject_reason = models.CharField(max_length=64, null=True)
    sales_touches_at_offer = models.FloatField(default=0)
    verdict = models.CharField(max_length=12, null=True)  # as far as it follows from facts alone
    verdict_because = models.CharField(max_length=200, null=True)
    outcome = models.CharField(max_length=12, null=True)  # the decision that was recorded last
    because = models.CharField(max_length=200, null=True)
    decided_at = models.DateTimeField(null=True)


class Clock(models.Model):
    """Something that will happen to a handoff when its time comes, unless an answer comes first."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="clocks")
    due_at = models.DateTimeField()
    stretch = models.PositiveIntegerField()
    breach = models.IntegerField()  # index into on_breach, or RAN_OUT, FIND_OWNER, OWNER_LEFT

    class Meta:
        indexes = [models.Index(fields=["due_at", "id"], name="clock_by_due")]


class Turn(models.Model):
    """How many turns a colleague has taken under a routing rule, by weight."""

    rule = models.CharField(max_length=120)
    colleague = models.CharField(max_length=64)
    turns = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "colleague"], name="one_count_per_rule_and_colleague")]


class Watch(models.Model):
    """Somebody to look at again at the first tick after `at`, because time alone may change the answer."""

    person_id = models.CharField(max_length=24)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="watch_by_time")]


class Desk(models.Model):
    """The one place where decisions are made, one after the other: its row is locked while a decision is made."""

    only = models.BooleanField(default=True, unique=True)
    decided_until = models.DateTimeField(null=True)  # the moment of the last decision; the next is later
    ticked_until = models.DateTimeField(null=True)  # the last daily tick that was looked at
    since = models.DateTimeField(null=True)  # when the version under which the last decision was made came into force


class Note(models.Model):
    """What somebody wrote beside a handoff. Not a fact: it may hold names and goes with an erasure."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="notes")
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    text = models.TextField(max_length=4000)

    class Meta:
        indexes = [models.Index(fields=["handoff", "at"], name="notes_of_handoff")]


class SavedView(models.Model):
    """A filter of the queue under a name: private, or shared with both teams."""

    owner = models.CharField(max_length=64)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    shared = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_view_per_name")]


class Undoable(models.Model):
    """An answer that can still be taken back: it takes effect in the ledger when its seconds are over."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="pending")
    event = models.CharField(max_length=10)
    reason = models.CharField(max_length=64, blank=True)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until", "id"], name="undoable_by_time")]
