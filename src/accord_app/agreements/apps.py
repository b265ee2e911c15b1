"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """The agreement as both teams read it, its versions and what they rest on."""

    name = "accord_app.agreements"
    label = "agreements"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Stand in the navigation, the search and the first steps."""
        from accord_app.agreements import panels

        panels.put_everywhere()
