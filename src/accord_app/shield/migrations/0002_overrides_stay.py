"""The database itself refuses to change or remove an override, or that it was taken back. Only its reason may be
emptied, by erasure."""

from __future__ import annotations

from typing import Any

from django.db import migrations

_REASON = "reason"


def _sqlite(table: str, columns: list[str]) -> list[str]:
    changed = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in columns)
    is_there = f'EXISTS (SELECT 1 FROM "{table}" WHERE id = NEW.id)'
    refuse = "BEGIN SELECT RAISE(ABORT, 'overrides are append-only'); END"
    return [
        f'CREATE TRIGGER "{table}_kept" BEFORE UPDATE ON "{table}" WHEN {changed} {refuse}',
        f'CREATE TRIGGER "{table}_stays" BEFORE DELETE ON "{table}" {refuse}',
        f'CREATE TRIGGER "{table}_once" BEFORE INSERT ON "{table}" WHEN {is_there} {refuse}',
    ]


_POSTGRES_REFUSAL = """CREATE OR REPLACE FUNCTION refuse_to_change_overrides() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'overrides are append-only'; END $$"""


def _postgres(table: str, columns: list[str]) -> list[str]:
    changed = " OR ".join(f'OLD."{c}" IS DISTINCT FROM NEW."{c}"' for c in columns)
    call = "EXECUTE FUNCTION refuse_to_change_overrides()"
    return [
        f'CREATE TRIGGER kept BEFORE UPDATE ON "{table}" FOR EACH ROW WHEN ({changed}) {call}',
        f'CREATE TRIGGER stays BEFORE DELETE ON "{table}" FOR EACH ROW {call}',
        f'CREATE TRIGGER whole BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {call}',
    ]


def _apply(apps: Any, schema_editor: Any) -> None:
    is_postgres = schema_editor.connection.vendor == "postgresql"
    statements = [_POSTGRES_REFUSAL] if is_postgres else []
    for name in ("Override", "TakenBack"):
        model = apps.get_model("shield", name)
        columns = [field.column for field in model._meta.concrete_fields if field.name != _REASON]
        statements += (_postgres if is_postgres else _sqlite)(model._meta.db_table, columns)
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers on overrides and on what was taken back."""

    dependencies = [("shield", "0001_first")]
    operations = [migrations.RunPython(_apply, migrations.RunPython.noop)]
