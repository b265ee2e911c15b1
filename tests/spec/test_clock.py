"""Business time: what is due when, and how much has passed. Every expectation is computed by hand.

The office of these tables works Mon-Thu 09:00-12:30 and 13:15-17:30, Fri 09:00-15:00, Europe/Berlin, with the public
holidays of Berlin, and is closed on 24 December 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from accord.agreement.clock import Calendar, Clock, ClockError, Duration

OFFICE = Calendar.read(
    {
        "time_zone": "Europe/Berlin",
        "hours": {"mon-thu": "09:00-12:30, 13:15-17:30", "fri": "09:00-15:00"},
        "holidays": "DE-BE",
        "closed": ["2026-12-24"],
    }
)


def daily(zone: str, windows: str, days: str = "mon-sun") -> Calendar:
    return Calendar.read({"time_zone": zone, "hours": {days: windows}})


def rows(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines():
        yield [cell.strip() for cell in line.split("|")]


def moment(text: str, zone: str) -> datetime:
    """`Mon 2026-05-04 16:00`, in the zone unless it ends in an offset; the day of the week must be the right one."""
    day, _, rest = text.partition(" ")
    found = datetime.fromisoformat(rest)
    assert day == found.strftime("%a"), f"{rest} is a {found:%a}"
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def check_due(calendar: Calendar, table: str) -> None:
    clock = Clock(calendar)
    for start, within, due in rows(table):
        found = clock.due_at(moment(start, calendar.time_zone), Duration.parse(within))
        expected = moment(due, calendar.time_zone)
        assert found.timestamp() == expected.timestamp(), f"{start} + {within}: {found.astimezone(clock.zone)}"


def check_elapsed(calendar: Calendar, table: str) -> None:
    clock = Clock(calendar)
    for start, end, seconds in rows(table):
        found = clock.elapsed(moment(start, calendar.time_zone), moment(end, calendar.time_zone))
        assert found == int(seconds), f"{start} to {end}: {found}"


def test_open_time_is_counted_across_breaks_nights_weekends_and_holidays() -> None:
    check_due(
        OFFICE,
        """
        Mon 2026-05-04 16:00    | 4h   | Tue 2026-05-05 11:30
        Mon 2026-05-04 09:00    | 30m  | Mon 2026-05-04 09:30
        Mon 2026-05-04 12:00    | 1h   | Mon 2026-05-04 13:45
        Mon 2026-05-04 17:29:00 | 90s  | Tue 2026-05-05 09:00:30
        Fri 2026-05-08 14:30    | 1h   | Mon 2026-05-11 09:30
        Thu 2026-04-30 17:00    | 1h   | Mon 2026-05-04 09:30
        Wed 2026-12-23 17:00    | 1h   | Mon 2026-12-28 09:30
        """,
    )


def test_counting_starts_at_the_next_opening_when_the_start_is_not_open() -> None:
    check_due(
        OFFICE,
        """
        Sun 2026-05-03 10:00 | 30m | Mon 2026-05-04 09:30
        Mon 2026-05-04 07:00 | 30m | Mon 2026-05-04 09:30
        Mon 2026-05-04 12:45 | 30m | Mon 2026-05-04 13:45
        Mon 2026-05-04 17:30 | 30m | Tue 2026-05-05 09:30
        Fri 2026-05-01 10:00 | 30m | Mon 2026-05-04 09:30
        """,
    )


def test_what_runs_out_as_a_window_closes_is_due_at_that_closing() -> None:
    check_due(
        OFFICE,
        """
        Mon 2026-05-04 09:00 | 210m | Mon 2026-05-04 12:30
        Mon 2026-05-04 16:30 | 1h   | Mon 2026-05-04 17:30
        Fri 2026-05-08 09:00 | 6h   | Fri 2026-05-08 15:00
        """,
    )


def test_nothing_to_wait_for_is_due_at_once() -> None:
    check_due(
        OFFICE,
        """
        Mon 2026-05-04 10:00 | 0m | Mon 2026-05-04 10:00
        Sun 2026-05-03 22:00 | 0h | Sun 2026-05-03 22:00
        Sun 2026-05-03 22:00 | 0d | Sun 2026-05-03 22:00
        """,
    )


def test_working_days_keep_the_time_of_day() -> None:
    check_due(
        OFFICE,
        """
        Mon 2026-05-04 16:00    | 2d | Wed 2026-05-06 16:00
        Mon 2026-05-04 16:00:07 | 1d | Tue 2026-05-05 16:00:07
        Thu 2026-04-30 10:00    | 1d | Mon 2026-05-04 10:00
        Fri 2026-05-08 10:00    | 5d | Mon 2026-05-18 10:00
        Wed 2026-12-23 10:00    | 1d | Mon 2026-12-28 10:00
        """,
    )


def test_a_working_day_that_is_not_open_at_that_time_moves_it_to_its_next_opening_or_its_closing() -> None:
    check_due(
        OFFICE,
        """
        Thu 2026-05-07 16:00 | 1d | Fri 2026-05-08 15:00
        Thu 2026-05-07 16:00 | 2d | Mon 2026-05-11 16:00
        Fri 2026-05-08 13:00 | 1d | Mon 2026-05-11 13:15
        Sat 2026-05-09 10:00 | 1d | Tue 2026-05-12 09:00
        Mon 2026-05-04 20:00 | 1d | Wed 2026-05-06 09:00
        """,
    )


def test_a_day_that_opens_later_moves_it_to_its_opening() -> None:
    calendar = Calendar.read({"time_zone": "Europe/Berlin", "hours": {"mon": "08:00-12:00", "tue": "10:00-18:00"}})
    check_due(
        calendar,
        """
        Mon 2026-05-04 08:30 | 1d | Tue 2026-05-05 10:00
        Tue 2026-05-05 17:00 | 1d | Mon 2026-05-11 12:00
        """,
    )


def test_elapsed_counts_open_seconds() -> None:
    check_elapsed(
        OFFICE,
        """
        Mon 2026-05-04 16:00 | Tue 2026-05-05 10:00    | 9000
        Mon 2026-05-04 12:00 | Mon 2026-05-04 13:30    | 2700
        Mon 2026-05-04 12:30 | Mon 2026-05-04 13:15    | 0
        Fri 2026-05-01 00:00 | Sun 2026-05-03 00:00    | 0
        Mon 2026-05-04 00:00 | Mon 2026-05-11 00:00    | 133200
        Mon 2026-05-04 16:00 | Mon 2026-05-04 16:00:01 | 1
        Wed 2026-12-23 17:00 | Mon 2026-12-28 09:00    | 1800
        """,
    )


def test_hours_that_the_clock_change_in_spring_skips_are_never_open() -> None:
    check_elapsed(
        daily("Europe/Berlin", "01:00-04:00"), "Sun 2026-03-29 00:00 | Sun 2026-03-29 12:00 | 7200"
    )  # 02:00 to 03:00 does not exist
    check_elapsed(daily("Europe/Berlin", "02:00-03:00"), "Sun 2026-03-29 00:00 | Sun 2026-03-29 12:00 | 0")
    check_elapsed(daily("Europe/Berlin", "02:30-04:00"), "Sun 2026-03-29 00:00 | Sun 2026-03-29 12:00 | 3600")
    check_elapsed(daily("Europe/Berlin", "01:00-02:30"), "Sun 2026-03-29 00:00 | Sun 2026-03-29 12:00 | 3600")
    check_elapsed(daily("America/New_York", "01:30-03:30"), "Sun 2026-03-08 00:00 | Sun 2026-03-08 12:00 | 3600")
    check_elapsed(daily("Australia/Lord_Howe", "01:00-03:00"), "Sun 2026-10-04 00:00 | Sun 2026-10-04 12:00 | 5400")
    check_elapsed(daily("Australia/Lord_Howe", "01:45-02:15"), "Sun 2026-10-04 00:00 | Sun 2026-10-04 12:00 | 900")


def test_hours_that_the_clock_change_in_autumn_repeats_are_open_twice() -> None:
    check_elapsed(daily("Europe/Berlin", "01:00-03:00"), "Sun 2026-10-25 00:00 | Sun 2026-10-25 12:00 | 10800")
    check_elapsed(
        daily("Europe/Berlin", "02:30-03:30"), "Sun 2026-10-25 00:00 | Sun 2026-10-25 12:00 | 5400"
    )  # 02:30 to 03:00 twice and 03:00 to 03:30
    check_elapsed(daily("America/New_York", "00:30-01:30"), "Sun 2026-11-01 00:00 | Sun 2026-11-01 12:00 | 5400")
    check_elapsed(daily("Australia/Lord_Howe", "01:00-03:00"), "Sun 2026-04-05 00:00 | Sun 2026-04-05 12:00 | 9000")
    check_elapsed(
        daily("Australia/Lord_Howe", "01:45-02:15"), "Sun 2026-04-05 00:00 | Sun 2026-04-05 12:00 | 2700"
    )  # 15 minutes, then 01:30 again, then 30 minutes


def test_due_moments_around_the_clock_changes() -> None:
    check_due(
        daily("Europe/Berlin", "00:00-24:00"),
        """
        Sat 2026-03-28 12:00 | 24h | Sun 2026-03-29 13:00
        Sat 2026-03-28 12:00 | 1d  | Sun 2026-03-29 12:00
        Sat 2026-03-28 02:30 | 1d  | Sun 2026-03-29 03:00
        Sat 2026-10-24 12:00 | 24h | Sun 2026-10-25 11:00
        Sat 2026-10-24 02:30 | 1d  | Sun 2026-10-25 02:30+02:00
        Sun 2026-10-25 02:30+02:00 | 1h | Sun 2026-10-25 02:30+01:00
        """,
    )
    check_due(daily("Europe/Berlin", "02:30-04:00"), "Sat 2026-03-28 12:00 | 30m | Sun 2026-03-29 03:30")
    check_due(daily("America/New_York", "00:00-24:00"), "Sat 2026-10-31 23:00 | 4h | Sun 2026-11-01 02:00-05:00")
    check_due(daily("Australia/Lord_Howe", "09:00-17:00"), "Sat 2026-04-04 16:30 | 1h | Sun 2026-04-05 09:30+10:30")


def test_a_day_that_the_calendar_never_had_is_no_working_day() -> None:
    """Samoa crossed the date line: Thursday 29 December 2011 was followed by Saturday 31 December."""
    check_due(
        daily("Pacific/Apia", "09:00-17:00", "mon-fri"),
        """
        Thu 2011-12-29 16:00 | 2h | Mon 2012-01-02 10:00
        Thu 2011-12-29 10:00 | 1d | Mon 2012-01-02 10:00
        """,
    )


def test_a_clock_that_turns_back_over_midnight_gives_each_day_its_own_hours() -> None:
    """In Newfoundland, Sunday 7 November 2010 had one minute, then Saturday came back for 59 minutes."""
    zone = "America/St_Johns"
    check_elapsed(daily(zone, "20:00-24:00", "sat"), "Sat 2010-11-06 12:00 | Sun 2010-11-07 12:00 | 17940")
    check_elapsed(daily(zone, "00:00-06:00", "sun"), "Sat 2010-11-06 12:00 | Sun 2010-11-07 12:00 | 21660")
    check_due(
        daily(zone, "00:00-24:00"),
        """
        Sat 2010-11-06 00:00          | 1d | Sun 2010-11-07 00:00-02:30
        Sat 2010-11-06 23:30-02:30    | 1d | Sun 2010-11-07 23:30
        Sat 2010-11-06 23:30-03:30    | 1d | Sun 2010-11-07 23:30
        Sun 2010-11-07 00:00:30-02:30 | 1d | Mon 2010-11-08 00:00:30
        """,
    )


def test_time_zones_are_those_of_the_calendar() -> None:
    check_due(
        daily("Asia/Kolkata", "09:00-18:00"),
        """
        Mon 2026-05-04 03:00+00:00 | 1h | Mon 2026-05-04 10:00+05:30
        Mon 2026-05-04 12:00+00:00 | 1h | Tue 2026-05-05 09:30+05:30
        """,
    )


def test_windows_past_midnight_belong_to_the_day_on_which_they_start() -> None:
    night = Calendar.read({"time_zone": "Europe/Berlin", "hours": {"mon-fri": "22:00-06:00"}, "closed": ["2026-05-05"]})
    check_due(
        night,
        """
        Mon 2026-05-04 23:00 | 2h | Tue 2026-05-05 01:00
        Tue 2026-05-05 05:00 | 2h | Wed 2026-05-06 23:00
        Fri 2026-05-08 23:00 | 8h | Mon 2026-05-11 23:00
        Wed 2026-05-06 23:00 | 1d | Thu 2026-05-07 23:00
        Thu 2026-05-07 02:00 | 1d | Fri 2026-05-08 02:00
        Sat 2026-05-09 02:00 | 1d | Tue 2026-05-12 02:00
        """,
    )


def test_a_pause_moves_what_is_due_by_the_open_time_that_fell_into_it() -> None:
    clock = Clock(OFFICE)
    table = """
        Mon 2026-05-04 10:00 | 1h | Mon 2026-05-04 10:30 | Mon 2026-05-04 11:00 | Mon 2026-05-04 11:30
        Mon 2026-05-04 10:00 | 1h | Mon 2026-05-04 08:00 | Mon 2026-05-04 10:15 | Mon 2026-05-04 11:15
        Mon 2026-05-04 10:00 | 1h | Mon 2026-05-04 11:00 | Mon 2026-05-04 12:00 | Mon 2026-05-04 11:00
        Mon 2026-05-04 12:00 | 1h | Mon 2026-05-04 12:30 | Mon 2026-05-04 13:15 | Mon 2026-05-04 13:45
        Mon 2026-05-04 10:00 | 2d | Tue 2026-05-05 09:00 | Tue 2026-05-05 10:00 | Wed 2026-05-06 11:00
        Thu 2026-05-07 16:00 | 1h | Thu 2026-05-07 16:30 | Fri 2026-05-08 10:00 | Fri 2026-05-08 10:30
        """
    for start, within, begins, ends, due in rows(table):
        pause = (moment(begins, "Europe/Berlin"), moment(ends, "Europe/Berlin"))
        found = clock.due_at(moment(start, "Europe/Berlin"), Duration.parse(within), [pause])
        assert found == moment(due, "Europe/Berlin"), f"{start} + {within}"


def test_a_pause_that_has_not_ended_stops_the_clock() -> None:
    clock, start = Clock(OFFICE), moment("Mon 2026-05-04 10:00", "Europe/Berlin")
    pause = (moment("Mon 2026-05-04 10:30", "Europe/Berlin"), None)
    assert clock.elapsed(start, moment("Wed 2026-05-06 10:00", "Europe/Berlin"), [pause]) == 30 * 60
    assert clock.due_at(start, Duration.parse("30m"), [pause]) == moment("Mon 2026-05-04 10:30", "Europe/Berlin")
    with pytest.raises(ClockError, match="paused since Mon 4 May 2026 10:30 with no end"):
        clock.due_at(start, Duration.parse("31m"), [pause])


def test_the_arithmetic_is_told_step_by_step() -> None:
    clock = Clock(OFFICE)
    pause = (moment("Wed 2026-12-23 16:10", "Europe/Berlin"), moment("Wed 2026-12-23 16:40", "Europe/Berlin"))
    steps = clock.explain(moment("Wed 2026-12-23 12:00", "Europe/Berlin"), Duration.parse("6h"), [pause])
    assert [(step.seconds, step.total, step.why) for step in steps] == [
        (1800, 1800, "Wed 23 Dec 2026 12:00 to 12:30 counts 30 m"),
        (0, 1800, "Wed 23 Dec 2026 12:30 to 13:15 closed"),
        (10500, 12300, "Wed 23 Dec 2026 13:15 to 16:10 counts 2 h 55 m"),
        (0, 12300, "Wed 23 Dec 2026 16:10 to 16:40 paused"),
        (3000, 15300, "Wed 23 Dec 2026 16:40 to 17:30 counts 50 m"),
        (0, 15300, "Wed 23 Dec 2026 17:30 to 24:00 closed"),
        (0, 15300, "Thu 24 Dec 2026 closed (company)"),
        (0, 15300, "Fri 25 Dec 2026 holiday (Christmas Day)"),
        (0, 15300, "Sat 26 Dec 2026 00:00 to Mon 28 Dec 2026 09:00 closed"),
        (6300, 21600, "Mon 28 Dec 2026 09:00 to 10:45 counts 1 h 45 m"),
    ]


def test_working_days_are_told_step_by_step() -> None:
    steps = Clock(OFFICE).explain(moment("Wed 2026-12-23 16:00", "Europe/Berlin"), Duration.parse("4d"))
    assert [step.why for step in steps] == [
        (
            "Mon 28 Dec 2026 16:00 is working day 1 of 4, after Thu 24 Dec 2026 closed (company), "
            "Fri 25 Dec 2026 holiday (Christmas Day), Sat 26 Dec 2026 closed, Sun 27 Dec 2026 closed"
        ),
        "Tue 29 Dec 2026 16:00 is working day 2 of 4",
        "Wed 30 Dec 2026 16:00 is working day 3 of 4",
        "Thu 31 Dec 2026 16:00 is working day 4 of 4",
    ]
    friday = Clock(OFFICE).explain(moment("Thu 2026-05-07 16:00", "Europe/Berlin"), Duration.parse("1d"))
    assert [step.why for step in friday] == [
        "Fri 8 May 2026 15:00 is working day 1 of 1 (not open at 16:00 on that day)"
    ]


def test_the_repeated_hour_is_told_with_its_zones() -> None:
    calendar = daily("Europe/Berlin", "01:00-03:00")
    steps = Clock(calendar).explain(moment("Sun 2026-10-25 00:30", "Europe/Berlin"), Duration.parse("3h"))
    assert [step.why for step in steps] == [
        "Sun 25 Oct 2026 00:30 to 01:00 closed",
        "Sun 25 Oct 2026 01:00 CEST to 03:00 CET counts 3 h",
    ]


def test_public_holidays_are_those_of_the_place() -> None:
    table = """
        DE-BE  | Sun 2026-03-08 | Women's Day
        DE-BE  | Fri 2026-12-25 | Christmas Day
        GB-ENG | Mon 2026-08-31 | Late Summer Bank Holiday
        GB-ENG | Mon 2026-12-28 | Boxing Day (observed)
        US-CA  | Tue 2026-03-31 | Cesar Chavez Day
        US-CA  | Fri 2026-07-03 | Independence Day (observed)
        BR     | Mon 2026-09-07 | Independence Day
        """
    for code, day, name in rows(table):
        calendar = Calendar.read({"time_zone": "UTC", "hours": {"mon-sun": "09:00-17:00"}, "holidays": code})
        noon = moment(f"{day} 12:00", "UTC")
        assert calendar.holidays_in(noon.year)[noon.date()] == name
        assert not Clock(calendar).is_open(noon)


def test_calendars_that_cannot_be_meant_are_refused() -> None:
    table = """
        {}                                                        | never opens
        {mon-fri: ""}                                             | '' is not a window
        {mon: "09:00-09:00"}                                      | whole day is "00:00-24:00"
        {mon: "09:00-25:00"}                                      | '09:00-25:00' is not a window
        {mon: "9-17"}                                             | '9-17' is not a window
        {mon-wed: "09:00-17:00", tue: "09:00-12:00"}              | hours name tue twice: in 'mon-wed' and in 'tue'
        {mon: "09:00-12:00, 11:00-13:00"}                         | mon 09:00-12:00 and mon 11:00-13:00 overlap
        {mon: "22:00-06:00", tue: "05:00-09:00"}                  | mon 22:00-06:00 and tue 05:00-09:00 overlap
        {sun: "22:00-06:00", mon: "05:00-09:00"}                  | sun 22:00-06:00 and mon 05:00-09:00 overlap
        {munday: "09:00-17:00"}                                   | nearest valid name is mon
        """
    for text, said in rows(table):
        with pytest.raises(ClockError) as caught:
            Calendar.read({"time_zone": "Europe/Berlin", "hours": YAML(typ="safe").load(text)})
        assert said in str(caught.value)
        assert caught.value.path[0] == "hours"


def test_unknown_names_are_answered_with_the_nearest() -> None:
    table = """
        time_zone | Europe/Berln | Europe/Berlin
        time_zone | Europe       | Europe/
        time_zone | ../etc       | nearest valid name
        holidays  | DE-BER       | nearest valid name is DE-BE. Allowed are DE-BB, DE-BE
        holidays  | DE-          | is not a country with known public holidays
        holidays  | de-be        | nearest valid name is DE
        holidays  | GB-XYZ       | Allowed are GB-ENG, GB-NIR, GB-SCT, GB-WLS
        holiday   | DE-BE        | nearest valid name is holidays
        closed    | someday      | is not a day
        """
    for key, value, said in rows(table):
        good = {"time_zone": "Europe/Berlin", "hours": {"mon": "09:00-17:00"}}
        with pytest.raises(ClockError) as caught:
            Calendar.read({**good, key: value})
        assert said in str(caught.value)
        assert caught.value.path == (key,)


def test_what_is_never_due_is_an_error_and_not_an_endless_search() -> None:
    clock, start = Clock(OFFICE), moment("Mon 2026-05-04 10:00", "Europe/Berlin")
    for within in ("999999999d", "999999999h", "100000h"):
        with pytest.raises(ClockError, match=r"not due within 50 years"):
            clock.due_at(start, Duration.parse(within))
    with pytest.raises(ClockError, match="1991 to 2100, the years whose public holidays are known"):
        clock.due_at(moment("Thu 1970-01-01 00:00", "UTC"), Duration.parse("1h"))
    with pytest.raises(ClockError, match="names no time zone"):
        clock.due_at(datetime(2026, 5, 4, 10), Duration.parse("1h"))  # noqa: DTZ001


def test_durations_are_a_whole_number_and_a_unit() -> None:
    for text in ("90s", "30m", "4h", "2d", "0m"):
        assert str(Duration.parse(text)) == text
    for text in ("", "4", "h", "-1h", "1.5h", "1h30m", " 4h", "4 h", "4w", "٤h", "1000000000s"):
        with pytest.raises(ClockError, match=r"is not a duration\. Write a whole number"):
            Duration.parse(text)
    assert Duration.parse("2d").wall().total_seconds() == 172_800
