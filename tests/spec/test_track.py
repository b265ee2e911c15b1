"""Nurture tracks: lines in, steps and the moments at which they may be taken out.

The clock is open from Monday to Friday, 09:00 to 17:00, in Berlin, where nobody works on 1 January 2027.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from accord.agreement.calendar import Calendar
from accord.agreement.clock import Clock
from accord.agreement.track import TrackError, ahead, mails_named, mails_of, place_in, read, text_of

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = dict.fromkeys(range(5), ((9 * 3600, 17 * 3600),))
CLOCK = Clock(Calendar(time_zone="Europe/Berlin", hours=WEEK, holidays="DE-BE"))
KEEP_WARM = """
# after a no for now
mail first
wait 14d
when score < 65
mail second
task marketing: Look for news about the account
exit when account_open_deals > 0
wait 30d
"""


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


# Who begins on a Friday evening, with which steps, and when each may be taken at the earliest (Berlin time).
TIMES = [
    ("mail first", ["mail first 2026-12-21T09:00"]),
    ("wait 2h\nmail first", ["wait 2h 2026-12-18T18:00", "mail first 2026-12-21T09:00"]),
    ("wait 3d\nmail first", ["wait 3d 2026-12-18T18:00", "mail first 2026-12-22T09:00"]),
    ("wait 14d\nmail first", ["wait 14d 2026-12-18T18:00", "mail first 2027-01-04T09:00"]),
    (
        "mail first\nwait 1d\ntask owner: Call",
        ["mail first 2026-12-21T09:00", "wait 1d 2026-12-21T09:00", "task owner: Call 2026-12-22T09:00"],
    ),
    (
        "mail first\nexit\nmail second",
        ["mail first 2026-12-21T09:00", "exit 2026-12-21T09:00"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_when_each_step_may_be_taken(text: str, expected: list[str]) -> None:
    steps = read(text)
    found = list(ahead(steps, 0, wall("2026-12-18T18:00"), CLOCK))
    assert [f"{each.step.words} {each.at.astimezone(BERLIN):%Y-%m-%dT%H:%M}" for each in found] == expected


def test_a_track_is_read_and_written_back() -> None:
    steps = read(KEEP_WARM)
    assert [step.kind for step in steps] == ["mail", "wait", "when", "mail", "task", "exit", "wait"]
    assert read(text_of(steps)) == steps


# A line that is no step, and what is said about it.
MISTAKES = [
    ("mail first\nsend second", "Line 2: 'send second' is no step."),
    ("mail", "Line 1: `mail` names no template."),
    ("mail third", "Line 1: There is no template third."),
    ("mail first\nwait soon", "Line 2: `wait` needs a duration."),
    ("mail first\nwait 0d", "Line 2: `wait` needs a duration."),
    ("mail first\nwait 900d", "Line 2: `wait` needs a duration."),
    ("task call them", "Line 1: `task` does not say whose and what."),
    ("mail first\nexit if bounced", "Line 2: 'exit if bounced' is no step."),
    ("mail first\nwhen score < 65", "Line 2: `when` guards no step."),
    ("wait 3d", "The track holds no mail and no task."),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_line_that_is_no_step_is_named_with_what_would_be_one(text: str, message: str) -> None:
    with pytest.raises(TrackError) as caught:
        read(text, templates=("first", "second"))
    assert caught.value.message == message
    assert caught.value.remedy


def test_a_condition_is_checked_against_the_lead_view() -> None:
    with pytest.raises(TrackError, match=r"^Line 2: Condition") as caught:
        read("mail first\nwhen scoer < 65\nmail second")
    assert "score" in (caught.value.remedy or "")


# Where somebody goes on who moves to another version: old steps, place, new steps, new place.
MOVES = [
    ("mail a\nwait 3d\nmail b", 0, "mail a\nmail b", 0),
    ("mail a\nwait 3d\nmail b", 1, "wait 1d\nmail a\nwait 9d\nmail b", 2),
    ("mail a\nwait 3d\nmail b", 2, "mail a\nwait 9d\nmail c\nmail b", 1),
    ("mail a\nmail b\nwait 3d", 2, "mail a", 1),
]


@pytest.mark.parametrize(("old", "place", "new", "expected"), MOVES)
def test_who_moves_to_another_version_repeats_no_mail(old: str, place: int, new: str, expected: int) -> None:
    assert place_in(read(old), place, read(new)) == expected


def test_moments_are_in_utc() -> None:
    (first,) = ahead(read("mail first"), 0, wall("2026-12-18T18:00"), CLOCK)
    assert first.at == datetime(2026, 12, 21, 8, tzinfo=UTC)


def test_mails_are_told_apart_by_their_template_and_by_which_of_them_they_are() -> None:
    steps = read("mail a\nwait 2d\nmail b\nmail a", templates={"a", "b"})
    assert {place: mail.key for place, mail in mails_of(steps).items()} == {0: "a", 2: "b", 3: "a 2"}
    longer = read("mail b\nmail a\nwait 2d\nmail a")
    assert [mail.key for mail in mails_of(longer).values()] == ["b", "a", "a 2"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mail a\nwait soon\n  mail b  \nMAIL a", ["a", "b", "a 2"]),
        ("mail NAME-OF-A-TEMPLATE\nmail", []),
        ("", []),
    ],
)
def test_the_mails_that_a_text_names_whatever_else_is_wrong(text: str, named: list[str]) -> None:
    assert [mail.key for mail in mails_named(text)] == named
