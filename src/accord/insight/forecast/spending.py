"""What will have been spent by the end of a period: what is booked, and the rest as spend went in the past year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from accord.agreement.counting import count
from accord.agreement.document import Agreement
from accord.agreement.metrics import Metric
from accord.agreement.periods import Span
from accord.insight.forecast.ranges import Reals
from accord.insight.stages import moment_sql

if TYPE_CHECKING:
    from accord.facts.engine import Answers

FEWEST_BLOCKS = 3
_BLOCK = timedelta(days=28)
_MOST_BLOCKS = 13


@dataclass(frozen=True, slots=True)
class Spend:
    """Spend of one period: booked so far, and the blocks of four weeks that the rest is drawn after."""

    booked: float
    blocks: Reals
    blocks_to_come: float

    def draw(self, dice: np.random.Generator, size: int) -> Reals:
        """The whole spend in possible futures: normal around the mean of the blocks, which is itself uncertain."""
        middle, noise = float(self.blocks.mean()), float(self.blocks.std(ddof=1))
        mean = middle + noise / np.sqrt(len(self.blocks)) * dice.standard_t(len(self.blocks) - 1, size)
        rest = mean * self.blocks_to_come + noise * np.sqrt(self.blocks_to_come) * dice.standard_normal(size)
        return np.asarray(self.booked + np.maximum(rest, 0.0), dtype=np.float64)


def spend(engine: Answers, agreement: Agreement, metric: Metric, period: Span, *, at: datetime) -> Spend | None:
    """What a cost metric divides, in the agreement's currency; None for less than three blocks on record."""
    first, last = engine.one(
        "SELECT min(occurred_at), max(CASE WHEN until > occurred_at THEN until ELSE occurred_at END) FROM spend "
        f"WHERE occurred_at <= {moment_sql(at.replace(tzinfo=None))}"
    )
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    begins, ends = first.replace(tzinfo=UTC), min(last.replace(tzinfo=UTC), at)
    number = min(_MOST_BLOCKS, (ends - begins) // _BLOCK)
    if number < FEWEST_BLOCKS:
        return None
    spans = [Span(f"block {place}", ends - (place + 1) * _BLOCK, ends - place * _BLOCK) for place in range(number)]
    blocks = np.array([_spent(engine, agreement, metric, span, at) for span in spans])
    booked = _spent(engine, agreement, metric, Span("so far", period.start, ends), at) if ends > period.start else 0.0
    return Spend(booked, blocks, (period.end - max(ends, period.start)) / _BLOCK)


def _spent(engine: Answers, agreement: Agreement, metric: Metric, span: Span, at: datetime) -> float:
    return count(engine, agreement, metric, [span], at=at).periods[0].numerator
