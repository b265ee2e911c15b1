"""What every command of the product does first: load Django, and say clearly when the database cannot be used."""

from __future__ import annotations

import os

import django

from accord.facts.errors import AccordError


def start_django() -> None:
    """Load the settings and the rooms. Raises AccordError when the database is not there or is of another version."""
    load_django()
    if missing_migrations():
        raise AccordError(
            "The tables of the database are not those of this version.",
            remedy="Start `accord serve` once, or run `python -m accord_app.commands.manage migrate`.",
        )


def load_django() -> None:
    """Load the settings and the rooms without a look at the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accord_app.settings")
    django.setup()


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
