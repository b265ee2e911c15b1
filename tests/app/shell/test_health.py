"""Whether the workspace can do its work, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from accord_app.shell import health
from accord_app.shell.health import Health

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_house")]


def test_a_well_workspace_says_so_without_sign_in(client: Client) -> None:
    health.register("worker", lambda: Health(True, "Seen 3 s ago."))
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer["Cache-Control"].startswith("max-age=0, no-cache")
    assert answer.json()["well"] is True
    assert answer.json()["checks"]["worker"] == {"well": True, "detail": "Seen 3 s ago."}
    assert answer.json()["checks"]["database"]["well"] is True


def test_one_part_that_is_not_well_is_told_while_pages_are_answered(client: Client) -> None:
    health.register("worker", lambda: Health(False, "Not seen for 5 min."))
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["well"] is False
    assert answer.json()["checks"]["worker"]["detail"] == "Not seen for 5 min."


def test_without_a_database_nothing_else_is_asked(client: Client) -> None:
    def refuse(execute: Callable[..., object], *rest: object) -> None:
        raise DatabaseError("gone, with a password in it")

    def asked() -> Health:
        raise AssertionError("asked")

    health.register("worker", asked)
    with connection.execute_wrapper(refuse):
        answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": {"well": False, "detail": "The database cannot be reached."}}
