"""Quiet hours and the time of the digest, on the reader's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_app.outbox.hours import MailHours

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def quiet(begins: str, ends: str) -> MailHours:
    return MailHours(BERLIN, quiet_from=time.fromisoformat(begins), quiet_until=time.fromisoformat(ends))


@pytest.mark.parametrize(
    ("hours", "moment", "then"),
    [
        (quiet("19:00", "07:30"), "2026-03-02T18:59", "2026-03-02T18:59"),
        (quiet("19:00", "07:30"), "2026-03-02T19:00", "2026-03-03T07:30"),
        (quiet("19:00", "07:30"), "2026-03-03T03:00", "2026-03-03T07:30"),
        (quiet("19:00", "07:30"), "2026-03-03T07:30", "2026-03-03T07:30"),
        (quiet("12:00", "13:00"), "2026-03-02T12:30", "2026-03-02T13:00"),
        (quiet("12:00", "13:00"), "2026-03-02T23:00", "2026-03-02T23:00"),
        (quiet("12:00", "12:00"), "2026-03-02T12:00", "2026-03-02T12:00"),
        (quiet("22:00", "02:30"), "2026-03-28T23:00", "2026-03-29T03:30"),  # 02:30 does not exist that night
        (MailHours(BERLIN), "2026-03-02T03:00", "2026-03-02T03:00"),
    ],
)
def test_a_message_waits_for_the_end_of_quiet_hours(hours: MailHours, moment: str, then: str) -> None:
    assert hours.after_quiet(at(moment)) == at(then)


def test_the_digest_comes_at_the_same_time_on_the_wall_all_year() -> None:
    hours = MailHours(BERLIN, digest_at=time(8))
    assert hours.next_digest(at("2026-03-02T07:59")) == at("2026-03-02T08:00")
    assert hours.next_digest(at("2026-03-02T08:00")) == at("2026-03-03T08:00")
    assert hours.next_digest(at("2026-03-28T09:00")) - at("2026-03-28T08:00") == timedelta(hours=23)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.times(), st.times(), st.times())  # noqa: DTZ001
def test_nobody_is_written_to_in_quiet_hours_and_nothing_waits_longer_than_a_day(
    moment: datetime, begins: time, ends: time, digest: time
) -> None:
    hours, now = MailHours(BERLIN, digest, begins, ends), moment.replace(tzinfo=UTC)
    then = hours.after_quiet(now)
    assert now <= then <= now + timedelta(hours=26)
    assert hours.after_quiet(then) == then
    assert now < hours.next_digest(now) <= now + timedelta(hours=26)
