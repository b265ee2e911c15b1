"""How people, accounts and deals stand now. All of it follows from facts and can be worked out anew."""

from __future__ import annotations

from django.db import models


class Account(models.Model):
    """An account as its newest profile tells it."""

    account_id = models.CharField(max_length=24, primary_key=True)
    name = models.CharField(max_length=300, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    industry = models.CharField(max_length=200, blank=True)
    employees = models.FloatField(null=True)
    revenue = models.FloatField(null=True)
    country = models.CharField(max_length=2, blank=True)
    city = models.CharField(max_length=200, blank=True)
    segment = models.CharField(max_length=100, blank=True)
    owner = models.CharField(max_length=64, blank=True)
    is_competitor = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    known_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["known_at", "account_id"], name="account_by_time")]

    def __str__(self) -> str:
        return self.name or self.account_id


class Person(models.Model):
    """A person as the newest profile tells it. `account` is empty while nobody said for whom they work."""

    person_id = models.CharField(max_length=24, primary_key=True)
    account = models.ForeignKey(
        Account, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="people"
    )
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=300, blank=True)
    company = models.CharField(max_length=300, blank=True)
    country = models.CharField(max_length=2, blank=True)
    city = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10, blank=True)
    origin = models.CharField(max_length=100, blank=True)
    campaign = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=64, blank=True)
    lifecycle = models.CharField(max_length=60, blank=True)
    deleted = models.BooleanField(default=False)
    known_at = models.DateTimeField()  # when the newest profile became known
    first_known_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["known_at", "person_id"], name="person_by_time"),
            models.Index(fields=["account", "person_id"], name="person_of_account"),
            models.Index(fields=["email"], name="person_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.person_id


class Deal(models.Model):
    """A deal as its events leave it."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        DELETED = "deleted", "Deleted"

    deal_id = models.CharField(max_length=24, primary_key=True)
    account_id = models.CharField(max_length=24, blank=True)
    person_id = models.CharField(max_length=24, blank=True)
    status = models.CharField(max_length=7, choices=Status)
    stage = models.CharField(max_length=100, blank=True)
    amount = models.FloatField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    owner = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account_id", "moved_at"], name="deal_of_account"),
            models.Index(fields=["person_id"], name="deal_of_person"),
            models.Index(fields=["status", "moved_at", "deal_id"], name="deal_by_status"),
        ]


class SearchTerm(models.Model):
    """A word by which a record is found from its beginning: one index serves both databases."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        ACCOUNT = "account", "Account"

    term = models.CharField(max_length=64)
    kind = models.CharField(max_length=7, choices=Kind)
    ref = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "kind", "ref"], name="one_term_per_record")]
        indexes = [models.Index(fields=["kind", "ref"], name="terms_of_record")]
