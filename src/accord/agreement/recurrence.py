"""When something that recurs falls due: RRULE of RFC 5545, on the wall clock of the company."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from accord.facts.errors import AccordError

MOST = 20_000


class RecurrenceError(AccordError):
    """A recurrence that cannot be read, or that never ends within reason."""


def occurrences(rule: str, starts: datetime, zone: ZoneInfo, until: datetime) -> tuple[datetime, ...]:
    """The moments of a rule in UTC, from `starts` on, up to and with the first one at or after `until`.

    The wall clock counts: ten o'clock stays ten o'clock when daylight saving begins. Raises RecurrenceError.
    """
    wall = starts.astimezone(zone).replace(tzinfo=None)
    found: list[datetime] = []
    for local in _rule(rule, wall):
        found.append(local.replace(tzinfo=zone).astimezone(UTC))
        if found[-1] >= until:
            break
        if len(found) > MOST:
            raise RecurrenceError(f"{rule} falls due more than {MOST:,} times.", remedy="Let it start later.")
    return tuple(found)


def _rule(text: str, wall: datetime) -> rrule:
    try:
        return rrulestr(text, dtstart=wall, ignoretz=True)
    except (ValueError, KeyError, TypeError) as error:
        raise RecurrenceError(f"{text!r} is no recurrence: {error}.", remedy="Write FREQ=WEEKLY;BYDAY=TU.") from error
