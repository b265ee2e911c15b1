"""Invented companies for the forecast: facts drawn by formulas from a seed, so that a thousand of them cost minutes.

Each differs in how many handoffs it makes, how they scatter and drift, how good sales answers, how long deals take and
what they bring. Everything is known as it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.agreements import an_agreement
from tests.tables import facts_in_hand

from accord.agreement.document import Agreement
from accord.facts.engine import Engine

BEGINS = datetime(2026, 1, 5)  # noqa: DTZ001 - naive times are UTC behind the ledger
DAYS = 560
QUARTER = ("2027-04-01", 90)  # the running quarter: its first day, and how many days it has
WORKING = np.array([1.0, 1.1, 1.0, 1.0, 0.8, 0.15, 0.1])
PROMISES = [
    {"id": "enough", "side": "marketing", "metric": "handoffs", "at_least": 20, "per": "week"},
    {"id": "accepted", "side": "marketing", "metric": "acceptance_rate", "at_least": 0.8, "per": "month"},
    {"id": "answered", "side": "sales", "metric": "answered_in_time", "at_least": 0.9, "per": "week"},
    {"id": "win-rate", "side": "both", "metric": "win_rate", "at_least": 0.3, "per": "quarter"},
]
Floats = npt.NDArray[np.float64]
Facts = dict[str, list[dict[str, Any]]]


@cache
def the_agreement() -> Agreement:
    """Four promises and a plan for the running quarter."""
    plan = {"2027-Q2": {"new_revenue": 500_000, "deal_size": 10_000}}
    return an_agreement(promises=PROMISES, plan=plan)


@dataclass(frozen=True)
class Invented:
    """One company: all of its facts, and a moment in the quarter at which its numbers are foretold."""

    facts: Facts
    at: datetime

    def engine(self, *, until: datetime | None = None) -> Engine:
        """Its facts, those up to a moment (with zone) if asked."""
        last = BEGINS + timedelta(days=9 * DAYS) if until is None else until.replace(tzinfo=None)
        return facts_in_hand(
            **{name: [row for row in rows if row["occurred_at"] <= last] for name, rows in self.facts.items()}
        )


def company(seed: int) -> Invented:
    """The same company for the same seed."""
    dice = np.random.default_rng(seed)
    offered = _offers(dice)
    facts: Facts = {"handoffs": [], "deals": []}
    month = (offered // 30).astype(int)
    good = np.clip(dice.uniform(0.6, 0.9) + dice.normal(0, dice.uniform(0, 0.06), month.max() + 1), 0.05, 0.98)
    speed = dice.uniform(1.0, 16.0)  # hours until an answer, on average
    opens, wins = dice.uniform(0.4, 0.8), dice.uniform(0.2, 0.5)
    median, spread, size = dice.uniform(8, 35), dice.uniform(0.5, 1.1), dice.uniform(5_000, 40_000)
    for place, day in enumerate(offered):
        answered = day + dice.exponential(speed) / 24
        taken = dice.random() < good[month[place]]
        facts["handoffs"] += _handoff(place, float(day), float(answered), taken, dice.random() < 0.03)
        if taken and dice.random() < opens:
            opened = answered + dice.gamma(2, 1.5)
            won = dice.random() < wins
            closed = opened + median * np.exp(spread * dice.normal()) * (1.0 if won else 1.3)
            worth = round(size * float(np.exp(dice.normal(0, 0.7))), -2)
            facts["deals"] += _deal(place, float(opened), float(closed), won, worth)
    start, length = datetime.fromisoformat(QUARTER[0]), QUARTER[1]
    return Invented(facts, (start + timedelta(days=length * dice.uniform(0.05, 0.95))).replace(tzinfo=UTC))


def _offers(dice: np.random.Generator) -> Floats:
    """Days after the beginning at which people are handed over: a level that drifts, weeks that scatter, weekends."""
    weeks = DAYS // 7
    level = np.exp(dice.uniform(np.log(8), np.log(40)) + np.cumsum(dice.normal(0, dice.uniform(0, 0.04), weeks)))
    shocked = level * dice.gamma(1 / (noise := dice.uniform(0.001, 0.05)), noise, weeks)
    days = np.arange(weeks * 7)
    counts = dice.poisson(np.repeat(shocked, 7) * WORKING[days % 7] / WORKING.sum())
    return np.sort(np.repeat(days, counts) + dice.beta(4, 4, counts.sum()))


def _at(days: float) -> datetime:
    return BEGINS + timedelta(days=days)


def _handoff(place: int, day: float, answered: float, taken: bool, silent: bool) -> list[dict[str, Any]]:
    who = f"p{place}"
    common = {"handoff_id": who, "person_id": who}
    offer = {
        **common, "event": "offered", "occurred_at": _at(day), "owner": "ada", "team": "reps", "in_capacity": True,
        "answer_due": _at(day + 1), "version": 1,
    }  # fmt: skip
    if silent and not taken:
        return [offer]
    event = "accepted" if taken else "rejected"
    return [offer, {**common, "event": event, "occurred_at": _at(answered)}]


def _deal(place: int, opened: float, closed: float, won: bool, worth: float) -> list[dict[str, Any]]:
    common = {"deal_id": f"d{place}", "person_id": f"p{place}", "account_id": f"a{place}", "currency": "EUR"}
    return [
        {**common, "event": "opened", "occurred_at": _at(opened), "amount": worth},
        {**common, "event": "won" if won else "lost", "occurred_at": _at(closed), "amount": worth},
    ]
