"""What every command of the product does first: load Django, and say clearly when the database cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.conf import settings

from accord.facts.errors import AccordError

UNFINISHED = "restore-came-to-no-end"
"""Lies in the data folder from the moment at which a restore begins to put things in their places until it is done."""


def start_django() -> None:
    """Load the settings and the rooms. Raises AccordError when the database is not there or is of another version."""
    load_django()
    if missing_migrations():
        raise AccordError(
            "The tables of the database are not those of this version.",
            remedy="Start `accord serve` once, or run `python -m accord_app.commands.manage migrate`.",
        )


def load_django() -> None:
    """Load the settings and the rooms without a look at the database. Raises AccordError in a folder in which a restore
    came to no end: what is there must not begin to work."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accord_app.settings")
    django.setup()
    if (Path(settings.DATA) / UNFINISHED).exists():
        raise AccordError(
            f"A restore into {settings.DATA} came to no end.",
            remedy="Empty this folder and the database, and restore again.",
        )


def missing_migrations() -> list[str]:
    """What the database lacks of this version, as `room.name`. Raises AccordError when it cannot be used."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        line = next(iter(str(error).splitlines()), "")
        raise AccordError(
            f"The database cannot be used: {line}.", remedy="Check ACCORD_DATABASE_URL and that it runs."
        ) from error
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
