"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Every message leaves from here."""

    name = "accord_app.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
