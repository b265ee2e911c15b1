"""Rates and times against lifelines as it is, and against formulas written out."""

from __future__ import annotations

import warnings
from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from accord.insight.duration import (
    ARRIVED,
    LOST,
    OPEN,
    counted,
    in_the_end,
    incidence,
    quantiles,
    stay,
    wilson,
)

ENDS = st.sampled_from([OPEN, ARRIVED, LOST])
PAIRS = st.lists(st.tuples(st.integers(1, 10_000), ENDS), min_size=5, max_size=60)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([days / 7 for days, _ in pairs]), np.array([end for _, end in pairs])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10_000), ENDS), min_size=8, max_size=60, unique_by=lambda pair: pair[0]))
def test_expected_in_the_end_is_what_lifelines_says_without_ties(pairs: list[tuple[int, int]]) -> None:
    days, ends = arrays(pairs)
    assume((ends == ARRIVED).any() and ends[days.argmax()] == OPEN)
    plain = AalenJohansenFitter(alpha=0.1).fit(days, ends, event_of_interest=ARRIVED)
    found = incidence(counted(days, ends))
    assert found.share == pytest.approx(plain.cumulative_density_.to_numpy().ravel(), abs=1e-9)
    assert found.variance == pytest.approx(float(plain.variance_.iloc[-1]), abs=1e-9)
    assert sorted((found.interval.low, found.interval.high)) == pytest.approx(
        sorted(plain.confidence_interval_.iloc[-1].to_list()), abs=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_counts_give_what_rows_give(pairs: list[tuple[int, int]]) -> None:
    days, ends = arrays([(d % 20 + 1, e) for d, e in pairs])
    assume((ends == ARRIVED).any())
    at_risk, still, reached = float(len(days)), 1.0, 0.0
    expected = {}
    for moment in sorted(set(days)):
        here = ends[days == moment]
        reached += still * (here == ARRIVED).sum() / at_risk
        still *= 1 - (here != OPEN).sum() / at_risk
        at_risk -= len(here)
        expected[moment] = reached
    found = incidence(counted(days, ends))
    share = dict(zip(found.days.tolist(), found.share.tolist(), strict=True))
    assert [share[moment] for moment in expected] == pytest.approx(list(expected.values()), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_time_in_stage_is_what_lifelines_says_row_by_row(pairs: list[tuple[int, int]]) -> None:
    days, ends = arrays([(d % 30, e) for d, e in pairs])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = KaplanMeierFitter().fit(days, ends > 0).median_survival_time_
    found = stay(days, ends)
    assert found is not None
    assert (np.inf if found.median is None else found.median) == pytest.approx(plain, abs=1e-9)


def test_wilson_is_the_published_formula() -> None:
    z, p, n = 1.6448536269514722, 842 / 8000, 8000
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    interval = wilson(842, 8000)
    assert (interval.low, interval.high) == pytest.approx((middle - half, middle + half), abs=1e-12)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_what_happened_and_stays_between_0_and_1(count: int, of: int) -> None:
    assume(count <= of)
    interval = wilson(count, of)
    assert 0 <= interval.low <= count / of <= interval.high <= 1


def test_an_early_look_cannot_tell_yet() -> None:
    days = np.array([float(day) for day in range(1, 41)])
    ends = np.array([ARRIVED if day % 2 else OPEN for day in range(1, 41)])
    assert in_the_end(days, ends).says.startswith("cannot tell yet: ")
    assert in_the_end(days[:10], ends[:10]).says == "cannot tell yet: 10 more records needed"


def test_open_people_are_expected_to_arrive_as_others_did() -> None:
    arrived = np.repeat([1.0, 2.0, 3.0], 20)
    waiting = np.repeat([1.5, 100.0], [40, 40])
    days = np.concatenate([arrived, waiting])
    ends = np.concatenate([np.full(60, ARRIVED), np.full(80, OPEN)])
    expected = in_the_end(days, ends)
    assert expected.share is not None and expected.interval is not None
    assert expected.share == pytest.approx(1 - (120 / 140) * (60 / 80) * (40 / 60), abs=1e-9)
    assert expected.share > 60 / 140
    assert expected.interval.low < expected.share < expected.interval.high


def test_quantiles_keep_the_negative_lag() -> None:
    found = quantiles(np.array([-1.0, 2.0, 5.0]))
    assert found is not None and (found.before, found.least, found.median, found.most) == (1, -1.0, 2.0, 5.0)


def test_a_stay_that_half_has_not_ended_has_no_median_yet() -> None:
    found = stay(np.array([1.0, 2.0, 9.0, 9.0, 9.0]), np.array([ARRIVED, LOST, OPEN, OPEN, OPEN]))
    assert found is not None and (found.n, found.left, found.median) == (5, 2, None)


def test_ties_are_never_broken_by_chance() -> None:
    days, ends = np.repeat([1.0, 2.0, 3.0, 9.0], 12), np.tile([ARRIVED, LOST, OPEN], 16)
    counts = counted(days, ends)
    assert AalenJohansenFitter._check_for_duplicates(counts.days, counts.end)  # lifelines would move these at random
    first, second = (in_the_end(days, ends) for _ in range(2))
    assert first == second
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        incidence(counts)


def test_many_durations_are_rounded_without_moving_the_estimate() -> None:
    random = np.random.default_rng(7)
    days, ends = random.exponential(30, 30_000), random.integers(0, 3, 30_000)
    assert len(counted(days, ends).days) < 10_000
    found = incidence(counted(days, ends))
    order = np.argsort(days)
    at_risk = np.arange(30_000, 0, -1)
    before = np.concatenate([[1.0], np.cumprod(1 - (ends[order] != OPEN) / at_risk)[:-1]])
    exact = float((before * (ends[order] == ARRIVED) / at_risk).sum())
    assert abs(float(found.share[-1]) - exact) < 0.05 * (found.interval.high - found.interval.low)
