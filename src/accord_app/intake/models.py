"""What came in: files on their way, and events until they are taken in."""

from __future__ import annotations

from django.db import models


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

    name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=100)
    size = models.BigIntegerField()
    table = models.CharField(max_length=20, blank=True)
    mapping = models.TextField(blank=True)
    preset = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=9, choices=State)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    changed_at = models.DateTimeField()
    rows = models.BigIntegerField(default=0)
    rows_of = models.BigIntegerField(null=True)
    stored = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0)
    revised = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    refused_file = models.CharField(max_length=100, blank=True)
    batches = models.JSONField(default=list)
    dry_run = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    remedy = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["at", "id"], name="uploads_by_time")]


class Arrival(models.Model):
    """One event as it was received, until it is taken in; then it is a fact and the row is deleted."""

    source = models.CharField(max_length=60)
    event_id = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    payload = models.JSONField()
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="one_arrival_per_event")]
        indexes = [models.Index(fields=["received_at", "id"], name="arrivals_by_time")]


class Token(models.Model):
    """A key with which a program sends events. Only its hash is kept."""

    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    source = models.CharField(max_length=60)
    made_by = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
