"""From SQLite to PostgreSQL: the copy of a backup is read table by table into a database with empty tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DataError, connection, connections, models, transaction

from accord_app.backups.archive import BackupError
from accord_app.ledger.models import FactRow

SOURCE = "moved_from"
AT_ONCE = 2_000


def from_sqlite(copy: Path) -> None:
    """Fill the empty database with the rows of `copy`, which is brought to this version first; all or nothing.

    Raises BackupError for a row that PostgreSQL does not take.
    """
    ours = connections.settings["default"]
    connections.settings[SOURCE] = {
        **ours, "ENGINE": "django.db.backends.sqlite3", "NAME": str(copy), "OPTIONS": {}, "CONN_MAX_AGE": 0,
    }  # fmt: skip
    try:
        call_command("migrate", database=SOURCE, interactive=False, verbosity=0)
        call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic():
            moved = [model for model in apps.get_models(include_auto_created=True) if _is_kept(model)]
            _empty(moved)
            for model in moved:
                _copy(model)
            _let_numbers_go_on(moved)
    finally:
        connections[SOURCE].close()
        del connections.settings[SOURCE]


def _is_kept(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy


def _empty(kept: list[type[models.Model]]) -> None:
    """Rows that making the tables has put there; facts refuse to be deleted, and there are none yet."""
    with connection.cursor() as cursor:
        for model in kept:
            if not issubclass(model, FactRow):
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def _copy(model: type[models.Model]) -> None:
    fields = model._meta.local_concrete_fields
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    try:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copying:
            for row in _rows(model, fields):
                copying.write_row(row)
    except DataError as error:
        line = next(iter(str(error).splitlines()), "")
        raise BackupError(
            f"A row of {model._meta.db_table} cannot be moved to PostgreSQL: {line}.", remedy="Please report it."
        ) from error


def _rows(model: type[models.Model], fields: Any) -> Iterator[list[Any]]:
    rows = model._base_manager.using(SOURCE).order_by("pk").values_list(*(field.attname for field in fields))
    as_json = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    waiting = rows.iterator(chunk_size=AT_ONCE)
    while some := list(islice(waiting, AT_ONCE)):
        for row in some:
            cells = list(row)
            for place in as_json:
                cells[place] = fields[place].get_db_prep_save(cells[place], connection)
            yield cells


def _let_numbers_go_on(kept: list[type[models.Model]]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept):
            cursor.execute(statement)
