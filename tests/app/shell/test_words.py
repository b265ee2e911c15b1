"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from accord_app.shell import words


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("148200.40"), "EUR", "€148,200"),
        (-112.0, "EUR", "−€112"),
        (1500, "CHF", "CHF 1,500"),
        (0, "USD", "$0"),
        (-0.3, "EUR", "€0"),
        (None, "EUR", "–"),
    ],
)
def test_money(amount: Decimal | float | None, currency: str, text: str) -> None:
    assert words.money(amount, currency) == text


@pytest.mark.parametrize(("points", "text"), [(30, "+30"), (-112, "−112"), (4.25, "+4.2"), (0, "0"), (-0.01, "0")])
def test_signed(points: float, text: str) -> None:
    assert words.signed(points) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.18, "18 %"),
        (1, "100 %"),
        (0, "0 %"),
        (None, "–"),
        (96 / 23_924, "0.4 %"),
        (1 / 71_201, "under 0.1 %"),
        (0.996, "99.6 %"),
        (71_200 / 71_201, "over 99.9 %"),
        (-0.02, "−2 %"),
    ],
)
def test_percent(share: float | None, text: str) -> None:
    assert words.percent(share) == text


def test_moments_stand_in_the_zone_of_the_reader() -> None:
    at = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        assert (words.day(at), words.moment(at)) == ("21 November", "21 November, 00:30")
    assert words.day(date(2026, 3, 1)) == "1 March"
    assert (words.day(None), words.moment(None), words.whole(None)) == ("–", "–", "–")
