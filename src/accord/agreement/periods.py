"""Weeks, months, quarters and years as the company counts them: in its time zone and its fiscal year.

A week begins on Monday at local midnight and bears its ISO number; months are calendar months; quarters and years
follow `fiscal_year_start`, and a fiscal year bears the number of the calendar year in which it ends.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accord.agreement.document import Period
from accord.facts.errors import AccordError

_LABEL = re.compile(r"([0-9]{4})(?:-(?:W([0-9]{2})|Q([1-4])|([0-9]{2})))?")


class PeriodError(AccordError):
    """A label that names no period."""


def day_begins(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The first moment of a day that somebody wrote as 2026-03-31, in UTC; None for none. Raises AccordError."""
    return None if text is None else _day(text, zone).astimezone(UTC)


def day_ends(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The first moment after such a day, in UTC."""
    return None if text is None else (_day(text, zone) + timedelta(days=1)).astimezone(UTC)


def _day(text: str, zone: ZoneInfo) -> datetime:
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise AccordError(f"{text!r} is not a day.", remedy="Write it as 2026-03-31.") from None
    return datetime.combine(day, time(), zone)


@dataclass(frozen=True, slots=True)
class Span:
    """One period: its label (2027-W05, 2027-01, 2027-Q1, 2027) and its bounds in UTC, `start` within, `end` without."""

    label: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0) or self.end.utcoffset() != timedelta(0):
            raise ValueError("the bounds of a span are in UTC")
        if self.start >= self.end:
            raise ValueError(f"{self.label} ends before it begins")

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Periods:
    """How one company divides time; `fiscal_year_start` is (month, day), where 29 February means the month's last."""

    time_zone: str
    fiscal_year_start: tuple[int, int] = (1, 1)

    def at(self, moment: datetime, period: Period) -> Span:
        """The period that holds a moment (with zone)."""
        return self._span(period, self._first_day(moment.astimezone(ZoneInfo(self.time_zone)).date(), period))

    def last(self, moment: datetime, period: Period, count: int) -> tuple[Span, ...]:
        """The `count` periods up to and with the one that holds the moment, oldest first."""
        spans = [self.at(moment, period)]
        while len(spans) < count:
            spans.append(self.at(spans[-1].start - timedelta(microseconds=1), period))
        return tuple(reversed(spans))

    def between(self, start: datetime, end: datetime, period: Period) -> tuple[Span, ...]:
        """The periods that begin at or after `start` and before `end`, oldest first."""
        span = self.at(start, period)
        spans = []
        while span.start < end:
            if span.start >= start:
                spans.append(span)
            span = self.at(span.end, period)
        return tuple(spans)

    def named(self, label: str) -> Span:
        """The period of a label such as 2027-Q1. Raises PeriodError for anything else."""
        found = _LABEL.fullmatch(label)
        if found is None:
            raise _no_period(label)
        year, week, quarter, month = (int(part) if part else None for part in found.groups())
        try:
            period, day = self._day_of(year or 0, week, quarter, month)
        except ValueError:
            raise _no_period(label) from None
        return self._span(period, day)

    def _day_of(self, year: int, week: int | None, quarter: int | None, month: int | None) -> tuple[Period, date]:
        if week is not None:
            return Period.WEEK, date.fromisocalendar(year, week, 1)
        if quarter is not None:
            return Period.QUARTER, self._quarter(year, quarter)
        if month is not None:
            return Period.MONTH, date(year, month, 1)
        return Period.YEAR, self._quarter(year, 1)

    def _first_day(self, day: date, period: Period) -> date:
        if period is Period.WEEK:
            return day - timedelta(days=day.weekday())
        if period is Period.MONTH:
            return day.replace(day=1)
        quarters = (1,) if period is Period.YEAR else (1, 2, 3, 4)
        starts = (self._quarter(year, quarter) for year in (day.year, day.year + 1) for quarter in quarters)
        return max(start for start in starts if start <= day)

    def _quarter(self, year: int, quarter: int) -> date:
        month, day = self.fiscal_year_start
        begins = year if (month, day) == (1, 1) else year - 1
        return _month_later(begins, month, day, 3 * (quarter - 1))

    def _span(self, period: Period, first: date) -> Span:
        after = self._next(period, first)
        return Span(self._label(period, first), self._midnight(first), self._midnight(after))

    def _next(self, period: Period, first: date) -> date:
        if period is Period.WEEK:
            return first + timedelta(days=7)
        if period is Period.MONTH:
            return _month_later(first.year, first.month, 1, 1)
        year, quarter = self._numbers(first)
        if period is Period.YEAR or quarter == 4:
            return self._quarter(year + 1, 1)
        return self._quarter(year, quarter + 1)

    def _numbers(self, first: date) -> tuple[int, int]:
        candidates = ((year, quarter) for year in (first.year, first.year + 1) for quarter in (1, 2, 3, 4))
        return next(pair for pair in candidates if self._quarter(*pair) == first)

    def _label(self, period: Period, first: date) -> str:
        if period is Period.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02}"
        if period is Period.MONTH:
            return f"{first.year}-{first.month:02}"
        year, quarter = self._numbers(first)
        return f"{year}-Q{quarter}" if period is Period.QUARTER else f"{year}"

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)


def _month_later(year: int, month: int, day: int, months: int) -> date:
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _no_period(label: str) -> PeriodError:
    return PeriodError(f"{label!r} names no period.", remedy="Write 2027-W05, 2027-01, 2027-Q1 or 2027.")
