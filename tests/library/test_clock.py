"""The clock against a twin that walks through UTC and looks at the wall clock at every step, on invented calendars."""

from __future__ import annotations

import argparse
import io
import json
import pickle
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accord.agreement.clock import Calendar, Clock, ClockError, Duration, Pause
from accord.commands import clock as door

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Sao_Paulo",
)
# Around changes of the wall clock in each of those zones: both directions, half an hour, a whole day, at midnight.
NEAR = (
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 10, 31, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2011, 12, 29, tzinfo=UTC),
    datetime(2018, 11, 3, tzinfo=UTC),
    datetime(2018, 2, 17, tzinfo=UTC),
    datetime(2026, 2, 14, tzinfo=UTC),
    datetime(2026, 5, 4, tzinfo=UTC),
)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


class Twin:
    """Business time as anybody would tell it: look at the wall clock, every quarter of an hour."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = calendar.zone()

    def owner(self, at: datetime) -> date | None:
        """The day whose window is open, None if none is."""
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        for day in (wall.date(), wall.date() - timedelta(days=1)):
            midnight = datetime.combine(day, time())
            for opens, closes in self.calendar.hours.get(day.weekday(), ()):
                inside = midnight + timedelta(seconds=opens) <= wall < midnight + timedelta(seconds=closes)
                if inside and day not in self.calendar.closed and day not in self.calendar.holidays_in(day.year):
                    return day
        return None

    def due_at(self, start: datetime, quarters: int, pauses: list[Pause]) -> datetime:
        at = start
        while quarters:
            paused = any(begins <= at and (ends is None or at < ends) for begins, ends in pauses)
            quarters -= self.owner(at) is not None and not paused
            at += QUARTER
        return at

    def elapsed(self, start: datetime, end: datetime) -> int:
        return sum(15 * 60 for at in every_quarter(start, end) if self.owner(at))

    def due_in_days(self, start: datetime, days: int) -> datetime:
        """The n-th following day on which anything opens; on it, the first open moment that shows the time or a
        later one; else the end of its last open quarter."""
        begin = next(at for at in every_quarter(start, start + timedelta(days=30)) if self.owner(at))
        first = self.owner(begin)
        assert first is not None
        shown = begin.astimezone(self.zone).replace(tzinfo=None) - datetime.combine(first, time())
        window = list(every_quarter(start - timedelta(days=3), start + timedelta(days=7 * days + 30)))
        owners = {at: self.owner(at) for at in window}
        target = sorted({owner for owner in owners.values() if owner and owner > first})[days - 1]
        opened = [at for at in window if owners[at] == target]
        for at in opened:
            if at.astimezone(self.zone).replace(tzinfo=None) - datetime.combine(target, time()) >= shown:
                return at
        return opened[-1] + QUARTER


def every_quarter(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += QUARTER


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Windows on quarters of an hour, in every order of days, past midnight too."""
    hours: dict[int, tuple[tuple[int, int], ...]] = {}
    free_from = 0  # in quarters: where the window before ended, so that no two overlap
    for weekday in range(7):
        cuts = draw(st.lists(st.integers(max(free_from - 96, 0), 120), max_size=6, unique=True).map(sorted))
        pairs = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < 96 and b - a <= 96]
        pairs = [(a, b) for a, b in pairs if weekday < 6 or b <= 96]
        hours[weekday] = tuple((a * 900, b * 900) for a, b in pairs)
        free_from = pairs[-1][1] if pairs else 0
    assume(any(hours.values()))
    near = draw(st.sampled_from(NEAR)).date()
    shut = draw(st.frozensets(st.integers(0, 9).map(lambda days: near + timedelta(days=days)), max_size=4))
    holidays = draw(st.sampled_from((None, "DE-BE", "US-CA", "BR")))
    return Calendar(draw(st.sampled_from(ZONES)), hours, holidays, shut)


