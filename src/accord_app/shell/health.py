"""Whether this workspace can do its work. Rooms register what they can tell; the shell asks the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import DatabaseError, connection

from accord_app.shell.registry import Registry


@dataclass(frozen=True, slots=True)
class Health:
    """One answer: well or not, and one line about it. `is_vital` if no page can be answered without it."""

    is_well: bool
    detail: str
    is_vital: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A question by name."""

    name: str
    ask: Callable[[], Health]


_CHECKS: Registry[Check] = Registry(key=lambda check: check.name, order=lambda check: check.name)


def register(name: str, ask: Callable[[], Health]) -> None:
    """Let `ask` be answered on `/health`; it must be quick and must not raise while the database is there."""
    _CHECKS.add(Check(name, ask))


def answers() -> dict[str, Health]:
    """Every answer by name, the database first; without a database nothing else is asked."""
    database = _database()
    if not database.is_well:
        return {"database": database}
    return {"database": database, **{check.name: check.ask() for check in _CHECKS.all()}}


def as_json(found: Mapping[str, Health]) -> dict[str, object]:
    """Each answer by name, and whether all are well."""
    told = {name: {"well": answer.is_well, "detail": answer.detail} for name, answer in found.items()}
    return {"well": all(answer.is_well for answer in found.values()), "checks": told}


def _database() -> Health:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Health(False, "The database cannot be reached.", is_vital=True)
    return Health(True, f"{connection.vendor} answers.", is_vital=True)
