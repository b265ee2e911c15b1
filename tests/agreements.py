"""A small agreement for tests: complete enough to decide, every article replaceable by name."""

from __future__ import annotations

import json
from typing import Any

from accord.agreement.document import Agreement
from accord.agreement.reading import load
from accord.agreement.rules import Rules

OFFICE = {"hours": {"mon-fri": "09:00-17:00"}}
ARTICLES: dict[str, Any] = {
    "accord": 1,
    "version": 1,
    "in_force_from": "2027-01-04T00:00:00+00:00",
    "company": "Northwind Robotics",
    "currency": "EUR",
    "time_zone": "UTC",
    "signatories": {"marketing": ["mia"], "sales": ["sam"]},
    "calendar": OFFICE,
    "teams": {"reps": {"people": ["ada", "ben", "cleo"]}},
    "qualification": {"where": "country = 'DE'"},
    "routing": {"rules": [{"team": "reps", "method": "round_robin"}]},
}


def an_agreement(**articles: Any) -> Agreement:
    """The small agreement with other articles; None leaves one out."""
    told = {name: value for name, value in {**ARTICLES, **articles}.items() if value is not None}
    return load(json.dumps(told))


def the_rules(**articles: Any) -> Rules:
    return Rules.of(an_agreement(**articles))
