"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Who works here: people, teams, hours, absences, roles and rights, sign-in."""

    name = "accord_app.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
