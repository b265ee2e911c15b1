"""The hours before the first look are counted back in business time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accord_app.demo import opening


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 25, 10, 30, tzinfo=UTC),  # in the middle of a Wednesday
        datetime(2026, 11, 23, 8, 5, tzinfo=UTC),  # just after a Monday has begun
        datetime(2026, 11, 28, 22, 0, tzinfo=UTC),  # on a Saturday night
    ],
)
def test_the_history_ends_some_business_hours_ago(at: datetime) -> None:
    moments = [opening.begins(at, leads=2_000), *list(opening._moments(at, 2_000))[1:]]
    clock = opening._clock(at.date(), 2_000)
    minutes = [round(clock.elapsed(moment, at) / 60) for moment in moments]
    assert minutes == list(opening.MINUTES_AGO)
    assert moments == sorted(moments)
    assert moments[-1] < at
