"""How people, accounts and deals stand now. All of it follows from facts and can be worked out anew."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Account(models.Model):
    """An account as its profiles tell it: of every cell the newest that is not empty."""

    account_id = models.CharField(max_length=24, primary_key=True)
    name = models.CharField(max_length=300, blank=True)
    domain = models.CharField(max_length=300, blank=True)
    industry = models.CharField(max_length=300, blank=True)
    employees = models.FloatField(null=True)
    revenue = models.FloatField(null=True)
    country = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=300, blank=True)
    segment = models.CharField(max_length=100, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    lifecycle = models.CharField(max_length=100, blank=True)
    is_competitor = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    parent_id = models.CharField(max_length=24, blank=True, db_default="", default="")  # the account above this one
    known_at = models.DateTimeField()  # when the newest profile became known
    first_known_at = models.DateTimeField()
    same_as = models.CharField(max_length=24, blank=True, db_default="", default="")  # merged into this account

    class Meta:
        indexes = [
            models.Index(fields=["known_at", "account_id"], name="account_by_time"),
            models.Index(fields=["country", "known_at", "account_id"], name="account_by_country"),
            models.Index(fields=["owner", "known_at", "account_id"], name="account_by_owner"),
            models.Index(fields=["segment", "known_at", "account_id"], name="account_by_segment"),
            models.Index(fields=["lifecycle", "known_at", "account_id"], name="account_by_lifecycle"),
            models.Index(fields=["parent_id", "account_id"], condition=~Q(parent_id=""), name="account_by_parent"),
        ]

    def __str__(self) -> str:
        return self.name or self.domain or self.account_id


class Person(models.Model):
    """A person as the profiles tell it. `account` is empty while nobody said for whom they work."""

    person_id = models.CharField(max_length=24, primary_key=True)
    account = models.ForeignKey(
        Account, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="people"
    )
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=300, blank=True)
    company = models.CharField(max_length=300, blank=True)
    country = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=100, blank=True)
    origin = models.CharField(max_length=100, blank=True)
    campaign = models.CharField(max_length=300, blank=True)
    segment = models.CharField(max_length=100, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    lifecycle = models.CharField(max_length=100, blank=True)
    deleted = models.BooleanField(default=False)
    known_at = models.DateTimeField()  # when the newest profile became known
    first_known_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    same_as = models.CharField(max_length=24, blank=True, db_default="", default="")  # stands for this person

    class Meta:
        indexes = [
            models.Index(fields=["known_at", "person_id"], name="person_by_time"),
            models.Index(fields=["account", "known_at", "person_id"], name="person_of_account"),
            models.Index(fields=["email"], name="person_by_email"),
            models.Index(Lower("email"), name="person_by_address"),
            models.Index(fields=["country", "known_at", "person_id"], name="person_by_country"),
            models.Index(fields=["owner", "known_at", "person_id"], name="person_by_owner"),
            models.Index(fields=["segment", "known_at", "person_id"], name="person_by_segment"),
            models.Index(fields=["lifecycle", "known_at", "person_id"], name="person_by_lifecycle"),
        ]

    @property
    def employer(self) -> str:
        """Where somebody works, as they said it, else as the account is called; empty where no account is known."""
        if self.company or not self.account:
            return self.company
        return self.account.name or self.account.domain or "An account without a name"

    def __str__(self) -> str:
        return self.name or self.email or ("Erased person" if self.erased_at else self.person_id)


class Deal(models.Model):
    """A deal as its events leave it, in the order in which they happened."""

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
    currency = models.CharField(max_length=10, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account_id", "moved_at"], name="deal_of_account"),
            models.Index(fields=["person_id"], name="deal_of_person"),
            models.Index(fields=["moved_at", "deal_id"], name="deal_by_time"),
            models.Index(fields=["status", "moved_at", "deal_id", "stage", "owner"], name="deal_by_status"),
            models.Index(fields=["owner", "moved_at", "deal_id", "status", "stage"], name="deal_by_owner"),
            models.Index(fields=["stage", "moved_at", "deal_id", "status", "owner"], name="deal_by_stage"),
        ]

    def __str__(self) -> str:
        return self.deal_id


class SearchTerm(models.Model):
    """A word by which a record is found from its beginning. Kept as bytes: both databases compare these alike, so one
    index serves a prefix in any language."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        ACCOUNT = "account", "Account"

    term = models.BinaryField(max_length=64)
    kind = models.CharField(max_length=7, choices=Kind)
    ref = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "term", "ref"], name="one_term_per_record")]
        indexes = [models.Index(fields=["ref", "kind", "term"], name="terms_of_record")]


class Erasure(models.Model):
    """That people were erased: who asked, when, what was emptied. It names them by keyed id alone. Until `done_at` the
    files are not finished, and the worker goes on."""

    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    person_ids = models.JSONField(default=list)
    emptied = models.JSONField(default=dict)  # how many of what
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="erasures_by_time")]


class Kind(models.TextChoices):
    """What can be known twice."""

    PERSON = "person", "Person"
    ACCOUNT = "account", "Account"


class Duplicate(models.Model):
    """Two records that probably mean the same, and what was decided about them. It names both by keyed id alone: what
    they are called stands in their profiles. A pair that is not the same is never proposed again."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        MERGED = "merged", "Merged"
        APART = "apart", "Not the same"

    kind = models.CharField(max_length=7, choices=Kind)
    left = models.CharField(max_length=24)
    right = models.CharField(max_length=24)
    probability = models.FloatField()
    reasons = models.JSONField(default=list)  # field, what it says, weight in bits
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    found_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "left", "right"], name="one_proposal_per_pair")]
        indexes = [
            models.Index(fields=["kind", "state", "-probability", "id"], name="duplicate_by_chance"),
            models.Index(fields=["right"], name="duplicate_of"),
            models.Index(fields=["left"], name="duplicate_with"),
        ]


class Merge(models.Model):
    """That somebody said that two records are the same, and whether that was taken back. The equivalence itself is a
    fact; this is who did it when."""

    kind = models.CharField(max_length=7, choices=Kind)
    kept = models.CharField(max_length=24)
    other = models.CharField(max_length=24)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    undone_by = models.CharField(max_length=64, blank=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "other"], condition=models.Q(undone_at=None), name="merged_into_one_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="merges_by_time")]
