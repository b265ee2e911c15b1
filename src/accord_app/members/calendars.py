"""What of an iCalendar text counts as an absence. Titles and categories are read here and never leave.

Feeds come from outside, so this runs as a process of its own (`python -m accord_app.members.calendars`) with little
memory and little time: whatever a text makes the readers of others do, it ends with that process.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from dateutil.rrule import rrulestr

LONGEST = timedelta(days=3 * 365)
MOST_STRETCHES = 300
MOST_OCCURRENCES = 1_000  # of one event within the time that is looked at
MEMORY = 1024**3
RHYTHMS = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_NOT_BUSY = ("FREE", "TENTATIVE", "WORKINGELSEWHERE")

Stretch = tuple[datetime, datetime]


class NotACalendarError(Exception):
    """The text cannot be worked with; the message says why, as people read it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What counts beside events that are marked as out of office: whole days that are busy, and events of any length
    whose title or category holds one of these words."""

    all_day: bool = True
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Stretches of absence in order, none of which touch each other; how many events there are, how many of them
    count, and how many could not be read."""

    stretches: tuple[Stretch, ...]
    events: int
    counted: int
    unreadable: int


def read(text: bytes, *, zone: str, counts: Counts, since: datetime, until: datetime) -> Found:
    """The absences of a calendar that end after `since` and begin before `until`, aware times both.

    Whole days and times without a zone are those of `zone`. Raises NotACalendarError.
    """
    events = _events(text)
    here, found, counted, unreadable = ZoneInfo(zone), list[Stretch](), 0, 0
    for series in _series(events).values():
        for run in _runs(series):
            try:
                times = list(_stretches(run, here, since, until)) if _is_away(run.like, counts) else []
            except (ValueError, TypeError, AttributeError, OverflowError, LookupError):
                unreadable += 1
                continue
            counted += bool(times)
            found += times
    stretches = united(found)
    if len(stretches) > MOST_STRETCHES:
        raise NotACalendarError(f"More than {MOST_STRETCHES} absences stand in it.")
    return Found(stretches, len(events), counted, unreadable)


