"""Figures as last measured, so that a page reads one row instead of the ledger."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class InOrder(models.JSONField):
    """JSON kept as text: names stay in the order in which they were written. PostgreSQL's own type would change it, and
    with it the columns of every table."""

    def get_internal_type(self) -> str:
        """What the column is."""
        return "TextField"

    def get_db_prep_value(self, value: Any, *_: object, **__: object) -> str:
        """As text."""
        return json.dumps(value)


class PromiseFigure(models.Model):
    """One promise over one period."""

    promise = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    side = models.CharField(max_length=10)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_current = models.BooleanField()
    state = models.CharField(max_length=20)
    value = models.FloatField(null=True)
    target = models.FloatField(null=True)
    numerator = models.FloatField(null=True)
    denominator = models.FloatField(null=True)
    shown = models.CharField(max_length=60)
    sentence = models.TextField()
    details = models.JSONField(default=dict)
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promise", "begins_at"], name="one_figure_per_period")]


class Figure(models.Model):
    """Any other measured thing that a page shows: a funnel, wins by channel, data health."""

    name = models.CharField(max_length=200, unique=True)
    content = InOrder()
    sql = models.TextField(blank=True)
    as_known = models.DateTimeField()
    measured_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
