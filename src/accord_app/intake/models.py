"""What came in: files on their way, and events until they are taken in."""

from __future__ import annotations

from django.db import models

from accord_app.members.models import User


class Upload(models.Model):
    """A file that somebody brought, from upload to facts in force or taken back."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Uploaded"
        PREVIEWED = "previewed", "Previewed"
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Being read"
        DONE = "done", "In force"
        FAILED = "failed", "Not read"
        UNDOING = "undoing", "Being taken back"
        UNDONE = "undone", "Taken back"

    class Step(models.TextChoices):
        """How far an import is; each is begun again after a crash."""

        READING = "reading", "Reading into the lake"
        COPYING = "copying", "Copying into the database"
        FOLLOWING = "following", "Bringing people, accounts and deals up to date"
        LOOKING = "looking", "Asking for a look at the people"

    name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=100, unique=True)
    once = models.CharField(
        max_length=40, unique=True, null=True
    )  # of the form it was sent with: sent twice is one upload
    size = models.BigIntegerField()
    table = models.CharField(max_length=20, blank=True)
    mapping = models.TextField(blank=True)
    because = models.CharField(max_length=120, blank=True)  # what the proposed mapping rests on
    state = models.CharField(max_length=9, choices=State)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    changed_at = models.DateTimeField()
    step = models.CharField(max_length=9, choices=Step, blank=True)
    rows = models.BigIntegerField(default=0)
    rows_of = models.BigIntegerField(null=True)
    stored = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0)
    revised = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)
    parts = models.JSONField(default=list)  # what became of the rows in each table, with the batch in the lake
    dry_run = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    file_gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="uploads_by_time")]

    def __str__(self) -> str:
        return self.name

    @property
    def batches(self) -> list[str]:
        """The batches of the lake that its facts came in, in the order of reading."""
        return [part["batch"] for part in self.parts if part["batch"]]


class Arrival(models.Model):
    """One event as it was received, until it is taken in; then it is a fact and the row is deleted."""

    source = models.CharField(max_length=60)
    event_id = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    payload = models.JSONField()
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="one_arrival_per_event")]
        indexes = [
            models.Index(fields=["received_at", "id"], name="arrivals_by_time"),
            models.Index(fields=["received_at", "id"], condition=~models.Q(problem=""), name="arrivals_set_aside"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


def events_alone() -> list[str]:
    """What a key may do unless told otherwise."""
    return ["events"]


class Token(models.Model):
    """A key with which a program sends, asks, reads or answers. Only its hash is kept. `person`: on whose behalf; a key
    without one is a service account, which acts under its own name."""

    class Scope(models.TextChoices):
        """What a key may do, as verb and object."""

        EVENTS = "events", "Send events"
        MAY_CONTACT = "may-contact", "Ask who may be written to"
        READ_PEOPLE = "people:read", "Read people"
        READ_ACCOUNTS = "accounts:read", "Read accounts"
        READ_DEALS = "deals:read", "Read deals"
        READ_HANDOFFS = "handoffs:read", "Read handoffs"
        ANSWER_HANDOFFS = "answers:write", "Answer handoffs"
        READ_AGREEMENT = "agreement:read", "Read the agreement"
        READ_PROMISES = "promises:read", "Read promises"

    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=60)
    scopes = models.JSONField(default=events_alone)
    person = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_by = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    @property
    def may(self) -> str:
        """What it may do, in words."""
        return ", ".join(str(self.Scope(each).label) for each in self.scopes)

    def __str__(self) -> str:
        return self.name


class StoredAnswer(models.Model):
    """What a program was answered when it wrote under a mark of its own, to be answered again to the same request. No
    answer to a write holds personal data; people stand in it by id."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="answers")
    mark = models.CharField(max_length=80)
    asked = models.CharField(max_length=64)  # a digest of method, address and body
    status = models.PositiveSmallIntegerField(null=True)  # empty only inside the transaction that answers
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "mark"], name="one_answer_per_mark")]
        indexes = [models.Index(fields=["at"], name="stored_answers_by_time")]

    def __str__(self) -> str:
        return f"{self.status} for {self.mark}"