def united(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The same time in as few stretches as possible, in order."""
    found: list[Stretch] = []
    for begins, ends in sorted(stretches):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((begins, ends))
    return tuple(found)


def without(stretches: Sequence[Stretch], others: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """What is left of the time of `stretches` where none of the `others` are."""
    left = list(united(stretches))
    for begins, ends in others:
        parts = [part for a, b in left for part in ((a, min(b, begins)), (max(a, ends), b))]
        left = [(a, b) for a, b in parts if a < b]
    return united(left)


# Inside: which events


def _events(text: bytes) -> list[Any]:
    try:
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise NotACalendarError(_what_it_is(text)) from error
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        raise NotACalendarError(_what_it_is(text))
    return [event for calendar in calendars for event in calendar.walk("VEVENT")]


def _what_it_is(text: bytes) -> str:
    start = text[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "The address gives a web page, not a calendar."
    if not start:
        return "The address gives nothing."
    return "It is cut off or damaged." if b"begin:vcalendar" in start else "The address gives something else."


def _series(events: Sequence[Any]) -> dict[str, list[Any]]:
    """Events by what makes them one: a series with its moved and cancelled occurrences. The newest revision counts."""
    found: dict[str, dict[str, Any]] = {}
    for number, event in enumerate(events):
        uid = str(event.get("UID") or f"\n{number}")
        moved = event.get("RECURRENCE-ID")
        key = moved.to_ical().decode() if moved is not None else ""
        known = found.setdefault(uid, {}).get(key)
        if known is None or _sequence(event) >= _sequence(known):
            found[uid][key] = event
    return {uid: list(series.values()) for uid, series in found.items()}


def _sequence(event: Any) -> int:
    try:
        return int(event.get("SEQUENCE") or 0)
    except (ValueError, TypeError):
        return 0


@dataclass(frozen=True, slots=True)
class _Run:
    """Occurrences that are alike. `series` says on which days they are, `like` when on such a day and how long."""

    like: Any
    series: Any
    but: Sequence[Any] = ()  # occurrences that other events replace
    begins: Any = None  # the occurrence from which on the series is like this
    turns: Sequence[Any] = ()  # all occurrences from which on it is like something else


def _runs(events: Sequence[Any]) -> Iterator[_Run]:
    """The events of a series, each with the occurrences for which it speaks: all, one, or one and those to come."""
    whole = next((event for event in events if event.get("RECURRENCE-ID") is None), None)
    turning = [event for event in events if _is_from_then_on(event)] if whole is not None else []
    turns = [event.get("RECURRENCE-ID") for event in turning]
    moved = [event.get("RECURRENCE-ID") for event in events if event not in turning]
    but = [each for each in moved if each is not None]
    for event in events:
        if event is whole:
            yield _Run(event, event, but, turns=turns)
        elif event in turning:
            series = event if event.get("RRULE") is not None else whole
            yield _Run(event, series, but, event.get("RECURRENCE-ID"), turns)
        else:
            yield _Run(event, event)


def _is_from_then_on(event: Any) -> bool:
    moved = event.get("RECURRENCE-ID")
    return moved is not None and str(moved.params.get("RANGE", "")).upper() == "THISANDFUTURE"


def _is_away(event: Any, counts: Counts) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    busy = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if busy == "OOF" or _holds(event, counts.words):
        return True
    is_busy = busy not in _NOT_BUSY and str(event.get("TRANSP", "")).upper() != "TRANSPARENT"
    return counts.all_day and is_busy and _is_date(event.get("DTSTART").dt)


def _holds(event: Any, words: Sequence[str]) -> bool:
    given = event.get("CATEGORIES") or []
    categories = [str(name) for each in (given if isinstance(given, list) else [given]) for name in each.cats]
    said = "\n".join([str(event.get("SUMMARY", "")), *categories]).casefold()
    return any(re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", said) for word in words if word.strip())


# Inside: when they are


def _stretches(run: _Run, here: tzinfo, since: datetime, until: datetime) -> Iterator[Stretch]:
    """The occurrences of a run as stretches in UTC. They are counted by the clock on the wall of the event's zone, so
    that one at nine stays at nine when the clocks change."""
    start = run.like.get("DTSTART").dt
    zone = _zone(start, here)
    length = _length(run.like, start, zone)
    if not timedelta() < length <= LONGEST:
        raise ValueError("an event without length, or longer than three years")
    first, last = _on_wall(since, zone) - length, _on_wall(until, zone)
    moments = _moments(run, here, first, last) - {_on_wall(each, zone, start) for each in _dates(run.like, "EXDATE")}
    days = timedelta(days=length.days) if _is_date(start) else None
    for moment in sorted(moments):
        begins = moment.replace(tzinfo=zone).astimezone(UTC)
        ends = (moment + days).replace(tzinfo=zone).astimezone(UTC) if days is not None else begins + length
        if ends > since and begins < until:
            yield begins, ends


def _moments(run: _Run, here: tzinfo, first: datetime, last: datetime) -> set[datetime]:
    """When the occurrences of a run begin, by the clock on the wall: those of its series that fall to it, moved as the
    first of them is moved."""
    start = run.series.get("DTSTART").dt
    zone = _zone(start, here)
    begins = _on_wall(run.begins.dt, zone, start) if run.begins is not None else None
    turns = [_on_wall(each.dt, zone, start) for each in run.turns]
    ends = min((turn for turn in turns if begins is None or turn > begins), default=None)
    by = timedelta()
    if run.series is run.like:
        begins = None  # its own rule says when it begins
    elif begins is not None:
        moved_to = run.like.get("DTSTART").dt
        by = _on_wall(moved_to, _zone(moved_to, here)) - begins
    gone = {_on_wall(each, zone, start) for each in _dates(run.series, "EXDATE")}
    gone |= {_on_wall(each.dt, zone, start) for each in run.but}
    found = {*_occurrences(run.series, start, zone, first - by, last - by)} - gone
    return {each + by for each in found if (begins is None or begins <= each) and (ends is None or each < ends)}


def _occurrences(event: Any, start: Any, zone: tzinfo, first: datetime, last: datetime) -> Iterator[datetime]:
    begins = _on_wall(start, zone)
    rules = event.get("RRULE")
    for rule in [] if rules is None else rules if isinstance(rules, list) else [rules]:
        yield from _ruled(rule, begins, zone, first, last)
    if rules is None or first <= begins <= last:
        yield begins
    yield from (_on_wall(each, zone, start) for each in _dates(event, "RDATE"))


def _ruled(rule: Mapping[str, Any], begins: datetime, zone: tzinfo, first: datetime, last: datetime) -> list[datetime]:
    parts = {key.upper(): values for key, values in rule.items()}
    ends = [_on_wall(each, zone) if not _is_date(each) else _late(each) for each in parts.pop("UNTIL", [])]
    if str(parts["FREQ"][0]).upper() not in RHYTHMS:
        raise ValueError("an event that comes back within a day")
    text = ";".join(f"{key}={','.join(str(value) for value in values)}" for key, values in parts.items())
    found = rrulestr(text, dtstart=begins).between(first, min([last, *ends]), inc=True)
    if len(found) > MOST_OCCURRENCES:
        raise ValueError("an event that comes back too often")
    return list(found)


def _length(event: Any, start: Any, zone: tzinfo) -> timedelta:
    """How long an event lasts: to its end, else its duration, else the day of one without a time."""
    if (end := event.get("DTEND")) is not None:
        if _is_date(start):
            return (_on_wall(end.dt, zone) - _on_wall(start, zone)) or timedelta(days=1)
        return _aware(end.dt, zone) - _aware(start, zone)
    if (duration := event.get("DURATION")) is not None:
        lasts: timedelta = duration.dt
        return lasts
    return timedelta(days=1) if _is_date(start) else timedelta()


def _dates(event: Any, name: str) -> Iterator[Any]:
    given = event.get(name)
    for each in [] if given is None else given if isinstance(given, list) else [given]:
        for value in each.dts:
            yield value.dt[0] if isinstance(value.dt, tuple) else value.dt


def _on_wall(moment: Any, zone: tzinfo, like: Any = None) -> datetime:
    """What a clock on the wall of that zone shows. A date has the time of day of `like`, else midnight."""
    if _is_date(moment):
        of_day = time() if like is None or _is_date(like) else like.time()
        return datetime.combine(moment, of_day)
    return _aware(moment, zone).astimezone(zone).replace(tzinfo=None)


def _aware(moment: Any, zone: tzinfo) -> datetime:
    moment = datetime.combine(moment, time()) if _is_date(moment) else moment
    aware: datetime = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return aware


def _late(day: date) -> datetime:
    return datetime.combine(day, time.max)


def _zone(start: Any, here: tzinfo) -> tzinfo:
    zone: tzinfo = here if _is_date(start) or start.tzinfo is None else start.tzinfo
    return zone


def _is_date(moment: object) -> bool:
    return isinstance(moment, date) and not isinstance(moment, datetime)


# As a process of its own


def asked(text: bytes, *, zone: str, counts: Counts, since: datetime, until: datetime, seconds: int = 10) -> bytes:
    """What `main` reads: a line that says what to look for and in how many seconds of computing, then the text."""
    question = {
        "zone": zone,
        "all_day": counts.all_day,
        "words": counts.words,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "seconds": seconds,
    }
    return json.dumps(question).encode() + b"\n" + text


def answered(answer: bytes) -> Found:
    """What `main` wrote. Raises NotACalendarError where it could not read the text."""
    said = json.loads(answer)
    if "error" in said:
        raise NotACalendarError(said["error"])
    times = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in said["stretches"]]
    return Found(tuple(times), said["events"], said["counted"], said["unreadable"])


def main() -> None:
    """Answers one question on the standard input and ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    question, _, text = sys.stdin.buffer.read().partition(b"\n")
    given = json.loads(question)
    resource.setrlimit(resource.RLIMIT_CPU, (given["seconds"], given["seconds"]))
    span = {key: datetime.fromisoformat(given[key]) for key in ("since", "until")}
    counts = Counts(given["all_day"], tuple(given["words"]))
    answer: dict[str, object]
    try:
        found = read(text, zone=given["zone"], counts=counts, **span)
        times = [(begins.isoformat(), ends.isoformat()) for begins, ends in found.stretches]
        answer = {
            "stretches": times,
            "events": found.events,
            "counted": found.counted,
            "unreadable": found.unreadable,
        }
    except NotACalendarError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
