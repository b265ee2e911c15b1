"""A workspace with the tables as they were first released, and a row in each: python -m tests.faults.first_schema

Prints the rows as JSON, by table. With `now`, prints instead the columns that each table has in this version."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

FIRST = {"ledger": "0002_append_only"}  # its tables came with their triggers
CAME_LATER = {"outreach"}  # its tables stand on some that came later themselves
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
TOLD_OTHERWISE = (
    models.BinaryField, models.BooleanField, models.DateTimeField, models.JSONField, models.TimeField
)  # fmt: skip
"""Fields whose values the two databases write differently."""
Rows = dict[str, dict[str, Any]]


def ours() -> list[str]:
    """The rooms that had tables then."""
    named = (config for config in apps.get_app_configs() if config.name.startswith("accord_app."))
    there = MigrationExecutor(connection).loader.migrated_apps - CAME_LATER
    return [config.label for config in named if config.label in there]


def make() -> Any:
    """Make the tables; gives the models as they were."""
    executor = MigrationExecutor(connection)
    others = [node for node in executor.loader.graph.leaf_nodes() if node[0] not in {*ours(), *CAME_LATER}]
    targets = [*others, *((room, FIRST.get(room, "0001_first")) for room in ours())]
    return executor.migrate(targets).apps


def fill(was: Any) -> Rows:
    """One row in each table; those that others point to first."""
    waiting = [model for room in ours() for model in was.get_app_config(room).get_models()]
    made: dict[Any, Any] = {}
    while waiting:
        model = waiting.pop(0)
        needed = [field.related_model for field in model._meta.fields if field.is_relation and not field.null]
        if any(each not in made and each._meta.app_label in ours() for each in needed):
            waiting.append(model)
            continue
        made[model] = model._default_manager.create(**_row(model, made))
        made[model].refresh_from_db()
    return {model._meta.db_table: _plain(row) for model, row in made.items()}


def _row(model: Any, made: dict[Any, Any]) -> dict[str, Any]:
    given = {}
    for field in model._meta.fields:
        if field.null or field.has_default() or (field.primary_key and "Auto" in type(field).__name__):
            continue
        given[field.name] = made[field.related_model] if field.is_relation else _value(field)
    return given


def _value(field: Any) -> Any:
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.DateTimeField):
        return AT + timedelta(days=field.name.startswith(("ends", "until")))
    if isinstance(field, models.DateField):
        return AT.date()
    if isinstance(field, models.TimeField):
        return AT.time()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.BinaryField):
        return b"bytes"
    if isinstance(field, models.FloatField | models.IntegerField):
        return 1
    return f"{field.name}"[: field.max_length or 200]


def _plain(row: Any) -> dict[str, Any]:
    return {
        field.column: None if (value := getattr(row, field.attname)) is None else str(value)
        for field in row._meta.concrete_fields
        if not isinstance(field, TOLD_OTHERWISE)
    }


def columns_now() -> dict[str, list[str]]:
    """The columns of each table as the models of this version have them."""
    return {model._meta.db_table: [f.column for f in model._meta.concrete_fields] for model in apps.get_models()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(columns_now() if sys.argv[1:] == ["now"] else fill(make())))
