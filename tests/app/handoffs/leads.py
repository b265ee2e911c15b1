"""A company around the queue: an agreement in force with a card of points, and leads that were handed over under it.

Everything came in as facts and was decided at the desk, so that pages show what the product itself has made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accord_app.handoffs.actions import settle
from accord_app.handoffs.deciding import decide_about, desk, pass_time
from accord_app.handoffs.models import Handoff
from accord_app.records.actions import record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = datetime(2026, 1, 5, tzinfo=UTC)
TEAM = "sales-dach"
ALWAYS = {"hours": {"mon-sun": "00:00-24:00"}}
CARD = {
    "fit": [{"when": "employees BETWEEN 50 AND 5000", "points": 30, "because": "our installed base"}],
    "intent": [
        {"touch": "form.price-request", "points": 30, "half_life": "365d", "at_most": 30},
        {"touch": "page.pricing", "points": 10, "half_life": "365d", "at_most": 20},
    ],
    "bands": {"A": 60, "B": 40, "C": 0},
}
AGREED: dict[str, Any] = {
    "accord": 1,
    "version": 3,
    "in_force_from": SINCE.isoformat(),
    "company": "Kestrel Robotics",
    "currency": "EUR",
    "time_zone": "UTC",
    "signatories": {"marketing": ["miro"], "sales": ["clara"]},
    "calendar": ALWAYS,
    "teams": {TEAM: {"people": ["tomas", "zoe"]}, "sales-uk": {"people": ["amy"]}},
    "cards": {"points": CARD},
    "qualification": {"score": {"card": "points", "at_least": 40}},
    "routing": {"rules": [{"when": "country = 'GB'", "team": "sales-uk"}, {"team": TEAM, "method": "round_robin"}]},
    "response": {
        "answer": {"within": "4h"},
        "first_touch": {"within": "8h"},
        "outcome": {"within": "20d"},
        "on_breach": [{"after": "0m", "do": "remind"}, {"after": "4h", "do": "reroute"}],
    },
    "answers": {
        "reject": [
            {"code": "too_small", "label": "Company too small", "check": "employees < 100"},
            {"code": "no_fit", "label": "Does not need what we make"},
        ],
        "recycle": [{"code": "timing", "label": "Not now", "track": "keep-warm", "return": "days_since_recycle >= 30"}],
        "reply": {"by": "marketing", "to": "reject", "within": "2d"},
        "second_look": {"share": 0, "by": "ada", "within": "5d"},
    },
}


def in_force(**articles: Any) -> None:
    """Put the agreement in force, long ago."""
    told = {**AGREED, **articles}
    event = {"id": f"v{told['version']}", "version": told["version"], "event": "in_force", "text": json.dumps(told)}
    since = datetime.fromisoformat(told["in_force_from"])
    record("agreements", [event | {"occurred_at": since}], at=since, source="accord")


def is_away(person: str, *, at: datetime, until: datetime) -> None:
    """A colleague is absent."""
    row = {"id": f"{person}-{at}", "person": person, "event": "absent", "until": until, "occurred_at": at}
    record("availability", [row], at=at, source="accord")


def a_lead(
    person: str = "birgit",
    *,
    at: datetime,
    name: str = "Birgit Sommer",
    company: str = "Kestrel Foods",
    employees: int = 1400,
    country: str = "DE",
    did: Sequence[str] = ("page.pricing", "form.price-request"),
) -> Handoff:
    """Somebody who looks around, asks for a price, qualifies and is handed over at `at`."""
    with desk(at) as now:
        record("profiles", _profiles(person, name, company, employees, country, at), at=now, source="crm")
        touches = [
            {"id": f"{person}-{n}", "person_id": person, "kind": kind, "side": "marketing",
             "occurred_at": at - (len(did) - n) * DAY, "known_at": at - (len(did) - n) * DAY}
            for n, kind in enumerate(did)
        ]  # fmt: skip
        record("touches", touches, at=now, source="site")
        decide_about([person], at=now)
    return Handoff.objects.get(person_id=person, closed_at=None)


def _profiles(person: str, name: str, company: str, employees: int, country: str, at: datetime) -> list[dict[str, Any]]:
    account = f"at-{person}"
    return [
        {"id": f"{account}-{at}", "subject": "account", "subject_id": account, "name": company, "employees": employees,
         "industry": "food", "occurred_at": at},
        {"id": f"{person}-{at}", "subject": "person", "subject_id": person, "account_id": account, "name": name,
         "email": f"{person}@{account}.example", "title": "Plant manager", "country": country, "city": "Regensburg",
         "origin": "search-ads", "campaign": "cold-chain", "occurred_at": at},
    ]  # fmt: skip


def let_seconds_pass(at: datetime) -> None:
    """The seconds in which an answer can be taken back go by."""
    settle(at=at + timedelta(seconds=11))


def let_time_pass(at: datetime) -> None:
    """Clocks that have come due by then do what was agreed."""
    with desk(at) as now:
        pass_time(at=now)
