"""Rows to be done. Everything that happens later, again or elsewhere is one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """One thing to be done: from `due_at` on, by whoever holds the lease. Done rows are deleted; dead ones stay."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DEAD = "dead", "Gave up"

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120, blank=True)  # at most one job per kind and key waits unleased, where given
    due_at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    died_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(state="waiting", lease="") & ~Q(key=""),
                name="one_waiting_job_per_key",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "due_at", "id"], condition=Q(state="waiting"), name="job_due"),
            models.Index(fields=["state", "died_at", "id"], condition=Q(state="dead"), name="job_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key or self.pk}"
