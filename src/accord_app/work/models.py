"""Rows to be done. Everything that happens later, again or elsewhere is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q


class Due(models.Model):
    """What a row needs so that one of many workers takes it when its time has come, and no two ever do."""

    WHEN_DEAD: ClassVar[Mapping[str, Any]] = {}  # what else changes in a row that is given up
    WHEN_AGAIN: ClassVar[Mapping[str, Any]] = {}  # what else changes in a dead row that is to be done again

    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    died_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Job(Due):
    """One thing to be done by the handler of its kind. Done rows are deleted; dead ones stay until done again."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120, blank=True)  # at most one job per kind and key waits unleased, where given
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(died_at=None, lease="") & ~Q(key=""),
                name="one_waiting_job_per_key",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "due_at", "id"], condition=Q(died_at=None), name="job_due"),
            models.Index(fields=["died_at", "id"], condition=Q(died_at__isnull=False), name="job_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key or self.pk}"


class Heartbeat(models.Model):
    """One worker process that says it is there. Gone when the worker stops; stale when it was killed."""

    worker = models.CharField(max_length=120, unique=True)  # machine and process
    only = models.CharField(max_length=400, blank=True)  # the kinds that it does, where not all
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    alive_until = models.DateTimeField()  # nobody need worry before; later than usual while a long job runs
    doing = models.CharField(max_length=40, blank=True)
    done = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["alive_until"], name="heartbeat_by_time")]

    def __str__(self) -> str:
        return self.worker
