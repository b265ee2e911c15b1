"""Names beside lines: none touches the next, none is moved further than that takes; and numbers beside their units."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.report.charts import LINE, apart
from accord.report.numbers import money, unbroken

HEIGHTS = st.lists(st.floats(0, 3), max_size=4)


@pytest.mark.parametrize(
    ("values", "moved"),
    [
        ([], []),
        ([1.0], [0.0]),
        ([2.0, 1.0], [0.0, 0.0]),
        ([1.0, 1.0], [-LINE / 2, LINE / 2]),
        ([1.0, 1.0, 3.0], [-LINE / 2, LINE / 2, 0.0]),
        ([1.0, 1.0, 1.0], [-LINE, 0.0, LINE]),
    ],
)
def test_names_move_as_far_as_they_must(values: list[float], moved: list[float]) -> None:
    assert apart(values, pixels=100) == pytest.approx(moved)


@given(HEIGHTS)
def test_no_name_touches_another(values: list[float]) -> None:
    moved = apart(values, pixels=100)
    places = sorted(down - 100 * value for down, value in zip(moved, values, strict=True))
    assert all(lower - upper >= LINE - 1e-6 for upper, lower in pairwise(places))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("between €1.83 m and €2.34 m;", "between €1.83~m and €2.34~m;"),
        ("18 % above", "18~% above"),
        ("CHF 940, 12 days, 2 h", "CHF~940, 12~days, 2~h"),
        ("3 minutes and 4 meetings", "3 minutes and 4 meetings"),
        ("MQL and 8 of 10", "MQL and 8 of 10"),
    ],
)
def test_a_number_stays_beside_its_unit(text: str, lines: str) -> None:
    assert unbroken(text).replace("\N{NO-BREAK SPACE}", "~") == lines


@pytest.mark.parametrize(
    ("value", "says"),
    [(12.4, "€12.40"), (2_932, "€2,932"), (-2_932, "−€2,932"), (31_400, "€31 k"), (1.33e6, "€1.33 m"), (0, "€0")],
)
def test_money_is_as_short_as_it_may_be(value: float, says: str) -> None:
    assert money(value, "EUR") == says
