"""Programs with keys, and a company that they read: two leads handed over to sales in DACH, one to the UK."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.test import Client
from tests.app import cast
from tests.app.handoffs.leads import a_lead, in_force

from accord_app.handoffs.models import Handoff
from accord_app.intake import tokens
from accord_app.intake.models import Token
from accord_app.members.models import User
from accord_app.members.roles import Role
from accord_app.records.actions import record

HOUR = timedelta(hours=1)
NUMBERS = count(1)
ALL = tuple(Token.Scope.values)


class Program:
    """A program with a key, as it asks over HTTP."""

    def __init__(self, *scopes: str, person: User | None = None, source: str = "crm") -> None:
        self.made = tokens.make(
            name=f"CRM {next(NUMBERS)}",
            source=source,
            by=cast.a_revops(),
            at=datetime.now(UTC),
            scopes=scopes or ALL,
            person=person,
        )
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, address: str, body: Any = None, **headers: str) -> Any:
        said = {"Authorization": f"Bearer {self.made.secret}", **headers}
        data = "" if body is None else json.dumps(body)
        kind = "application/json"
        return self.client.generic(method, f"/v1/{address}", data, kind, headers=said)

    def get(self, address: str, **headers: str) -> Any:
        return self.ask("GET", address, **headers)

    def post(self, address: str, body: Any, mark: str = "", **headers: str) -> Any:
        more = {"Idempotency-Key": mark} if mark else {}
        return self.ask("POST", address, body, **more, **headers)


def a_company() -> dict[str, Handoff]:
    """An agreement in force and three leads that were handed over some hours ago, by person."""
    cast.a_company()
    for each in (cast.a_rep(), cast.a_rep("zoe", "Zoë Baumann"), cast.a_revops()):
        assert each.is_active
    cast.a_member("amy", "Amy Clarke", Role.REP, cast.a_team("sales-uk", "Sales UK"))
    in_force()
    now = datetime.now(UTC)
    people = {
        "birgit": {"country": "DE"},
        "karl": {"country": "AT", "name": "Karl Hofer", "company": "Hofer Tools"},
        "ann": {"country": "GB", "name": "Ann Reed", "company": "Reed Ltd"},
    }
    held = {
        person: a_lead(person, at=now - (3 - place) * HOUR, **more)  # type: ignore[arg-type]
        for place, (person, more) in enumerate(people.items())
    }
    deals = [
        {"id": f"d{n}", "deal_id": f"deal{n}", "account_id": "at-birgit", "person_id": "birgit", "event": "stage",
         "stage": "proposal", "amount": 1200.5, "owner": "tomas", "occurred_at": now - n * HOUR,
         **({"currency": "CHF"} if n else {})}
        for n in range(3)
    ]  # fmt: skip
    record("deals", deals, at=now, source="crm")
    return held
