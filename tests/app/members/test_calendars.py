"""What of an iCalendar text counts as an absence, and when: texts in, stretches out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accord_app.members import calendars
from accord_app.members.calendars import Counts, Found, NotACalendarError, Stretch

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
OUT = "X-MICROSOFT-CDO-BUSYSTATUS:OOF"


def calendar(*events: str) -> bytes:
    """A calendar of these events; the lines of each are parted by blanks where they hold none."""
    texts = [f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events]
    lines = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *texts, "END:VCALENDAR", ""])
    return lines.replace("\n", "\r\n").encode()


def found(*events: str, counts: Counts | None = None, zone: str = "Europe/Berlin") -> Found:
    return calendars.read(
        calendar(*events), zone=zone, counts=counts or Counts(words=("out of office",)), since=SINCE, until=UNTIL
    )


def told(*events: str, **how: Any) -> list[str]:
    """`05-04 22:00 to 05-06 22:00`, in UTC."""
    return [f"{a:%m-%d %H:%M} to {b:%m-%d %H:%M}" for a, b in found(*events, **how).stretches]


WHOLE_DAYS = "UID:1\nDTSTART;VALUE=DATE:20260504\nDTEND;VALUE=DATE:20260506"
TIMED = "UID:1\nDTSTART;TZID=Europe/Berlin:20260504T090000\nDTEND;TZID=Europe/Berlin:20260504T110000"
DAILY = f"{TIMED}\n{OUT}\nRRULE:FREQ=DAILY;COUNT=3"
OFTEN = ",".join(str(hour) for hour in range(24))
MANY = [
    f"UID:{n}\nDTSTART:2026{3 + n // 112:02}{1 + n // 4 % 28:02}T{n % 4 * 5:02}0000Z\nDURATION:PT1H\n{OUT}"
    for n in range(360)
]
WHOLE, ONCE = ["05-03 22:00 to 05-05 22:00"], ["05-04 07:00 to 05-04 09:00"]
THRICE = [f"05-0{day} 07:00 to 05-0{day} 09:00" for day in (4, 5, 6)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (WHOLE_DAYS, WHOLE),
        (f"{WHOLE_DAYS}\nTRANSP:TRANSPARENT", []),
        (f"{WHOLE_DAYS}\nTRANSP:TRANSPARENT\nSUMMARY:I am Out of Office", WHOLE),
        (f"{WHOLE_DAYS}\nTRANSP:TRANSPARENT\nCATEGORIES:private,out of office", WHOLE),
        (f"{WHOLE_DAYS}\nTRANSP:TRANSPARENT\nSUMMARY:out of officers", []),
        (f"{WHOLE_DAYS}\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        (f"{WHOLE_DAYS}\nX-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", []),
        (f"{WHOLE_DAYS}\nSTATUS:CANCELLED\n{OUT}", []),
        (TIMED, []),
        (f"{TIMED}\nSUMMARY:Out of office", ONCE),
        (f"{TIMED}\n{OUT}", ONCE),
        ("UID:1\nDTSTART;VALUE=DATE:20260504", ["05-03 22:00 to 05-04 22:00"]),
        ("UID:1\nDTSTART;VALUE=DATE:20260504\nDURATION:P2D", WHOLE),
        (f"UID:1\nDTSTART:20260504T090000\nDURATION:PT2H\n{OUT}", ONCE),  # without a zone: the member's
        (f"UID:1\nDTSTART:20260504T070000Z\nDURATION:PT2H\n{OUT}", ONCE),
        (f"UID:1\nDTSTART;TZID=W. Europe Standard Time:20260504T090000\nDURATION:PT2H\n{OUT}", ONCE),
        (f"UID:1\nDTSTART;TZID=Nowhere/Land:20260504T090000\nDURATION:PT2H\n{OUT}", ONCE),
        ("UID:1\nDTSTART;VALUE=DATE:20250504\nDTEND;VALUE=DATE:20250506", []),  # long over
        ("UID:1\nDTSTART;VALUE=DATE:20270504", []),  # far ahead
        (DAILY, THRICE),
        (f"{DAILY}\nEXDATE;TZID=Europe/Berlin:20260505T090000", [THRICE[0], THRICE[2]]),
        (f"{DAILY}\nEXDATE:20260505T070000Z", [THRICE[0], THRICE[2]]),
        (f"{TIMED}\n{OUT}\nRRULE:FREQ=DAILY;UNTIL=20260505T070000Z", THRICE[:2]),
        (f"{TIMED}\n{OUT}\nRRULE:FREQ=DAILY;UNTIL=20260505", THRICE[:2]),
        (f"{TIMED}\n{OUT}\nRDATE;TZID=Europe/Berlin:20260506T090000", [THRICE[0], THRICE[2]]),
        ("UID:1\nDTSTART;VALUE=DATE:20260328\nRRULE:FREQ=DAILY;COUNT=2", ["03-27 23:00 to 03-29 22:00"]),  # 47 hours
        (f"{WHOLE_DAYS}\nRRULE:FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=4", WHOLE),
    ],
)  # fmt: skip
def test_what_counts_and_when(event: str, expected: list[str]) -> None:
    assert told(event) == expected


def test_whole_days_count_only_where_that_is_wanted() -> None:
    assert told(WHOLE_DAYS, counts=Counts(all_day=False)) == []
    assert told(f"{WHOLE_DAYS}\nSUMMARY:Urlaub Süd", counts=Counts(all_day=False, words=("urlaub",))) == WHOLE


def test_a_weekly_event_stays_at_its_hour_when_the_clocks_change() -> None:
    weekly = f"UID:1\nDTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\n{OUT}\nRRULE:FREQ=WEEKLY;COUNT=2"
    assert told(weekly) == ["03-23 08:00 to 03-23 09:00", "03-30 07:00 to 03-30 08:00"]


def test_one_occurrence_is_moved_and_one_cancelled() -> None:
    moved = (
        f"UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20260505T090000\n{OUT}\n"
        "DTSTART;TZID=Europe/Berlin:20260505T140000\nDTEND;TZID=Europe/Berlin:20260505T150000"
    )
    gone = (
        f"UID:1\nRECURRENCE-ID:20260506T070000Z\nSTATUS:CANCELLED\n{OUT}\n"
        "DTSTART;TZID=Europe/Berlin:20260506T090000\nDTEND;TZID=Europe/Berlin:20260506T110000"
    )
    assert told(DAILY, moved, gone) == [THRICE[0], "05-05 12:00 to 05-05 13:00"]


FIVE_DAYS = f"{TIMED}\n{OUT}\nRRULE:FREQ=DAILY;COUNT=5"
FROM_THEN_ON = "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260506T090000"
LATER = f"{FROM_THEN_ON}\n{OUT}\nDTSTART;TZID=Europe/Berlin:20260506T140000\nDURATION:PT1H"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([LATER], ["04 07:00-09:00", "05 07:00-09:00", "06 12:00-13:00", "07 12:00-13:00", "08 12:00-13:00"]),
        # cancelled from then on
        ([f"{FROM_THEN_ON}\nSTATUS:CANCELLED\n{TIMED[6:]}"], ["04 07:00-09:00", "05 07:00-09:00"]),
        # one of those to come is moved by itself, and one before
        (
            [
                LATER,
                f"UID:1\nRECURRENCE-ID:20260507T070000Z\n{OUT}\nDTSTART:20260507T180000Z\nDURATION:PT1H",
                f"UID:1\nRECURRENCE-ID:20260505T070000Z\n{OUT}\nDTSTART:20260505T050000Z\nDURATION:PT1H",
            ],
            ["04 07:00-09:00", "05 05:00-06:00", "06 12:00-13:00", "07 18:00-19:00", "08 12:00-13:00"],
        ),
        # and once more from a later day on, in another zone, a day later
        (
            [
                f"{FROM_THEN_ON.replace('06T', '08T')}\n{OUT}\nDTSTART;TZID=Asia/Tokyo:20260509T090000\nDURATION:PT30M",
                LATER,
            ],
            ["04 07:00-09:00", "05 07:00-09:00", "06 12:00-13:00", "07 12:00-13:00", "09 00:00-00:30"],
        ),
        # with a rule of its own
        (
            [f"{LATER}\nRRULE:FREQ=WEEKLY;COUNT=2"],
            ["04 07:00-09:00", "05 07:00-09:00", "06 12:00-13:00", "13 12:00-13:00"],
        ),
        # from the first on
        ([LATER.replace(":20260506", ":20260504")], [f"0{n} 12:00-13:00" for n in (4, 5, 6, 7, 8)]),
    ],
)  # fmt: skip
def test_a_series_changes_from_one_occurrence_on(more: list[str], expected: list[str]) -> None:
    assert [f"{a:%d %H:%M}-{b:%H:%M}" for a, b in found(FIVE_DAYS, *more).stretches] == expected


def test_a_change_from_then_on_stands_alone_without_its_series_and_a_damaged_one_is_counted() -> None:
    assert told(LATER) == ["05-06 12:00 to 05-06 13:00"]
    read = found(FIVE_DAYS, LATER.replace("DTSTART;TZID=Europe/Berlin:20260506T140000", "DTSTART:NaN"))
    assert (read.unreadable, len(read.stretches)) == (1, 2)


def test_a_series_of_whole_days_changes_from_one_day_on() -> None:
    weekly = "UID:1\nDTSTART;VALUE=DATE:20260504\nRRULE:FREQ=WEEKLY;COUNT=3"
    longer = "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260511\n"
    longer += "DTSTART;VALUE=DATE:20260512\nDTEND;VALUE=DATE:20260514"
    expected = ["05-03 22:00 to 05-04 22:00", "05-11 22:00 to 05-13 22:00", "05-18 22:00 to 05-20 22:00"]
    assert told(weekly, longer) == expected


def test_the_newest_revision_of_an_event_counts() -> None:
    later = WHOLE_DAYS.replace("20260504", "20260505") + "\nSEQUENCE:3"
    assert told(later, f"{WHOLE_DAYS}\nSEQUENCE:2") == ["05-04 22:00 to 05-05 22:00"]


def test_events_that_meet_are_one_absence() -> None:
    days = [f"UID:{day}\nDTSTART;VALUE=DATE:202605{day:02}" for day in (4, 5, 7)]
    assert told(*days) == ["05-03 22:00 to 05-05 22:00", "05-06 22:00 to 05-07 22:00"]


@pytest.mark.parametrize(
    "event",
    [
        "UID:x\nDTSTART:NaN\nDTEND:NaN",
        "UID:x\nDTSTART;VALUE=DATE:20261399",
        "UID:x\nSUMMARY:out of office",
        "UID:x\nDTSTART;VALUE=DATE:20260504\nDTEND;VALUE=DATE:20260401",
        "UID:x\nDTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20990101",
        "UID:x\nDTSTART;VALUE=DATE:20260504\nDURATION:P99999999D",
        f"UID:x\nDTSTART:20260504T090000Z\nDURATION:PT1H\n{OUT}\nRRULE:FREQ=SECONDLY",
        f"UID:x\nDTSTART:20260504T090000Z\nDURATION:PT1H\n{OUT}\nRRULE:FREQ=FORTNIGHTLY",
        f"UID:x\nDTSTART:20260504T090000Z\nDURATION:PT1H\n{OUT}\nRRULE:FREQ=DAILY;BYHOUR={OFTEN}",
        f"UID:x\nDTSTART:20260504T090000Z\nDURATION:PT1H\n{OUT}\nEXDATE:NaN",
    ],
)
def test_an_event_that_makes_no_sense_is_counted_and_the_others_are_read(event: str) -> None:
    read = found(event, WHOLE_DAYS)
    assert (len(read.stretches), read.events, read.counted, read.unreadable) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "gives nothing"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
        (b"\x00\xff\xfe\x80", "something else"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "something else"),
        (calendar(WHOLE_DAYS)[:-40], "cut off"),
        (calendar(*MANY), "More than 300"),
    ],
)  # fmt: skip
def test_what_is_not_a_calendar_says_so(text: bytes, why: str) -> None:
    with pytest.raises(NotACalendarError, match=why):
        calendars.read(text, zone="UTC", counts=Counts(), since=SINCE, until=UNTIL)


def test_question_and_answer_pass_through_a_process() -> None:
    asked = calendars.asked(calendar(TIMED), zone="UTC", counts=Counts(False, ("a", "b")), since=SINCE, until=UNTIL)
    assert asked.partition(b"\n")[2] == calendar(TIMED)
    assert calendars.answered(b'{"stretches": [], "events": 1, "counted": 0, "unreadable": 0}') == Found((), 1, 0, 0)


HOURS = st.integers(0, 30)
STRETCHES = st.lists(st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] < pair[1]), max_size=6)


def hour(number: int) -> datetime:
    return SINCE + timedelta(hours=number)


def hours_of(stretches: list[tuple[int, int]]) -> set[int]:
    """The readable twin: one hour after the other."""
    return {each for begins, ends in stretches for each in range(begins, ends)}


@settings(max_examples=100, deadline=None)
@given(STRETCHES, STRETCHES)
@example([(0, 3), (3, 5)], [(1, 2)])
def test_what_is_left_of_stretches_is_what_is_left_of_their_hours(
    these: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    def moments(pairs: list[tuple[int, int]]) -> list[Stretch]:
        return [(hour(a), hour(b)) for a, b in pairs]

    left = calendars.without(moments(these), moments(others))
    assert {n for n in range(31) if any(a <= hour(n) < b for a, b in left)} == hours_of(these) - hours_of(others)
    assert all(one[1] < other[0] for one, other in pairwise(left))
