"""The database itself refuses to change or remove a fact, also by INSERT OR REPLACE (SQLite) and TRUNCATE (PostgreSQL).

What may change is `carried`, once, from empty to a number. Profiles stay open: erasure rewrites them.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from accord_app.ledger.models import FACTS

REWRITABLE = "profiles"
_CLOSED = {name: model for name, model in FACTS.items() if name != REWRITABLE}


def _sqlite(table: str, columns: list[str]) -> list[str]:
    changed = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in columns)
    same = " AND ".join(f'"{c}" = NEW."{c}"' for c in ("source", "source_id", "revision", "batch"))
    return [
        f'''CREATE TRIGGER "{table}_kept" BEFORE UPDATE ON "{table}" WHEN {changed} OR OLD.carried IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END''',
        f'''CREATE TRIGGER "{table}_stays" BEFORE DELETE ON "{table}"
            BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END''',
        f'''CREATE TRIGGER "{table}_once" BEFORE INSERT ON "{table}"
            WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {same} OR id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'facts are append-only: this one is recorded already'); END''',
    ]  # fmt: skip


_POSTGRES_REFUSAL = """CREATE OR REPLACE FUNCTION refuse_to_change_facts() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'facts are append-only'; END $$"""


def _postgres(table: str, columns: list[str]) -> list[str]:
    changed = " OR ".join(f'OLD."{c}" IS DISTINCT FROM NEW."{c}"' for c in columns)
    call = "EXECUTE FUNCTION refuse_to_change_facts()"
    return [
        f'''CREATE TRIGGER kept BEFORE UPDATE ON "{table}" FOR EACH ROW
            WHEN ({changed} OR OLD.carried IS NOT NULL) {call}''',
        f'CREATE TRIGGER stays BEFORE DELETE ON "{table}" FOR EACH ROW {call}',
        f'CREATE TRIGGER whole BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {call}',
    ]


def _apply(apps: Any, schema_editor: Any) -> None:
    is_postgres = schema_editor.connection.vendor == "postgresql"
    statements = [_POSTGRES_REFUSAL] if is_postgres else []
    for model in _CLOSED.values():
        columns = [field.column for field in model._meta.fields if field.column != "carried"]
        statements += (_postgres if is_postgres else _sqlite)(model._meta.db_table, columns)
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers on every table of facts but profiles."""

    dependencies = [("ledger", "0001_first")]
    operations = [migrations.RunPython(_apply, migrations.RunPython.noop)]
