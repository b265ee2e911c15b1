"""The room as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ShellConfig(AppConfig):
    """The page around every page: navigation, components, tokens, charts, panels, search, errors."""

    name = "accord_app.shell"
    label = "shell"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let queries ask for many ids at once."""
        from accord_app.shell import among  # noqa: F401 registers its lookup
