"""A trickle of people who do something, so that the workspace is alive. It enters through intake like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import zip_longest
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
_AT_ONCE = 4
"""So many people are on the website at the same time."""

_ASKING = frozenset({"form.demo-request", "form.price-request", "form.contact", "form.download", "webinar.attended"})
_TOLD = ("name", "email", "phone", "title", "country", "language", "origin", "campaign", "landing_page")
_FIRM = ("name", "domain", "industry", "country", "employees", "segment")
Story = Sequence[Mapping[str, Any]]


def register() -> None:
    """Let the worker send the next event every few seconds."""
    handlers.register(KIND, send_next)
    handlers.every(KIND, EVERY_SECONDS)


def send_next(jobs: Sequence[Job], at: datetime) -> None:
    """Send what the next invented person does, as if it happened now."""
    send(1, at=at)


def send(count: int, *, at: datetime) -> None:
    """Send the next `count` things that invented people do, as if they happened at this moment."""
    place, told = Touch.facts().filter(source=SOURCE).count(), _story()
    receive(
        source=SOURCE, sent=[_event(told[each % len(told)], each, at) for each in range(place, place + count)], at=at
    )


@lru_cache(maxsize=1)
def _story() -> Story:
    """What invented people do, in order: each touch with what is known of the person and the company."""
    people: dict[str, dict[str, Any]] = {}
    firms: dict[str, dict[str, Any]] = {}
    touches: dict[str, list[dict[str, Any]]] = {}
    for table, rows in stream_facts(_PEOPLE, seed=_SEED, end=date(2026, 6, 30), months=1):
        for row in rows.to_pylist():
            if table == "profiles":
                known = people if row["subject"] == "person" else firms
                known.setdefault(row["subject_id"], {}).update({k: v for k, v in row.items() if v is not None})
            elif table == "touches" and row["side"] == "marketing" and row["kind"] != "email.sent":
                touches.setdefault(row["person_id"], []).append(row)
    told = [list(_told(people.get(who, {}), firms, done)) for who, done in touches.items()]
    return tuple(_in_turn(sorted(filter(None, told), key=_asks_for_nothing)))


def _told(
    person: Mapping[str, Any], firms: Mapping[str, Mapping[str, Any]], touches: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    if not person.get("email"):
        return
    firm = firms.get(person.get("account_id", ""), {})
    done = _until_they_ask(sorted(touches, key=lambda row: row["occurred_at"]))
    last = done[-1]["occurred_at"]
    for touch in done:
        yield {
            "ago": last - touch["occurred_at"],
            "kind": touch["kind"], "channel": touch["channel"], "campaign": touch["campaign"], "asset": touch["asset"],
            "person": {name: person[name] for name in _TOLD if name in person},
            "company": {name: firm[name] for name in _FIRM if name in firm} if firm.get("domain") else None,
        }  # fmt: skip


def _until_they_ask(touches: Story) -> Story:
    """Up to and with the last touch that asks for something, so that a story ends when it is worth telling."""
    asked = [place for place, touch in enumerate(touches) if touch["kind"] in _ASKING]
    return touches[: asked[-1] + 1] if asked else touches


def _asks_for_nothing(story: Story) -> bool:
    """Who asks for something comes first: otherwise it takes hours until somebody is handed over."""
    return not any(touch["kind"] in _ASKING for touch in story)


def _in_turn(stories: Sequence[Story]) -> Iterator[Mapping[str, Any]]:
    """One story after the other to its end, with some told at the same time."""
    for first in range(0, len(stories), _AT_ONCE):
        for side_by_side in zip_longest(*stories[first : first + _AT_ONCE]):
            yield from filter(None, side_by_side)


def _event(told: Mapping[str, Any], place: int, at: datetime) -> dict[str, Any]:
    """Earlier visits keep their distance to the last one: a website tells of them once it knows whose they were."""
    event = {**told, "id": f"demo-{place}", "at": (at - told["ago"]).isoformat(), "side": "marketing"}
    return {name: value for name, value in event.items() if value is not None and name != "ago"}
