"""Weeks, months, quarters and years as a company counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.agreement.document import Period
from accord.agreement.periods import PeriodError, Periods

BERLIN, APRIL, BRITISH_TAX = Periods("Europe/Berlin"), Periods("Asia/Tokyo", (4, 1)), Periods("Europe/London", (4, 6))


@pytest.mark.parametrize(
    ("periods", "label", "start", "end"),
    [
        (BERLIN, "2027-W01", "2027-01-03T23:00", "2027-01-10T23:00"),
        (BERLIN, "2026-W53", "2026-12-27T23:00", "2027-01-03T23:00"),
        (BERLIN, "2027-W12", "2027-03-21T23:00", "2027-03-28T22:00"),  # 167 hours, clocks go forward
        (BERLIN, "2027-W43", "2027-10-24T22:00", "2027-10-31T23:00"),  # 169 hours, clocks go back
        (BERLIN, "2027-03", "2027-02-28T23:00", "2027-03-31T22:00"),
        (BERLIN, "2027-Q1", "2026-12-31T23:00", "2027-03-31T22:00"),
        (BERLIN, "2027", "2026-12-31T23:00", "2027-12-31T23:00"),
        (APRIL, "2027-Q1", "2026-03-31T15:00", "2026-06-30T15:00"),  # the fiscal year 2027 ends in March 2027
        (APRIL, "2027-Q4", "2026-12-31T15:00", "2027-03-31T15:00"),
        (APRIL, "2027", "2026-03-31T15:00", "2027-03-31T15:00"),
        (BRITISH_TAX, "2027-Q1", "2026-04-05T23:00", "2026-07-05T23:00"),
        (BRITISH_TAX, "2027-02", "2027-02-01T00:00", "2027-03-01T00:00"),
        (Periods("America/Sao_Paulo"), "2018-W45", "2018-11-05T02:00", "2018-11-12T02:00"),
        (Periods("UTC", (8, 31)), "2027-Q3", "2027-02-28T00:00", "2027-05-31T00:00"),
    ],
)
def test_a_label_and_its_bounds(periods: Periods, label: str, start: str, end: str) -> None:
    span = periods.named(label)
    assert span.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert span.end == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert span.label == label


@pytest.mark.parametrize(
    "label", ["2027-W54", "2026-W54", "2027-13", "2027-Q5", "Q1", "", "0000", "2027-1", "２０２７"]
)
def test_what_is_no_period(label: str) -> None:
    with pytest.raises(PeriodError, match="names no period"):
        BERLIN.named(label)


MOMENTS = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01")).map(
    lambda at: at.replace(tzinfo=UTC)
)
COMPANIES = st.builds(
    Periods,
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.tuples(st.integers(1, 12), st.integers(1, 28)) | st.sampled_from([(1, 1), (2, 29), (8, 31), (12, 31)]),
)


@given(COMPANIES, MOMENTS, st.sampled_from(Period))
def test_every_moment_lies_in_one_period_and_periods_have_no_gaps(company: Periods, at: datetime, per: Period) -> None:
    before, span = company.last(at, per, 2)
    assert span.holds(at)
    assert before.end == span.start
    assert company.named(span.label) == span
    assert company.at(span.end, per).start == span.end


@given(COMPANIES, MOMENTS, st.sampled_from(Period))
def test_between_gives_the_periods_that_begin_in_a_stretch(company: Periods, at: datetime, per: Period) -> None:
    end = at + timedelta(days=800)
    found = company.between(at, end, per)
    assert all(at <= span.start < end for span in found)
    assert found == tuple(span for span in company.last(end, per, 120) if at <= span.start < end)
