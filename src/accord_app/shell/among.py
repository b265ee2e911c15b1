"""`filter(person_id__among=ids)`: what `__in` says, for thousands of ids. They go to the database as one value, where
Django would look at each several times and write each into the query."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Field, Lookup
from django.db.models.sql.compiler import SQLCompiler


@Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]  # generic for the checker alone
    """Whether a text is one of many."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        """The comparison, with the ids as JSON on SQLite and as an array on PostgreSQL."""
        column, params = self.process_lhs(compiler, connection)
        ids = list(self.rhs)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s::text[])", [*params, ids]
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(ids)]
