"""What a sum over people may be, told from lots of them, against loops that anyone can read."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.insight.attribution.draws import people
from accord.insight.economics.intervals import _error_of_sum, of_sum, studentized

LOT = st.tuples(st.integers(-900, 900), st.integers(1, 5), st.integers(0, 3))


def error_by_hand(lots: list[tuple[int, int, int]]) -> tuple[float, float]:
    """The sum, and its error: by how much each lot is off what its people bring on average, as often as it is drawn,
    and how many people there are."""
    total = sum(times * value for value, _, times in lots)
    count = sum(times * size for _, size, times in lots)
    mean = total / max(count, 1)
    apart = sum(times * (value - mean * size) ** 2 for value, size, times in lots)
    return total, sqrt(apart + mean**2 * count)


@given(st.lists(LOT, min_size=1, max_size=20))
def test_each_draw_is_measured_by_its_own_error(lots: list[tuple[int, int, int]]) -> None:
    values, sizes, times = (np.array(each, float) for each in zip(*lots, strict=True))
    total, error = _error_of_sum(times[None, :], values, sizes)
    assert (total[0], error[0]) == pytest.approx(error_by_hand(lots), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900), min_size=2, max_size=30))
def test_of_single_people_it_is_the_total_of_a_poisson_number_of_records(amounts: list[int]) -> None:
    values, one = np.array(amounts, float), np.ones(len(amounts))
    drawn = people(one)
    found = of_sum(values, one, drawn)
    errors = np.sqrt(drawn @ values**2)
    plain = studentized(values.sum(), float(np.sqrt((values**2).sum())), drawn @ values, errors)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-3, abs=1e-3)
    assert found.low <= values.sum() <= found.high


def test_few_large_amounts_may_be_more_by_more_than_they_may_be_less() -> None:
    values = np.zeros(1_000)
    values[:12] = np.exp(np.random.default_rng(3).normal(10, 0.6, 12))
    found = of_sum(values, np.ones(1_000), people(np.ones(1_000)))
    assert found.high - values.sum() > 1.2 * (values.sum() - found.low)
