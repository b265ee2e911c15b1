"""Every metric by example: small tables in, numerator, denominator, open and value out. The pages print the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.metric_examples import agreement, example, names

from accord.agreement.counting import Counted, count
from accord.agreement.metrics import METRICS
from accord.agreement.periods import Periods


def counted(name: str) -> list[dict[str, Any]]:
    given, signed = example(name), agreement()
    periods = Periods(signed.time_zone, signed.fiscal_year_start)
    spans = [periods.named(row["period"]) for row in given.expected]
    found = count(
        given.engine(),
        signed,
        METRICS[name],
        spans,
        at=given.at,
        where=given.where,
        answers_checked=given.answers_checked,
    )
    return [as_row(each) for each in found.periods]


def as_row(each: Counted) -> dict[str, Any]:
    left_out = "; ".join(f"{reason}: {number}" for reason, number in each.left_out.items())
    return {
        "period": each.span.label,
        "value": None if each.value is None else round(each.value, 4),
        "numerator": each.numerator,
        "denominator": each.denominator,
        "open": each.open,
        "claimed": each.claimed,
        "left out": left_out or None,
    }


@pytest.mark.parametrize("name", METRICS)
def test_metric(name: str) -> None:
    assert counted(name) == example(name).expected


def test_every_metric_has_its_example() -> None:
    assert names() == sorted(METRICS)