STARTS = st.builds(lambda day, quarter: day + quarter * QUARTER, st.sampled_from(NEAR), st.integers(0, 4 * 24 * 4))
ANY_START = st.datetimes(datetime(2018, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PAUSES = st.lists(st.tuples(st.integers(-9, 99), st.integers(0, 99)), max_size=3)
DURATIONS = st.builds(Duration, st.integers(0, 40), st.sampled_from("smhd"))


def a_pause(start: datetime, numbers: tuple[int, int]) -> Pause:
    return start + numbers[0] * QUARTER, start + sum(numbers) * QUARTER


@settings(max_examples=30, deadline=None)
@given(calendars(), STARTS, st.integers(1, 60), PAUSES)
def test_due_at_is_what_the_twin_walks_to(
    calendar: Calendar, start: datetime, quarters: int, numbers: list[tuple[int, int]]
) -> None:
    pauses = [a_pause(start, each) for each in numbers]
    found = Clock(calendar).due_at(start, Duration(15 * quarters, "m"), pauses)
    assert found == Twin(calendar).due_at(start, quarters, pauses)


@settings(max_examples=30, deadline=None)
@given(calendars(), STARTS, st.integers(0, 8 * 96))
def test_elapsed_is_what_the_twin_counts(calendar: Calendar, start: datetime, quarters: int) -> None:
    end = start + quarters * QUARTER
    assert Clock(calendar).elapsed(start, end) == Twin(calendar).elapsed(start, end)


@settings(max_examples=30, deadline=None)
@given(calendars(), STARTS, st.integers(1, 4))
def test_working_days_are_what_the_twin_finds(calendar: Calendar, start: datetime, days: int) -> None:
    assert Clock(calendar).due_at(start, Duration(days, "d")) == Twin(calendar).due_in_days(start, days)


@settings(max_examples=30, deadline=None)
@given(calendars(), ANY_START, st.integers(1, 500_000))
def test_exactly_the_seconds_asked_for_have_passed_when_due(calendar: Calendar, start: datetime, seconds: int) -> None:
    clock = Clock(calendar)
    due = clock.due_at(start, Duration(seconds, "s"))
    assert clock.elapsed(start, due) == seconds
    assert clock.elapsed(start, due - timedelta(microseconds=1)) == seconds - 1


@settings(max_examples=30, deadline=None)
@given(calendars(), st.tuples(ANY_START, ANY_START, ANY_START).map(sorted))
def test_elapsed_adds_up(calendar: Calendar, moments: list[datetime]) -> None:
    clock = Clock(calendar)
    first, middle, last = (each.replace(microsecond=0) for each in moments)
    assert clock.elapsed(first, last) == clock.elapsed(first, middle) + clock.elapsed(middle, last)


@settings(max_examples=30, deadline=None)
@given(calendars(), ANY_START, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**7))
def test_later_and_longer_are_never_due_earlier(
    calendar: Calendar, start: datetime, short: int, more: int, later: int
) -> None:
    clock = Clock(calendar)
    due = clock.due_at(start, Duration(short, "s"))
    assert due <= clock.due_at(start, Duration(short + more, "s"))
    assert due <= clock.due_at(start + timedelta(seconds=later), Duration(short, "s"))


@settings(max_examples=30, deadline=None)
@given(calendars(), st.lists(ANY_START, min_size=1, max_size=20), DURATIONS)
def test_many_at_once_come_out_as_one_by_one(calendar: Calendar, starts: list[datetime], within: Duration) -> None:
    moments = np.array([microseconds(start) for start in starts], dtype=np.int64)
    single, many = Clock(calendar), Clock(calendar)
    due = [single.due_at_us(int(moment), within) for moment in moments]
    assert many.due_at_many(moments, within).tolist() == due
    elapsed = [single.elapsed(start, as_datetime(end)) for start, end in zip(starts, due, strict=True)]
    assert many.elapsed_many(moments, np.array(due)).tolist() == elapsed


@settings(max_examples=30, deadline=None)
@given(calendars(), STARTS, DURATIONS, PAUSES)
def test_the_explanation_ends_where_it_is_due_and_adds_up(
    calendar: Calendar, start: datetime, within: Duration, numbers: list[tuple[int, int]]
) -> None:
    clock, pauses = Clock(calendar), [a_pause(start, each) for each in numbers]
    due = clock.due_at(start, within, pauses)
    steps = clock.explain(start, within, pauses)
    joints = [start, *(step.ends for step in steps)]
    assert [step.starts for step in steps] == joints[:-1]
    assert joints[-1] == due
    assert sum(step.seconds for step in steps) == clock.elapsed(start, due, pauses)
    assert all(step.total == sum(each.seconds for each in steps[: number + 1]) for number, step in enumerate(steps))


@settings(max_examples=30, deadline=None)
@given(calendars(), STARTS)
def test_open_and_next_open_agree_with_the_wall_clock(calendar: Calendar, at: datetime) -> None:
    clock, twin = Clock(calendar), Twin(calendar)
    assert clock.is_open(at) == (twin.owner(at) is not None)
    assert clock.next_open(at) == next(each for each in every_quarter(at, at + timedelta(days=40)) if twin.owner(each))


@settings(max_examples=30, deadline=None)
@given(calendars(), st.lists(ANY_START, min_size=2, max_size=6), DURATIONS)
def test_what_was_asked_before_changes_nothing(calendar: Calendar, starts: list[datetime], within: Duration) -> None:
    kept = Clock(calendar)
    for start in starts:
        assert kept.due_at(start, within) == Clock(calendar).due_at(start, within)


@pytest.mark.prove
@settings(max_examples=1_000, deadline=None)
@given(calendars(), STARTS, st.integers(1, 200), st.integers(1, 6))
def test_the_twin_agrees_on_1000_calendars(calendar: Calendar, start: datetime, quarters: int, days: int) -> None:
    clock, twin = Clock(calendar), Twin(calendar)
    assert clock.due_at(start, Duration(15 * quarters, "m")) == twin.due_at(start, quarters, [])
    assert clock.due_at(start, Duration(days, "d")) == twin.due_in_days(start, days)


def test_fractions_of_a_second_are_kept() -> None:
    clock, start = Clock(an_office()), datetime(2026, 5, 4, 8, 0, 0, 250_000, tzinfo=UTC)
    assert clock.due_at(start, Duration(1, "m")) == start + MINUTE
    assert clock.elapsed(start, start + timedelta(milliseconds=1_999)) == 1


def test_arrays_that_hold_no_moments_are_refused() -> None:
    clock, within = Clock(an_office()), Duration(1, "h")
    now = np.array([microseconds(datetime(2026, 5, 4, tzinfo=UTC))], dtype=np.int64)
    with pytest.raises(ClockError, match="float64"):
        clock.due_at_many(now.astype(float), within)
    with pytest.raises(ClockError, match="lies outside 1900 to 2150"):
        clock.due_at_many(np.array([np.iinfo(np.int64).min]), within)
    with pytest.raises(ClockError, match="not due within 50 years"):
        clock.due_at_many(now, Duration(999_999_999, "h"))
    with pytest.raises(ClockError, match="before its start"):
        clock.elapsed_many(now, now - 1)
    none = np.array([], dtype=np.int64)
    assert clock.due_at_many(none, within).tolist() == clock.elapsed_many(none, none).tolist() == []
    assert clock.due_at_many(now.reshape(1, 1), within).shape == (1, 1)


def test_calendars_that_are_built_by_hand_are_checked() -> None:
    for hours in ({0: ()}, {7: ((0, 60),)}, {0: ((60, 60),)}, {0: ((0, 200_000),)}, {0: ((3_600, 7_200), (0, 60))}):
        with pytest.raises(ClockError):
            Calendar("UTC", hours)
    with pytest.raises(ClockError, match="-1h is not a duration"):
        Duration(-1, "h")


def test_calendars_can_be_copied_and_compared() -> None:
    calendar = an_office()
    assert pickle.loads(pickle.dumps(calendar)) == calendar  # noqa: S301
    assert len({calendar, an_office()}) == 1


def test_pauses_that_cannot_be_meant_are_refused() -> None:
    clock, start = Clock(an_office()), datetime(2026, 5, 4, 8, tzinfo=UTC)
    with pytest.raises(ClockError, match="before it begins"):
        clock.due_at(start, Duration(1, "h"), [(start, start - MINUTE)])
    twice = [(start, start + 20 * MINUTE), (start + 10 * MINUTE, start + 30 * MINUTE)]
    assert clock.due_at(start, Duration(1, "h"), twice) == start + 90 * MINUTE


def test_a_calendar_without_known_years_to_come_says_so() -> None:
    clock = Clock(an_office())
    with pytest.raises(ClockError, match="Nothing is due before the end of 2150"):
        clock.due_at(datetime(2150, 12, 30, tzinfo=UTC), Duration(100, "h"))


def test_years_without_an_opening_are_stepped_over() -> None:
    shut = frozenset(date(2020, 1, 1) + timedelta(days=days) for days in range(4_000))
    calendar = Calendar("UTC", {0: ((9 * 3_600, 17 * 3_600),)}, closed=shut)
    start, opens = datetime(2020, 5, 4, tzinfo=UTC), datetime(2030, 12, 16, 9, tzinfo=UTC)
    assert Clock(calendar).next_open(start) == opens
    assert Clock(calendar).due_at(start, Duration(1, "h")) == opens + timedelta(hours=1)
    assert Clock(calendar).due_at(start, Duration(1, "d")) == opens + timedelta(days=7)
    assert not Clock(calendar).is_open(start)
    starts = np.array([microseconds(start)])
    for within in (Duration(1, "h"), Duration(1, "d"), Duration(90, "d")):
        due = [microseconds(Clock(calendar).due_at(start, within))]
        assert Clock(calendar).due_at_many(starts, within).tolist() == due


def test_a_calendar_that_stays_closed_ends_the_search() -> None:
    shut = frozenset(date(2020, 1, 1) + timedelta(days=days) for days in range(60 * 366))
    clock, start = Clock(Calendar("UTC", {0: ((0, 3_600),)}, closed=shut)), datetime(2020, 5, 4, tzinfo=UTC)
    for within in (Duration(1, "h"), Duration(1, "d")):
        with pytest.raises(ClockError, match="not due within 50 years"):
            clock.due_at(start, within)
        with pytest.raises(ClockError, match="not due within 50 years"):
            clock.due_at_many(np.array([microseconds(start)]), within)
    with pytest.raises(ClockError, match="not due within 50 years"):
        clock.next_open(start)


def test_threads_may_share_a_clock() -> None:
    clock, within = Clock(an_office()), Duration(3, "h")
    starts = [datetime(year, 12, 30, 12, tzinfo=UTC) for year in range(1996, 2032, 3)]
    found: dict[datetime, datetime] = {}
    threads = [threading.Thread(target=lambda at=at: found.update({at: clock.due_at(at, within)})) for at in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {start: Clock(an_office()).due_at(start, within) for start in starts}


def test_the_door_shows_the_arithmetic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, "--start", "2026-05-04T16:00", "--within", "4h") == 0
    shown = capsys.readouterr().out
    assert "Mon 4 May 2026 17:30 to Tue 5 May 2026 09:00 closed" in shown
    assert "Due 2026-05-05T11:30:00+02:00" in shown


def test_the_door_prints_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, "--start", "2026-05-04T16:00", "--end", "2026-05-05T10:00", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["elapsed_seconds"] == 9000
    assert [step["seconds"] for step in answer["steps"]] == [5400, 0, 3600]


def test_a_batch_answers_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        '{"start": "2026-05-04T16:00:00+02:00", "within": "14400s", "id": 7}',
        "",
        '{"start": "2026-05-04T16:00:00", "end": "2026-05-04T15:00:00"}',
        "no json",
        '{"start": "2026-05-04T14:00:00Z", "end": "2026-05-05T08:00:00Z", "pauses": [["2026-05-04T17:00", null]]}',
        '{"start": "2026-05-04T16:00:00", "within": "4h", "pause": []}',
        '{"start": 4, "within": "4h"}',
        '{"start": "2026-05-04T16:00:00", "within": "4h", "end": "2026-05-04T15:00:00"}',
        '{"start": "2026-05-04T16:00:00", "within": "4h", "pauses": "none"}',
        "[" * 100_000,
        "[1]",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert ask(tmp_path, "--batch") == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[0] == {"id": 7, "due": "2026-05-05T11:30:00+02:00"}
    assert answers[2]["error"].startswith("This is not JSON")
    assert answers[3] == {"elapsed_seconds": 3600}
    assert [answer["line"] for answer in answers if "error" in answer] == [3, 4, 6, 7, 8, 9, 10, 11]


def test_a_batch_without_mistakes_ends_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"start": "2026-05-04T16:00", "within": "2d"}\n'))
    assert ask(tmp_path, "--batch") == 0
    assert json.loads(capsys.readouterr().out) == {"due": "2026-05-06T16:00:00+02:00"}


