"""Intervals of money hold the truth as often as they say, and content that does nothing is found to do nothing.

Costs on invented counts whose truth is a formula; averages and totals on skewed amounts like those of deals, and the
price of what few comparable handoffs brought; lifetime value on accounts that are followed for very different times;
content on leads to whom an asset was given by lot, also where faster leads got it earlier. Every interval is stated at
90 %.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import exp

import numpy as np
import pyarrow as pa
import pytest
from tests.prove.test_intervals import Held, Record, check
from tests.tables import DAY_ZERO

from accord.insight.content_effect.comparing import AtStage, effect
from accord.insight.economics import intervals
from accord.insight.economics.accounts import accounts, value
from accord.insight.economics.books import Wins
from accord.insight.economics.marginal import Elasticity, elasticity
from accord.insight.misalignment import _mean
from accord.insight.result import Interval

SHORT, LONG = 60, 1_000
SPREAD = 0.8  # of the logarithm of a deal's worth, as in the simulated company
MEAN = 20_000 * exp(SPREAD**2 / 2)
Dice = np.random.Generator


def amounts(dice: Dice, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(20_000 * np.exp(SPREAD * dice.normal(size=count)))


def of_cost(dice: Dice) -> Held:
    spend, truth = 50_000.0, float(dice.uniform(30, 400))
    return Held(intervals.divided(spend, intervals.of_count(float(dice.poisson(truth)))), spend / truth)


def of_average(dice: Dice) -> Held:
    return Held(intervals.of_average(amounts(dice, int(dice.integers(25, 300)))), MEAN)


def of_total(dice: Dice) -> Held:
    rate = float(dice.uniform(40, 300))
    return Held(intervals.of_total(amounts(dice, int(dice.poisson(rate)))), rate * MEAN)


def of_price(dice: Dice) -> Held:
    """What few comparable handoffs brought on average, most of them nothing."""
    count = int(dice.integers(25, 150))
    return Held(_mean((dice.random(count) < 0.4) * amounts(dice, count), 1).interval, 0.4 * MEAN)


def of_growth(dice: Dice) -> Held:
    before, now = (float(dice.uniform(40, 300)) for _ in range(2))
    found = intervals.of_growth(amounts(dice, int(dice.poisson(now))), amounts(dice, int(dice.poisson(before))))
    return Held(found, now / before - 1)


def of_lifetime(dice: Dice) -> Held:
    """Accounts begin over two years, and buy again once a year on average, whoever is young has been seen for less."""
    count, horizon = 150, 365.0
    followed = dice.uniform(0, 730, count)
    account, age = [np.arange(count)], [np.zeros(count)]
    for place, days in enumerate(followed):
        times = dice.uniform(0, days, int(dice.poisson(days / 365)))
        account.append(np.full(len(times), place))
        age.append(times)
    who, when = np.concatenate(account), np.concatenate(age)
    at = DAY_ZERO + timedelta(days=730)
    began = np.datetime64(at, "us") - (followed * 86_400e6).astype("timedelta64[us]")
    won = began[who] + (when * 86_400e6).astype("timedelta64[us]")
    order = np.argsort(won, kind="stable")
    names = pa.chunked_array([pa.array([f"a{each}" for each in who[order]])])
    wins = Wins(names, names, names, won[order], amounts(dice, len(who)), {}, 0, "")
    found = value(accounts(wins, at), horizon)
    assert found is not None and found.horizon == horizon
    return Held(found.interval, MEAN * 2)


def of_elasticity(dice: Dice) -> Held:
    """Spend and leads both grow steadily; leads move with the spend by 0.4 % for 1 %."""
    months = np.arange(24)
    spend = np.exp(9 + 0.02 * months + 0.4 * dice.normal(size=24))
    leads = dice.poisson(np.exp(0.6 + 0.4 * np.log(spend) + 0.01 * months)).astype(np.float64)
    found = elasticity(spend, leads)
    return Held(found.interval if isinstance(found, Elasticity) else None, 0.4)


def of_content(dice: Dice) -> Held:
    """Deals move three times on their way; after each move an asset goes out by lot. The asset does nothing, and deals
    that are fast are won more often."""
    count = 700
    length, fast = np.exp(2.5 + dice.normal(size=count)), dice.random(count)
    length *= np.where(fast < 0.5, 0.6, 1.4)
    is_won = dice.random(count) < np.where(fast < 0.5, 0.6, 0.3)
    moves = np.concatenate([np.zeros((count, 1)), np.outer(length, [0.3, 0.45, 0.6])], axis=1)
    sent = dice.random((count, 4)) < 0.15
    used = np.where(sent.any(axis=1), moves[np.arange(count), sent.argmax(axis=1)] + 0.01, np.inf)
    found = AtStage(
        moved=np.where(is_won, length, np.inf), left=np.where(is_won, np.inf, length), used=used,
        followed=np.full(count, 1_000.0), stratum=np.zeros(count, dtype=np.int64),
        who=np.repeat(np.arange(count), 4), age=moves.reshape(-1), nth=np.tile(np.arange(4), count),
    )  # fmt: skip
    told = effect(found, 200.0)
    return Held(told.interval, 0.0)


WORLDS: tuple[Callable[[Dice], Held], ...] = (
    of_cost, of_average, of_total, of_price, of_growth, of_lifetime, of_elasticity, of_content,
)  # fmt: skip
SIZES = [pytest.param(SHORT, id="sample"), pytest.param(LONG, id="long", marks=pytest.mark.prove)]


@pytest.mark.parametrize("worlds", SIZES)
@pytest.mark.parametrize("world", WORLDS, ids=lambda each: each.__name__)
def test_the_truth_lies_within_as_often_as_stated(
    world: Callable[[Dice], Held], worlds: int, record_property: Record
) -> None:
    check([world(np.random.default_rng([seed, 5])) for seed in range(worlds)], record_property)


def test_an_asset_that_helps_is_seen_to_help() -> None:
    """By lot half of 600 leads got an asset that turns 30 % into 50 %."""
    dice = np.random.default_rng(5)
    given = dice.random(600) < 0.5
    came = dice.random(600) < np.where(given, 0.5, 0.3)
    found = AtStage(
        moved=np.where(came, 20.0, np.inf), left=np.where(came, np.inf, 25.0),
        used=np.where(given, 1.0, np.inf), followed=np.full(600, 100.0), stratum=np.zeros(600, dtype=np.int64),
        who=np.arange(600), age=np.zeros(600), nth=np.zeros(600, dtype=np.int64),
    )  # fmt: skip
    told = effect(found, 60.0)
    assert told.interval is not None
    assert 0.0 < told.interval.low < 0.2 < told.interval.high


def test_intervals_run_from_low_to_high_around_their_figure() -> None:
    values = amounts(np.random.default_rng(1), 40)
    for found, middle in ((intervals.of_average(values), values.mean()), (intervals.of_total(values), values.sum())):
        assert isinstance(found, Interval) and found.low < middle < found.high
