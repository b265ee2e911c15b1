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
