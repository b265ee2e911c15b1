"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """The agreement as both teams read it, its versions and what they rest on."""

    name = "accord_app.agreements"
    label = "agreements"
    default_auto_field = "django.db.models.BigAutoField"
