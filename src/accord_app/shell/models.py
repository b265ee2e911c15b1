"""The workspace itself: one company, and how far it has been set up."""

from __future__ import annotations

from django.db import models


class Company(models.Model):
    """The one company of this workspace. `opened_at` is empty until its first administrator has finished the steps."""

    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(max_length=64, default="UTC")
    fiscal_year_start = models.CharField(max_length=5, default="01-01")  # month-day
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="one_company")]

    def __str__(self) -> str:
        return self.name