def test_calendars_are_read_from_agreements_too(tmp_path: Path) -> None:
    agreement = 'time_zone: Asia/Kolkata\ncalendar: {hours: {mon: "09:00-17:00"}}\n'
    assert door.read_calendar(written(tmp_path, agreement)).time_zone == "Asia/Kolkata"
    holding = 'calendar: {time_zone: UTC, holidays: GB-ENG, hours: {mon: "09:00-17:00"}}\n'
    assert door.read_calendar(written(tmp_path, holding)).holidays == "GB-ENG"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no calendar"),
        ("[1]", "holds no calendar"),
        ("calendar: 3", "3 is not a calendar"),
        ("hours: {mon: '09:00-17:00'}", "names no time zone"),
        ("{a: [", "is not YAML"),
        ("hours: {mon: '09:00-10:00', mon: '11:00-12:00'}", "duplicate key"),
        ("{time_zone: 3, hours: {mon: '09:00-17:00'}}", "3 under time_zone is not a text"),
        ("{time_zone: UTC, hours: {mon: 9}}", "9 is not a window"),
        ("{time_zone: UTC, closed: 2026-12-24, hours: {mon: '09:00-17:00'}}", "under closed is not a day"),
        ("{time_zone: UTC, closed: [2026-12-24T10:00:00], hours: {mon: '09:00-17:00'}}", "under closed is not a day"),
    ],
)
def test_files_that_hold_no_calendar_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ClockError, match=said):
        door.read_calendar(written(tmp_path, text))


def test_missing_files_and_missing_starts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ClockError, match="There is no file"):
        door.read_calendar(tmp_path / "none.yaml")
    with pytest.raises(ClockError, match="cannot be read"):
        door.read_calendar(tmp_path)
    with pytest.raises(ClockError, match="No start is given"):
        ask(tmp_path, "--within", "4h")
    with pytest.raises(ClockError, match="--batch reads standard input"):
        ask(tmp_path, "--batch", "--within", "4h")


def an_office() -> Calendar:
    return Calendar.read({"time_zone": "Europe/Berlin", "hours": {"mon-fri": "09:00-17:00"}})


def ask(folder: Path, *arguments: str) -> int:
    text = 'time_zone: Europe/Berlin\nhours: {mon-thu: "09:00-12:30, 13:15-17:30", fri: "09:00-15:00"}\n'
    parser = argparse.ArgumentParser()
    door.add(parser)
    return door.run(parser.parse_args(["--calendar", str(written(folder, text)), *arguments]))


def written(folder: Path, text: str) -> Path:
    path = folder / "calendar.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def as_datetime(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
