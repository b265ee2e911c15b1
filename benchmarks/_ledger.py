"""A ledger of any size to ask the shield about, made by the database itself: people at accounts of two, who said yes to
mail or did not, were written to, looked at pages, are in deals and in handoffs. Nobody lives there as in `_company`:
nothing is decided about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

SPREAD = 48_271  # multiplied by it, numbers lie in no order, as keyed ids do
PRIME = 2_147_483_647
SECONDS_A_DAY = 86_400

Rows = tuple[str, int, Mapping[str, str]]
"""Some rows of a table: its name, how many, and per column SQL over their number `i`."""


def fill(people: int, touches: int, *, at: datetime) -> None:
    """Let so many people be known, each with so many touches, under the example agreement."""
    from django.db import connection

    from accord_app.ledger.actions import append
    from accord_app.ledger.concerning import concern_everybody
    from accord_app.members.models import Team, User
    from accord_app.shell.models import Company

    team = Team.objects.create(name="revops", title="RevOps", side="both")
    User.objects.create_user("lena@site.example", handle="lena", name="Lena", role="revops", team=team, joined_at=at)
    Company.objects.create(name="Made", currency="EUR", time_zone="UTC", created_at=at, opened_at=at)
    since = at - timedelta(days=400)
    text = resources.files("accord.example").joinpath("agreements/v2.yaml").read_text("utf-8")
    event = {"id": "v2", "version": 2, "event": "in_force", "text": text, "occurred_at": since}
    append("agreements", [event], at=since, source="accord")
    with connection.cursor() as cursor, _without_triggers(cursor):
        for table, count, columns in _rows(people, touches, at):
            names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
            cursor.execute(f'INSERT INTO "{table}" ({names}) {numbers} SELECT {values} FROM n')
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
    concern_everybody("touches")


def _rows(people: int, touches: int, at: datetime) -> Iterator[Rows]:
    accounts = max(people // 2, 1)
    person, account = _id("p", f"i % {people}"), _id("a", f"i % {accounts}")
    profile = {**_fact("crm", at, "i % 600 + 20"), "subject": "'person'", "subject_id": person, "account_id": account}
    yield "fact_profiles", people, {**profile, "email": "'p' || i || '@site.example'", "country": "'DE'"}
    yield "fact_profiles", accounts, {
        **_fact("crm-accounts", at, "i % 600 + 20"), "subject": "'account'", "subject_id": account,
        "name": "'Account ' || i", "employees": "i % 3000",
    }  # fmt: skip
    yield "fact_consent", people, {
        **_fact("site", at, "i % 300 + 15"), "person_id": person, "purpose": "'marketing.email'",
        "status": "CASE i % 10 WHEN 0 THEN 'withdrawn' ELSE 'granted' END",
    }  # fmt: skip
    yield "fact_touches", people * touches, {
        **_fact("site", at, f"(i * 7) % 720 + i / {people} / 30"), "person_id": person, "side": "'marketing'",
        "kind": "CASE WHEN i % 11 < 3 THEN 'email.sent' WHEN i % 997 = 5 THEN 'email.bounced' ELSE 'page.pricing' END",
    }  # fmt: skip
    yield "fact_deals", accounts // 2, {
        **_fact("crm", at, "i % 200"), "deal_id": _id("d", "i"), "account_id": account, "event": "'stage'",
        "stage": "CASE i % 3 WHEN 0 THEN 'negotiation' WHEN 1 THEN 'proposal' ELSE 'discovery' END",
    }  # fmt: skip
    yield "fact_handoffs", people // 10, {
        **_fact("accord", at, "i % 90"), "handoff_id": _id("h", "i"), "person_id": person,
        "event": "CASE i % 2 WHEN 0 THEN 'offered' ELSE 'recycled' END",
    }  # fmt: skip
    yield "records_person", people, _person(person, account, at)


def _person(person: str, account: str, at: datetime) -> dict[str, str]:
    texts = ("name", "phone", "title", "company", "city", "language", "origin", "campaign", "segment", "owner",
             "lifecycle", "same_as")  # fmt: skip
    known = _ago(at, "i % 600 + 20")
    return {
        **dict.fromkeys(texts, "''"), "person_id": person, "account_id": account, "country": "'DE'", "deleted": "FALSE",
        "email": "'p' || i || '@site.example'", "known_at": known, "first_known_at": known,
    }  # fmt: skip


def _fact(source: str, at: datetime, days: str) -> dict[str, str]:
    """What every fact has; it happened so many days ago."""
    when = _ago(at, days)
    return {
        "source": f"'{source}'", "source_id": "('f' || i)", "revision": "1", "recorded_at": when, "occurred_at": when,
        "known_at": when, "known_inferred": "FALSE", "precision": "'second'", "evidence": "'evidenced'",
        "batch": "'made'",
    }  # fmt: skip


def _id(kind: str, number: str) -> str:
    return f"('{kind}' || (((({number}) + CAST(1 AS BIGINT)) * {SPREAD}) % {PRIME}))"


def _ago(at: datetime, days: str) -> str:
    """A moment within the day so many days ago, as the database keeps times."""
    from django.db import connection

    seconds = f"(({days}) * {SECONDS_A_DAY} + (i * 37) % {SECONDS_A_DAY})"
    if connection.vendor == "postgresql":
        return f"TIMESTAMPTZ '{at.isoformat()}' - ({seconds}) * INTERVAL '1 second'"
    return f"datetime({int(at.timestamp())} - {seconds}, 'unixepoch')"


@contextmanager
def _without_triggers(cursor: Any) -> Iterator[None]:
    """Facts are added without being looked for first."""
    from django.db import connection

    triggers: list[tuple[str, str]] = []
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'fact_%'")
        triggers = cursor.fetchall()
    for name, _ in triggers:
        cursor.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in triggers:
        cursor.execute(sql)
