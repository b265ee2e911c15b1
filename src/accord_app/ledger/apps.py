"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Facts in the database: append-only tables from the declaration of facts, and their way into the lake."""

    name = "accord_app.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
