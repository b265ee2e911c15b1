"""What the worker does for figures: promises are measured anew before they are a minute old, what is read
about longer stretches every few minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accord_app.measures.attributing import measure_attribution
from accord_app.measures.colliding import measure_collisions
from accord_app.measures.counting_money import measure_economics
from accord_app.measures.dealing import measure_drawn, measure_fairness
from accord_app.measures.diagnosing import measure_diagnosis
from accord_app.measures.foretelling import measure_forecast
from accord_app.measures.measuring import measure, measure_board, measure_promises
from accord_app.work import handlers
from accord_app.work.models import Job

ECONOMICS, COLLIDE, DEAL = "measure economics", "look for collisions", "look at shares"
MEASURE, BOARD = "measure", "measure funnel"
FORETELL, ATTRIBUTE, DIAGNOSE = "foretell", "attribute", "diagnose"
EVERY_SECONDS = 30
BOARD_EVERY_SECONDS = 300
DIAGNOSE_EVERY_SECONDS = 1_800
SELDOM_SECONDS = 900  # what is read about the whole past, and changes slowly


def register() -> None:
    """Tell the worker what to call."""
    handlers.register(MEASURE, what_was_promised, title="Measure promises", lease_seconds=300, long=True)
    handlers.register(BOARD, what_came_of_it, title="Measure funnel and plan", lease_seconds=300, long=True)
    handlers.register(DIAGNOSE, why_it_came_so, title="Diagnose", lease_seconds=900, long=True)
    handlers.every(DIAGNOSE, DIAGNOSE_EVERY_SECONDS)
    handlers.register(FORETELL, what_will_come, title="Foretell", lease_seconds=900, long=True)
    handlers.register(ATTRIBUTE, what_led_to_wins, title="Share wins out", lease_seconds=900, long=True)
    handlers.register(ECONOMICS, what_it_cost, title="Measure economics", lease_seconds=900, long=True)
    handlers.register(COLLIDE, where_work_met, title="Look for collisions", lease_seconds=900, long=True)
    handlers.register(DEAL, who_got_what, title="Look at how handoffs were dealt out", lease_seconds=900, long=True)
    handlers.every(MEASURE, EVERY_SECONDS)
    handlers.every(BOARD, BOARD_EVERY_SECONDS)
    handlers.every(FORETELL, SELDOM_SECONDS)
    handlers.every(ATTRIBUTE, SELDOM_SECONDS)
    handlers.every(ECONOMICS, SELDOM_SECONDS)
    handlers.every(COLLIDE, SELDOM_SECONDS)
    handlers.every(DEAL, DIAGNOSE_EVERY_SECONDS)


def what_was_promised(jobs: Sequence[Job], at: datetime) -> None:
    """The board counts promises by their states, so it follows when one has changed."""
    if measure_promises(at=at):
        measure_board(at=at)


def what_came_of_it(jobs: Sequence[Job], at: datetime) -> None:
    """Everything, the records behind figures too that have stayed the same."""
    measure(at=at)


def why_it_came_so(jobs: Sequence[Job], at: datetime) -> None:
    """What the gap is made of, and what is known about it."""
    measure_diagnosis(at=at)


def what_will_come(jobs: Sequence[Job], at: datetime) -> None:
    """The forecast, with more of its record each time."""
    measure_forecast(at=at)


def what_led_to_wins(jobs: Sequence[Job], at: datetime) -> None:
    """Attribution in every way."""
    measure_attribution(at=at)


def what_it_cost(jobs: Sequence[Job], at: datetime) -> None:
    """What leads and customers cost and bring, and what goes with the use of content."""
    measure_economics(at=at)


def where_work_met(jobs: Sequence[Job], at: datetime) -> None:
    """Campaigns into negotiations, two colleagues or both teams to one account."""
    measure_collisions(at=at)


def who_got_what(jobs: Sequence[Job], at: datetime) -> None:
    """How handoffs were dealt out among the people of each team, and what became of leads drawn by lot."""
    measure_fairness(at=at)
    measure_drawn(at=at)
