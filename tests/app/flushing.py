"""Facts refuse to be removed, also by Django's flush between tests that commit; here alone they are let go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations


@contextmanager
def facts_let_go() -> Iterator[None]:
    """Without the triggers that keep facts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in triggers:
            cursor.execute(sql)


def let_flush_pass() -> None:
    """Make Django's flush work on the tables of facts."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flushed(self: BaseDatabaseOperations, sql_list: Any) -> None:
        with facts_let_go():
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = flushed  # type: ignore[method-assign]
