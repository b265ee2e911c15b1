"""A trickle of people who do something, so that the workspace is alive. It enters through intake like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from accord.example.company import stream_facts
from accord_app.intake.actions import receive
from accord_app.ledger.models import Touch
from accord_app.work import handlers
from accord_app.work.models import Job

KIND = "demo traffic"
SOURCE = "website"
EVERY_SECONDS = 20
_PEOPLE, _SEED = 400, 77
_TOLD = ("name", "email", "phone", "title", "country", "language", "origin", "campaign", "landing_page")
_FIRM = ("name", "domain", "industry", "country", "employees", "segment")


def register() -> None:
    """Let the worker send the next event every few seconds."""
    handlers.register(KIND, send_next)
    handlers.every(KIND, EVERY_SECONDS)


def send_next(jobs: Sequence[Job], at: datetime) -> None:
    """Send what the next invented person does, as if it happened now."""
    place, told = Touch.facts().filter(source=SOURCE).count(), _story()
    receive(source=SOURCE, sent=[_event(told[place % len(told)], place, at)], at=at)


@lru_cache(maxsize=1)
def _story() -> tuple[Mapping[str, Any], ...]:
    """What invented people do, in order: each touch with what is known of the person and the company."""
    people: dict[str, dict[str, Any]] = {}
    firms: dict[str, dict[str, Any]] = {}
    touches: list[dict[str, Any]] = []
    for table, rows in stream_facts(_PEOPLE, seed=_SEED, end=date(2026, 6, 30), months=1):
        for row in rows.to_pylist():
            if table == "profiles":
                known = people if row["subject"] == "person" else firms
                known.setdefault(row["subject_id"], {}).update({k: v for k, v in row.items() if v is not None})
            elif table == "touches" and row["side"] == "marketing" and row["kind"] != "email.sent":
                touches.append(row)
    touches.sort(key=lambda row: row["occurred_at"])
    return tuple(_told(people, firms, touches))


def _told(
    people: Mapping[str, Mapping[str, Any]],
    firms: Mapping[str, Mapping[str, Any]],
    touches: Sequence[Mapping[str, Any]],
) -> Iterator[Mapping[str, Any]]:
    for touch in touches:
        person = people.get(touch["person_id"])
        if person and person.get("email"):
            firm = firms.get(person.get("account_id", ""), {})
            yield {
                "kind": touch["kind"], "channel": touch["channel"], "campaign": touch["campaign"],
                "asset": touch["asset"],
                "person": {name: person[name] for name in _TOLD if name in person},
                "company": {name: firm[name] for name in _FIRM if name in firm} if firm.get("domain") else None,
            }  # fmt: skip


def _event(told: Mapping[str, Any], place: int, at: datetime) -> dict[str, Any]:
    event = {"id": f"demo-{place}", "at": at.isoformat(), "side": "marketing", **told}
    return {name: value for name, value in event.items() if value is not None}
