"""What was asked of the shield and what it answered, and whom owners let through. Overrides are never changed or
removed: one that is taken back gets a row of its own."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

SIDES = (("marketing", "Marketing"), ("sales", "Sales"))


class Inquiry(models.Model):
    """One asking, about one person or many, with every answer, so that it can be opened later."""

    by = models.CharField(max_length=100)  # the handle of a member, or the name of a key
    is_program = models.BooleanField()
    at = models.DateTimeField()
    purpose = models.CharField(max_length=60)
    side = models.CharField(max_length=9, choices=SIDES)
    message = models.CharField(max_length=100, blank=True)  # what is to be sent, where a clause lets some through
    version = models.PositiveIntegerField()
    once = models.CharField(
        max_length=120, unique=True, null=True
    )  # of a form, or a key with what the program calls it
    asked = models.CharField(max_length=64)  # a digest of the question, so that `once` means the same question
    people = models.PositiveIntegerField()
    held = models.PositiveIntegerField()
    counts = models.JSONField(default=dict)  # how many each clause holds back
    answers = models.BinaryField()  # packed: person, place of the clause, until when
    refused = models.JSONField(default=list)  # rows that name nobody, without what they said
    people_so_far = models.BigIntegerField()  # in all askings up to this one; by it old ones are let go

    class Meta:
        indexes = [
            models.Index(fields=["at", "id"], name="inquiries_by_time"),
            models.Index(fields=["people_so_far"], name="inquiries_by_size"),
        ]

    def __str__(self) -> str:
        return f"{self.people} people, {self.purpose}"


class Override(models.Model):
    """The owner of a record lets messages of a purpose through to a person until a moment, and says why."""

    person_id = models.CharField(max_length=24)
    purpose = models.CharField(max_length=60)
    side = models.CharField(max_length=9, choices=SIDES)
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    clause = models.CharField(max_length=120)  # what held the person back then
    version = models.PositiveIntegerField()
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="an_override_ends_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="an_override_has_a_reason"),
        ]
        indexes = [models.Index(fields=["person_id", "until"], name="overrides_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id}, {self.purpose}"


class TakenBack(models.Model):
    """That an override counts no more, from this moment on."""

    override = models.OneToOneField(Override, on_delete=models.PROTECT, related_name="taken_back")
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.override} taken back"


# Answers that are kept ready


class KeptArticle(models.Model):
    """The clauses on contact towards which it is kept how people stand. Versions of the agreement whose clauses ask the
    same of the same facts are one."""

    mark = models.CharField(max_length=64, unique=True, null=True)  # of what the clauses ask; none: it is let go
    kinds = models.JSONField(null=True)  # of touches that they read; none: every kind
    asked_at = models.DateTimeField()
    walked_to = models.TextField(blank=True)  # the person up to whom it was worked out ahead
    walked_at = models.DateTimeField(null=True)  # when everybody had been walked along

    def __str__(self) -> str:
        return self.mark or "let go"


class KeptStanding(models.Model):
    """How a person stands towards every clause on contact, which answers any question, worked out at a moment, in
    microseconds since 1970. From `until` on time may have changed it in part; when facts come in that concern the
    person it counts no longer, and `until` is 0. Nothing here says more than the facts do."""

    article = models.BigIntegerField()  # a kept article, or one that is let go
    person_id = models.TextField()
    stood = models.TextField()  # as `accord.agreement.contact.stood_sql` writes it
    since = models.BigIntegerField()
    until = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "article"], name="one_standing_is_kept")]
        indexes = [models.Index(fields=["article", "until"], name="standings_by_end")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.stood}"


class RestsOn(models.Model):
    """That answers about a person follow from facts that name another id: the account, or an id of the same person."""

    subject = models.TextField()
    person_id = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "person_id"], name="rests_once")]
        indexes = [models.Index(fields=["person_id"], name="rests_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.subject}"


class Noticing(models.Model):
    """The one row that whoever writes kept answers holds: how often facts that came in were noticed, and since when
    it is still known which."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)
    before = models.BigIntegerField(default=0)  # what `last` was when things were tidied
    floor = models.BigIntegerField(default=0)  # of what was noticed up to here, it is forgotten whom it concerned

    def __str__(self) -> str:
        return str(self.last)
